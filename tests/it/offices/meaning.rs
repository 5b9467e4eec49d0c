//! What odd records mean. Normalising is pure, so one office will do.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tillbridge::domain::{NewDelivery, Normalised, Origin};

use super::shop::Shop;

fn delivery(topic: &str, body: &Value) -> NewDelivery {
    NewDelivery {
        origin: Origin::office("kiwi"),
        topic: topic.to_owned(),
        dedupe_key: "key".to_owned(),
        fold_key: None,
        headers: BTreeMap::new(),
        body: body.to_string().into(),
    }
}

fn product() -> Value {
    json!({
        "style": "TEE", "title": "Tee", "description": null, "brand": null, "category": null,
        "internet_active": true, "deleted": false, "marker": 7, "changed_at": "2026-11-20 09:30:00.123+00",
        "currency": "NZD",
        "variants": [
            {"sku": "TEE-S", "colour": "Red", "size": "S", "barcode": null,
             "retail": "39.9000", "sale": "20.00", "sale_from": "2026-11-27 00:00:00+00", "sale_until": null},
            {"sku": "TEE-M", "colour": "Red", "size": "M", "barcode": null,
             "retail": "39.90", "sale": null, "sale_from": null, "sale_until": null}
        ],
        "images": [{"url": "https://images.example/tee.jpg", "alt": null}]
    })
}

fn price() -> Value {
    json!({
        "sku": "TEE-S", "style": "TEE", "currency": "NZD", "retail": "39.90", "sale": null, "sale_from": null,
        "sale_until": null, "internet_active": true, "deleted": false, "marker": 7, "changed_at": "2026-11-20T09:30:00Z"
    })
}

fn stock() -> Value {
    json!({
        "sku": "TEE-S", "branch": "WEB", "style": "TEE", "on_hand": "-3", "internet_active": true, "deleted": false,
        "marker": 7, "changed_at": "2026-11-20T09:30:00Z"
    })
}

fn with(mut record: Value, pointer: &str, value: Value) -> Value {
    *record.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    record
}

#[tokio::test]
async fn sound_records_are_events_with_their_time() {
    let shop = Shop::on_sqlite().await;
    let product = shop.event(&delivery("products", &product()));
    assert_eq!(product.time, "2026-11-20T09:30:00.123Z".parse().unwrap());
    assert_eq!(product.source_document, "product:TEE#7");
    shop.event(&delivery("prices", &price()));
    // Stock below zero happens: more was sold than was booked in.
    shop.event(&delivery("stock", &stock()));
}

#[tokio::test]
async fn impossible_records_are_rejected_with_the_reason() {
    let shop = Shop::on_sqlite().await;
    let cases = [
        ("products", with(product(), "/variants", json!([])), "has no variants"),
        ("products", with(product(), "/title", json!("  ")), "has no title"),
        ("products", with(product(), "/style", json!("")), "the style cannot be used"),
        ("products", with(product(), "/currency", json!("dollars")), "the currency cannot be used"),
        ("products", with(product(), "/variants/0/retail", Value::Null), "TEE-S has no retail price"),
        ("products", with(product(), "/variants/0/retail", json!("-1")), "cannot be negative"),
        ("products", with(product(), "/variants/0/retail", json!("1.005")), "finer than the smallest unit"),
        ("products", with(product(), "/variants/0/retail", json!("a lot")), "not a decimal amount"),
        (
            "products",
            with(product(), "/variants/0/sale_until", json!("2026-11-01 00:00:00+00")),
            "ends before it begins",
        ),
        ("products", with(product(), "/variants/0/sale_from", json!("tomorrow")), "not a time"),
        ("products", with(product(), "/variants/1/sku", json!("TEE-S")), "has SKU TEE-S twice"),
        ("products", with(product(), "/variants/1/size", json!("S")), "two SKUs in Red, S"),
        ("products", with(product(), "/images/0/url", json!("file:///etc/passwd")), "has no web address"),
        ("products", with(product(), "/changed_at", json!("infinity")), "not a time"),
        ("products", with(product(), "/marker", json!(0)), "markers begin at 1"),
        ("products", json!({"style": "TEE"}), "not of its topic's shape"),
        ("prices", with(price(), "/retail", Value::Null), "has no retail price"),
        ("prices", with(price(), "/sku", json!("a\u{7}")), "the SKU cannot be used"),
        ("stock", with(stock(), "/on_hand", json!("2.5")), "not a whole number"),
        ("stock", with(stock(), "/branch", json!("")), "the branch cannot be used"),
        ("weather", json!({}), "has the topic `weather`"),
    ];
    for (topic, body, reason) in cases {
        match shop.meaning(&delivery(topic, &body)) {
            Normalised::Rejected(said) => assert!(said.contains(reason), "expected `{reason}`, got `{said}`"),
            other => panic!("expected a rejection because {reason}, got {other:?}"),
        }
    }
    let garbled = NewDelivery { body: "\u{0}not json".into(), ..delivery("stock", &stock()) };
    assert!(matches!(shop.meaning(&garbled), Normalised::Rejected(_)));
}

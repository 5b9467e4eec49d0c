//! What webhooks mean, told with small bodies of our own.

mod demand;
mod orders;
mod properties;
mod refunds;
mod taxes;

use bytes::Bytes;
use serde_json::{Value, json};

use super::normalise;
use crate::domain::{Credit, Delivery, DeliveryId, Draft, Fact, NewDelivery, Normalised, Origin, Sale};

/// A journalled delivery of that topic and body.
fn delivery(topic: &str, body: impl Into<Bytes>) -> Delivery {
    Delivery {
        id: DeliveryId(uuid::Uuid::nil()),
        received_at: jiff::Timestamp::UNIX_EPOCH,
        content: NewDelivery {
            origin: Origin::storefront("kiwi-web"),
            topic: topic.into(),
            dedupe_key: "w-1".into(),
            fold_key: None,
            headers: std::collections::BTreeMap::new(),
            body: body.into(),
        },
    }
}

fn meaning(topic: &str, body: &Value) -> Normalised {
    normalise(&delivery(topic, body.to_string()))
}

fn drafts(topic: &str, body: &Value) -> Vec<Draft> {
    match meaning(topic, body) {
        Normalised::Events(drafts) => drafts,
        other => panic!("expected events, got {other:?}"),
    }
}

fn sale(body: &Value) -> Sale {
    match drafts("orders/fulfilled", body).swap_remove(0).fact {
        Fact::SaleInvoiced(sale) => sale,
        other => panic!("expected a sale, got {other:?}"),
    }
}

fn credit(body: &Value) -> Credit {
    match drafts("refunds/create", body).swap_remove(0).fact {
        Fact::SaleCredited(credit) => credit,
        other => panic!("expected a credit, got {other:?}"),
    }
}

fn rejection(topic: &str, body: &Value) -> String {
    match meaning(topic, body) {
        Normalised::Rejected(reason) => reason,
        other => panic!("expected a rejection, got {other:?}"),
    }
}

/// A set in one currency.
fn set(amount: &str, currency: &str) -> Value {
    let money = json!({ "amount": amount, "currency_code": currency });
    json!({ "shop_money": money, "presentment_money": money })
}

/// Two shirts at 30.00 with two discounts, carriage of 8.00 half off, tax on top; paid by card.
fn order() -> Value {
    json!({
        "id": 5_900_000_000_001_u64,
        "name": "#1001",
        "currency": "NZD",
        "taxes_included": false,
        "created_at": "2026-11-22T10:00:00+13:00",
        "processed_at": "2026-11-22T10:00:01+13:00",
        "updated_at": "2026-11-22T12:30:00+13:00",
        "financial_status": "paid",
        "fulfillment_status": "fulfilled",
        "email": "Ana@Example.test",
        "customer": { "id": 77, "first_name": "Ana", "last_name": "Tui", "email": "Ana@Example.test", "phone": null },
        "billing_address": { "first_name": "Ana", "last_name": "Tui", "address1": "1 Quay St", "city": "Auckland",
            "zip": "1010", "province_code": null, "country_code": "NZ", "phone": "+64 9 1" },
        "shipping_address": null,
        "line_items": [{
            "id": 11, "title": "Shirt", "name": "Shirt - Red / M", "sku": "SHIRT-RED-M", "variant_id": 901, "quantity": 2,
            "price": "30.00", "total_discount": "0.00", "gift_card": false,
            "discount_allocations": [
                { "amount": "6.00", "amount_set": set("6.00", "NZD") },
                { "amount": "3.33", "amount_set": null },
            ],
            "tax_lines": [{ "price": "5.07", "rate": 0.1, "channel_liable": true }, { "price": "1.01", "rate": 0.02 }],
        }],
        "shipping_lines": [{
            "id": 21, "title": "Courier", "price": "8.00", "discounted_price": "4.00",
            "discount_allocations": [{ "amount": "4.00" }],
            "tax_lines": [{ "price": "0.60", "rate": 0.15 }],
        }],
        "payment_gateway_names": ["shopify_payments"],
        "total_tax": "6.68",
        "total_price": "61.35",
        "refunds": [],
    })
}

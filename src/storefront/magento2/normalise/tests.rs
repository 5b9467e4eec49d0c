//! What the documents of a Magento store become, to the cent. Amounts are worked out by hand beside each document.

mod documents;
mod given_back;
mod hints;
mod properties;
mod reference;

use bytes::Bytes;
use serde_json::{Value, json};

use super::*;
use crate::domain::{Credit, DeliveryId, Draft, Fact, NewDelivery, Origin, Sale};

fn delivery(topic: &str, body: &Value) -> Delivery {
    Delivery {
        id: DeliveryId(uuid::Uuid::nil()),
        received_at: "2026-11-02T00:00:00Z".parse().unwrap(),
        content: NewDelivery {
            origin: Origin::storefront("kiwi"),
            topic: topic.into(),
            dedupe_key: "1".into(),
            fold_key: None,
            headers: std::collections::BTreeMap::new(),
            body: Bytes::from(body.to_string()),
        },
    }
}

fn drafts(topic: &str, body: &Value) -> Vec<Draft> {
    match normalise(&delivery(topic, body)) {
        Normalised::Events(drafts) => drafts,
        other => panic!("{other:?}"),
    }
}

fn sold(order: &Value, invoice: &Value) -> Sale {
    let drafts = drafts(topic::INVOICE, &json!({ "invoice": invoice, "order": order }));
    let [Draft { fact: Fact::SaleInvoiced(sale), entity, .. }] = drafts.as_slice() else { panic!("{drafts:?}") };
    assert_eq!(entity, &format!("order:{}", order["entity_id"]));
    sale.clone()
}

fn why_not(order: &Value, invoice: &Value) -> String {
    match normalise(&delivery(topic::INVOICE, &json!({ "invoice": invoice, "order": order }))) {
        Normalised::Rejected(why) | Normalised::Ignored(why) => why,
        Normalised::Events(drafts) => panic!("{drafts:?}"),
    }
}

fn credited(order: &Value, memo: &Value, invoices: &[Value], memos: &[Value]) -> Credit {
    let body = json!({ "creditmemo": memo, "order": order, "invoices": invoices, "creditmemos": memos });
    let drafts = drafts(topic::CREDIT_MEMO, &body);
    let [Draft { fact: Fact::SaleCredited(credit), .. }] = drafts.as_slice() else { panic!("{drafts:?}") };
    credit.clone()
}

/// An order of a guest, paid by card, with these rows.
fn order(items: &Value) -> Value {
    json!({
        "entity_id": 31, "increment_id": "000000031", "created_at": "2026-11-01 09:00:00",
        "updated_at": "2026-11-01 09:30:00", "customer_is_guest": 1, "customer_email": "Mere@example.nz",
        "customer_firstname": null, "base_currency_code": "NZD",
        "billing_address": { "firstname": "Mere", "lastname": "Rewi", "street": ["1 Quay St", "Flat 2"], "city": "Nelson",
            "region": "Nelson", "region_code": "NSN", "postcode": "7010", "country_id": "nz", "telephone": "03 1" },
        "payment": { "method": "braintree", "last_trans_id": "tx-9" },
        "items": items,
    })
}

/// A row of an order, prices in cents: everything the tests below do not mind is Magento's own default.
fn row(id: u64, sku: &str, kind: &str, pieces: i64, price: i64, price_with_tax: i64) -> Value {
    json!({ "item_id": id, "sku": sku, "name": sku, "product_type": kind, "qty_ordered": pieces,
        "base_price": cents(price), "base_row_total": cents(price * pieces),
        "base_price_incl_tax": cents(price_with_tax), "base_row_total_incl_tax": cents(price_with_tax * pieces) })
}

/// Cents as PHP may write them: nothing but the text of the number counts.
fn cents(cents: i64) -> Value {
    let text = rust_decimal::Decimal::new(cents, 2).to_string();
    Value::Number(text.parse::<serde_json::Number>().unwrap())
}

fn part_of(mut row: Value, parent: u64) -> Value {
    row["parent_item_id"] = json!(parent);
    row
}

fn document(id: u64, items: &Value, totals: &Value) -> Value {
    let mut document = json!({ "entity_id": id, "order_id": 31, "state": 2, "created_at": "2026-11-01 09:30:00",
        "base_currency_code": "NZD", "items": items });
    for (name, value) in totals.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

fn lines(sale: &Sale) -> Vec<String> {
    let line = |line: &crate::domain::SaleLine| {
        let sku = line.sku.as_ref().map_or("-", |sku| sku.as_str());
        format!(
            "{sku}: {} x {} - {} = {} + tax {}",
            line.quantity,
            line.unit_price.amount(),
            line.discount.amount(),
            line.amount().unwrap().amount(),
            line.tax.amount()
        )
    };
    sale.lines.iter().map(line).collect()
}

//! Documents that running stores printed, where a folder with them is at hand: they are not part of this project.

use std::path::PathBuf;

use super::*;

fn sample(name: &str) -> Option<Value> {
    let folder = PathBuf::from(std::env::var_os("TILLBRIDGE_REFERENCE")?).join("magento2/samples");
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn an_invoice_of_a_real_store_balances_with_its_order() {
    let (Some(order), Some(invoice)) = (sample("order-customer-configurable-bundle.json"), sample("invoice.json"))
    else {
        return;
    };
    let sale = sold(&order, &invoice);
    sale.check_balance().unwrap();
    assert_eq!(sale.stated_total.amount().to_string(), "165.00");
    let pieces: i64 = sale.lines.iter().map(|line| line.quantity).sum();
    assert_eq!((sale.lines.len(), pieces), (8, 8), "seven goods, each once, and shipping");
}

#[test]
fn orders_of_real_stores_say_what_they_hold() {
    for name in [
        "order-customer-configurable-bundle.json",
        "order-guest-discount-tax.json",
        "order-2.4-simple-complete.json",
        "constructed-order-vat-coupon-configurable-gift.json",
    ] {
        let Some(order) = sample(name) else { return };
        let read = json!({ "order": order, "shipments": [] });
        assert!(matches!(normalise(&delivery(topic::ORDER, &read)), Normalised::Ignored(_)), "{name}");
        let told = web_order(&delivery(topic::ORDER, &read)).unwrap();
        assert!(!told.lines.is_empty() && told.lines.iter().all(|line| line.sku.is_some()), "{name}: {told:?}");
    }
}

#[test]
fn a_credit_memo_of_a_real_store_balances() {
    let Some(memo) = sample("creditmemo.json") else { return };
    let mut order = order(&json!([row(1, "simple_1", "simple", 1, 10_000, 10_000)]));
    order["entity_id"] = memo["order_id"].clone();
    let mut invoice = memo.clone();
    invoice["entity_id"] = json!(4);
    let credit = credited(&order, &memo, &[invoice], std::slice::from_ref(&memo));
    credit.check_balance(false).unwrap();
    assert_eq!(credit.refunds[0].amount.amount().to_string(), "105.00");
}

#[test]
fn webhooks_of_real_stores_hint_at_their_documents() {
    for (name, event, id) in [
        ("constructed-mageos-async-event-invoice-paid.json", "sales.invoice.paid", "3"),
        ("io-event-sales_order_invoice_save_after.json", "observer.sales_order_invoice_save_after", ""),
    ] {
        let Some(body) = sample(name) else { return };
        let mut delivery = delivery("hint", &body);
        delivery.content.headers.insert(EVENT_HEADER.into(), event.into());
        let Normalised::Events(drafts) = normalise(&delivery) else { panic!("{name}: {:?}", normalise(&delivery)) };
        let Fact::DocumentHinted(hint) = &drafts[0].fact else { panic!("{drafts:?}") };
        assert_eq!(hint.kind, crate::domain::HintedKind::Invoice);
        assert!(id.is_empty() || hint.id == id, "{name}");
    }
}

//! What each way of calling hints at.

use super::*;
use crate::domain::HintedKind;

fn hint(event: &str, body: &Value) -> Normalised {
    let mut delivery = delivery(&format!("hint/{event}"), body);
    delivery.content.headers.insert(EVENT_HEADER.into(), event.into());
    normalise(&delivery)
}

fn meant(event: &str, body: &Value) -> (HintedKind, String) {
    let Normalised::Events(drafts) = hint(event, body) else { panic!("{:?}", hint(event, body)) };
    let Fact::DocumentHinted(hint) = &drafts[0].fact else { panic!("{drafts:?}") };
    (hint.kind, hint.id.clone())
}

#[test]
fn every_way_in_says_which_document_to_read() {
    use HintedKind::{Account, Invoice, Order, Refund};
    let table = [
        ("sales.invoice.paid", json!({ "data": { "entity_id": 3, "order_id": 2 } }), Invoice, "3"),
        ("sales.order.created", json!({ "data": { "entity_id": "2" } }), Order, "2"),
        ("sales.creditmemo.created", json!({ "data": { "entity_id": 5 } }), Refund, "5"),
        ("sales.shipment.created", json!({ "data": { "entity_id": 9, "order_id": 2 } }), Order, "2"),
        ("customer.updated", json!({ "data": { "id": 7 } }), Account, "7"),
        ("customer.address.updated", json!({ "data": { "id": 1, "customer_id": 7 } }), Account, "7"),
        (
            "com.adobe.commerce.observer.sales_order_invoice_save_after",
            json!({ "event": { "data": { "value": { "entity_id": "3", "order_id": "2" } } } }),
            Invoice,
            "3",
        ),
        (
            "observer.sales_order_creditmemo_save_commit_after",
            json!({ "data": { "value": { "entity_id": 5 } } }),
            Refund,
            "5",
        ),
        ("observer.sales_order_save_commit_after", json!({ "data": { "order": { "entity_id": 2 } } }), Order, "2"),
        ("observer.sales_order_status_history_save_after", json!({ "data": { "parent_id": 2 } }), Order, "2"),
        ("invoice", json!({ "event": "invoice", "entity_id": 3 }), Invoice, "3"),
    ];
    for (event, body, kind, id) in table {
        assert_eq!(meant(event, &body), (kind, id.to_owned()), "{event}");
    }
}

#[test]
fn what_is_the_offices_own_or_gone_is_no_news() {
    for event in ["catalog.product.updated", "observer.customer_delete_commit_after", "customer.login", "cms.page"] {
        assert!(matches!(hint(event, &json!({ "data": { "entity_id": 1 } })), Normalised::Ignored(_)), "{event}");
    }
}

#[test]
fn a_hint_without_a_number_says_which_field_is_missing() {
    for body in [json!({}), json!({ "entity_id": "../3" }), json!({ "data": { "entity_id": 0 } })] {
        let Normalised::Rejected(why) = hint("sales.invoice.paid", &body) else { panic!("{body}") };
        assert!(why.contains("`entity_id` is missing"), "{why}");
    }
}

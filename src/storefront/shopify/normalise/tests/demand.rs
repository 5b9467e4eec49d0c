//! What orders take from stock.

use serde_json::{Value, json};

use super::super::web_order;
use super::delivery;
use crate::domain::{Placed, WebOrder};

fn order(updated_at: &str, line: &Value, rest: &Value) -> WebOrder {
    let mut body = json!({
        "id": 5_900_000_000_001_u64, "currency": "NZD", "updated_at": updated_at,
        "line_items": [{ "id": 1, "quantity": 5, "sku": "TEE", "variant_id": 901, "price": "10.00" }],
    });
    let merge = |into: &mut Value, from: &Value| {
        for (key, value) in from.as_object().unwrap() {
            into[key] = value.clone();
        }
    };
    merge(&mut body["line_items"][0], line);
    merge(&mut body, rest);
    web_order(&delivery("orders/updated", body.to_string())).unwrap()
}

/// Location, open, gone, back of each place that has any.
fn places(order: &WebOrder) -> Vec<(Option<&str>, i64, i64, i64)> {
    let taken = order.lines.iter().filter(|line| (line.open, line.gone, line.back) != (0, 0, 0));
    taken.map(|line| (line.location.as_deref(), line.open, line.gone, line.back)).collect()
}

const NOON: &str = "2026-11-22T12:00:00+13:00";

fn shipped(location: u64, pieces: i64, status: &str) -> Value {
    json!({ "status": status, "location_id": location, "line_items": [{ "id": 1, "quantity": pieces }] })
}

fn refunded(pieces: i64, kind: &str) -> Value {
    json!({ "id": 7, "refund_line_items": [{ "id": 8, "line_item_id": 1, "quantity": pieces, "restock_type": kind, "location_id": 72 }] })
}

#[test]
fn what_is_sold_is_open_until_it_is_shipped() {
    let placed = order(NOON, &json!({ "fulfillable_quantity": 5 }), &json!({}));
    assert_eq!(placed.order, "order:5900000000001");
    assert_eq!(placed.lines[0].variant.as_deref(), Some("gid://shopify/ProductVariant/901"));
    assert_eq!(places(&placed), [(None, 5, 0, 0)]);
    let fulfillments =
        json!({ "fulfillments": [shipped(71, 2, "success"), shipped(73, 9, "cancelled"), shipped(72, 1, "success")] });
    let partly = order(NOON, &json!({ "fulfillable_quantity": 2 }), &fulfillments);
    assert_eq!(places(&partly), [(Some("71"), 0, 2, 0), (Some("72"), 0, 1, 0), (None, 2, 0, 0)]);
    assert_eq!(
        places(&order(NOON, &json!({}), &json!({}))),
        [(None, 5, 0, 0)],
        "without its own count of what is open"
    );
}

#[test]
fn what_was_taken_off_is_told_and_how_the_order_came_about() {
    let refunds = json!({ "refunds": [refunded(2, "cancel")], "source_name": "pos", "test": true });
    let order = order(NOON, &json!({ "fulfillable_quantity": 3, "current_quantity": 3 }), &refunds);
    assert_eq!(order.lines.iter().map(|line| line.off).collect::<Vec<_>>(), [2]);
    assert_eq!(order.placed, Placed { at_till: true, test: true });
}

#[test]
fn what_is_cancelled_before_shipping_is_held_no_more() {
    let refunds = json!({ "refunds": [refunded(2, "cancel")] });
    let line = json!({ "fulfillable_quantity": 3, "current_quantity": 3 });
    assert_eq!(places(&order(NOON, &line, &refunds)), [(None, 3, 0, 0)]);
    let edited = json!({ "fulfillable_quantity": 1, "current_quantity": 1 });
    assert_eq!(places(&order(NOON, &edited, &json!({}))), [(None, 1, 0, 0)], "taken away by an edit");
    let line = json!({ "fulfillable_quantity": 0 });
    assert_eq!(places(&order(NOON, &line, &json!({ "cancelled_at": NOON }))), []);
}

#[test]
fn what_is_refunded_without_being_put_back_has_left_the_shelf() {
    let refunds = json!({ "refunds": [refunded(2, "no_restock")] });
    let line = json!({ "fulfillable_quantity": 3, "current_quantity": 3 });
    assert_eq!(places(&order(NOON, &line, &refunds)), [(None, 3, 2, 0)]);
}

#[test]
fn what_is_returned_comes_back_where_it_was_taken() {
    let rest = json!({ "fulfillments": [shipped(71, 5, "success")], "refunds": [refunded(2, "return")] });
    let line = json!({ "fulfillable_quantity": 0, "current_quantity": 3 });
    assert_eq!(places(&order(NOON, &line, &rest)), [(Some("71"), 0, 5, 0), (Some("72"), 0, 0, 2)]);
}

#[test]
fn of_two_statements_of_one_second_the_one_that_went_further_is_newer() {
    let open = json!({ "fulfillable_quantity": 5 });
    let gone = json!({ "fulfillable_quantity": 0 });
    let shipment = json!({ "fulfillments": [shipped(71, 5, "success")] });
    let back = json!({ "fulfillments": [shipped(71, 5, "success")], "refunds": [refunded(2, "return")] });
    let line = |id: u64, pieces: i64| json!({ "id": id, "quantity": pieces, "fulfillable_quantity": pieces });
    let versions = [
        order(NOON, &open, &json!({ "line_items": [line(1, 5)] })).version,
        order(NOON, &open, &json!({ "line_items": [line(1, 5), line(2, 1)] })).version,
        order(NOON, &gone, &shipment).version,
        order(NOON, &gone, &back).version,
        order("2026-11-22T12:00:01+13:00", &open, &json!({})).version,
    ];
    assert!(versions.is_sorted_by(|one, other| one < other), "{versions:?}");
}

#[test]
fn tips_and_gift_cards_are_no_stock_and_bad_bodies_tell_nothing() {
    assert_eq!(places(&order(NOON, &json!({ "gift_card": true }), &json!({}))), []);
    assert_eq!(places(&order(NOON, &json!({ "tip_payment_gateway": null }), &json!({}))), []);
    for (topic, body) in
        [("orders/create", "{"), ("orders/edited", "{}"), ("orders/delete", r#"{"id":1}"#), ("products/update", "{}")]
    {
        assert_eq!(web_order(&delivery(topic, body)), None, "{topic}");
    }
}

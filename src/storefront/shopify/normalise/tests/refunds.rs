//! Refunds: goods by their lines, money by what went through.

use serde_json::{Value, json};

use super::{credit, drafts, meaning, rejection, set};
use crate::domain::{Fact, LineKind, Normalised};

/// One shirt of two comes back: 25.00 and 3.75 tax, paid out by card.
fn refund() -> Value {
    json!({
        "id": 31, "order_id": 5_900_000_000_001_u64, "created_at": "2026-11-23T09:00:00+13:00",
        "processed_at": "2026-11-23T09:00:05+13:00", "note": "too small",
        "refund_line_items": [{
            "id": 41, "line_item_id": 11, "quantity": 1, "restock_type": "return", "location_id": 3,
            "subtotal": 25.00, "subtotal_set": set("25.00", "NZD"), "total_tax": 3.75, "total_tax_set": set("3.75", "NZD"),
            "line_item": { "id": 11, "title": "Shirt", "sku": "SHIRT-RED-M", "variant_id": 901, "quantity": 2, "price": "30.00" },
        }],
        "refund_shipping_lines": [], "order_adjustments": [], "duties": [],
        "total_duties_set": set("0.00", "NZD"),
        "transactions": [{ "id": 51, "kind": "refund", "status": "success", "gateway": "shopify_payments",
            "amount": "28.75", "currency": "NZD" }],
    })
}

#[test]
fn a_return_credits_its_goods_and_its_money() {
    let credit = credit(&refund());
    credit.check_balance(false).unwrap();
    assert_eq!(credit.reference.as_str(), "refund:31");
    assert_eq!(credit.sale.as_str(), "order:5900000000001");
    assert_eq!(credit.tax_included, None, "the order knows");
    assert_eq!(credit.lines.len(), 1);
    assert!(credit.lines[0].restock);
    assert_eq!(credit.lines[0].variant.as_deref(), Some("gid://shopify/ProductVariant/901"));
    assert_eq!(credit.refunds[0].reference.as_deref(), Some("51"));
    assert!(credit.pending.is_zero());
}

#[test]
fn only_restocked_pieces_go_back_into_stock() {
    for (word, place, restock, at) in [
        ("return", json!(3), true, Some("3")),
        // It never left the place that would have shipped it: it goes back to where it was booked.
        ("cancel", json!(3), true, None),
        ("legacy_restock", json!(3), true, Some("3")),
        ("no_restock", json!(3), false, Some("3")),
        ("a_new_word", json!(3), true, Some("3")),
        ("a_new_word", json!(null), false, None),
    ] {
        let mut body = refund();
        body["refund_line_items"][0]["restock_type"] = json!(word);
        body["refund_line_items"][0]["location_id"] = place;
        let line = credit(&body).lines.swap_remove(0);
        assert_eq!((line.restock, line.location.as_deref()), (restock, at), "{word}");
    }
}

#[test]
fn money_kept_back_is_an_adjustment_that_takes_away() {
    let mut body = refund();
    body["order_adjustments"] = json!([{ "id": 61, "kind": "refund_discrepancy", "amount_set": set("8.75", "NZD"),
        "tax_amount_set": set("0.00", "NZD") }]);
    body["transactions"][0]["amount"] = json!("20.00");
    let credit = credit(&body);
    credit.check_balance(false).unwrap();
    assert_eq!(credit.lines[1].kind, LineKind::Adjustment);
    assert_eq!(credit.lines[1].amount.to_string(), "-8.75 NZD");
}

#[test]
fn refunded_carriage_is_a_line_in_the_new_form_and_in_the_old() {
    let mut body = refund();
    body["transactions"][0]["amount"] = json!("33.35");
    body["order_adjustments"] =
        json!([{ "id": 61, "kind": "shipping_refund", "amount": "-4.00", "tax_amount": "-0.60" }]);
    let old = credit(&body);
    old.check_balance(false).unwrap();
    assert_eq!(old.lines[1].kind, LineKind::Shipping);

    body["refund_shipping_lines"] = json!([{ "id": 71, "subtotal_amount_set": set("4.00", "NZD"),
        "tax_amount_set": set("0.60", "NZD") }]);
    let both = credit(&body);
    both.check_balance(false).unwrap();
    assert_eq!(both.lines.len(), 2, "said twice, counted once");
}

#[test]
fn refunded_duties_and_fees_are_lines() {
    let mut body = refund();
    body["duties"] = json!([{ "duty_id": 2, "amount_set": set("5.00", "NZD") }]);
    body["total_duties_set"] = set("5.00", "NZD");
    body["total_additional_fees_set"] = set("1.00", "NZD");
    body["transactions"][0]["amount"] = json!("34.75");
    let credit = credit(&body);
    credit.check_balance(false).unwrap();
    let kinds: Vec<_> = credit.lines.iter().map(|line| line.kind).collect();
    assert_eq!(kinds, [LineKind::Goods, LineKind::Duty, LineKind::Fee]);
}

#[test]
fn money_on_its_way_is_pending_and_failed_money_is_none() {
    let mut body = refund();
    body["transactions"][0]["status"] = json!("pending");
    let told = drafts("refunds/create", &body);
    let Fact::OrderChanged(change) = &told[0].fact else { panic!("what is on its way is read when it has arrived") };
    assert!(change.refund.is_some());
    for status in ["failure", "error"] {
        body["transactions"][0]["status"] = json!(status);
        let failed = credit(&body);
        assert!(failed.refunds.is_empty() && failed.pending.is_zero());
    }
}

#[test]
fn cash_is_rounded_when_it_is_handed_out() {
    let mut body = refund();
    body["transactions"][0]["gateway"] = json!("cash");
    for rounding in [json!("0.05"), json!(0.05), set("0.05", "NZD")] {
        body["transactions"][0]["amount_rounding"] = rounding;
        let credit = credit(&body);
        credit.check_balance(false).unwrap();
        assert_eq!(credit.refunds[0].amount.to_string(), "28.80 NZD");
    }
}

#[test]
fn a_refund_that_moved_neither_money_nor_goods_is_no_news() {
    let mut body = refund();
    body["refund_line_items"] = json!([]);
    body["transactions"] = json!([]);
    assert!(matches!(meaning("refunds/create", &body), Normalised::Ignored(_)));
}

#[test]
fn a_pure_restock_and_a_pure_money_refund_are_both_news() {
    let mut goods = refund();
    goods["transactions"] = json!([]);
    assert_eq!(credit(&goods).lines.len(), 1);
    let mut money = refund();
    money["refund_line_items"] = json!([]);
    money["order_adjustments"] =
        json!([{ "id": 61, "kind": "refund_discrepancy", "amount_set": set("-28.75", "NZD") }]);
    credit(&money).check_balance(false).unwrap();
}

/// The same refund in a shop that books NZD, paid out in EUR.
fn abroad(paid: &str) -> Value {
    let both = |home: &str, away: &str| {
        json!({ "shop_money": { "amount": home, "currency_code": "NZD" },
                "presentment_money": { "amount": away, "currency_code": "EUR" } })
    };
    let mut body = refund();
    body["refund_line_items"][0]["subtotal_set"] = both("25.00", "13.50");
    body["refund_line_items"][0]["total_tax_set"] = both("3.75", "2.03");
    body["total_duties_set"] = json!(null);
    body["transactions"] = json!([
        { "id": 51, "kind": "refund", "status": "success", "gateway": "shopify_payments", "amount": paid, "currency": "EUR" },
        { "id": 52, "kind": "refund", "status": "success", "gateway": "gift_card", "amount": "5.00", "currency": "EUR" },
    ]);
    body
}

#[test]
fn money_paid_out_in_the_buyers_currency_is_booked_as_what_the_lines_come_to() {
    let credit = credit(&abroad("10.53"));
    credit.check_balance(false).unwrap();
    let amounts: Vec<_> = credit.refunds.iter().map(|refund| refund.amount.to_string()).collect();
    assert_eq!(amounts, ["19.49 NZD", "9.26 NZD"], "each its share, to the cent");
}

#[test]
fn no_exchange_rate_is_guessed() {
    let told = drafts("refunds/create", &abroad("10.00"));
    assert!(matches!(told[0].fact, Fact::OrderChanged(_)), "the shop knows what it was in its own currency");
}

#[test]
fn a_refund_that_names_no_order_or_no_currency_is_rejected() {
    let mut body = refund();
    body["order_id"] = json!(null);
    assert!(rejection("refunds/create", &body).contains("`order_id` is missing"));
    let nothing = json!({ "id": 1, "order_id": 2, "created_at": "2026-01-01T00:00:00Z" });
    assert!(rejection("refunds/create", &nothing).contains("currency"));
}

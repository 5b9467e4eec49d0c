//! Orders: invoices, and the news that none will come.

use serde_json::json;

use super::{drafts, meaning, normalise, order, rejection, sale, set};
use crate::domain::{Buyer, Fact, LineKind, Normalised, Payment, Payments, Placed, PrivacyWish, SaleMoment};

fn kinds(sale: &crate::domain::Sale) -> Vec<(LineKind, String)> {
    sale.lines.iter().map(|line| (line.kind, line.amount().unwrap().to_string())).collect()
}

#[test]
fn a_fulfilled_order_becomes_one_invoice_that_balances() {
    let drafts = drafts("orders/fulfilled", &order());
    assert_eq!(drafts.len(), 1);
    let contents = drafts[0].source_document.strip_prefix("order:5900000000001#").unwrap();
    assert_eq!(contents.len(), 16, "what is sold is part of the fact");
    assert_eq!(drafts[0].entity, "order:5900000000001");
    assert_eq!(drafts[0].time.to_string(), "2026-11-21T23:30:00Z", "when it was fulfilled, UTC");
    let Fact::SaleInvoiced(sale) = &drafts[0].fact else { panic!("not a sale") };
    sale.check_balance().unwrap();
    assert_eq!(sale.reference.as_str(), "order:5900000000001");
    assert_eq!(sale.number, "#1001");
    assert_eq!(sale.sold_at.to_string(), "2026-11-21T21:00:01Z");
    assert_eq!(kinds(sale), [(LineKind::Goods, "50.67 NZD".into()), (LineKind::Shipping, "4.00 NZD".into())]);
    let goods = &sale.lines[0];
    assert_eq!(goods.sku.as_ref().unwrap().as_str(), "SHIRT-RED-M");
    assert_eq!(goods.variant.as_deref(), Some("gid://shopify/ProductVariant/901"));
    assert_eq!((goods.quantity, goods.discount.to_string().as_str()), (2, "9.33 NZD"));
    assert_eq!(goods.tax.to_string(), "6.08 NZD", "what a marketplace pays in is part of the stated tax");
    let paid = Payment { reference: None, gateway: "shopify_payments".into(), amount: sale.stated_total };
    assert_eq!(sale.payments, Payments::Each { payments: vec![paid] });
}

#[test]
fn the_buyer_is_the_account_with_what_the_addresses_say() {
    let Buyer::Account { id, profile } = sale(&order()).buyer else { panic!("not an account") };
    assert_eq!(id, "77");
    assert_eq!(profile.email.as_deref(), Some("ana@example.test"));
    assert_eq!(profile.phone.as_deref(), Some("+64 9 1"), "from the bill, as the account has none");
    assert_eq!(profile.billing.unwrap().country.as_deref(), Some("NZ"));
    assert_eq!(profile.shipping, None);
}

#[test]
fn a_guest_is_known_by_the_addresses_alone() {
    let mut body = order();
    body["customer"] = json!(null);
    body["email"] = json!("");
    let Buyer::Guest { profile } = sale(&body).buyer else { panic!("not a guest") };
    assert_eq!(profile.first_name.as_deref(), Some("Ana"));
    assert_eq!(profile.email, None);
}

#[test]
fn a_till_sale_keeps_its_gift_card_its_tip_and_its_cash_rounding() {
    let body = json!({
        "id": 6, "name": "#2002", "currency": "CHF", "taxes_included": true, "created_at": "2026-11-20T15:31:05+01:00",
        "customer": null, "email": "", "billing_address": null,
        "line_items": [
            { "id": 1, "title": "Shirt", "sku": "S", "quantity": 1, "price": 39.97, "tax_lines": [{ "price": "2.99" }] },
            { "id": 2, "title": "Gift card", "sku": null, "quantity": 1, "price": "50.00", "gift_card": true },
            { "id": 3, "title": "Tip", "quantity": 1, "price": "5.00", "tip_payment_gateway": null },
        ],
        "payment_gateway_names": ["cash"], "total_tip_received": "5.00", "total_tax": "2.99", "total_price": "94.97",
        "total_cash_rounding_payment_adjustment_set": set("-0.02", "CHF"),
    });
    let sale = sale(&body);
    sale.check_balance().unwrap();
    assert_eq!(
        kinds(&sale),
        [
            (LineKind::Goods, "39.97 CHF".into()),
            (LineKind::GiftCard, "50.00 CHF".into()),
            (LineKind::Tip, "5.00 CHF".into())
        ]
    );
    assert_eq!(sale.to_pay().unwrap().to_string(), "94.95 CHF");
    assert!(matches!(&sale.payments, Payments::Each { payments } if payments[0].amount.to_string() == "94.95 CHF"));
}

#[test]
fn a_tip_without_a_line_gets_one() {
    let mut body = order();
    body["total_tip_received"] = json!("5.00");
    body["total_price"] = json!("66.35");
    let sale = sale(&body);
    sale.check_balance().unwrap();
    assert_eq!(sale.lines[1].kind, LineKind::Tip);
}

#[test]
fn duties_are_lines_with_their_taxes_unless_prices_include_them() {
    let mut body = order();
    body["line_items"][0]["duties"] = json!([{
        "id": "2", "harmonized_system_code": "610910", "shop_money": { "amount": "7.50", "currency_code": "NZD" },
        "tax_lines": [{ "price": "0.50" }],
    }]);
    body["original_total_duties_set"] = set("7.50", "NZD");
    body["total_tax"] = json!("7.18");
    body["total_price"] = json!("69.35");
    let with_duty = sale(&body);
    with_duty.check_balance().unwrap();
    assert_eq!(with_duty.lines[2].kind, LineKind::Duty);
    assert_eq!(with_duty.lines[2].title, "Import duty 610910");

    body["line_items"][0]["duties"] = json!([]);
    assert_eq!(sale(&body).lines[2].unit_price.to_string(), "7.50 NZD", "the total alone is stated");
    body["duties_included"] = json!(true);
    assert_eq!(sale(&body).lines.len(), 2);
}

#[test]
fn additional_fees_are_a_line() {
    let mut body = order();
    body["original_total_additional_fees_set"] = set("1.20", "NZD");
    body["total_price"] = json!("62.55");
    let sale = sale(&body);
    sale.check_balance().unwrap();
    assert_eq!(sale.lines[2].kind, LineKind::Fee);
}

#[test]
fn the_shops_currency_is_booked_whatever_the_buyer_paid_in() {
    let mut body = order();
    body["presentment_currency"] = json!("EUR");
    body["total_price_set"] = json!({
        "shop_money": { "amount": "61.35", "currency_code": "NZD" },
        "presentment_money": { "amount": "33.10", "currency_code": "EUR" },
    });
    assert_eq!(sale(&body).stated_total.to_string(), "61.35 NZD");
}

#[test]
fn free_shipping_is_no_line_and_removed_shipping_neither() {
    let mut body = order();
    body["shipping_lines"] = json!([
        { "id": 1, "title": "Free", "price": "0.00", "discounted_price": "0.00" },
        { "id": 2, "title": "Courier", "price": "9.00", "is_removed": true },
    ]);
    assert_eq!(sale(&body).lines.len(), 1);
}

#[test]
fn carriage_without_allocations_is_reduced_to_its_discounted_price() {
    let mut body = order();
    body["shipping_lines"][0]["discount_allocations"] = json!([]);
    sale(&body).check_balance().unwrap();
}

#[test]
fn goods_without_a_usable_sku_keep_their_variant_for_a_person_to_map() {
    let mut body = order();
    body["line_items"][0]["sku"] = json!("  ");
    let sale = sale(&body);
    assert_eq!(sale.lines[0].sku, None);
    assert!(sale.lines[0].variant.is_some());
}

#[test]
fn several_ways_of_paying_have_to_be_asked_for() {
    let mut body = order();
    body["payment_gateway_names"] = json!(["shopify_payments", "gift_card", "shopify_payments", ""]);
    let gateways = vec!["gift_card".to_owned(), "shopify_payments".to_owned()];
    assert_eq!(sale(&body).payments, Payments::AskStorefront { order: "5900000000001".into(), gateways });
    body["payment_gateway_names"] = json!([]);
    assert!(matches!(sale(&body).payments, Payments::AskStorefront { .. }), "a sum without a way of paying");
}

/// What an order's delivery says when it cannot settle the order: who has to read it, and why.
fn change(topic: &str, body: &serde_json::Value) -> crate::domain::OrderChanged {
    match drafts(topic, body).swap_remove(0).fact {
        Fact::OrderChanged(change) => change,
        other => panic!("expected a change, got {other:?}"),
    }
}

#[test]
fn what_a_delivery_cannot_settle_is_read_from_the_shop() {
    for status in ["pending", "authorized", "partially_paid"] {
        let mut body = order();
        body["financial_status"] = json!(status);
        assert_eq!(change("orders/fulfilled", &body).matters_at, [SaleMoment::Fulfilled], "{status}");
    }
    let mut body = order();
    body["line_items"][0]["current_quantity"] = json!(1);
    assert_eq!(change("orders/fulfilled", &body).order, "5900000000001", "a piece is gone without a refund");
    body = order();
    body["refunds"] = json!([{ "id": 31, "created_at": "2026-11-22T11:00:00+13:00", "transactions": [],
        "refund_line_items": [{ "id": 41, "line_item_id": 11, "quantity": 1, "restock_type": "cancel" }] }]);
    change("orders/fulfilled", &body);
}

#[test]
fn an_order_that_was_paid_is_a_sale_of_that_moment() {
    let mut body = order();
    body["fulfillment_status"] = json!(null);
    let told = drafts("orders/paid", &body);
    let Fact::SaleInvoiced(sale) = &told[0].fact else { panic!("not a sale") };
    assert_eq!((sale.moment, told.len()), (SaleMoment::Paid, 1));
    let late = drafts("orders/paid", &order());
    let Fact::OrderChanged(change) = &late[1].fact else { panic!("not a change") };
    assert_eq!(change.matters_at, [SaleMoment::Fulfilled, SaleMoment::EachFulfilment], "it had waited for its money");
}

#[test]
fn where_and_how_an_order_was_placed_comes_along() {
    let mut body = order();
    assert_eq!(sale(&body).placed, Placed::default());
    (body["source_name"], body["test"]) = (json!("POS"), json!(true));
    assert_eq!(sale(&body).placed, Placed { at_till: true, test: true });
}

#[test]
fn edits_shipments_and_late_money_are_changes_of_their_order() {
    let edit = json!({ "order_edit": { "id": 5, "order_id": 77, "committed_at": "2026-11-22T11:00:00Z",
        "line_items": { "additions": [{ "id": 1, "delta": 1 }], "removals": [] } } });
    assert_eq!(change("orders/edited", &edit).matters_at, SaleMoment::ALL);
    let shipment = json!({ "id": 6, "order_id": 77, "status": "success", "updated_at": "2026-11-22T11:00:00Z" });
    assert_eq!(change("fulfillments/create", &shipment).matters_at, [SaleMoment::EachFulfilment]);
    let money = |kind: &str, status: &str| json!({ "id": 8, "order_id": 77, "kind": kind, "status": status, "created_at": "2026-11-22T11:00:00Z" });
    let back = change("order_transactions/create", &money("refund", "success"));
    assert_eq!((back.sale.as_str(), back.transaction.as_deref()), ("order:77", Some("8")));
    assert_eq!(change("order_transactions/create", &money("refund", "failure")).transaction, None);
    for (kind, status) in [("sale", "success"), ("authorization", "success"), ("refund", "pending")] {
        let meaning = meaning("order_transactions/create", &money(kind, status));
        assert!(matches!(meaning, Normalised::Ignored(_)), "{kind} {status}");
    }
}

#[test]
fn pieces_are_sold_where_they_left_from() {
    let from = |place: u64, pieces: i64, status: &str| json!({ "status": status, "location_id": place, "line_items": [{ "id": 11, "quantity": pieces }] });
    let goods = |shipments: serde_json::Value| {
        let mut body = order();
        body["fulfillments"] = shipments;
        let sale = sale(&body);
        sale.check_balance().unwrap();
        let goods = sale.lines.into_iter().filter(|line| line.kind == LineKind::Goods);
        let told = |line: crate::domain::SaleLine| {
            (line.line, line.location, line.quantity, line.discount.amount().to_string(), line.tax.amount().to_string())
        };
        goods.map(told).collect::<Vec<_>>()
    };
    let line = |id: &str, place: Option<&str>, pieces: i64, discount: &str, tax: &str| {
        (id.to_owned(), place.map(str::to_owned), pieces, discount.to_owned(), tax.to_owned())
    };
    let all_from_3 = [line("11", Some("3"), 2, "9.33", "6.08")];
    assert_eq!(goods(json!([from(3, 2, "success")])), all_from_3);
    assert_eq!(goods(json!([from(3, 1, "success"), from(3, 1, "success")])), all_from_3);
    assert_eq!(goods(json!([from(4, 1, "cancelled"), from(3, 2, "success")])), all_from_3);
    assert_eq!(
        goods(json!([from(4, 1, "success"), from(3, 1, "success")])),
        [line("11@3", Some("3"), 1, "4.67", "3.04"), line("11@4", Some("4"), 1, "4.66", "3.04")]
    );
    // The other piece was cancelled before it left: it comes off the channel's branch, and goes back there.
    assert_eq!(
        goods(json!([from(3, 1, "success")])),
        [line("11@3", Some("3"), 1, "4.67", "3.04"), line("11", None, 1, "4.66", "3.04")]
    );
}

#[test]
fn an_order_for_nothing_has_no_payment() {
    let mut body = order();
    body["line_items"][0]["price"] = json!("0.00");
    body["line_items"][0]["discount_allocations"] = json!([]);
    body["line_items"][0]["tax_lines"] = json!([]);
    body["shipping_lines"] = json!([]);
    body["payment_gateway_names"] = json!([]);
    body["total_tax"] = json!("0.00");
    body["total_price"] = json!("0.00");
    let sale = sale(&body);
    sale.check_balance().unwrap();
    assert_eq!(sale.payments, Payments::Each { payments: vec![] });
}

#[test]
fn what_went_back_before_fulfilment_comes_along_as_credits() {
    let mut body = order();
    body["refunds"] = json!([
        { "id": 31, "created_at": "2026-11-22T11:00:00+13:00",
          "refund_line_items": [{ "id": 41, "line_item_id": 11, "quantity": 1, "restock_type": "cancel",
              "subtotal": 25.34, "total_tax": 3.04 }],
          "transactions": [{ "id": 51, "kind": "refund", "status": "success", "gateway": "shopify_payments", "amount": "28.38" }] },
        { "id": 32, "created_at": "2026-11-22T11:30:00+13:00", "note": "moved nothing" },
    ]);
    let drafts = drafts("orders/fulfilled", &body);
    assert_eq!(drafts.len(), 2, "the refund that moved nothing is no news");
    assert_eq!(drafts[1].source_document, "refund:31");
    let Fact::SaleCredited(credit) = &drafts[1].fact else { panic!("not a credit") };
    credit.check_balance(false).unwrap();
    assert_eq!(credit.tax_included, Some(false));
    assert_eq!(credit.lines[0].sku.as_ref().unwrap().as_str(), "SHIRT-RED-M", "from the order's line");
    assert!(credit.lines[0].restock);
}

#[test]
fn an_order_cancelled_before_anything_was_fulfilled_ends() {
    let mut body = order();
    body["fulfillment_status"] = json!("restocked");
    body["financial_status"] = json!("refunded");
    body["cancelled_at"] = json!("2026-11-22T13:00:00+13:00");
    let drafts = drafts("orders/cancelled", &body);
    let Fact::OrderCancelled(ended) = &drafts[0].fact else { panic!("not a cancellation") };
    assert_eq!(ended.sale.as_str(), "order:5900000000001");
    assert_eq!(ended.cancelled_at.to_string(), "2026-11-22T00:00:00Z");

    body["fulfillments"] = json!([{ "status": "cancelled" }]);
    assert!(matches!(meaning("orders/cancelled", &body), Normalised::Events(_)));
    body["fulfillments"] = json!([{ "status": "success" }]);
    change("orders/cancelled", &body);
    body["fulfillments"] = json!([]);
    body["financial_status"] = json!("paid");
    change("orders/cancelled", &body);
}

#[test]
fn amounts_that_do_not_add_up_are_left_to_the_balance_check() {
    let mut body = order();
    body["total_price"] = json!("99.99");
    assert!(sale(&body).check_balance().is_err());
}

#[test]
fn a_body_that_cannot_be_understood_is_rejected_by_place_without_its_content() {
    let mut body = order();
    body["customer"]["id"] = json!("Ana Tui");
    let reason = rejection("orders/fulfilled", &body);
    assert!(reason.contains("line 1, column"), "{reason}");
    assert!(!reason.contains("Ana"), "{reason}");

    let mut body = order();
    body.as_object_mut().unwrap().remove("id");
    assert!(rejection("orders/fulfilled", &body).contains("`id` is missing"));
    body = order();
    body["currency"] = json!("dollars");
    assert!(rejection("orders/fulfilled", &body).contains("`dollars` is not a currency code"));
    body = order();
    body["total_price"] = json!(null);
    assert!(rejection("orders/fulfilled", &body).contains("`total_price` is missing"));
    body = order();
    body["total_price"] = json!("61.355");
    assert!(rejection("orders/fulfilled", &body).contains("finer than the smallest unit"));
    body = order();
    body["processed_at"] = json!("yesterday");
    assert!(rejection("orders/fulfilled", &body).contains("`processed_at` is not a time"));
}

#[test]
fn a_body_that_is_no_json_is_rejected() {
    let cut = super::delivery("orders/fulfilled", r#"{"id": 1, "email": "ana@example.test"#);
    let Normalised::Rejected(reason) = normalise(&cut) else { panic!("not rejected") };
    assert!(reason.contains("ends too early") && !reason.contains("ana"), "{reason}");
}

#[test]
fn topics_nobody_waits_for_are_ignored_with_their_reason() {
    for (topic, word) in [
        ("orders/create", "shipped"),
        ("products/update", "master of products"),
        ("inventory_levels/update", "master of stock"),
        ("themes/publish", "themes/publish"),
    ] {
        let Normalised::Ignored(reason) = meaning(topic, &json!({})) else { panic!("{topic} was not ignored") };
        assert!(reason.contains(word), "{topic}: {reason}");
    }
}

#[test]
fn a_removed_app_is_news_whatever_the_body_says() {
    let Normalised::Events(drafts) = meaning("app/uninstalled", &json!([])) else { panic!("was not news") };
    assert!(matches!(drafts[0].fact, crate::domain::Fact::StorefrontLeft(_)));
}

#[test]
fn a_request_about_personal_data_is_news() {
    let body = json!({ "customer": { "id": u64::MAX, "email": "bob@example.com", "phone": null }, "orders_to_redact": [7],
        "data_request": { "id": 9 } });
    for (topic, wish) in [
        ("customers/redact", PrivacyWish::EraseCustomer),
        ("customers/data_request", PrivacyWish::Export),
        ("shop/redact", PrivacyWish::EraseStorefront),
    ] {
        let Normalised::Events(drafts) = meaning(topic, &body) else { panic!("{topic} was not news") };
        let Fact::PrivacyRequested(request) = &drafts[0].fact else { panic!("{topic}") };
        assert_eq!(request.wish, wish);
        let of_customer = wish != PrivacyWish::EraseStorefront;
        assert_eq!(request.person.id.as_deref(), of_customer.then_some("18446744073709551615"));
    }
    assert!(rejection("customers/redact", &json!({ "customer": "bob@example.com" })).contains("shape"));
}

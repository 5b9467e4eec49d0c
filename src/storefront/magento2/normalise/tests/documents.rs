//! Invoices, credit memos and orders, one by one.

use super::*;
use crate::domain::{Buyer, LineKind, SaleMoment};

// proves F-336
#[test]
fn a_paid_invoice_is_an_invoice_paid_in_full() {
    let order = order(&json!([row(1, "MUG", "simple", 2, 1000, 1150)]));
    // 2 x 10.00 + 5.00 shipping, 15 % on both: 3.00 + 0.75.
    let invoice = document(
        12,
        &json!([{ "order_item_id": 1, "sku": "MUG", "name": "Mug", "qty": 2, "base_price": 10, "base_row_total": 20,
            "base_tax_amount": 3, "base_price_incl_tax": 11.5 }]),
        &json!({ "base_grand_total": 28.75, "base_tax_amount": 3.75, "base_shipping_amount": 5,
            "base_shipping_tax_amount": 0.75, "transaction_id": "tx-1" }),
    );
    let sale = sold(&order, &invoice);
    sale.check_balance().unwrap();
    assert_eq!((sale.reference.as_str(), sale.number.as_str()), ("invoice:12", "000000031"));
    assert_eq!(sale.order.as_ref().unwrap().as_str(), "order:31");
    assert_eq!((sale.moment, sale.sold_at.to_string().as_str()), (SaleMoment::Paid, "2026-11-01T09:30:00Z"));
    assert_eq!(sale.stated_total.to_string(), "28.75 NZD");
    assert_eq!(lines(&sale), ["MUG: 2 x 10.00 - 0.00 = 20.00 + tax 3.00", "-: 1 x 5.00 - 0.00 = 5.00 + tax 0.75"]);
    let crate::domain::Payments::Each { payments } = &sale.payments else { panic!() };
    assert_eq!(payments.len(), 1);
    assert_eq!((payments[0].gateway.as_str(), payments[0].reference.as_deref()), ("braintree", Some("tx-1")));
}

// proves F-335
#[test]
fn a_guest_is_called_what_the_bill_says() {
    let order = order(&json!([row(1, "MUG", "simple", 1, 1000, 1000)]));
    let invoice = document(
        12,
        &json!([{ "order_item_id": 1, "sku": "MUG", "qty": 1, "base_price": 10, "base_row_total": 10 }]),
        &json!({ "base_grand_total": 10 }),
    );
    let Buyer::Guest { profile } = sold(&order, &invoice).buyer else { panic!("not a guest") };
    assert_eq!((profile.first_name.as_deref(), profile.email.as_deref()), (Some("Mere"), Some("mere@example.nz")));
    let billing = profile.billing.unwrap();
    assert_eq!((billing.line2.as_deref(), billing.region.as_deref()), (Some("Flat 2"), Some("NSN")));
    assert_eq!(billing.country.as_deref(), Some("NZ"));

    let mut known = order;
    known["customer_id"] = json!("77");
    assert!(matches!(sold(&known, &invoice).buyer, Buyer::Account { id, .. } if id == "77"));
}

#[test]
fn an_invoice_that_is_not_paid_is_no_news() {
    let order = order(&json!([]));
    for state in [1, 3] {
        let mut invoice = document(12, &json!([]), &json!({}));
        invoice["state"] = json!(state);
        assert_eq!(why_not(&order, &invoice), "the invoice is not paid: it is booked once it is");
    }
}

#[test]
fn a_configurable_product_is_counted_once_as_the_variant_that_was_sold() {
    let child = part_of(row(2, "TEE-RED-M", "simple", 1, 0, 0), 1);
    let order = order(&json!([row(1, "TEE-RED-M", "configurable", 1, 2000, 2300), child]));
    let invoice = document(
        12,
        &json!([
            { "order_item_id": 1, "sku": "TEE-RED-M", "qty": 1, "base_price": 20, "base_row_total": 20, "base_tax_amount": 3 },
            { "order_item_id": 2, "sku": "TEE-RED-M", "qty": 1, "base_price": 0, "base_row_total": null },
        ]),
        &json!({ "base_grand_total": 23, "base_tax_amount": 3 }),
    );
    let sale = sold(&order, &invoice);
    sale.check_balance().unwrap();
    assert_eq!(lines(&sale), ["TEE-RED-M: 1 x 20.00 - 0.00 = 20.00 + tax 3.00"]);
}

#[test]
fn a_bundle_priced_by_its_parts_is_its_parts() {
    let parts = [(2, "BALL", 1, 2700), (3, "STRAP", 2, 1400)];
    let mut rows = vec![row(1, "KIT-BALL-STRAP", "bundle", 1, 5500, 5500)];
    let mut items = vec![json!({ "order_item_id": 1, "sku": "KIT-BALL-STRAP", "qty": 1, "base_price": 55 })];
    for (id, sku, pieces, price) in parts {
        rows.push(part_of(row(id, sku, "simple", pieces, price, price), 1));
        items.push(json!({ "order_item_id": id, "sku": sku, "qty": pieces, "base_price": cents(price),
            "base_row_total": cents(price * pieces) }));
    }
    let sale = sold(&order(&json!(rows)), &document(12, &json!(items), &json!({ "base_grand_total": 55 })));
    sale.check_balance().unwrap();
    assert_eq!(
        lines(&sale),
        ["BALL: 1 x 27.00 - 0.00 = 27.00 + tax 0.00", "STRAP: 2 x 14.00 - 0.00 = 28.00 + tax 0.00"]
    );
}

#[test]
fn the_money_of_a_bundle_with_its_own_price_is_shared_by_what_leaves_the_shelf() {
    let rows = json!([
        row(1, "KIT", "bundle", 1, 1000, 1150),
        part_of(row(2, "BALL", "simple", 1, 0, 0), 1),
        part_of(row(3, "STRAP", "simple", 2, 0, 0), 1),
    ]);
    let items = json!([
        { "order_item_id": 1, "sku": "KIT", "qty": 1, "base_price": 10, "base_row_total": 10, "base_tax_amount": 1.5 },
        { "order_item_id": 2, "sku": "BALL", "qty": 1, "base_price": 0 },
        { "order_item_id": 3, "sku": "STRAP", "qty": 2, "base_price": 0 },
    ]);
    let sale = sold(&order(&rows), &document(12, &items, &json!({ "base_grand_total": 11.5, "base_tax_amount": 1.5 })));
    sale.check_balance().unwrap();
    assert_eq!(lines(&sale), ["BALL: 1 x 3.33 - 0.00 = 3.33 + tax 0.50", "STRAP: 2 x 3.34 - 0.01 = 6.67 + tax 1.00"]);
}

#[test]
fn a_coupon_on_prices_with_tax_has_its_tax_given_back_to_the_row() {
    // 2 x 12.00 with 20 % tax: 20.00 + 4.00. 10 % off 24.00 is 2.40, of which 0.40 is tax: tax 3.60, compensation 0.40.
    let order = order(&json!([row(1, "MUG", "simple", 2, 1000, 1200)]));
    let invoice = document(
        12,
        &json!([{ "order_item_id": 1, "sku": "MUG", "qty": 2, "base_price": 10, "base_price_incl_tax": 12,
            "base_row_total": 20, "base_tax_amount": 3.6, "base_discount_amount": 2.4,
            "base_discount_tax_compensation_amount": 0.4 }]),
        &json!({ "base_grand_total": 21.6, "base_tax_amount": 3.6, "base_discount_amount": -2.4 }),
    );
    let sale = sold(&order, &invoice);
    sale.check_balance().unwrap();
    assert_eq!(lines(&sale), ["MUG: 2 x 10.00 - 2.00 = 18.00 + tax 3.60"]);
}

#[test]
fn a_row_that_rounds_keeps_the_amount_and_shows_the_price_people_read() {
    // 3 x 10.00 with 20 % tax inside: 25.00 + 5.00; a piece without tax would be 8.33.
    let mut ordered = row(1, "MUG", "simple", 3, 833, 1000);
    ordered["base_row_total"] = cents(2500);
    let invoice = document(
        12,
        &json!([{ "order_item_id": 1, "sku": "MUG", "qty": 3, "base_price": 8.33, "base_price_incl_tax": 10,
            "base_row_total": 25, "base_tax_amount": 5 }]),
        &json!({ "base_grand_total": 30, "base_tax_amount": 5 }),
    );
    let sale = sold(&order(&json!([ordered])), &invoice);
    sale.check_balance().unwrap();
    assert!(sale.tax_included);
    assert_eq!(lines(&sale), ["MUG: 3 x 10.00 - 0.00 = 30.00 + tax 5.00"]);
}

#[test]
fn a_shipping_discount_is_taken_off_shipping() {
    let order = order(&json!([row(1, "MUG", "simple", 1, 1000, 1000)]));
    let invoice = document(
        12,
        &json!([{ "order_item_id": 1, "sku": "MUG", "qty": 1, "base_price": 10, "base_row_total": 10,
            "base_discount_amount": 1 }]),
        &json!({ "base_grand_total": 11.5, "base_shipping_amount": 5, "base_discount_amount": -3.5 }),
    );
    let sale = sold(&order, &invoice);
    sale.check_balance().unwrap();
    assert_eq!(lines(&sale)[1], "-: 1 x 2.50 - 0.00 = 2.50 + tax 0.00");
}

#[test]
fn store_credit_and_gift_cards_are_ways_of_paying() {
    let order = order(&json!([row(1, "MUG", "simple", 1, 3000, 3000)]));
    let invoice = document(
        12,
        &json!([{ "order_item_id": 1, "sku": "MUG", "qty": 1, "base_price": 30, "base_row_total": 30 }]),
        &json!({ "base_grand_total": 5, "extension_attributes":
            { "base_customer_balance_amount": 15, "base_gift_cards_amount": 10 } }),
    );
    let sale = sold(&order, &invoice);
    sale.check_balance().unwrap();
    let crate::domain::Payments::Each { payments } = &sale.payments else { panic!() };
    let paid: Vec<_> = payments.iter().map(|one| (one.gateway.as_str(), one.amount.to_string())).collect();
    assert_eq!(
        paid,
        [
            ("braintree", "5.00 NZD".to_owned()),
            ("customer_balance", "15.00 NZD".to_owned()),
            ("gift_cards", "10.00 NZD".to_owned())
        ]
    );
}

#[test]
fn books_are_kept_in_the_base_currency_whatever_the_buyer_paid_in() {
    let order = order(&json!([row(1, "MUG", "simple", 1, 1000, 1000)]));
    let invoice = document(
        12,
        &json!([{ "order_item_id": 1, "sku": "MUG", "qty": 1, "price": 900, "row_total": 900, "base_price": 10,
            "base_row_total": 10 }]),
        &json!({ "base_grand_total": 10, "grand_total": 900, "order_currency_code": "JPY" }),
    );
    assert_eq!(sold(&order, &invoice).stated_total.to_string(), "10.00 NZD");
}

#[test]
fn a_row_that_states_the_price_of_one_piece_goes_to_a_person_with_the_arithmetic() {
    let order = order(&json!([row(1, "MUG", "simple", 3, 1000, 1000)]));
    let invoice = document(
        12,
        &json!([{ "order_item_id": 1, "sku": "MUG", "qty": 3, "base_price": 10, "base_row_total": 10 }]),
        &json!({ "base_grand_total": 10 }),
    );
    let why = why_not(&order, &invoice);
    assert!(why.contains("item 1 does not balance: 3 x 10 = 30, but the store says 10"), "{why}");
}

#[test]
fn lines_that_miss_the_total_by_more_than_rounding_never_balance() {
    let order = order(&json!([row(1, "MUG", "simple", 1, 1000, 1000)]));
    let with_total = |total: i64| {
        let total = cents(total);
        let items = json!([{ "order_item_id": 1, "sku": "MUG", "qty": 1, "base_price": 10, "base_row_total": 10 }]);
        sold(&order, &document(12, &items, &json!({ "base_grand_total": total })))
    };
    with_total(1001).check_balance().unwrap();
    assert_eq!(with_total(1001).lines[1].kind, LineKind::Adjustment);
    assert!(with_total(1002).check_balance().unwrap_err().to_string().contains("10.00 NZD"));
}

#[test]
fn half_a_metre_goes_to_a_person() {
    let order = order(&json!([row(1, "CLOTH", "simple", 1, 1000, 1000)]));
    let items = json!([{ "order_item_id": 1, "sku": "CLOTH", "qty": 0.5, "base_price": 10, "base_row_total": 5 }]);
    assert!(why_not(&order, &document(12, &items, &json!({ "base_grand_total": 5 }))).contains("parts of a piece"));
}

#[test]
fn the_parts_of_a_configurable_product_and_a_bundle_are_what_is_held() {
    let mut tee = row(1, "TEE-M", "configurable", 2, 2000, 2000);
    tee["qty_shipped"] = json!(1);
    let rows = json!([
        tee,
        part_of(row(2, "TEE-M", "simple", 2, 0, 0), 1),
        row(3, "KIT", "bundle", 1, 1000, 1000),
        part_of(row(4, "BALL", "simple", 2, 500, 500), 3),
        row(5, "VOUCHER", "giftcard", 1, 5000, 5000),
    ]);
    let told = web_order(&delivery(topic::ORDER, &json!({ "order": order(&rows) }))).unwrap();
    let held: Vec<_> = told.lines.iter().map(|one| (one.sku.as_ref().unwrap().as_str(), one.open, one.gone)).collect();
    assert_eq!(held, [("TEE-M", 1, 1), ("BALL", 2, 0)]);
}

#[test]
fn an_account_is_who_logs_in_with_their_default_addresses() {
    let customer = json!({ "customer": { "id": 7, "email": "Ana@example.nz", "firstname": "Ana", "lastname": "Tui",
        "updated_at": "2026-11-01 10:00:00", "addresses": [
            { "firstname": "Ana", "street": ["Elsewhere"], "city": "Napier", "country_id": "NZ" },
            { "street": ["1 Quay St"], "city": "Nelson", "country_id": "NZ", "default_billing": true,
              "region": { "region_code": "NSN", "region": "Nelson", "region_id": 3 }, "telephone": "03 1" } ] } });
    let drafts = drafts(topic::CUSTOMER, &customer);
    let Fact::AccountChanged(account) = &drafts[0].fact else { panic!("{drafts:?}") };
    assert_eq!((account.id.as_str(), account.profile.email.as_deref()), ("7", Some("ana@example.nz")));
    assert_eq!(account.profile.billing.as_ref().unwrap().region.as_deref(), Some("NSN"));
    assert_eq!(account.profile.shipping.as_ref().unwrap().city.as_deref(), Some("Napier"));
    assert_eq!(drafts[0].version.0, "2026-11-01T10:00:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond());
}

#[test]
fn what_cannot_be_read_is_named_by_its_place_and_never_quoted() {
    let body = json!({ "invoice": { "entity_id": "Ana" }, "order": {} });
    let Normalised::Rejected(why) = normalise(&delivery(topic::INVOICE, &body)) else { panic!() };
    assert!(why.contains("line 1, column") && !why.contains("Ana"), "{why}");
}

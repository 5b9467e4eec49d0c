//! Bodies written without a shop: they add up to the smallest unit when read back from their JSON.

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;
use tillbridge::domain::Currency;
use tillbridge::sandbox::shopify::lives::{Life, invented_catalogue};

fn lives() -> impl Strategy<Value = Life> {
    (0..u64::from(u32::MAX), prop::sample::select(vec!["NZD", "JPY", "KWD"]), any::<bool>()).prop_map(
        |(seed, code, taxes_included)| {
            let currency = Currency::parse(code).unwrap();
            Life::generate(seed, currency, taxes_included, &invented_catalogue(currency, 30))
        },
    )
}

/// An amount as it stands in a body, text or number.
fn amount(value: &Value) -> Decimal {
    match value {
        Value::String(text) => text.parse().unwrap(),
        Value::Number(number) => number.to_string().parse().unwrap(),
        other => panic!("{other} is no amount"),
    }
}

fn shop_money(set: &Value) -> Decimal {
    if set.is_null() {
        return Decimal::ZERO;
    }
    assert_eq!(set["shop_money"], set["presentment_money"]);
    amount(&set["shop_money"]["amount"])
}

fn sum<'a>(list: &'a Value, part: impl Fn(&'a Value) -> Decimal) -> Decimal {
    list.as_array().unwrap().iter().map(part).sum()
}

fn line_amount(line: &Value) -> Decimal {
    amount(&line["price"]) * amount(&line["quantity"])
        - sum(&line["discount_allocations"], |row| amount(&row["amount"]))
}

fn taxes(thing: &Value) -> Decimal {
    sum(&thing["tax_lines"], |row| amount(&row["price"]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn an_order_body_adds_up(life in lives()) {
        let order: Value = serde_json::from_slice(&life.order_fulfilled_body()).unwrap();
        let lines = &order["line_items"];
        let tips = sum(lines, |line| if line.get("tip_payment_gateway").is_some() { line_amount(line) } else { Decimal::ZERO });
        let subtotal = sum(lines, line_amount) - tips;
        prop_assert_eq!(amount(&order["subtotal_price"]), subtotal);
        prop_assert_eq!(amount(&order["total_tip_received"]), tips);
        let carriage = sum(&order["shipping_lines"], |row| amount(&row["discounted_price"]));
        let allocated = sum(&order["shipping_lines"], |row| {
            amount(&row["price"]) - sum(&row["discount_allocations"], |cut| amount(&cut["amount"]))
        });
        prop_assert_eq!(carriage, allocated);
        let tax = sum(lines, taxes) + sum(&order["shipping_lines"], taxes);
        prop_assert_eq!(amount(&order["total_tax"]), tax);
        prop_assert_eq!(taxes(&order), tax);
        let duties = sum(lines, |line| sum(&line["duties"], shop_money));
        prop_assert_eq!(shop_money(&order["original_total_duties_set"]), duties);
        let fees = shop_money(&order["original_total_additional_fees_set"]);
        let on_top = if order["taxes_included"] == true { Decimal::ZERO } else { tax };
        prop_assert_eq!(amount(&order["total_price"]), subtotal + carriage + on_top + duties + fees + tips);
        let paid = amount(&order["total_price"]) + shop_money(&order["total_cash_rounding_payment_adjustment_set"]);
        prop_assert_eq!(paid, life.expected().captured.amount());
        prop_assert!(order.get("transactions").is_none());
        prop_assert!(order["id"].as_u64().unwrap() > 1 << 53);
        prop_assert_eq!(order["id"].as_u64().unwrap(), life.order_id());
        let early = life.refunds.iter().filter(|refund| refund.before_fulfilment).count();
        prop_assert_eq!(order["refunds"].as_array().unwrap().len(), early);
    }

    #[test]
    fn refund_bodies_add_up_to_the_money_that_moved(life in lives()) {
        let order: Value = serde_json::from_slice(&life.order_fulfilled_body()).unwrap();
        let mut moved = Decimal::ZERO;
        for body in life.refund_bodies() {
            let refund: Value = serde_json::from_slice(&body).unwrap();
            prop_assert_eq!(&refund["order_id"], &order["id"]);
            let taxed = |plain: Decimal, tax: Decimal| if order["taxes_included"] == true { plain } else { plain + tax };
            let lines = sum(&refund["refund_line_items"], |row| {
                assert!(row["subtotal"].is_number() && row["total_tax"].is_number());
                assert_eq!(amount(&row["subtotal"]), shop_money(&row["subtotal_set"]));
                taxed(amount(&row["subtotal"]), amount(&row["total_tax"]))
            });
            let carriage = sum(&refund["refund_shipping_lines"], |row| {
                taxed(shop_money(&row["subtotal_amount_set"]), shop_money(&row["tax_amount_set"]))
            });
            let duties = sum(&refund["duties"], |row| shop_money(&row["amount_set"]));
            prop_assert_eq!(duties, shop_money(&refund["total_duties_set"]));
            let fees = shop_money(&refund["total_additional_fees_set"]);
            let adjusted = sum(&refund["order_adjustments"], |row| amount(&row["amount"]) + amount(&row["tax_amount"]));
            let money = sum(&refund["transactions"], |row| amount(&row["amount"]));
            let rounding = sum(&refund["transactions"], |row| shop_money(&row["amount_rounding"]));
            prop_assert_eq!(money, lines + carriage + duties + fees - adjusted + rounding);
            for row in refund["refund_line_items"].as_array().unwrap() {
                prop_assert_eq!(row["location_id"].is_null(), row["restock_type"] == "no_restock");
            }
            moved += money;
        }
        prop_assert_eq!(moved, life.expected().refunded.amount());
    }

    #[test]
    fn what_is_left_of_an_order_is_what_was_not_given_back(life in lives()) {
        let order: Value = serde_json::from_slice(&life.order_final_body()).unwrap();
        prop_assert_eq!(order["refunds"].as_array().unwrap().len(), life.refunds.len());
        let part = |refund: &Value, list: &str, part: &dyn Fn(&Value) -> Decimal| sum(&refund[list], part);
        let given_back = sum(&order["refunds"], |refund| {
            part(refund, "refund_line_items", &|row| amount(&row["subtotal"]))
                + part(refund, "refund_shipping_lines", &|row| shop_money(&row["subtotal_amount_set"]))
                + shop_money(&refund["total_duties_set"])
                + shop_money(&refund["total_additional_fees_set"])
        });
        let tax_back = sum(&order["refunds"], |refund| {
            part(refund, "refund_line_items", &|row| amount(&row["total_tax"]))
                + part(refund, "refund_shipping_lines", &|row| shop_money(&row["tax_amount_set"]))
        });
        prop_assert_eq!(amount(&order["current_total_tax"]), amount(&order["total_tax"]) - tax_back);
        let on_top = if order["taxes_included"] == true { Decimal::ZERO } else { tax_back };
        prop_assert_eq!(amount(&order["current_total_price"]), amount(&order["total_price"]) - given_back - on_top);
    }
}

#[test]
fn yen_have_no_decimals_and_dollars_always_two() {
    let body = |code: &str| -> Value {
        let currency = Currency::parse(code).unwrap();
        serde_json::from_slice(
            &Life::generate(3, currency, true, &invented_catalogue(currency, 5)).order_fulfilled_body(),
        )
        .unwrap()
    };
    assert!(!body("JPY")["total_price"].as_str().unwrap().contains('.'));
    let dollars = body("NZD");
    assert_eq!(dollars["total_price"].as_str().unwrap().split_once('.').unwrap().1.len(), 2);
    assert!(dollars["created_at"].as_str().unwrap().ends_with("+13:00"));
}

//! What holds for every order, and for bodies nobody would send.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{delivery, normalise, order, sale};
use crate::domain::Normalised;

/// A generated line, in the currency's smallest units.
#[derive(Debug, Clone)]
struct Line {
    price: i64,
    quantity: i64,
    discounts: Vec<u8>,
    tax: i64,
    duty: Option<(i64, i64)>,
    kind: u8,
}

impl Line {
    fn whole(&self) -> i64 {
        self.price * self.quantity
    }

    /// Each discount takes some 256ths of what is left.
    fn discounts(&self) -> Vec<i64> {
        let mut left = self.whole();
        let mut taken = Vec::new();
        for part in &self.discounts {
            let discount = left * i64::from(*part) / 256;
            left -= discount;
            taken.push(discount);
        }
        taken
    }
}

fn line() -> impl Strategy<Value = Line> {
    let duty = prop::option::of((1..2_000_i64, 0..200_i64));
    (0..500_000_i64, 1..9_i64, prop::collection::vec(any::<u8>(), 0..3), 0..5_000_i64, duty, 0..8_u8)
        .prop_map(|(price, quantity, discounts, tax, duty, kind)| Line { price, quantity, discounts, tax, duty, kind })
}

/// Writes an amount as Shopify may: text with all decimals, text with one too many zeros, or a number.
fn written(amount: i64, decimals: u32, style: u8) -> Value {
    let exact = rust_decimal::Decimal::new(amount, decimals);
    match style % 3 {
        0 => json!(exact.to_string()),
        1 if decimals == 0 => json!(format!("{exact}.0")),
        1 => json!(format!("{exact}0")),
        _ => serde_json::from_str(&exact.to_string()).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_order_that_adds_up_at_the_shop_balances_here(
        lines in prop::collection::vec(line(), 1..6),
        shipping in prop::option::of((0..9_000_i64, any::<u8>(), 0..900_i64)),
        tax_included: bool,
        tip in 0..2_000_i64,
        tip_has_line: bool,
        fee in 0..300_i64,
        rounding in -4..5_i64,
        (currency, decimals) in prop::sample::select(vec![("NZD", 2_u32), ("JPY", 0), ("KWD", 3)]),
        style: u8,
    ) {
        let amount = |units: i64| written(units, decimals, style);
        let set = |units: i64| json!({ "shop_money": { "amount": amount(units), "currency_code": currency } });
        let (mut total, mut taxes) = (tip + fee, 0);
        let mut items = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            let discounts = line.discounts();
            total += line.whole() - discounts.iter().sum::<i64>();
            taxes += line.tax;
            let duties: Vec<Value> = line.duty.iter().map(|(duty, tax)| {
                total += duty;
                taxes += tax;
                json!({ "id": at + 1, "shop_money": { "amount": amount(*duty), "currency_code": currency },
                    "tax_lines": [{ "price_set": set(*tax) }] })
            }).collect();
            items.push(json!({
                "id": at + 1, "title": "Thing", "quantity": line.quantity, "price": amount(line.price),
                "gift_card": line.kind == 0, "sku": "SKU", "duties": duties,
                "discount_allocations": discounts.iter().map(|each| json!({ "amount": amount(*each) })).collect::<Vec<_>>(),
                "tax_lines": [{ "price": amount(line.tax), "channel_liable": line.kind == 1, "rate": 0.1 }],
            }));
        }
        if tip_has_line && tip > 0 {
            items.push(json!({ "id": 99, "title": "Tip", "quantity": 1, "price": amount(tip), "tip_payment_method": "Cash" }));
        }
        let shipping: Vec<Value> = shipping.iter().map(|(price, part, tax)| {
            let discount = price * i64::from(*part) / 256;
            total += price - discount;
            taxes += tax;
            json!({ "id": 7, "title": "Courier", "price": amount(*price), "discounted_price": amount(price - discount),
                "discount_allocations": [{ "amount_set": set(discount) }], "tax_lines": [{ "price": amount(*tax) }] })
        }).collect();
        if !tax_included {
            total += taxes;
        }
        let body = json!({
            "id": 1, "currency": currency, "taxes_included": tax_included, "created_at": "2026-11-22T10:00:00Z",
            "line_items": items, "shipping_lines": shipping, "payment_gateway_names": ["cash"],
            "total_tip_received": amount(tip), "original_total_additional_fees_set": set(fee),
            "total_cash_rounding_payment_adjustment_set": set(rounding),
            "total_tax": amount(taxes), "total_price_set": set(total),
        });
        let sale = sale(&body);
        prop_assert_eq!(sale.check_balance(), Ok(()));
        prop_assert_eq!(sale.to_pay().unwrap().amount(), rust_decimal::Decimal::new(total + rounding, decimals));
        let mut ids: Vec<_> = sale.lines.iter().map(|line| &line.line).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), sale.lines.len(), "line ids are unique within the document");
    }

    #[test]
    fn broken_bytes_never_bring_it_down(
        topic in topics(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        is_cut: bool,
    ) {
        let mut bytes = order().to_string().into_bytes();
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        prop_assert!(says_why(&normalise(&delivery(topic, bytes))));
    }

    #[test]
    fn a_field_of_any_other_shape_never_brings_it_down(
        topic in topics(),
        fields in prop::collection::vec((any::<prop::sample::Index>(), anything()), 1..4),
    ) {
        let mut body = order();
        for (at, value) in fields {
            let mut paths = Vec::new();
            collect(&body, String::new(), &mut paths);
            let path = paths[at.index(paths.len())].clone();
            if let Some(field) = body.pointer_mut(&path) {
                *field = value;
            }
        }
        prop_assert!(says_why(&normalise(&delivery(topic, body.to_string()))));
    }
}

/// Whatever comes of a body, it is said, and a refusal never repeats whom the body is about.
fn says_why(outcome: &Normalised) -> bool {
    match outcome {
        Normalised::Events(drafts) => !drafts.is_empty(),
        Normalised::Ignored(reason) => !reason.is_empty(),
        Normalised::Rejected(reason) => {
            !reason.is_empty() && !["Ana", "Quay", "xample"].iter().any(|personal| reason.contains(personal))
        }
    }
}

fn topics() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["orders/fulfilled", "orders/cancelled", "refunds/create"])
}

/// JSON of any shape.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        "[0-9]{1,40}(\\.[0-9]{1,40})?".prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,12}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// The JSON pointers of everything in a value.
fn collect(value: &Value, path: String, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| collect(field, format!("{path}/{name}"), into));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| collect(item, format!("{path}/{at}"), into));
        }
        _ => {}
    }
    into.push(path);
}

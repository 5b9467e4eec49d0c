//! Whatever is bought at whatever price, tax and discount, and however it is invoiced and refunded: the documents balance and come
//! to what the store says.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::domain::Money;

/// One product of an order, in cents.
#[derive(Debug, Clone)]
struct Goods {
    pieces: i64,
    price: i64,
    discount: i64,
    /// What the product is: 0 simple, 1 configurable, 2 a bundle priced by its parts, 3 a bundle with its own price.
    kind: u8,
}

fn goods() -> impl Strategy<Value = Goods> {
    (1_i64..6, 0_i64..20_000, 0_i64..40, 0_u8..4).prop_map(|(pieces, price, percent, kind)| Goods {
        pieces,
        price,
        discount: price * pieces * percent / 100,
        kind,
    })
}

/// What one product comes to on a document for some of its pieces.
struct Part {
    rows: Vec<Value>,
    net: i64,
    tax: i64,
    discount: i64,
}

fn part(at: usize, goods: &Goods, pieces: i64, rate: i64) -> Part {
    let id = at * 10 + 1;
    let share = |all: i64| all * pieces / goods.pieces;
    let (net, discount) = (goods.price * pieces, share(goods.discount));
    let tax = (net - discount) * rate / 100;
    let money = |id: usize, sku: String, pieces: i64| {
        json!({ "order_item_id": id, "sku": sku, "name": sku, "qty": pieces, "base_price": cents(goods.price),
            "base_row_total": cents(net), "base_tax_amount": cents(tax), "base_discount_amount": cents(discount) })
    };
    let none = |id: usize, sku: String, pieces: i64| json!({ "order_item_id": id, "sku": sku, "qty": pieces, "base_price": 0, "base_row_total": null });
    let sku = |part: &str| format!("SKU-{at}{part}");
    let rows = match goods.kind {
        1 => vec![money(id, sku("-M"), pieces), none(id + 1, sku("-M"), pieces)],
        2 => vec![none(id, sku(""), pieces), money(id + 1, sku("-A"), pieces)],
        3 => vec![money(id, sku(""), pieces), none(id + 1, sku("-A"), pieces), none(id + 2, sku("-B"), pieces * 2)],
        _ => vec![money(id, sku(""), pieces)],
    };
    Part { rows, net, tax, discount }
}

fn ordered(all: &[Goods]) -> Value {
    let mut rows = Vec::new();
    for (at, goods) in all.iter().enumerate() {
        let id = at as u64 * 10 + 1;
        let (kind, parts) = match goods.kind {
            1 => ("configurable", 1),
            2 => ("bundle", 1),
            3 => ("bundle", 2),
            _ => ("simple", 0),
        };
        let row = |id: u64, kind: &str, parent: Option<u64>| {
            json!({ "item_id": id, "sku": "SKU", "product_type": kind, "parent_item_id": parent,
                "qty_ordered": goods.pieces, "base_price": cents(goods.price),
                "base_row_total": cents(goods.price * goods.pieces) })
        };
        rows.push(row(id, kind, None));
        rows.extend((1..=parts).map(|part| row(id + part, "simple", Some(id))));
    }
    order(&json!(rows))
}

/// A document over some pieces of each product, with shipping where it is the first.
fn over(id: u64, all: &[Goods], pieces: &[i64], rate: i64, shipping: i64, adjusted: i64) -> (Value, i64) {
    let parts: Vec<Part> = all
        .iter()
        .zip(pieces)
        .enumerate()
        .filter(|(_, (_, pieces))| **pieces > 0)
        .map(|(at, (goods, pieces))| part(at, goods, *pieces, rate))
        .collect();
    let shipping_tax = shipping * rate / 100;
    let sum = |of: fn(&Part) -> i64| parts.iter().map(of).sum::<i64>();
    let (net, tax, discount) = (sum(|one| one.net), sum(|one| one.tax) + shipping_tax, sum(|one| one.discount));
    let total = net + tax - discount + shipping + adjusted;
    let items: Vec<&Value> = parts.iter().flat_map(|one| &one.rows).collect();
    let totals = json!({ "base_grand_total": cents(total), "base_tax_amount": cents(tax),
        "base_discount_amount": cents(-discount), "base_shipping_amount": cents(shipping),
        "base_shipping_tax_amount": cents(shipping_tax),
        "base_adjustment_positive": cents(adjusted.max(0)), "base_adjustment_negative": cents((-adjusted).max(0)) });
    (document(id, &json!(items), &totals), total)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn invoices_in_parts_come_to_what_the_store_says(
        all in prop::collection::vec(goods(), 1..6), first in prop::collection::vec(0_i64..6, 6),
        rate in 0_i64..26, shipping in 0_i64..3000,
    ) {
        let order = ordered(&all);
        let some: Vec<i64> = all.iter().zip(&first).map(|(goods, first)| *first.min(&goods.pieces)).collect();
        let rest: Vec<i64> = all.iter().zip(&some).map(|(goods, some)| goods.pieces - some).collect();
        for (id, pieces, shipping) in [(1, some, shipping), (2, rest, 0)] {
            let (invoice, total) = over(id, &all, &pieces, rate, shipping, 0);
            let sale = sold(&order, &invoice);
            sale.check_balance().unwrap();
            prop_assert_eq!(sale.stated_total, Money::new(Decimal::new(total, 2), sale.currency).unwrap());
            prop_assert!(sale.lines.iter().all(|line| !line.discount.is_negative()));
            let moved: i64 = sale.lines.iter().filter(|one| one.kind == crate::domain::LineKind::Goods)
                .map(|one| one.quantity).sum();
            let expected: i64 = all.iter().zip(&pieces)
                .map(|(goods, pieces)| if goods.kind == 3 && goods.price > 0 { pieces * 3 } else { *pieces }).sum();
            if all.iter().all(|goods| goods.price > 0) {
                prop_assert_eq!(moved, expected, "each piece leaves the shelf once");
            }
        }
    }

    #[test]
    fn credit_memos_come_to_what_the_store_says(
        all in prop::collection::vec(goods(), 1..5), back in prop::collection::vec(0_i64..6, 5),
        rate in 0_i64..26, adjusted in -500_i64..500, shipped in any::<bool>(),
    ) {
        let mut order = ordered(&all);
        let pieces: Vec<i64> = all.iter().zip(&back).map(|(goods, back)| *back.min(&goods.pieces)).collect();
        for row in order["items"].as_array_mut().unwrap() {
            row["qty_shipped"] = if shipped { row["qty_ordered"].clone() } else { json!(0) };
        }
        let whole: Vec<i64> = all.iter().map(|goods| goods.pieces).collect();
        let (invoice, _) = over(1, &all, &whole, rate, 0, 0);
        let (memo, total) = over(9, &all, &pieces, rate, 0, adjusted);
        let credit = credited(&order, &memo, &[invoice], std::slice::from_ref(&memo));
        credit.check_balance(credit.tax_included.unwrap()).unwrap();
        let refunded = Money::sum(credit.currency, credit.refunds.iter().map(|one| one.amount)).unwrap();
        prop_assert_eq!(refunded, Money::new(Decimal::new(total, 2), credit.currency).unwrap());
    }

    #[test]
    fn nothing_that_comes_in_makes_it_panic(body in "\\PC{0,200}", cut in 0_usize..2000) {
        let (invoice, _) = over(1, &[Goods { pieces: 2, price: 999, discount: 1, kind: 3 }], &[2], 15, 500, 0);
        let whole = json!({ "invoice": invoice, "order": ordered(&[]) }).to_string();
        let half: String = whole.chars().take(cut).collect();
        for topic in [topic::ORDER, topic::INVOICE, topic::CREDIT_MEMO, topic::CUSTOMER, "hint/invoice"] {
            for text in [&body, &half] {
                let mut delivery = delivery(topic, &json!({}));
                delivery.content.body = Bytes::from(text.clone());
                let _ = (normalise(&delivery), web_order(&delivery));
            }
        }
    }
}

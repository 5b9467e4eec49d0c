use proptest::prelude::*;

use super::*;

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn any_life() -> impl Strategy<Value = Life> {
    (any::<u64>(), prop::sample::select(vec!["NZD", "JPY", "EUR", "KWD"]), any::<bool>()).prop_map(
        |(seed, code, taxes_included)| {
            let currency = currency(code);
            Life::generate(seed, currency, taxes_included, &invented_catalogue(currency, 40))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn an_order_adds_up_to_the_smallest_unit(life in any_life()) {
        let order = &life.order;
        let totals = order.totals();
        let lines: Minor = order.lines.iter().map(LinePlan::amount).sum();
        let carriage: Minor = order.shipping.iter().map(Carriage::amount).sum();
        let tax = if order.taxes_included { 0 } else { totals.tax };
        prop_assert_eq!(totals.total, lines + carriage + tax + totals.duties + totals.fees);
        let paid: Minor = order.payments.iter().map(|payment| payment.amount).sum();
        prop_assert_eq!(paid, totals.total + order.cash_rounding);
        prop_assert!(order.cash_rounding.abs() <= 2);
        prop_assert!(order.lines.iter().all(|line| line.amount() >= 0 && line.tax() >= 0));
        prop_assert!(order.shipping.iter().all(|carriage| carriage.amount() >= 0));
    }

    #[test]
    fn refunds_move_what_their_parts_say_and_never_more_than_was_paid(life in any_life()) {
        let captured: Minor = life.order.payments.iter().map(|payment| payment.amount).sum();
        let mut back = 0;
        for refund in &life.refunds {
            let reckoned = refund.reckoned(life.order.taxes_included);
            prop_assert_eq!(refund.paid_back(), reckoned + refund.rounding());
            prop_assert!(refund.payments.iter().all(|payment| payment.amount > 0));
            back += refund.paid_back();
        }
        prop_assert!(back <= captured);
        for (index, line) in life.order.lines.iter().enumerate() {
            let pieces = |part: fn(&RefundLinePlan) -> i64| -> i64 {
                life.refunds.iter().flat_map(|refund| &refund.lines).filter(|row| row.line == index).map(part).sum()
            };
            prop_assert!(pieces(|row| row.quantity) <= line.quantity);
            prop_assert!(pieces(|row| row.subtotal) <= line.amount());
            if pieces(|row| row.quantity) == line.quantity {
                prop_assert_eq!(pieces(|row| row.subtotal), line.amount());
                prop_assert_eq!(pieces(|row| row.tax), line.tax());
            }
        }
    }

    #[test]
    fn the_same_seed_lives_the_same_life(seed in any::<u64>()) {
        let catalogue = invented_catalogue(currency("NZD"), 10);
        let live = || Life::generate(seed, currency("NZD"), true, &catalogue);
        prop_assert_eq!(live(), live());
    }

    #[test]
    fn goods_that_left_are_those_ordered_but_not_cancelled(life in any_life()) {
        for moved in life.expected().goods.values() {
            prop_assert!(moved.shipped >= 0 && moved.restocked <= moved.ordered && moved.shipped <= moved.ordered);
        }
    }
}

#[test]
fn every_kind_of_trouble_occurs_among_a_thousand_lives() {
    let catalogue = invented_catalogue(currency("NZD"), 40);
    let lives: Vec<Life> =
        (0..1000).map(|seed| Life::generate(seed, currency("NZD"), seed % 2 == 0, &catalogue)).collect();
    let orders = |wanted: &dyn Fn(&OrderPlan) -> bool| lives.iter().filter(|life| wanted(&life.order)).count();
    let refunds = |wanted: &dyn Fn(&RefundPlan) -> bool| {
        lives.iter().flat_map(|life| &life.refunds).filter(|refund| wanted(refund)).count()
    };
    let found = [
        ("stacked discounts", orders(&|order| order.lines.iter().any(|line| line.discounts.len() > 1))),
        ("carriage discounts", orders(&|order| order.shipping.iter().any(|way| !way.discounts.is_empty()))),
        ("two taxes on a line", orders(&|order| order.lines.iter().any(|line| line.taxes.len() > 1))),
        ("tips", orders(&|order| order.lines.iter().any(|line| line.sort == LineSort::Tip))),
        ("gift cards sold", orders(&|order| order.lines.iter().any(|line| line.sort == LineSort::GiftCard))),
        ("paid in two ways", orders(&|order| order.payments.len() > 1)),
        ("duties", orders(&|order| order.lines.iter().any(|line| line.duty > 0))),
        ("fees", orders(&|order| order.fees > 0)),
        ("cash rounding", orders(&|order| order.cash_rounding != 0)),
        ("nobody known", orders(&|order| order.buyer == BuyerPlan::Nobody)),
        ("carriage given back", refunds(&|refund| !refund.shipping.is_empty())),
        ("less than reckoned", refunds(&|refund| refund.adjustments.iter().any(|row| row.amount > 0))),
        ("more than reckoned", refunds(&|refund| refund.adjustments.iter().any(|row| row.amount < 0))),
        ("cash rounding of a refund", refunds(&|refund| refund.rounding() != 0)),
        ("cancelled pieces", refunds(&|refund| refund.lines.iter().any(|row| row.restock == Restock::Cancel))),
        ("duties given back", refunds(&|refund| !refund.duties.is_empty())),
        ("fees given back", refunds(&|refund| refund.fees > 0)),
        ("back in two ways", refunds(&|refund| refund.payments.len() > 1)),
    ];
    for (what, count) in found {
        assert!(count > 0, "no life among a thousand has {what}");
    }
}

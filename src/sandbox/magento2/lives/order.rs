//! What somebody buys.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::figures::Minor;
use super::super::look::MagentoProduct;
use super::super::plans::{Buyer, LinePlan, LineSort, OrderPlan, Place};
use super::super::{MagentoSandbox, Refused};
use crate::domain::Currency;
use crate::sandbox::dice::Dice;

/// Rates in hundredths of a percent, the usual one first.
const RATES: [i64; 4] = [1_500, 1_500, 0, 500];
const METHODS: [&str; 4] = ["checkmo", "braintree", "paypal_express", "banktransfer"];
const PEOPLE: [(&str, &str); 4] = [("Ngaio", "Marsh"), ("Janet", "Frame"), ("Witi", "Ihimaera"), ("Keri", "Hulme")];

/// Somebody's basket, made of what is for sale.
pub(super) fn plan(shop: &MagentoSandbox, dice: &mut Dice) -> Result<OrderPlan, Refused> {
    let products = shop.products();
    // What is sold under a configurable that is off the web is off it, too.
    let is_off = |one: &MagentoProduct| products.iter().any(|all| !all.enabled && all.children.contains(&one.sku));
    let goods: Vec<&MagentoProduct> =
        products.iter().filter(|one| one.kind == "simple" && one.enabled && !is_off(one)).collect();
    if goods.is_empty() {
        return Err(Refused("nothing is for sale".to_owned()));
    }
    let lines = (0..dice.between(1, 4)).map(|_| line(&products, &goods, dice)).collect();
    let mut plan = OrderPlan::by_guest(lines);
    let (first, last) = PEOPLE[dice.index(PEOPLE.len())];
    let named = dice.one_in(2);
    plan.buyer = Buyer {
        account: None,
        email: format!("{}.{}@example.com", first.to_lowercase(), dice.between(1, 40)),
        first: named.then(|| first.to_owned()),
        last: named.then(|| last.to_owned()),
    };
    plan.billing = Place::example(first, last);
    METHODS[dice.index(METHODS.len())].clone_into(&mut plan.method);
    if dice.one_in(2) {
        plan = plan.sent_for(dice.between(100, 2_000), RATES[dice.index(RATES.len())]);
        plan.carriage_discount = if dice.one_in(4) { dice.between(1, plan.carriage) } else { 0 };
    }
    if plan.lines.iter().any(|line| line.discount > 0) {
        plan.coupon = Some("SPRING".to_owned());
    }
    if dice.one_in(6) {
        plan.paid_by = (dice.between(0, 3_000), dice.between(0, 3_000));
    }
    if dice.one_in(5)
        && let Ok(currency) = Currency::parse("AUD")
    {
        plan.foreign = Some((currency, Decimal::new(dice.between(8_000, 9_999), 4)));
    }
    Ok(plan)
}

fn line(products: &[MagentoProduct], goods: &[&MagentoProduct], dice: &mut Dice) -> LinePlan {
    let one = goods[dice.index(goods.len())];
    let (pieces, unit) = (dice.between(1, 4), dice.between(100, 15_000));
    let mut line = LinePlan::simple(&one.sku, pieces, unit);
    line.rate = RATES[dice.index(RATES.len())];
    let bundles: Vec<&MagentoProduct> = products.iter().filter(|one| one.kind == "bundle" && one.enabled).collect();
    if !bundles.is_empty() && dice.one_in(6) {
        let part = |dice: &mut Dice| {
            let one = goods[dice.index(goods.len())];
            (one.sku.clone(), dice.between(1, 2), dice.between(100, 5_000))
        };
        let parts: Vec<(String, i64, Minor)> = (0..dice.between(1, 3)).map(|_| part(dice)).collect();
        bundles[dice.index(bundles.len())].sku.clone_into(&mut line.sku);
        if dice.one_in(2) {
            // Two rows of one thing in one bundle are one row with more pieces.
            let parts: BTreeMap<String, i64> = parts.into_iter().map(|(sku, pieces, _)| (sku, pieces)).collect();
            return line.sold_as(LineSort::FixedBundle(parts.into_iter().collect()));
        }
        return line.sold_as(LineSort::DynamicBundle(parts));
    }
    if dice.one_in(3) {
        line.discount = dice.between(1, unit * pieces * 6 / 10);
    }
    if dice.one_in(8) {
        return line.sold_as(if dice.one_in(2) { LineSort::Virtual } else { LineSort::Grouped });
    }
    match products.iter().find(|parent| parent.children.contains(&one.sku)) {
        Some(parent) => line.sold_as(LineSort::ChildOf(parent.sku.clone())),
        None => line,
    }
}

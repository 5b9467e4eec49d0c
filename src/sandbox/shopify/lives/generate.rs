//! Invents what is ordered: discount stacks, several taxes, carriage, duties, fees, tips, gift cards, cash.

use super::arithmetic::{spread, tax_on_top, tax_within, to_five};
use super::{
    BuyerPlan, Carriage, DiscountMethod, DiscountPlan, LinePlan, LineSort, Minor, OrderPlan, PaymentPlan, SkuInfo,
    TaxPlan,
};
use crate::domain::Currency;
use crate::sandbox::dice::Dice;

/// Tax regimes: names and rates in parts of a hundred thousand.
const REGIMES: [&[(&str, i64)]; 5] = [
    &[("GST", 15_000)],
    &[("VAT", 23_000)],
    &[("GST", 5_000), ("PST", 7_000)],
    &[("State tax", 6_250), ("County tax", 2_625)],
    &[],
];

/// Invents an order.
pub(super) fn order(dice: &mut Dice, currency: Currency, taxes_included: bool, catalogue: &[SkuInfo]) -> OrderPlan {
    let mut plan = OrderPlan {
        currency,
        taxes_included,
        buyer: buyer(dice),
        lines: goods(dice, catalogue),
        shipping: carriage(dice, currency),
        discounts: Vec::new(),
        fees: if dice.one_in(8) { small(dice, currency, 3) } else { 0 },
        cash_rounding: 0,
        payments: Vec::new(),
        gift_message: dice.one_in(6).then(|| "Happy birthday — with love \u{1f381}".to_owned()),
        at_till: false,
        test: false,
    };
    discounts(dice, &mut plan);
    taxes(dice, &mut plan);
    duties(dice, &mut plan);
    extras(dice, &mut plan);
    pay(dice, &mut plan);
    plan
}

fn buyer(dice: &mut Dice) -> BuyerPlan {
    let person = u32::try_from(dice.between(1, 5_000)).unwrap_or(1);
    match dice.between(0, 9) {
        0..=4 => BuyerPlan::Account { id: 7_200_000_000_000_000_000 + u64::from(person), person },
        5..=8 => BuyerPlan::Guest { person },
        _ => BuyerPlan::Nobody,
    }
}

fn goods(dice: &mut Dice, catalogue: &[SkuInfo]) -> Vec<LinePlan> {
    if catalogue.is_empty() {
        return Vec::new();
    }
    let start = dice.index(catalogue.len());
    let count = usize::try_from(dice.between(1, 5)).unwrap_or(1).min(catalogue.len());
    (0..count)
        .map(|step| {
            let most = if dice.one_in(10) { 12 } else { 3 };
            LinePlan::goods(&catalogue[(start + step) % catalogue.len()], dice.between(1, most))
        })
        .collect()
}

fn carriage(dice: &mut Dice, currency: Currency) -> Vec<Carriage> {
    if dice.one_in(4) {
        return Vec::new();
    }
    let price = small(dice, currency, 12);
    vec![Carriage { title: "Courier".to_owned(), price, discounts: Vec::new(), taxes: Vec::new() }]
}

/// Up to three discounts: on one line, across the order, on carriage. Each takes from what the ones before left.
fn discounts(dice: &mut Dice, plan: &mut OrderPlan) {
    if dice.one_in(3) && !plan.lines.is_empty() {
        let line = dice.index(plan.lines.len());
        let percent = dice.between(5, 35);
        let amount = plan.lines[line].amount() * percent / 100;
        let index = apply(plan, None, DiscountMethod::Percent(percent), false, false);
        plan.lines[line].discounts.push((index, amount));
    }
    if dice.one_in(2) {
        let weights: Vec<Minor> = plan.lines.iter().map(LinePlan::amount).collect();
        let whole: Minor = weights.iter().sum();
        let (method, amount) = if dice.one_in(2) {
            let percent = dice.between(3, 25);
            (DiscountMethod::Percent(percent), whole * percent / 100)
        } else {
            let amount = dice.between(1, (whole / 3).max(1)).min(whole);
            (DiscountMethod::Fixed(amount), amount)
        };
        let code = format!("WELCOME{}", dice.between(5, 25));
        let index = apply(plan, Some(code), method, false, true);
        for (line, part) in plan.lines.iter_mut().zip(spread(amount, &weights)) {
            if part > 0 {
                line.discounts.push((index, part));
            }
        }
    }
    if !plan.shipping.is_empty() && dice.one_in(4) {
        let price = plan.shipping[0].price;
        let amount = if dice.one_in(2) { price } else { price / 3 };
        let index = apply(plan, Some("SHIPLESS".to_owned()), DiscountMethod::Fixed(amount), true, false);
        plan.shipping[0].discounts.push((index, amount));
    }
}

fn apply(plan: &mut OrderPlan, code: Option<String>, method: DiscountMethod, on_shipping: bool, across: bool) -> usize {
    let title = code.clone().unwrap_or_else(|| "Season's offer".to_owned());
    plan.discounts.push(DiscountPlan { code, title, method, on_shipping, across });
    plan.discounts.len() - 1
}

fn taxes(dice: &mut Dice, plan: &mut OrderPlan) {
    let regime = dice.pick(&REGIMES).unwrap_or_default();
    let included = plan.taxes_included;
    for line in &mut plan.lines {
        if !dice.one_in(12) {
            line.taxes = taxed(line.amount(), regime, included);
        }
    }
    for carriage in &mut plan.shipping {
        carriage.taxes = taxed(carriage.amount(), regime, included);
    }
}

fn taxed(base: Minor, regime: &[(&str, i64)], included: bool) -> Vec<TaxPlan> {
    let all: i64 = regime.iter().map(|(_, rate)| rate).sum();
    let tax = |rate| if included { tax_within(base, rate, all) } else { tax_on_top(base, rate) };
    regime.iter().map(|(title, rate)| TaxPlan { title: (*title).to_owned(), rate: *rate, amount: tax(*rate) }).collect()
}

fn duties(dice: &mut Dice, plan: &mut OrderPlan) {
    if dice.one_in(10) {
        for line in &mut plan.lines {
            line.duty = line.amount() * 4 / 100;
        }
    }
}

/// Things that are sold but are no goods: neither discounted nor taxed.
fn extras(dice: &mut Dice, plan: &mut OrderPlan) {
    if dice.one_in(10) {
        let value = small(dice, plan.currency, 50);
        plan.lines.push(untaxed(LineSort::GiftCard, "Gift card", value));
    }
    if dice.one_in(8) || plan.lines.is_empty() {
        let tip = small(dice, plan.currency, 8);
        plan.lines.push(untaxed(LineSort::Tip, "Tip", tip));
    }
}

fn untaxed(sort: LineSort, title: &str, unit_price: Minor) -> LinePlan {
    LinePlan {
        sort,
        sku: None,
        ids: None,
        title: title.to_owned(),
        quantity: 1,
        unit_price,
        discounts: Vec::new(),
        taxes: Vec::new(),
        duty: 0,
    }
}

fn pay(dice: &mut Dice, plan: &mut OrderPlan) {
    let total = plan.totals().total;
    match dice.between(0, 9) {
        0 if plan.currency.decimals() == 2 => {
            plan.cash_rounding = to_five(total) - total;
            plan.pay_by("cash");
        }
        1 | 2 if total > 1 => {
            let by_card = dice.between(1, total - 1);
            plan.payments = vec![
                PaymentPlan { gateway: "gift_card".to_owned(), amount: total - by_card },
                PaymentPlan { gateway: "shopify_payments".to_owned(), amount: by_card },
            ];
        }
        3 => plan.pay_by("paypal"),
        _ => plan.pay_by("shopify_payments"),
    }
}

/// An amount between one and `most` whole units, with odd cents where the currency has them.
fn small(dice: &mut Dice, currency: Currency, most: i64) -> Minor {
    match currency.decimals() {
        0 => dice.between(1, most) * 100 + dice.between(0, 99),
        decimals => {
            let unit = 10_i64.pow(decimals);
            dice.between(unit, most.max(1) * unit)
        }
    }
}

/// Price of the cheapest thing on an order, for refunds that are less than everything.
pub(super) fn least_price(plan: &OrderPlan) -> Minor {
    plan.lines.iter().map(|line| line.unit_price).min().unwrap_or(1).max(1)
}

/// A catalogue of invented SKUs, for lives without a shop.
#[must_use]
pub fn invented_catalogue(currency: Currency, count: u64) -> Vec<SkuInfo> {
    (1..=count)
        .map(|number| {
            let price = i64::try_from(number * 737 % 19_900 + 95).unwrap_or(995);
            SkuInfo {
                sku: format!("SKU-{number:03}"),
                title: format!("Article {number}"),
                price: super::expected::money(price, currency),
                ids: super::LineIds {
                    product: 8_100_000_000_000_000_000 + number,
                    variant: 8_200_000_000_000_000_000 + number,
                    inventory_item: 8_300_000_000_000_000_000 + number,
                },
            }
        })
        .collect()
}

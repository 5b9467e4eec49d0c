//! Orders and the money of them.

use apollo_compiler::response::JsonValue;
use rust_decimal::Decimal;

use super::super::super::ids::gid;
use super::super::super::lives::Minor;
use super::super::super::orders::OrderRecord;
use super::super::desk::Desk;
use super::super::object::{Object, Val, leaf, many, maybe, one};
use crate::domain::Currency;

/// An order by id.
pub(in super::super) fn order<'s>(desk: &Desk<'_>, id: u64) -> Option<Object<'s>> {
    let order = desk.state().orders.get(&id)?.clone();
    Some(Object::new("Order", move |ask| match ask.name {
        "id" => leaf(gid("Order", order.id)),
        "transactions" => many(movements(&order).into_iter().take(ask.first()).map(show)),
        _ => None,
    }))
}

#[derive(Clone)]
struct Movement {
    id: u64,
    kind: &'static str,
    status: &'static str,
    gateway: String,
    amount: Minor,
    rounding: Minor,
    currency: Currency,
    parent: Option<Box<Movement>>,
}

/// Money that came in, then money that went back.
fn movements(order: &OrderRecord) -> Vec<Movement> {
    let currency = order.plan.currency;
    let sale = |index: usize| {
        let payment = &order.plan.payments[index];
        Movement {
            id: order.payments[index],
            kind: "SALE",
            status: "SUCCESS",
            gateway: payment.gateway.clone(),
            amount: payment.amount,
            rounding: if payment.gateway == "cash" { order.plan.cash_rounding } else { 0 },
            currency,
            parent: None,
        }
    };
    let mut movements: Vec<Movement> = (0..order.payments.len()).map(sale).collect();
    for refund in &order.refunds {
        for (payment, id) in refund.plan.payments.iter().zip(&refund.payments) {
            movements.push(Movement {
                id: *id,
                kind: "REFUND",
                status: if payment.pending { "PENDING" } else { "SUCCESS" },
                gateway: order.plan.payments[payment.payment].gateway.clone(),
                amount: payment.amount,
                rounding: payment.rounding,
                currency,
                parent: Some(Box::new(sale(payment.payment))),
            });
        }
    }
    movements
}

fn show<'s>(movement: Movement) -> Object<'s> {
    Object::new("OrderTransaction", move |ask| match ask.name {
        "id" => leaf(gid("OrderTransaction", movement.id)),
        "kind" => leaf(movement.kind),
        "status" => leaf(movement.status),
        "gateway" => leaf(movement.gateway.as_str()),
        "amountSet" => one(bag(movement.amount, movement.currency)),
        "amountRoundingSet" if movement.rounding == 0 => Some(Val::Leaf(JsonValue::Null)),
        "amountRoundingSet" => one(bag(movement.rounding, movement.currency)),
        "parentTransaction" => maybe(movement.parent.as_deref().cloned().map(show)),
        _ => None,
    })
}

fn bag<'s>(amount: Minor, currency: Currency) -> Object<'s> {
    Object::new("MoneyBag", move |ask| match ask.name {
        "shopMoney" | "presentmentMoney" => one(money(amount, currency)),
        _ => None,
    })
}

/// An amount the way the API writes decimals: no needless zeros, but always one digit after the point.
fn money<'s>(amount: Minor, currency: Currency) -> Object<'s> {
    let mut decimal = Decimal::new(amount, currency.decimals()).normalize();
    if decimal.scale() == 0 {
        decimal.rescale(1);
    }
    Object::new("MoneyV2", move |ask| match ask.name {
        "amount" => leaf(decimal.to_string()),
        "currencyCode" => leaf(currency.code()),
        _ => None,
    })
}

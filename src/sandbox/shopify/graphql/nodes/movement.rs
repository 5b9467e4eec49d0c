//! The money of an order, transaction by transaction.

use apollo_compiler::response::JsonValue;

use super::super::super::bodies::status;
use super::super::super::ids::gid;
use super::super::super::lives::Minor;
use super::super::super::orders::{OrderRecord, RefundRecord};
use super::super::object::{Object, Val, leaf, maybe, one};
use super::order::bag;
use crate::domain::Currency;

/// One transaction.
#[derive(Clone)]
pub(super) struct Movement {
    /// Id.
    pub id: u64,
    kind: &'static str,
    status: String,
    gateway: String,
    amount: Minor,
    rounding: Minor,
    currency: Currency,
    parent: Option<Box<Movement>>,
}

/// Money that came in, then money that went back.
pub(super) fn movements(order: &OrderRecord) -> Vec<Movement> {
    let mut movements: Vec<Movement> = (0..order.payments.len()).map(|index| sale(order, index)).collect();
    movements.extend(order.refunds.iter().flat_map(|refund| refund_movements(order, refund)));
    movements
}

fn sale(order: &OrderRecord, index: usize) -> Movement {
    let payment = &order.plan.payments[index];
    Movement {
        id: order.payments[index],
        kind: "SALE",
        status: "SUCCESS".to_owned(),
        gateway: payment.gateway.clone(),
        amount: payment.amount,
        rounding: if payment.gateway == "cash" && index == 0 { order.plan.cash_rounding } else { 0 },
        currency: order.plan.currency,
        parent: None,
    }
}

/// Money of one refund.
pub(super) fn refund_movements(order: &OrderRecord, refund: &RefundRecord) -> Vec<Movement> {
    let one = |(payment, id): (&super::super::super::lives::RefundPayment, &u64)| Movement {
        id: *id,
        kind: "REFUND",
        status: status(payment).to_uppercase(),
        gateway: order.plan.payments[payment.payment].gateway.clone(),
        amount: payment.amount,
        rounding: payment.rounding,
        currency: order.plan.currency,
        parent: Some(Box::new(sale(order, payment.payment))),
    };
    refund.plan.payments.iter().zip(&refund.payments).map(one).collect()
}

/// A transaction as the API shows it.
pub(super) fn show<'s>(movement: Movement) -> Object<'s> {
    Object::new("OrderTransaction", move |ask| match ask.name {
        "id" => leaf(gid("OrderTransaction", movement.id)),
        "kind" => leaf(movement.kind),
        "status" => leaf(movement.status.as_str()),
        "gateway" => leaf(movement.gateway.as_str()),
        // As in webhook bodies: what was owed, without the rounding of the cash.
        "amountSet" => one(bag(movement.amount - movement.rounding, movement.currency)),
        "amountRoundingSet" if movement.rounding == 0 => Some(Val::Leaf(JsonValue::Null)),
        "amountRoundingSet" => one(bag(movement.rounding, movement.currency)),
        "parentTransaction" => maybe(movement.parent.as_deref().cloned().map(show)),
        _ => None,
    })
}

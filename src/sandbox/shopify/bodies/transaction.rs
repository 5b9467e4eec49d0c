//! Money that came in or went back. `amount` is what was owed; the cash that moved is `amount` plus `amount_rounding`, for the
//! API says that the rounding is applied on the cash amount and an order counts as paid when its amounts reach its total.

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

use super::super::ids::gid;
use super::super::lives::Minor;
use super::super::orders::{OrderRecord, RefundRecord};
use super::bytes_of;
use super::primitives::{Stationery, UnsettledSet};

#[derive(Serialize)]
pub(super) struct Transaction {
    id: u64,
    order_id: u64,
    kind: &'static str,
    gateway: String,
    status: &'static str,
    message: Option<String>,
    created_at: String,
    test: bool,
    authorization: Option<String>,
    location_id: Option<u64>,
    user_id: Option<u64>,
    parent_id: Option<u64>,
    processed_at: String,
    device_id: Option<u64>,
    error_code: Option<String>,
    source_name: &'static str,
    receipt: Receipt,
    amount: String,
    currency: String,
    payment_id: String,
    total_unsettled_set: UnsettledSet,
    manual_payment_gateway: bool,
    amount_rounding: Option<String>,
    admin_graphql_api_id: String,
}

#[derive(Serialize)]
struct Receipt {}

struct Facts<'a> {
    id: u64,
    kind: &'static str,
    status: &'static str,
    gateway: &'a str,
    /// Cash that moved, with its rounding.
    amount: Minor,
    rounding: Minor,
    parent: Option<u64>,
    at: Timestamp,
}

fn transaction(by: Stationery, order: &OrderRecord, facts: &Facts<'_>) -> Transaction {
    Transaction {
        id: facts.id,
        order_id: order.id,
        kind: facts.kind,
        gateway: facts.gateway.to_owned(),
        status: facts.status,
        message: None,
        created_at: by.moment(facts.at),
        test: false,
        authorization: None,
        location_id: None,
        user_id: None,
        parent_id: facts.parent,
        processed_at: by.moment(facts.at),
        device_id: None,
        error_code: None,
        source_name: "web",
        receipt: Receipt {},
        amount: by.text(facts.amount - facts.rounding),
        currency: by.currency.code().to_owned(),
        payment_id: format!("#{}.{}", order.number, facts.id % 10),
        total_unsettled_set: by.settled(),
        manual_payment_gateway: facts.gateway == "cash",
        amount_rounding: (facts.rounding != 0).then(|| by.text(facts.rounding)),
        admin_graphql_api_id: gid("OrderTransaction", facts.id),
    }
}

/// Body of `order_transactions/create` for one payment.
pub(in super::super) fn transaction_body(by: Stationery, order: &OrderRecord, payment: usize) -> Bytes {
    let plan = &order.plan.payments[payment];
    bytes_of(&transaction(
        by,
        order,
        &Facts {
            id: order.payments[payment],
            kind: "sale",
            status: "success",
            gateway: &plan.gateway,
            amount: plan.amount,
            rounding: if plan.gateway == "cash" { order.plan.cash_rounding } else { 0 },
            parent: None,
            at: order.updated_at,
        },
    ))
}

/// How far a payment back has come.
pub(in super::super) fn status(row: &super::super::lives::RefundPayment) -> &'static str {
    match (row.pending, row.failed) {
        (true, _) => "pending",
        (_, true) => "failure",
        _ => "success",
    }
}

/// Body of `order_transactions/create` for one payment back.
pub(in super::super) fn refund_transaction_body(
    by: Stationery,
    order: &OrderRecord,
    refund: usize,
    row: usize,
) -> Bytes {
    refund_transactions(by, order, &order.refunds[refund]).get(row).map(bytes_of).unwrap_or_default()
}

/// Money of one refund.
pub(super) fn refund_transactions(by: Stationery, order: &OrderRecord, refund: &RefundRecord) -> Vec<Transaction> {
    let one = |(row, id): (&super::super::lives::RefundPayment, &u64)| {
        transaction(
            by,
            order,
            &Facts {
                id: *id,
                kind: "refund",
                status: status(row),
                gateway: &order.plan.payments[row.payment].gateway,
                amount: row.amount,
                rounding: row.rounding,
                parent: Some(order.payments[row.payment]),
                at: refund.at,
            },
        )
    };
    refund.plan.payments.iter().zip(&refund.payments).map(one).collect()
}

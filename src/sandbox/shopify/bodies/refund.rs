//! Refunds, on their own and within an order.

use bytes::Bytes;
use serde::Serialize;

use super::super::ids::gid;
use super::super::lives::{AdjustmentReason, Restock};
use super::super::orders::{OrderRecord, RefundRecord};
use super::bytes_of;
use super::line::{LineItem, ShippingLine, line_item, shipping_line};
use super::primitives::{Number, PriceSet, Stationery};
use super::transaction::{Transaction, refund_transactions};

#[derive(Serialize)]
pub(super) struct Refund {
    id: u64,
    order_id: u64,
    created_at: String,
    note: Option<String>,
    user_id: Option<u64>,
    processed_at: String,
    duties: Vec<RefundDuty>,
    total_duties_set: PriceSet,
    additional_fees: Vec<RefundFee>,
    total_additional_fees_set: PriceSet,
    r#return: Option<()>,
    refund_shipping_lines: Vec<RefundShippingLine>,
    restock: bool,
    admin_graphql_api_id: String,
    order_adjustments: Vec<OrderAdjustment>,
    refund_line_items: Vec<RefundLineItem>,
    transactions: Vec<Transaction>,
}

#[derive(Serialize)]
struct RefundDuty {
    duty_id: u64,
    amount_set: PriceSet,
}

#[derive(Serialize)]
struct RefundFee {
    id: String,
    name: &'static str,
    price_set: PriceSet,
}

#[derive(Serialize)]
struct RefundShippingLine {
    id: u64,
    shipping_line_id: u64,
    subtotal_amount_set: PriceSet,
    tax_amount_set: PriceSet,
    shipping_line: ShippingLine,
}

#[derive(Serialize)]
struct OrderAdjustment {
    id: u64,
    order_id: u64,
    refund_id: u64,
    amount: String,
    amount_set: PriceSet,
    tax_amount: String,
    tax_amount_set: PriceSet,
    kind: &'static str,
    reason: &'static str,
}

#[derive(Serialize)]
struct RefundLineItem {
    id: u64,
    quantity: i64,
    line_item_id: u64,
    location_id: Option<u64>,
    restock_type: &'static str,
    subtotal: Number,
    total_tax: Number,
    subtotal_set: PriceSet,
    total_tax_set: PriceSet,
    line_item: LineItem,
}

/// Body of `refunds/create`.
pub(in super::super) fn refund_body(by: Stationery, order: &OrderRecord, refund: usize) -> Bytes {
    bytes_of(&refund_of(by, order, &order.refunds[refund]))
}

/// A refund as it stands in bodies.
pub(super) fn refund_of(by: Stationery, order: &OrderRecord, refund: &RefundRecord) -> Refund {
    let plan = &refund.plan;
    let fee = || RefundFee { id: gid("AdditionalFee", order.id), name: "Handling", price_set: by.set(plan.fees) };
    let duty = |(line, amount): &(usize, i64)| RefundDuty { duty_id: order.duties[*line], amount_set: by.set(*amount) };
    Refund {
        id: refund.id,
        order_id: order.id,
        created_at: by.moment(refund.at),
        note: plan.note.clone(),
        user_id: None,
        processed_at: by.moment(refund.at),
        duties: plan.duties.iter().map(duty).collect(),
        total_duties_set: by.set(plan.duties.iter().map(|(_, amount)| amount).sum()),
        additional_fees: (plan.fees != 0).then(fee).into_iter().collect(),
        total_additional_fees_set: by.set(plan.fees),
        r#return: None,
        refund_shipping_lines: shipping(by, order, refund),
        restock: plan.lines.iter().any(|line| line.restock != Restock::NoRestock),
        admin_graphql_api_id: gid("Refund", refund.id),
        order_adjustments: adjustments(by, order, refund),
        refund_line_items: lines(by, order, refund),
        transactions: refund_transactions(by, order, refund),
    }
}

fn shipping(by: Stationery, order: &OrderRecord, refund: &RefundRecord) -> Vec<RefundShippingLine> {
    let row = |((carriage, amount, tax), id): (&(usize, i64, i64), &u64)| RefundShippingLine {
        id: *id,
        shipping_line_id: order.shipping[*carriage],
        subtotal_amount_set: by.set(*amount),
        tax_amount_set: by.set(*tax),
        shipping_line: shipping_line(by, order, *carriage),
    };
    refund.plan.shipping.iter().zip(&refund.shipping).map(row).collect()
}

fn adjustments(by: Stationery, order: &OrderRecord, refund: &RefundRecord) -> Vec<OrderAdjustment> {
    let row = |(plan, id): (&super::super::lives::AdjustmentPlan, &u64)| OrderAdjustment {
        id: *id,
        order_id: order.id,
        refund_id: refund.id,
        amount: by.text(plan.amount),
        amount_set: by.set(plan.amount),
        tax_amount: by.text(plan.tax),
        tax_amount_set: by.set(plan.tax),
        kind: "refund_discrepancy",
        reason: match plan.reason {
            AdjustmentReason::Discrepancy => "Refund discrepancy",
            AdjustmentReason::Pending => "Pending refund discrepancy",
        },
    };
    refund.plan.adjustments.iter().zip(&refund.adjustments).map(row).collect()
}

fn lines(by: Stationery, order: &OrderRecord, refund: &RefundRecord) -> Vec<RefundLineItem> {
    let row = |(plan, (id, location)): (&super::super::lives::RefundLinePlan, &(u64, Option<u64>))| RefundLineItem {
        id: *id,
        quantity: plan.quantity,
        line_item_id: order.lines[plan.line],
        location_id: *location,
        restock_type: match plan.restock {
            Restock::Return { .. } => "return",
            Restock::Cancel => "cancel",
            Restock::NoRestock => "no_restock",
        },
        subtotal: by.number(plan.subtotal),
        total_tax: by.number(plan.tax),
        subtotal_set: by.set(plan.subtotal),
        total_tax_set: by.set(plan.tax),
        line_item: line_item(by, order, plan.line),
    };
    refund.plan.lines.iter().zip(&refund.lines).map(row).collect()
}

//! Refunds, and pieces an edit took off, which are refunds without payments.

use super::super::super::ids::gid;
use super::super::super::lives::{AdjustmentReason, Restock};
use super::super::super::orders::OrderRecord;
use super::super::desk::Desk;
use super::super::object::{ConnectionKind, Object, leaf, many, maybe, one, page};
use super::location;
use super::movement::{refund_movements, show};
use super::order::{bag, duty, line, moment};

/// A refund by id.
pub(in super::super) fn refund<'s>(desk: &'s Desk<'_>, id: u64) -> Option<Object<'s>> {
    let found = {
        let state = desk.state();
        let mut found = state.orders.values().filter_map(|order| {
            let index = order.refunds.iter().position(|refund| refund.id == id)?;
            Some((order.clone(), index))
        });
        found.next()
    };
    found.map(|(order, index)| refund_of(desk, &order, index))
}

/// One refund of an order.
pub(super) fn refund_of<'s>(desk: &'s Desk<'_>, order: &OrderRecord, index: usize) -> Object<'s> {
    let (order, record) = (order.clone(), order.refunds[index].clone());
    let currency = order.plan.currency;
    Object::new("Refund", move |ask| match ask.name {
        "id" => leaf(gid("Refund", record.id)),
        "createdAt" | "processedAt" => leaf(moment(record.at)),
        "refundLineItems" => {
            let rows: Vec<usize> = (0..record.lines.len()).collect();
            let ids: Vec<u64> = record.lines.iter().map(|(id, _)| *id).collect();
            let (order, record) = (order.clone(), record.clone());
            let show = move |row: &usize| {
                let (order, plan, (id, place)) = (order.clone(), record.plan.lines[*row], record.lines[*row]);
                Object::new("RefundLineItem", move |ask| match ask.name {
                    "id" => leaf(gid("RefundLineItem", id)),
                    "quantity" => leaf(plan.quantity),
                    "restockType" => leaf(match plan.restock {
                        Restock::Return { .. } => "RETURN",
                        Restock::Cancel => "CANCEL",
                        Restock::NoRestock => "NO_RESTOCK",
                    }),
                    "location" => maybe(place.and_then(|place| location(desk, place))),
                    "lineItem" => one(line(desk, &order, plan.line)),
                    "subtotalSet" => one(bag(plan.subtotal, currency)),
                    "totalTaxSet" => one(bag(plan.tax, currency)),
                    _ => None,
                })
            };
            page(ConnectionKind("RefundLineItemConnection"), ask, &rows, move |row| ids[*row], show)
        }
        "refundShippingLines" => {
            let rows: Vec<usize> = (0..record.shipping.len()).collect();
            let (ids, record) = (record.shipping.clone(), record.clone());
            let show = move |row: &usize| {
                let (id, (_, amount, tax)) = (record.shipping[*row], record.plan.shipping[*row]);
                Object::new("RefundShippingLine", move |ask| match ask.name {
                    "id" => leaf(gid("RefundShippingLine", id)),
                    "subtotalAmountSet" => one(bag(amount, currency)),
                    "taxAmountSet" => one(bag(tax, currency)),
                    _ => None,
                })
            };
            page(ConnectionKind("RefundShippingLineConnection"), ask, &rows, move |row| ids[*row], show)
        }
        "orderAdjustments" => {
            let rows: Vec<usize> = (0..record.adjustments.len()).collect();
            let (ids, record) = (record.adjustments.clone(), record.clone());
            let show = move |row: &usize| {
                let (id, plan) = (record.adjustments[*row], record.plan.adjustments[*row]);
                Object::new("OrderAdjustment", move |ask| match ask.name {
                    "id" => leaf(gid("OrderAdjustment", id)),
                    "reason" => leaf(match plan.reason {
                        AdjustmentReason::Discrepancy => "REFUND_DISCREPANCY",
                        AdjustmentReason::Pending => "PENDING_REFUND_DISCREPANCY",
                    }),
                    "amountSet" => one(bag(plan.amount, currency)),
                    "taxAmountSet" => one(bag(plan.tax, currency)),
                    _ => None,
                })
            };
            page(ConnectionKind("OrderAdjustmentConnection"), ask, &rows, move |row| ids[*row], show)
        }
        "duties" => {
            let one_duty = |(index, amount): &(usize, i64)| {
                let (id, whole, amount) = (order.duties[*index], order.plan.lines[*index].duty, *amount);
                Object::new("RefundDuty", move |ask| match ask.name {
                    "amountSet" => one(bag(amount, currency)),
                    "originalDuty" => one(duty(id, whole, currency)),
                    _ => None,
                })
            };
            many(record.plan.duties.iter().map(one_duty).collect::<Vec<_>>())
        }
        "transactions" => {
            let rows = refund_movements(&order, &record);
            page(ConnectionKind("OrderTransactionConnection"), ask, &rows, |row| row.id, |row| show(row.clone()))
        }
        _ => None,
    })
}

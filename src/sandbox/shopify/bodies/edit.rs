//! Edits of orders: what was added and taken off, and nothing else.

use bytes::Bytes;
use serde::Serialize;

use super::super::orders::OrderRecord;
use super::bytes_of;
use super::primitives::Stationery;

#[derive(Serialize)]
struct EditedBody {
    order_edit: OrderEdit,
}

#[derive(Serialize)]
struct OrderEdit {
    id: u64,
    app_id: Option<u64>,
    created_at: String,
    notify_customer: bool,
    order_id: u64,
    staff_note: &'static str,
    user_id: Option<u64>,
    line_items: EditedLines,
    discounts: EditedDiscounts,
    shipping_lines: EditedCarriage,
    committed_at: String,
}

#[derive(Serialize)]
struct EditedLines {
    additions: Vec<Delta>,
    removals: Vec<Delta>,
}

#[derive(Serialize)]
struct EditedDiscounts {
    line_item: EditedCarriage,
}

#[derive(Serialize)]
struct EditedCarriage {
    additions: [(); 0],
    removals: [(); 0],
}

#[derive(Serialize)]
struct Delta {
    id: u64,
    delta: i64,
}

/// Body of `orders/edited`: what was added and taken off, and nothing else of the order.
pub(in super::super) fn edited_body(
    by: Stationery,
    order: &OrderRecord,
    edit: u64,
    added: &[usize],
    off: &[(usize, i64)],
) -> Bytes {
    let nothing = || EditedCarriage { additions: [], removals: [] };
    let additions = added.iter().map(|line| Delta { id: order.lines[*line], delta: order.plan.lines[*line].quantity });
    let removals = off.iter().map(|(line, pieces)| Delta { id: order.lines[*line], delta: *pieces });
    bytes_of(&EditedBody {
        order_edit: OrderEdit {
            id: edit,
            app_id: None,
            created_at: by.moment(order.updated_at),
            notify_customer: false,
            order_id: order.id,
            staff_note: "",
            user_id: None,
            line_items: EditedLines { additions: additions.collect(), removals: removals.collect() },
            discounts: EditedDiscounts { line_item: nothing() },
            shipping_lines: nothing(),
            committed_at: by.moment(order.updated_at),
        },
    })
}

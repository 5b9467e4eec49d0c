//! `/V1/orders` and `/V1/order/{id}/…`.

use serde_json::{Value, json};

use super::super::orders::{Comment, OrderRecord};
use super::super::plans::CreditPlan;
use super::super::request::{self, Refusal, Reply, Request};
use super::super::state::{Kind, State};
use super::{criteria, number};

/// Fields orders can be searched by: columns of their table.
const COLUMNS: &[&str] = &[
    "entity_id",
    "increment_id",
    "state",
    "status",
    "store_id",
    "customer_id",
    "customer_email",
    "created_at",
    "updated_at",
    "grand_total",
    "base_grand_total",
];

pub(super) fn call(state: &mut State, request: &Request, path: &[&str]) -> Reply {
    match (request.method.as_str(), path) {
        ("GET", ["orders"]) => {
            let criteria = criteria(state, request)?;
            let there = state.orders.values().filter(|order| !state.uncommitted.contains_key(&(Kind::Order, order.id)));
            let wanted = criteria.one_of("entity_id");
            let there = there.filter(|order| wanted.as_ref().is_none_or(|wanted| wanted.contains(&order.id)));
            let rows = there.map(|order| state.order_body(order)).collect();
            criteria.page(rows, COLUMNS)
        }
        ("GET", ["orders", id]) => {
            let id = number(id)?;
            let committed = state.is_committed(Kind::Order, id);
            let order = state.orders.get(&id).filter(|_| committed);
            order.map(|order| state.order_body(order)).ok_or_else(Refusal::missing)
        }
        ("GET", ["orders", id, "statuses"]) => {
            let order = state.orders.get(&number(id)?).ok_or_else(Refusal::missing)?;
            Ok(json!(order.status))
        }
        ("GET", ["orders", id, "comments"]) => {
            let order = state.orders.get(&number(id)?).ok_or_else(Refusal::missing)?;
            let body = state.order_body(order);
            let rows = body["status_histories"].clone();
            Ok(json!({ "total_count": rows.as_array().map_or(0, Vec::len), "items": rows }))
        }
        ("POST", ["orders", id, "comments"]) => remark(state, number(id)?, &request.body),
        ("POST", ["orders", id, "cancel"]) => state.cancel(number(id)?).map(|()| true.into()),
        ("POST", ["orders", id, "hold"]) => state.hold(number(id)?, true).map(|()| true.into()),
        ("POST", ["orders", id, "unhold"]) => state.hold(number(id)?, false).map(|()| true.into()),
        ("POST", ["order", id, "invoice"]) => {
            let id = number(id)?;
            let wanted = wanted(state, id, &request.body)?;
            let invoice = state.invoice(id, wanted, false)?;
            state.wrote("invoice", invoice.to_string());
            Ok(invoice.to_string().into())
        }
        ("POST", ["order", id, "ship"]) => ship(state, number(id)?, &request.body),
        ("POST", ["order", id, "refund"]) => {
            let id = number(id)?;
            let plan = credit_plan(state, id, &request.body)?;
            let memo = state.credit(id, &plan)?;
            state.wrote("credit memo", memo.to_string());
            Ok(memo.to_string().into())
        }
        _ => Err(Refusal::no_route()),
    }
}

fn remark(state: &mut State, order: u64, body: &Value) -> Reply {
    let wish = request::needed(body, "status_history")?;
    let comment = Comment {
        id: 0,
        text: Some(request::needed_text(wish, "comment")?),
        status: request::text(wish, "status")?,
        visible: request::int(wish, "is_visible_on_front")? == Some(1),
        notified: request::int(wish, "is_customer_notified")? == Some(1),
        at: state.now(),
    };
    state.remark(order, comment)?;
    state.wrote("comment", order.to_string());
    Ok(true.into())
}

fn ship(state: &mut State, order: u64, body: &Value) -> Reply {
    let wanted = wanted(state, order, body)?;
    let source = match request::field(body, "arguments").and_then(|all| request::field(all, "extension_attributes")) {
        Some(extension) => request::text(extension, "source_code")?,
        None => None,
    };
    let mut tracks = Vec::new();
    for track in request::list(body, "tracks")? {
        let title = request::text(track, "title")?.unwrap_or_default();
        let carrier = request::text(track, "carrier_code")?.unwrap_or_default();
        tracks.push((request::needed_text(track, "track_number")?, title, carrier));
    }
    let shipment = state.ship(order, wanted, source.as_deref(), tracks)?;
    state.wrote("shipment", shipment.to_string());
    Ok(shipment.to_string().into())
}

/// Reads `items` with `order_item_id` and `qty`; without any, all is meant.
fn wanted(state: &State, order: u64, body: &Value) -> Result<Option<Vec<(usize, i64)>>, Refusal> {
    let record = state.orders.get(&order).ok_or_else(Refusal::missing)?;
    let rows = request::list(body, "items")?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut lines = Vec::new();
    for row in rows {
        let line = line_of(record, request::needed_int(row, "order_item_id")?)?;
        // A child goes with its parent.
        if record.items[line].parent.is_none() {
            lines.push((line, request::needed_int(row, "qty")?));
        }
    }
    Ok(Some(lines))
}

fn line_of(record: &OrderRecord, item: i64) -> Result<usize, Refusal> {
    let line = u64::try_from(item).ok().and_then(|item| record.line_of(item));
    line.ok_or_else(|| Refusal::bad("The document contains one or more items that are not part of the original order."))
}

/// Reads what is to be given back.
pub(super) fn credit_plan(state: &State, order: u64, body: &Value) -> Result<CreditPlan, Refusal> {
    let arguments = request::field(body, "arguments").cloned().unwrap_or_default();
    let extension = request::field(&arguments, "extension_attributes").cloned().unwrap_or_default();
    let record = state.orders.get(&order).ok_or_else(Refusal::missing)?;
    let to_shelf = request::list(&extension, "return_to_stock_items")?.iter().filter_map(Value::as_u64);
    let to_shelf: Vec<usize> = to_shelf.filter_map(|item| record.line_of(item)).collect();
    let all = || record.tops().into_iter().map(|line| (line, record.items[line].to_refund())).collect::<Vec<_>>();
    let lines = wanted(state, order, body)?.unwrap_or_else(all);
    let amount =
        |name: &str| Ok::<_, Refusal>(request::decimal(&arguments, name)?.map(|amount| state.minor_of(amount)));
    let goes_back =
        |line: usize| to_shelf.contains(&line) || record.children(line).iter().any(|part| to_shelf.contains(part));
    Ok(CreditPlan {
        lines: lines.into_iter().map(|(line, pieces)| (line, pieces, goes_back(line))).collect(),
        carriage: amount("shipping_amount")?,
        positive: amount("adjustment_positive")?.unwrap_or(0),
        negative: amount("adjustment_negative")?.unwrap_or(0),
        invoice: None,
    })
}

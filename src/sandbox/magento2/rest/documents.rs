//! `/V1/invoices`, `/V1/creditmemo`, `/V1/shipment`: reading documents, and what can be done to them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::orders::{Document, Track};
use super::super::request::{self, Refusal, Reply, Request};
use super::super::search::Criteria;
use super::super::state::{Kind, State};
use super::orders::credit_plan;
use super::{criteria, number};

/// Fields documents can be searched by.
const COLUMNS: &[&str] = &["entity_id", "increment_id", "order_id", "state", "store_id", "created_at", "updated_at"];

pub(super) fn call(state: &mut State, request: &Request, path: &[&str]) -> Reply {
    match (request.method.as_str(), path) {
        ("GET", ["invoices"]) => {
            let criteria = criteria(state, request)?;
            let rows = printed(state, Kind::Invoice, &state.invoices, &criteria, State::invoice_body);
            criteria.page(rows, COLUMNS)
        }
        ("GET", ["creditmemos"]) => {
            let criteria = criteria(state, request)?;
            let rows = printed(state, Kind::Memo, &state.memos, &criteria, State::memo_body);
            criteria.page(rows, COLUMNS)
        }
        ("GET", ["shipments"]) => {
            let criteria = criteria(state, request)?;
            let orders = criteria.one_of("order_id");
            let wanted =
                state.shipments.values().filter(|one| orders.as_ref().is_none_or(|all| all.contains(&one.order)));
            let rows = wanted.filter_map(|shipment| state.shipment_body(shipment)).collect();
            criteria.page(rows, COLUMNS)
        }
        ("GET", ["invoices", id]) => {
            let id = number(id)?;
            let there = state.is_committed(Kind::Invoice, id).then_some(id);
            let invoice = there.and_then(|id| state.invoices.get(&id));
            invoice.and_then(|invoice| state.invoice_body(invoice)).ok_or_else(Refusal::missing)
        }
        ("GET", ["creditmemo", id]) => {
            let id = number(id)?;
            let there = state.is_committed(Kind::Memo, id).then_some(id);
            let memo = there.and_then(|id| state.memos.get(&id));
            memo.and_then(|memo| state.memo_body(memo)).ok_or_else(Refusal::missing)
        }
        ("GET", ["shipment", id]) => {
            let shipment = state.shipments.get(&number(id)?);
            shipment.and_then(|shipment| state.shipment_body(shipment)).ok_or_else(Refusal::missing)
        }
        ("POST", ["invoices", id, "capture"]) => state.capture(number(id)?).map(|()| true.into()),
        ("POST", ["invoices", id, "void"]) => state.void(number(id)?).map(|()| true.into()),
        ("POST", ["invoice", id, "refund"]) => {
            let invoice = number(id)?;
            let order = state.invoices.get(&invoice).ok_or_else(Refusal::missing)?.order;
            let mut plan = credit_plan(state, order, &request.body)?;
            plan.invoice = Some(invoice);
            let memo = state.credit(order, &plan)?;
            state.wrote("credit memo", memo.to_string());
            Ok(memo.to_string().into())
        }
        ("POST", ["shipment", "track"]) => track(state, &request.body),
        ("DELETE", ["shipment", "track", id]) => {
            let id = number(id)?;
            let holder = state.shipments.values_mut().find(|one| one.tracks.iter().any(|track| track.id == id));
            holder.ok_or_else(Refusal::missing)?.tracks.retain(|track| track.id != id);
            Ok(true.into())
        }
        _ => Err(Refusal::no_route()),
    }
}

fn printed(
    state: &State,
    kind: Kind,
    documents: &BTreeMap<u64, Document>,
    criteria: &Criteria,
    print: impl Fn(&State, &Document) -> Option<Value>,
) -> Vec<Value> {
    let orders = criteria.one_of("order_id");
    let wanted = documents.values().filter(|one| orders.as_ref().is_none_or(|all| all.contains(&one.order)));
    let there = wanted.filter(|document| !state.uncommitted.contains_key(&(kind, document.id)));
    there.filter_map(|document| print(state, document)).collect()
}

/// Adds a parcel's number; saying it twice adds it twice.
fn track(state: &mut State, body: &Value) -> Reply {
    let wish = request::needed(body, "entity")?;
    let shipment = u64::try_from(request::needed_int(wish, "parent_id")?).map_err(|_| Refusal::missing())?;
    let order = request::needed_int(wish, "order_id")?;
    let (id, at) = (state.next(Kind::Track), state.now());
    let record = state.shipments.get_mut(&shipment).ok_or_else(Refusal::missing)?;
    if i64::try_from(record.order).ok() != Some(order) {
        return Err(Refusal::bad("Could not save the shipment tracking."));
    }
    record.tracks.push(Track {
        id,
        number: request::needed_text(wish, "track_number")?,
        title: request::text(wish, "title")?.unwrap_or_default(),
        carrier: request::text(wish, "carrier_code")?.unwrap_or_default(),
        at,
    });
    state.wrote("track", id.to_string());
    Ok(id.into())
}

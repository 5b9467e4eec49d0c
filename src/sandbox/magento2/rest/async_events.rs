//! `/V1/async_event`: subscriptions of the module Mage-OS Async Events.

use serde_json::json;

use super::super::hooks::HookWay;
use super::super::request::{self, Refusal, Reply, Request};
use super::super::state::State;
use super::number;

/// Events the module knows.
const EVENTS: &[&str] = &[
    "customer.created",
    "customer.updated",
    "customer.login",
    "customer.address.created",
    "customer.address.updated",
    "sales.order.created",
    "sales.order.updated",
    "sales.order.paid",
    "sales.order.shipped",
    "sales.order.holded",
    "sales.order.unholded",
    "sales.order.cancelled",
    "sales.shipment.created",
    "sales.invoice.created",
    "sales.invoice.paid",
    "sales.creditmemo.created",
    "catalog.product.created",
    "catalog.product.updated",
];

pub(super) fn call(state: &mut State, request: &Request, path: &[&str]) -> Reply {
    match (request.method.as_str(), path) {
        ("GET", ["async_events" | "async_event"]) => {
            let ours = state.subscriptions.all.iter().filter(|one| matches!(one.way, HookWay::AsyncEvents { .. }));
            let rows = ours.map(|one| {
                json!({
                    "subscription_id": one.id, "event_name": one.event, "recipient_url": one.address, "status": true,
                    "metadata": "http", "store_id": 0,
                })
            });
            let rows: Vec<_> = rows.collect();
            Ok(json!({ "items": rows, "total_count": rows.len() }))
        }
        ("POST", ["async_event"]) => {
            let wish = request::needed(&request.body, "async_event")?;
            let event = request::needed_text(wish, "event_name")?;
            if !EVENTS.contains(&event.as_str()) {
                return Err(Refusal::bad_with("Async event \"%1\" is not defined", json!([event])));
            }
            let (address, token) =
                (request::needed_text(wish, "recipient_url")?, request::needed_text(wish, "verification_token")?);
            let id = state.subscriptions.add(HookWay::AsyncEvents { token }, Some(&event), &address);
            state.wrote("async event", event);
            Ok(json!({ "subscription_id": id }))
        }
        ("PUT", ["async_event", id]) => {
            let id = number(id)?;
            let wish = request::needed(&request.body, "async_event")?;
            let off = request::flag(wish, "status")? == Some(false);
            let known = state.subscriptions.all.iter_mut().find(|one| one.id == id).ok_or_else(Refusal::missing)?;
            if let Some(address) = request::text(wish, "recipient_url")? {
                known.address = address;
            }
            if off {
                state.subscriptions.all.retain(|one| one.id != id);
            }
            Ok(json!({ "subscription_id": id }))
        }
        _ => Err(Refusal::no_route()),
    }
}

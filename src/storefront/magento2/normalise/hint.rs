//! A webhook of whatever module the store has: what it hints at. Its amounts are not believed; only what kind of document it is
//! about and which.
//!
//! Mage-OS Async Events wrap the document in `data`, Adobe I/O Events wrap its fields in `event.data.value`, Adobe Commerce
//! Webhooks send the fields that were chosen, templated modules what the merchant wrote. In each the document has its
//! `entity_id`, a customer perhaps an `id`.

use serde_json::Value;

use super::parse;
use super::unclear::Unclear;
use crate::domain::{Delivery, DocumentHinted, Draft, Fact, HintedKind, Normalised, Version};

/// The header kept with a hint that names the event, as the path or the sender's own header has it.
pub(in crate::storefront::magento2) const EVENT_HEADER: &str = "event";
/// The header kept with a hint that names the way it came in.
pub(in crate::storefront::magento2) const WAY_HEADER: &str = "way";

pub(super) fn hinted(delivery: &Delivery) -> Normalised {
    let event = delivery.content.headers.get(EVENT_HEADER).map(String::as_str).unwrap_or_default();
    let Some(about) = About::of(event) else {
        return Normalised::Ignored(format!("nothing is done for the event {event}"));
    };
    let id = parse::<Value>(&delivery.content.body).and_then(|body| {
        let document = document(&body);
        let id = about.fields.iter().find_map(|field| number(document.get(field)?));
        id.ok_or(Unclear::Missing(about.fields.first().copied().unwrap_or("entity_id")))
    });
    match id {
        Ok(id) => Normalised::Events(vec![Draft {
            source_document: format!("hint:{}:{id}#{}", about.kind.as_str(), delivery.id),
            entity: format!("read:{}:{id}", about.kind.as_str()),
            version: Version(0),
            time: delivery.received_at,
            fact: Fact::DocumentHinted(DocumentHinted { kind: about.kind, id }),
        }]),
        Err(unclear) => Normalised::Rejected(format!("{event}: {unclear}: let the store send it")),
    }
}

/// What kind of document an event is about, if anything is done for it.
pub(in crate::storefront::magento2) fn hinted_kind(event: &str) -> Option<HintedKind> {
    About::of(event).map(|about| about.kind)
}

/// What an event is about, and which fields may have its number.
struct About {
    kind: HintedKind,
    fields: &'static [&'static str],
}

/// Parts of events' names, the more particular first.
const EVENTS: &[(&str, HintedKind, &[&str])] = &[
    ("creditmemo", HintedKind::Refund, &["entity_id", "id"]),
    ("credit_memo", HintedKind::Refund, &["entity_id", "id"]),
    ("invoice", HintedKind::Invoice, &["entity_id", "id"]),
    ("shipment", HintedKind::Order, &["order_id"]),
    ("status_history", HintedKind::Order, &["parent_id", "order_id"]),
    ("customer_group", HintedKind::Account, &[]),
    ("customer_address", HintedKind::Account, &["customer_id", "parent_id"]),
    ("customer", HintedKind::Account, &["entity_id", "id"]),
    ("order", HintedKind::Order, &["entity_id", "id"]),
    ("checkout_submit_all_after", HintedKind::Order, &["entity_id", "id"]),
];

impl About {
    /// `None` for what nothing is done for: products and stock are the office's, and an account that is gone stays a customer.
    fn of(event: &str) -> Option<Self> {
        let event = event.to_ascii_lowercase().replace(['.', '-'], "_");
        if event.contains("delete") || event.contains("login") || event.contains("catalog") {
            return None;
        }
        let (_, kind, fields) = EVENTS.iter().find(|(part, ..)| event.contains(part))?;
        (!fields.is_empty()).then_some(Self { kind: *kind, fields })
    }
}

/// The object that has the document's fields.
fn document(body: &Value) -> &Value {
    let wrapped =
        body.pointer("/event/data/value").or_else(|| body.pointer("/data/value")).or_else(|| body.get("data"));
    let outer = wrapped.filter(|value| value.is_object()).unwrap_or(body);
    let inner = ["invoice", "creditmemo", "shipment", "order", "customer"].iter().find_map(|name| outer.get(name));
    inner.filter(|value| value.is_object()).unwrap_or(outer)
}

/// An id as a number or a text with one; nothing else, because it becomes part of an address.
fn number(value: &Value) -> Option<String> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    text.parse::<u64>().ok().filter(|id| *id > 0).map(|id| id.to_string())
}

//! Says what a delivery from Shopify means.
//!
//! What comes in: a journalled delivery. What goes out: event drafts, or why there are none. Pure. It keeps P4: a topic that is
//! no news is ignored with its reason, a body that cannot be understood is rejected with the position, never with personal data.
//! An order becomes an invoice at the channel's moment; what went back before that comes with it, so both balance. What a
//! delivery cannot settle is told as a change of the order, which is then read.
//! Next in the flow: [`crate::flow::normalise`] keeps the events.

mod access;
mod account;
mod amount;
mod buyer;
mod change;
mod credit;
mod demand;
mod ledger;
mod lines;
mod money_out;
mod privacy;
mod sale;
mod wire;

use serde::de::DeserializeOwned;

pub(super) use account::{account_entity, account_version};
pub(super) use amount::Amount;
pub(super) use demand::version_at;
use ledger::Unclear;

use crate::domain::{Delivery, Draft, Normalised, PrivacyWish, WebOrder};

/// The topics that raise events or tell what orders take from stock, and the one that says the shop has thrown us out.
pub(super) const WANTED_TOPICS: &[&str] = &[
    "orders/create",
    "orders/updated",
    "orders/fulfilled",
    "orders/paid",
    "orders/edited",
    "orders/cancelled",
    "refunds/create",
    "order_transactions/create",
    "fulfillments/create",
    "fulfillments/update",
    "app/uninstalled",
    "customers/create",
    "customers/update",
    "customers/merge",
];

/// The topic of orders nobody told of, found by asking. No webhook has it.
pub(super) const TOPIC_RECONCILED: &str = "orders/reconciled";
/// The topic of those of them that could not be read when they were found.
pub(super) const TOPIC_UNREAD: &str = "orders/unread";

/// The topic of accounts nobody told of, found by asking.
pub(super) const TOPIC_ACCOUNT_RECONCILED: &str = "customers/reconciled";

/// Topics nobody acts on, by their beginning, and why.
const NO_NEWS: &[(&str, &str)] = &[
    ("orders/", "what matters of an order comes when it is paid, shipped, edited or cancelled"),
    ("order_transactions/", "how an order was paid is read when it is booked"),
    ("fulfillments/", "what was shipped comes as fulfillments/create and orders/fulfilled"),
    ("fulfillment_orders/", "what was shipped comes as fulfillments/create and orders/fulfilled"),
    (
        "products/",
        "the office is the master of products; this is our own write coming back, or an edit that stays at the shop",
    ),
    (
        "variants/",
        "the office is the master of products; this is our own write coming back, or an edit that stays at the shop",
    ),
    ("collections/", "collections are kept at the shop"),
    (
        "inventory_levels/",
        "the office is the master of stock; this is our own write coming back, or a sale that comes as an order",
    ),
    (
        "inventory_items/",
        "the office is the master of stock; this is our own write coming back, or an edit that stays at the shop",
    ),
    ("locations/", "branches are joined to locations in the configuration"),
    (
        "customers/delete",
        "the office keeps its customers; an account that is gone is made anew when the customer changes there",
    ),
    ("app/", "nothing depends on it"),
];

/// What a delivery means.
pub(super) fn normalise(delivery: &Delivery) -> Normalised {
    let topic = delivery.content.topic.as_str();
    let body = &delivery.content.body;
    let outcome = match topic {
        "orders/fulfilled" => read(body).and_then(|order| sale::fulfilled(&order)),
        "orders/paid" => read(body).and_then(|order| sale::paid(&order)),
        "orders/edited" => read(body).and_then(|edited| change::edited(&edited)),
        "fulfillments/create" | "fulfillments/update" => read(body).and_then(|shipment| change::shipped(&shipment)),
        "order_transactions/create" => read(body).and_then(|transaction| change::moved(&transaction)),
        "orders/cancelled" => read(body).and_then(|order| sale::cancelled(&order)),
        TOPIC_RECONCILED => read(body).and_then(|order| change::found(&order)),
        TOPIC_UNREAD => read(body).and_then(|order| change::found_unread(&order)),
        "customers/create" | "customers/update" | TOPIC_ACCOUNT_RECONCILED => {
            read(body).and_then(|account| account::changed(delivery, &account))
        }
        "customers/merge" => read(body).map(|merge| account::merged(delivery, &merge)),
        "customers/data_request" => read(body).map(|asked| privacy::asked(delivery, PrivacyWish::Export, &asked)),
        "customers/redact" => read(body).map(|asked| privacy::asked(delivery, PrivacyWish::EraseCustomer, &asked)),
        "shop/redact" => Ok(privacy::shop_asked(delivery)),
        "app/uninstalled" => Ok(access::left(delivery)),
        "refunds/create" => read(body).and_then(|refund| credit::created(&refund)),
        _ => return without_events(topic),
    };
    outcome.unwrap_or_else(|unclear| Normalised::Rejected(format!("{topic}: {unclear}")))
}

/// What an order takes from stock. Every topic of orders carries the whole order; the one that has only its changes, and those
/// that have only its id, tell nothing of that. A body that cannot be read is rejected by [`normalise`].
pub(super) fn web_order(delivery: &Delivery) -> Option<WebOrder> {
    let topic = delivery.content.topic.as_str();
    if !topic.starts_with("orders/") || matches!(topic, "orders/edited" | "orders/delete" | TOPIC_UNREAD) {
        return None;
    }
    demand::web_order(&read(&delivery.content.body).ok()?)
}

fn without_events(topic: &str) -> Normalised {
    let starts = |entry: &&(&str, &str)| topic.starts_with(entry.0);
    match NO_NEWS.iter().find(starts) {
        Some((_, why)) => Normalised::Ignored((*why).to_owned()),
        None => Normalised::Ignored(format!("nothing is done for the topic {topic}")),
    }
}

/// Events, or the reason why there are none.
fn events_or(drafts: Vec<Draft>, none: &str) -> Normalised {
    if drafts.is_empty() { Normalised::Ignored(none.to_owned()) } else { Normalised::Events(drafts) }
}

/// Reads a body. The error names the place, never what stands there.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unclear> {
    // Where a value is passed over, its bytes would be too.
    let text = std::str::from_utf8(body)
        .map_err(|error| Unclear::Body(format!("the body is not UTF-8 from byte {} on", error.valid_up_to())))?;
    serde_json::from_str(text).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Eof => "the JSON ends too early",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => "the body is not JSON",
            serde_json::error::Category::Data => "the JSON is not of the expected shape",
        };
        let text = error.to_string();
        let missing = text.strip_prefix("missing field").and_then(|rest| rest.split('`').nth(1));
        let missing = missing.map(|field| format!(": `{field}` is missing")).unwrap_or_default();
        Unclear::Body(format!("{what} at line {}, column {}{missing}", error.line(), error.column()))
    })
}

#[cfg(test)]
mod tests;

//! Says what a delivery of a Magento store means.
//!
//! What comes in: a journalled delivery: a hint that came by a webhook, or a document that was read ([`super::read`]). What goes
//! out: event drafts, or why there are none. Pure. It keeps P4: what is no news is ignored with its reason, what cannot be
//! understood is rejected with the place, never with personal data. A hint says only that there is something to be read; amounts
//! come from documents that were read.
//! Next in the flow: [`crate::flow::normalise`] keeps the events.

mod account;
mod amount;
mod buyer;
mod credit;
mod demand;
mod figures;
mod hint;
mod released;
mod sale;
mod unclear;
mod wire;

use serde::de::DeserializeOwned;

pub(super) use amount::{Amount, Id};
pub(super) use hint::{EVENT_HEADER, WAY_HEADER, hinted_kind};

use super::read::topic;
use crate::domain::{Delivery, Normalised, WebOrder};
use unclear::Unclear;

/// What a delivery means.
pub(super) fn normalise(delivery: &Delivery) -> Normalised {
    let body = &delivery.content.body;
    let outcome = match delivery.content.topic.as_str() {
        topic::ORDER => parse::<wire::OrderRead>(body).map(|_| {
            Normalised::Ignored("what the order takes from stock is kept; its documents come by themselves".into())
        }),
        topic::INVOICE => parse(body).and_then(|read| sale::invoiced(&read)),
        topic::CREDIT_MEMO => parse(body).and_then(|read| credit::credited(&read)),
        topic::CUSTOMER => parse(body).and_then(|read| account::changed(delivery, &read)),
        _ => Ok(hint::hinted(delivery)),
    };
    outcome.unwrap_or_else(|unclear| Normalised::Rejected(format!("{}: {unclear}", delivery.content.topic)))
}

/// What an order takes from stock; every document is read together with its order. One that cannot be read is rejected by
/// [`normalise`].
pub(super) fn web_order(delivery: &Delivery) -> Option<WebOrder> {
    if !matches!(delivery.content.topic.as_str(), topic::ORDER) {
        return None;
    }
    demand::web_order(&parse(&delivery.content.body).ok()?)
}

/// Reads a body. The error names the place, never what stands there.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unclear> {
    serde_json::from_slice(body).map_err(|error| {
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

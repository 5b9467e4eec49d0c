//! Sorts what the shop answered into the classes of [`CallError`].
//!
//! What comes in: an HTTP status with its body. What goes out: typed data, or the one consequence a failure has. Texts carry
//! Shopify's words about our request, cut to a length, and never the request or the answer's data.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Repeat;
use super::limiter::{Cost, Limiter};
use crate::domain::CallError;

/// How long to wait when a 429 does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(2);
/// How much of the other side's words is kept, in characters.
const WORDS: usize = 300;

#[derive(Deserialize)]
struct Envelope {
    data: Option<Box<RawValue>>,
    #[serde(default)]
    errors: Option<Errors>,
    #[serde(default)]
    extensions: Option<Extensions>,
}

/// Shopify answers some failures with a plain text instead of a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Errors {
    List(Vec<TopError>),
    Text(String),
}

#[derive(Deserialize)]
struct TopError {
    #[serde(default)]
    message: String,
    #[serde(default)]
    extensions: Option<TopExtensions>,
}

#[derive(Deserialize)]
struct TopExtensions {
    code: Option<String>,
}

#[derive(Default, Deserialize)]
struct Extensions {
    cost: Option<Cost>,
    #[serde(default)]
    search: Vec<Search>,
}

/// How a search was understood. A term that was not is left out by the shop, which then answers with everything.
#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    warnings: Vec<Warning>,
}

#[derive(Deserialize)]
struct Warning {
    #[serde(default)]
    field: String,
    #[serde(default)]
    message: String,
}

/// The other side's words, cut short and on one line.
pub fn words(text: &str) -> String {
    let mut cut: String =
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(WORDS).collect();
    if text.chars().nth(WORDS).is_some() {
        cut.push('…');
    }
    cut
}

/// What a status other than 200 means. `retry_after`: the header, as sent.
pub fn class_of_status(
    status: u16,
    retry_after: Option<&str>,
    limiter: &Limiter,
    operation: &'static str,
    repeat: Repeat,
) -> CallError {
    let now = tokio::time::Instant::now();
    match status {
        429 => {
            let seconds = retry_after.and_then(|text| text.trim().split('.').next()?.parse().ok());
            let wait = limiter.close_for(seconds.map_or(DEFAULT_WAIT, Duration::from_secs), now);
            CallError::Throttled { wait, reason: format!("{operation}: too many requests (429)") }
        }
        401 => unauthorised(
            operation,
            "the access token is not accepted (401): the app was removed or the token replaced; install the app or set its \
             new token",
        ),
        402 => unauthorised(
            operation,
            "the shop is frozen for unpaid bills (402): its owner must settle them with Shopify",
        ),
        403 => unauthorised(
            operation,
            "access is forbidden (403): a permission is missing or the app was removed; see `tillbridge check`",
        ),
        404 => unauthorised(operation, "there is no such shop or API version (404): check `shop`"),
        423 => unauthorised(operation, "the shop is locked (423): its owner must ask Shopify to unlock it"),
        300..=399 => unauthorised(
            operation,
            &format!("the shop answers from another address ({status}), which is not followed: check `shop`"),
        ),
        408 | 500..=599 => repeat.unknown_outcome(format!("{operation}: the shop answered {status}")),
        _ => CallError::Rejected(format!("{operation}: the shop answered {status}")),
    }
}

/// Reads the body of a 200.
pub fn read<T: DeserializeOwned>(
    body: &[u8],
    limiter: &Limiter,
    operation: &'static str,
    repeat: Repeat,
) -> Result<T, CallError> {
    let envelope: Envelope = serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        repeat.unknown_outcome(format!("{operation}: the answer is not a GraphQL answer ({place})"))
    })?;
    let extensions = envelope.extensions.unwrap_or_default();
    if let Some(cost) = extensions.cost {
        if matches!(&envelope.errors, Some(Errors::List(errors)) if errors.iter().any(is_throttled)) {
            limiter.refused(operation);
        }
        limiter.learn(operation, &cost, tokio::time::Instant::now());
    }
    if let Some(warning) = extensions.search.iter().flat_map(|search| &search.warnings).next() {
        let Warning { field, message } = warning;
        let said = words(&format!("`{field}`: {message}"));
        return Err(CallError::Rejected(format!(
            "{operation}: the shop did not take the search as it was meant: {said}"
        )));
    }
    match envelope.errors {
        Some(Errors::Text(text)) => {
            return Err(CallError::Rejected(format!("{operation}: {}", words(&text))));
        }
        Some(Errors::List(errors)) if !errors.is_empty() => {
            return Err(class_of_errors(&errors, limiter, operation, repeat));
        }
        _ => {}
    }
    let data = envelope.data.ok_or_else(|| repeat.unknown_outcome(format!("{operation}: the answer has no data")))?;
    serde_json::from_str(data.get()).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        CallError::Rejected(format!("{operation}: the answer is not of the shape of API version 2026-10 ({place})"))
    })
}

fn is_throttled(error: &TopError) -> bool {
    error.extensions.as_ref().is_some_and(|extensions| extensions.code.as_deref() == Some("THROTTLED"))
}

/// What top-level errors mean; the gravest decides.
fn class_of_errors(errors: &[TopError], limiter: &Limiter, operation: &'static str, repeat: Repeat) -> CallError {
    let code = |error: &TopError| error.extensions.as_ref().and_then(|extensions| extensions.code.clone());
    let codes: Vec<String> = errors.iter().filter_map(code).collect();
    let has = |wanted: &[&str]| codes.iter().any(|code| wanted.contains(&code.as_str()));
    let texts: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
    let said = words(&texts.join("; "));
    if has(&["ACCESS_DENIED", "UNAUTHORIZED", "FORBIDDEN", "SHOP_INACTIVE"]) {
        return unauthorised(operation, &said);
    }
    if has(&["THROTTLED"]) {
        let wait = limiter.wait_after_refusal(operation);
        return CallError::Throttled { wait, reason: format!("{operation}: out of cost points") };
    }
    if has(&["IDEMPOTENCY_CONCURRENT_REQUEST"]) {
        let reason = format!("{operation}: the same request is still running");
        return CallError::Throttled { wait: Duration::from_secs(1), reason };
    }
    if has(&["INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"]) {
        return repeat.unknown_outcome(format!("{operation}: {said}"));
    }
    CallError::Rejected(format!("{operation}: {said}"))
}

fn unauthorised(operation: &str, why: &str) -> CallError {
    CallError::Unauthorised(format!("{operation}: {why}"))
}

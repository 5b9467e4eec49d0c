//! Sorts what the store answered into the one consequence it has.
//!
//! What comes in: a status with its body. What goes out: typed data, or a [`Failure`]. Texts carry Magento's words about our
//! request with its parameters filled in, cut to a length; whatever looks like an e-mail address is left out.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Repeat;
use crate::domain::CallError;

/// How long to wait when a 429 does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(2);
/// How long to wait when maintenance (503) does not say.
const MAINTENANCE_WAIT: Duration = Duration::from_secs(15);
/// The longest wait that is taken from an answer.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// How much of the other side's words is kept, in characters.
const WORDS: usize = 300;

/// Why a request has no answer to use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// There is nothing by that id or code (404).
    #[error("{0}")]
    NotFound(String),
    /// The store has no such resource at all: the module that offers it is not installed (404).
    #[error("{0}")]
    NoRoute(String),
    /// The integration lacks a permission, or the token is not accepted: Magento says the same of both.
    #[error("{why}")]
    Denied {
        /// Magento's name of the permission.
        resource: String,
        /// What happened, and what to do.
        why: String,
    },
    /// Everything else, by its consequence.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Failure {
    /// The class, for figures.
    pub fn class(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not_found",
            Self::NoRoute(_) => "no_route",
            Self::Denied { .. } => "unauthorised",
            Self::Call(error) => match error {
                CallError::Transient(_) => "transient",
                CallError::Throttled { .. } => "throttled",
                CallError::InDoubt(_) => "in_doubt",
                CallError::Rejected(_) => "rejected",
                CallError::Unmapped { .. } => "unmapped",
                CallError::Unauthorised(_) => "unauthorised",
                CallError::Conflict(_) => "conflict",
            },
        }
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotFound(what) | Failure::NoRoute(what) => Self::Rejected(what),
            Failure::Denied { why, .. } => Self::Unauthorised(why),
            Failure::Call(error) => error,
        }
    }
}

/// Tells what is not there apart from what went wrong.
pub trait Found<T> {
    /// `None` where the store has nothing by that id or code.
    fn found(self) -> Result<Option<T>, CallError>;
}

impl<T> Found<T> for Result<T, Failure> {
    fn found(self) -> Result<Option<T>, CallError> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(Failure::NotFound(_)) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }
}

/// An error as Magento writes it. A crash of PHP writes `messages` instead.
#[derive(Default, Deserialize)]
struct Wrong {
    #[serde(default)]
    message: String,
    #[serde(default)]
    parameters: Value,
    #[serde(default)]
    errors: Vec<Detail>,
    #[serde(default)]
    messages: Crash,
}

#[derive(Default, Deserialize)]
struct Detail {
    #[serde(default)]
    message: String,
    #[serde(default)]
    parameters: Value,
}

#[derive(Default, Deserialize)]
struct Crash {
    #[serde(default)]
    error: Vec<Detail>,
}

impl Wrong {
    fn of(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    fn text(&self) -> String {
        let details = self.errors.iter().chain(&self.messages.error);
        let all = std::iter::once(filled(&self.message, &self.parameters))
            .chain(details.map(|detail| filled(&detail.message, &detail.parameters)));
        words(&all.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; "))
    }

    /// The permission that is missing, where this is about one.
    fn resource(&self) -> Option<String> {
        let resources = self.parameters.get("resources").or_else(|| self.parameters.get(0))?.as_str()?;
        (!resources.is_empty() && resources.contains("::")).then(|| words(resources))
    }
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

/// Puts parameters in the places Magento's template has for them: `%1` by position, `%name` by name. A value that holds an
/// `@` may be somebody's address and is not repeated.
pub fn filled(template: &str, parameters: &Value) -> String {
    let shown = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if text.contains('@') { "…".to_owned() } else { text }
    };
    let mut values: Vec<(String, String)> = match parameters {
        Value::Array(items) => {
            items.iter().enumerate().map(|(place, value)| (format!("%{}", place + 1), shown(value))).collect()
        }
        Value::Object(fields) => fields.iter().map(|(name, value)| (format!("%{name}"), shown(value))).collect(),
        _ => Vec::new(),
    };
    // Longest first: `%10` is not `%1` with a nought behind it.
    values.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut text = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        match values.iter().find(|(name, _)| rest.starts_with(name.as_str())) {
            Some((name, value)) => {
                text.push_str(value);
                rest = &rest[name.len()..];
            }
            None => {
                text.push('%');
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    // Words of the template itself, such as those a module made of a customer's data.
    text.split(' ').map(|word| if word.contains('@') { "…" } else { word }).collect::<Vec<_>>().join(" ")
}

/// What a status outside 200 to 299 means.
pub fn class_of(status: u16, retry_after: Option<&str>, body: &[u8], name: &str, repeat: Repeat) -> Failure {
    let wrong = Wrong::of(body);
    let said = wrong.as_ref().map(Wrong::text).filter(|text| !text.is_empty());
    let tail = said.as_ref().map_or_else(String::new, |text| format!(": {text}"));
    let unauthorised = |why: String| Failure::Call(CallError::Unauthorised(format!("{name}: {why}")));
    match status {
        401 | 403 => match wrong.as_ref().and_then(Wrong::resource) {
            Some(resource) => Failure::Denied {
                why: format!(
                    "{name}: the integration may not use {resource} ({status}): grant it in the store's administration under \
                     System > Integrations, or the token is not accepted"
                ),
                resource,
            },
            None => unauthorised(format!(
                "access is not accepted ({status}){tail}: check the token, and that the administration allows it as a bearer \
                 token"
            )),
        },
        404 if wrong.as_ref().is_none_or(|wrong| wrong.message.contains("does not match any route")) => {
            Failure::NoRoute(format!(
                "{name}: this store has no such resource (404): a module may be missing, or check `url`"
            ))
        }
        404 => Failure::NotFound(format!("{name}: not found (404){tail}")),
        429 | 503 => {
            let default = if status == 429 { DEFAULT_WAIT } else { MAINTENANCE_WAIT };
            let seconds = retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
            let wait = seconds.unwrap_or(default).clamp(Duration::from_secs(1), LONGEST_WAIT);
            let reason = if status == 429 { "too many requests (429)" } else { "the store is closed for now (503)" };
            CallError::Throttled { wait, reason: format!("{name}: {reason}") }.into()
        }
        300..=399 => unauthorised(format!(
            "the store answers from another address ({status}), which is not followed: check `url`"
        )),
        408 | 500..=599 => repeat.unknown_outcome(format!("{name}: the store answered {status}{tail}")).into(),
        // Some versions report a lock that another save held as a mistake of ours.
        _ if said.as_ref().is_some_and(|text| is_deadlock(text)) => {
            repeat.unknown_outcome(format!("{name}: another save was in the way ({status}){tail}")).into()
        }
        _ => CallError::Rejected(format!("{name}: the store refused ({status}){tail}")).into(),
    }
}

fn is_deadlock(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("deadlock") || text.contains("lock wait timeout")
}

/// Reads the body of a success.
pub fn read<T: DeserializeOwned>(body: &[u8], name: &str, repeat: Repeat) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        // Pages for people come from whatever stands before the store.
        if error.is_syntax() || error.is_eof() {
            return repeat.unknown_outcome(format!("{name}: the answer is no JSON ({place})")).into();
        }
        CallError::Rejected(format!("{name}: the answer is not of the shape of Magento's web API ({place})")).into()
    })
}

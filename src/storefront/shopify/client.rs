//! Sends GraphQL operations to one shop.
//!
//! What comes in: an operation with its typed variables. What goes out: its typed data, or a [`CallError`]. Every call has a
//! deadline, counts against one limit of concurrent calls and one bucket of cost points per shop, both shared with the other processes
//! that use the token, and reads at most
//! [`MAX_ANSWER`] bytes. Nothing is retried here: the class of the error says whether a repetition is safe, which each
//! operation states as its [`Repeat`]. Secrets and customers' data never reach an error text.
//! Next in the flow: the handlers, through [`super::Shopify`].

mod answer;
mod limiter;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use graphql_client::GraphQLQuery;
use reqwest::Url;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;
use tokio::time::Instant;

pub use answer::words;
use limiter::Limiter;

use super::access::{Keeper, Lent};
use super::config::{API_VERSION, ShopifyConfigError};
use crate::domain::{Access, CallError};
use crate::storefront::places::Places;

/// The longest answer that is read, in bytes.
pub const MAX_ANSWER: usize = 8 * 1024 * 1024;
/// Calls to one shop at a time, of all processes together.
const CONCURRENT_CALLS: usize = 8;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// Making the connection.
    pub connect: Duration,
    /// The whole exchange. Shopify itself gives up after some ten seconds.
    pub call: Duration,
    /// Waiting for a free place and for cost points before sending; beyond it the flow is told to come back.
    pub patience: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), call: Duration::from_secs(25), patience: Duration::from_secs(5) }
    }
}

/// What makes a repetition of an operation harmless, when the first outcome is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It reads, sets absolute values, or carries a key: repeating it changes nothing.
    Harmless,
    /// It adds something each time: look before repeating it.
    LookFirst,
}

impl Repeat {
    /// The class of a failure that leaves open whether the operation took place.
    fn unknown_outcome(self, what: String) -> CallError {
        match self {
            Self::Harmless => CallError::Transient(what),
            Self::LookFirst => CallError::InDoubt(what),
        }
    }
}

/// An operation as the client sends it.
pub trait Operation: GraphQLQuery {
    /// Its name, for messages and for what it costs.
    const NAME: &'static str;
    /// Whether it may be repeated unseen.
    const REPEAT: Repeat = Repeat::Harmless;
    /// The input fields whose `null` Shopify reads as a value. Any other `null` would clear something that is to be left
    /// alone, so it is not sent.
    const NULL_IS_A_VALUE: &'static [&'static str] = &[];
}

/// A call whose points were taken and that has not ended.
struct OnItsWay<'a>(&'a Limiter, &'static str);

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.0.ended(self.1);
    }
}

/// See the module.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Url,
    shop: String,
    token: Keeper,
    deadlines: Deadlines,
    places: Places,
    limiter: Limiter,
    /// API versions other than ours, by who spoke in them last.
    odd_versions: Mutex<BTreeMap<&'static str, String>>,
}

impl Client {
    pub fn new(shop: &str, endpoint: Url, access: Access, deadlines: Deadlines) -> Result<Self, ShopifyConfigError> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(ShopifyConfigError::Client("no TLS provider was installed at start".into()));
        }
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        let http = reqwest::Client::builder()
            .user_agent(concat!("tillbridge/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(deadlines.connect)
            .timeout(deadlines.call)
            .build()
            .map_err(|error| ShopifyConfigError::Client(error.to_string()))?;
        Ok(Self {
            http,
            token: Keeper::new(access, &endpoint)?,
            endpoint,
            shop: shop.to_owned(),
            deadlines,
            places: Places::of(CONCURRENT_CALLS),
            limiter: Limiter::default(),
            odd_versions: Mutex::default(),
        })
    }

    /// Sends an operation once and reads its answer.
    pub async fn call<O: Operation>(&self, variables: O::Variables) -> Result<O::ResponseData, CallError> {
        let outcome = self.exchange::<O>(variables).await;
        let class = outcome.as_ref().err().map_or("ok", class_name);
        metrics::counter!("tillbridge_shopify_calls_total", "shop" => self.shop.clone(), "operation" => O::NAME,
            "outcome" => class)
        .increment(1);
        outcome
    }

    async fn exchange<O: Operation>(&self, variables: O::Variables) -> Result<O::ResponseData, CallError> {
        let body = bytes::Bytes::from(request_body::<O>(variables)?);
        let _place = tokio::time::timeout(self.deadlines.patience, self.places.take()).await.map_err(|_| {
            CallError::Throttled {
                wait: Duration::from_secs(1),
                reason: format!("{}: too many calls at once", O::NAME),
            }
        })?;
        let lent = self.token.token(&self.http).await?;
        let on_its_way = self.wait_for_points(O::NAME).await?;
        let mut response = self.send::<O>(&lent, body.clone()).await?;
        // Nothing was done under a token that is not accepted, so another one may be tried once.
        if response.status().as_u16() == 401
            && let Some(another) = self.token.after_refusal(&self.http, &lent).await?
        {
            response = self.send::<O>(&another, body).await?;
        }
        if let Some(version) = header(&response, "x-shopify-api-version") {
            self.note_version("api", version);
        }
        let status = response.status().as_u16();
        if status != 200 {
            let retry_after = header(&response, "retry-after");
            return Err(answer::class_of_status(status, retry_after, &self.limiter, O::NAME, O::REPEAT));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| lost::<O>(&error))? {
            if bytes.len() + chunk.len() > MAX_ANSWER {
                let what = format!("{}: the answer is longer than {MAX_ANSWER} bytes", O::NAME);
                return Err(match O::REPEAT {
                    Repeat::Harmless => CallError::Rejected(what),
                    Repeat::LookFirst => CallError::InDoubt(what),
                });
            }
            bytes.extend_from_slice(&chunk);
        }
        drop(on_its_way);
        answer::read(&bytes, &self.limiter, O::NAME, O::REPEAT)
    }

    async fn send<O: Operation>(&self, lent: &Lent, body: bytes::Bytes) -> Result<reqwest::Response, CallError> {
        let sending = self.http.post(self.endpoint.clone()).header(CONTENT_TYPE, "application/json");
        let sending = sending.header("x-shopify-access-token", lent.header.clone()).body(body);
        sending.send().await.map_err(|error| lost::<O>(&error))
    }

    /// Keeps to the part of one of so many processes.
    pub fn shared_by(&self, processes: usize) {
        self.places.shared_by(processes);
        self.limiter.shared_by(processes);
    }

    async fn wait_for_points(&self, operation: &'static str) -> Result<OnItsWay<'_>, CallError> {
        let start = Instant::now();
        loop {
            let Err(wait) = self.limiter.take(operation, Instant::now()) else {
                return Ok(OnItsWay(&self.limiter, operation));
            };
            if start.elapsed() + wait > self.deadlines.patience {
                return Err(CallError::Throttled {
                    wait,
                    reason: format!("{operation}: the shop's cost points are used up"),
                });
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Notes in which API version the shop speaks; another one than ours means that ours was retired or is not the app's.
    pub fn note_version(&self, channel: &'static str, version: &str) {
        let mut odd = self.odd_versions();
        if version == API_VERSION {
            odd.remove(channel);
            return;
        }
        metrics::counter!("tillbridge_shopify_version_mismatch_total", "shop" => self.shop.clone(), "channel" => channel)
            .increment(1);
        let theirs = words(version);
        if odd.get(channel) != Some(&theirs) {
            tracing::warn!(shop = %self.shop, channel, ours = API_VERSION, theirs,
                "the shop speaks another API version than this program was written for");
            odd.insert(channel, theirs);
        }
    }

    /// What a person should know of the shop's API versions.
    pub fn alerts(&self) -> Vec<String> {
        let alert = |(channel, theirs): (&&str, &String)| {
            format!(
                "the shop's {channel} speaks version {theirs}, not {API_VERSION}: update tillbridge, or set the app's version"
            )
        };
        self.odd_versions().iter().map(alert).collect()
    }

    fn odd_versions(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, String>> {
        self.odd_versions.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A client for files the shop keeps elsewhere: it knows no token.
pub fn for_files() -> Result<reqwest::Client, ShopifyConfigError> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        return Err(ShopifyConfigError::Client("no TLS provider was installed at start".into()));
    }
    reqwest::Client::builder()
        .user_agent(concat!("tillbridge/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(40))
        .build()
        .map_err(|error| ShopifyConfigError::Client(error.to_string()))
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// A call that got no answer: before sending nothing has happened, afterwards nobody knows.
fn lost<O: Operation>(error: &reqwest::Error) -> CallError {
    let name = O::NAME;
    if error.is_connect() {
        CallError::Transient(format!("{name}: no connection to the shop"))
    } else if error.is_timeout() {
        O::REPEAT.unknown_outcome(format!("{name}: no answer in time"))
    } else {
        O::REPEAT.unknown_outcome(format!("{name}: the connection broke"))
    }
}

/// The request as JSON, keys in alphabetical order, so that the same request has the same bytes each time.
fn request_body<O: Operation>(variables: O::Variables) -> Result<Vec<u8>, CallError> {
    let body = O::build_query(variables);
    let unwritable = |error: serde_json::Error| CallError::Rejected(format!("{}: {error}", O::NAME));
    let mut variables = serde_json::to_value(&body.variables).map_err(unwritable)?;
    drop_nulls(&mut variables, O::NULL_IS_A_VALUE);
    let request = serde_json::json!({
        "operationName": body.operation_name, "query": body.query, "variables": variables,
    });
    serde_json::to_vec(&request).map_err(unwritable)
}

/// Takes out every `null` that is not a value.
pub fn drop_nulls(value: &mut Value, kept: &[&str]) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| !value.is_null() || kept.contains(&name.as_str()));
            fields.values_mut().for_each(|value| drop_nulls(value, kept));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| drop_nulls(item, kept)),
        _ => {}
    }
}

fn class_name(error: &CallError) -> &'static str {
    match error {
        CallError::Transient(_) => "transient",
        CallError::Throttled { .. } => "throttled",
        CallError::InDoubt(_) => "in_doubt",
        CallError::Rejected(_) => "rejected",
        CallError::Unmapped { .. } => "unmapped",
        CallError::Unauthorised(_) => "unauthorised",
        CallError::Conflict(_) => "conflict",
    }
}

#[cfg(test)]
mod tests;

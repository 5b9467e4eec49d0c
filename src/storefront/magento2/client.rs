//! Sends requests to one store's web API.
//!
//! What comes in: a method, a path and a body. What goes out: the typed answer, or a [`Failure`]. Every call has a deadline
//! and counts against the calls one store is asked to bear at a time by all processes, writes against fewer still, because concurrent
//! saves of products lock each other out there. At most [`MAX_ANSWER`] bytes are read. Nothing is retried here: the class of the
//! error says whether a repetition is safe, which each write states as its [`Repeat`]. Secrets and customers' data never
//! reach an error text.
//! Next in the flow: the handlers, through [`super::Magento2`].

mod answer;

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use answer::{Failure, Found, filled};

use super::access::{self, escape};
use super::config::Magento2ConfigError;
use crate::domain::{CallError, IntegrationAccess as Access};
use crate::storefront::places::{Places, Taken};

/// The longest answer that is read, in bytes.
pub const MAX_ANSWER: usize = 16 * 1024 * 1024;
/// Calls to one store at a time, of all processes together.
const CONCURRENT_CALLS: usize = 4;
/// Writes among them.
const CONCURRENT_WRITES: usize = 2;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// Making the connection.
    pub connect: Duration,
    /// The whole exchange.
    pub call: Duration,
    /// Waiting for a free place before sending; beyond it the flow is told to come back.
    pub patience: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), call: Duration::from_secs(30), patience: Duration::from_secs(10) }
    }
}

/// Whose values a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The values of all store views, `/rest/all/V1`: everything of the catalogue that is not meant for one view alone.
    All,
    /// The configured store view's own, `/rest/CODE/V1`.
    Store,
}

/// What makes a repetition of a write harmless, when the first outcome is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It reads or sets absolute values: repeating it changes nothing.
    Harmless,
    /// It adds something each time: look before repeating it.
    LookFirst,
}

impl Repeat {
    /// The class of a failure that leaves open whether the request took effect.
    fn unknown_outcome(self, what: String) -> CallError {
        match self {
            Self::Harmless => CallError::Transient(what),
            Self::LookFirst => CallError::InDoubt(what),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    store: String,
    access: Access,
    deadlines: Deadlines,
    calls: Places,
    writes: Places,
}

/// A request before it is sent.
struct Request<'a> {
    method: Method,
    scope: Scope,
    path: &'a [&'a str],
    query: &'a [(&'a str, String)],
    body: Option<Bytes>,
    repeat: Repeat,
}

impl Request<'_> {
    /// What it is called in messages and figures: never with an id or a code in it.
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path.first().unwrap_or(&""))
    }

    fn writes(&self) -> bool {
        self.method != Method::GET
    }
}

impl Client {
    pub fn new(base: Url, store: String, access: Access, deadlines: Deadlines) -> Result<Self, Magento2ConfigError> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(Magento2ConfigError::Client("no TLS provider was installed at start".into()));
        }
        access::check(&access)?;
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        let http = reqwest::Client::builder()
            .user_agent(concat!("tillbridge/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(deadlines.connect)
            .timeout(deadlines.call)
            .build()
            .map_err(|error| Magento2ConfigError::Client(error.to_string()))?;
        Ok(Self {
            http,
            base,
            store,
            access,
            deadlines,
            calls: Places::of(CONCURRENT_CALLS),
            writes: Places::of(CONCURRENT_WRITES),
        })
    }

    /// Reads. `path`: the segments after `/V1`, not yet escaped. A read: may be repeated.
    pub async fn get<T: DeserializeOwned>(
        &self,
        scope: Scope,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, Failure> {
        self.typed(Request { method: Method::GET, scope, path, query, body: None, repeat: Repeat::Harmless }).await
    }

    /// Sends a body to be added or acted on; `repeat` says what a repetition does.
    pub async fn post<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        scope: Scope,
        path: &[&str],
        body: &B,
        repeat: Repeat,
    ) -> Result<T, Failure> {
        let body = Some(bytes_of(body)?);
        self.typed(Request { method: Method::POST, scope, path, query: &[], body, repeat }).await
    }

    /// Sets what the path names. Sets absolute values: may be repeated.
    pub async fn put<B: Serialize + Sync, T: DeserializeOwned>(
        &self,
        scope: Scope,
        path: &[&str],
        body: &B,
    ) -> Result<T, Failure> {
        let (body, repeat) = (Some(bytes_of(body)?), Repeat::Harmless);
        self.typed(Request { method: Method::PUT, scope, path, query: &[], body, repeat }).await
    }

    /// Takes away what the path names; [`Failure::NotFound`] where it is gone already. May be repeated.
    pub async fn delete<T: DeserializeOwned>(&self, scope: Scope, path: &[&str]) -> Result<T, Failure> {
        let repeat = Repeat::Harmless;
        self.typed(Request { method: Method::DELETE, scope, path, query: &[], body: None, repeat }).await
    }

    /// Reads a page that lies outside the web API, such as the store's version, as text. Carries no access. May be repeated.
    pub async fn plain_page(&self, page: &str) -> Result<String, CallError> {
        let name = format!("GET {page}");
        let mut url = self.base.clone();
        url.set_path(&format!("{}/{page}", self.base.path().trim_end_matches('/')));
        let response = self.http.get(url).send().await.map_err(|error| lost(&name, &error, Repeat::Harmless))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(CallError::Rejected(format!("{name}: the store answered {status}")));
        }
        let bytes = bounded(response, &name, Repeat::Harmless).await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn typed<T: DeserializeOwned>(&self, request: Request<'_>) -> Result<T, Failure> {
        let bytes = self.counted(&request).await?;
        answer::read(&bytes, &request.name(), request.repeat)
    }

    async fn counted(&self, request: &Request<'_>) -> Result<Bytes, Failure> {
        let outcome = self.exchange(request).await;
        let class = outcome.as_ref().err().map_or("ok", Failure::class);
        metrics::counter!("tillbridge_magento2_calls_total",
            "host" => self.base.host_str().unwrap_or_default().to_owned(), "request" => request.name(),
            "outcome" => class)
        .increment(1);
        outcome
    }

    async fn exchange(&self, request: &Request<'_>) -> Result<Bytes, Failure> {
        let (name, repeat) = (request.name(), request.repeat);
        let store = match request.scope {
            Scope::All => "all",
            Scope::Store => &self.store,
        };
        let url = address(&self.base, store, request.path, request.query)
            .ok_or_else(|| CallError::Rejected(format!("{name}: a part of the address is empty or only dots")))?;
        let _write = if request.writes() { Some(self.place(&self.writes, &name).await?) } else { None };
        let _call = self.place(&self.calls, &name).await?;
        let header = access::header(&self.access, request.method.as_str(), &url)
            .ok_or_else(|| CallError::Unauthorised(format!("{name}: the access cannot be written into a header")))?;
        let mut sending = self.http.request(request.method.clone(), url).header(AUTHORIZATION, header);
        if let Some(body) = &request.body {
            sending = sending.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let response = sending.send().await.map_err(|error| lost(&name, &error, repeat))?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let bytes = bounded(response, &name, repeat).await?;
        if (200..300).contains(&status) {
            return Ok(bytes);
        }
        Err(answer::class_of(status, retry_after.as_deref(), &bytes, &name, repeat))
    }

    async fn place<'a>(&self, of: &'a Places, name: &str) -> Result<Taken<'a>, CallError> {
        tokio::time::timeout(self.deadlines.patience, of.take()).await.map_err(|_| CallError::Throttled {
            wait: Duration::from_secs(1),
            reason: format!("{name}: too many calls at once"),
        })
    }

    /// Keeps to the part of one of so many processes.
    pub fn shared_by(&self, processes: usize) {
        self.calls.shared_by(processes);
        self.writes.shared_by(processes);
    }
}

/// The address of a resource: base, `/rest/STORE/V1`, the segments and the query, each escaped. `None` where a segment would
/// not arrive as what it is.
pub(super) fn address(base: &Url, store: &str, path: &[&str], query: &[(&str, String)]) -> Option<Url> {
    if path.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
        return None;
    }
    let mut url = base.clone();
    let segments: Vec<String> = path.iter().map(|segment| escape(segment)).collect();
    url.set_path(&format!("{}/rest/{store}/V1/{}", base.path().trim_end_matches('/'), segments.join("/")));
    if !query.is_empty() {
        let pairs: Vec<_> = query.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
        url.set_query(Some(&pairs.join("&")));
    }
    Some(url)
}

async fn bounded(mut response: reqwest::Response, name: &str, repeat: Repeat) -> Result<Bytes, CallError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| lost(name, &error, repeat))? {
        if bytes.len() + chunk.len() > MAX_ANSWER {
            let what = format!("{name}: the answer is longer than {MAX_ANSWER} bytes");
            return Err(match repeat {
                Repeat::Harmless => CallError::Rejected(what),
                Repeat::LookFirst => CallError::InDoubt(what),
            });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Bytes::from(bytes))
}

/// A call that got no answer: before sending nothing has happened, afterwards nobody knows.
fn lost(name: &str, error: &reqwest::Error, repeat: Repeat) -> CallError {
    if error.is_connect() {
        CallError::Transient(format!("{name}: no connection to the store"))
    } else if error.is_timeout() {
        repeat.unknown_outcome(format!("{name}: no answer in time"))
    } else {
        repeat.unknown_outcome(format!("{name}: the connection broke"))
    }
}

fn bytes_of<B: Serialize>(body: &B) -> Result<Bytes, CallError> {
    serde_json::to_vec(body)
        .map(Bytes::from)
        .map_err(|error| CallError::Rejected(format!("the request cannot be written as JSON: {error}")))
}

#[cfg(test)]
mod tests;

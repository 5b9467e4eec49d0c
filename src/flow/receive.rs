//! The webhook door: raw body → verified → journalled → 2xx. Nothing else happens while the storefront waits.
//!
//! What comes in: `POST /webhooks/{storefront}[/…]`. What goes out: a delivery in the journal and an answer. Keeps P1 (2xx
//! only after the commit) and P9 (503 with `Retry-After` before memory grows, echoes of the catalogue first and money last; bodies are
//! bounded).
//! Next in the flow: [`crate::flow::normalise`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::StreamExt as _;
use tokio::sync::{Notify, Semaphore};

use crate::domain::StorefrontName;
use crate::journal::{Appended, Intake, JournalError};
use crate::storefront::{Call, Refusal, Storefront};

/// How long a body may take to arrive. Shopify itself gives up after five seconds.
const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// The most of a body that is read only to be thrown away, in bytes.
const LARGEST_PASSED_OVER: usize = 64 << 20;
/// What storefronts are told to wait when the journal cannot take a delivery, in seconds.
const RETRY_AFTER_SECONDS: &str = "5";

/// What the door needs.
#[derive(Clone)]
pub struct Door {
    journal: Arc<dyn Intake>,
    storefronts: Arc<BTreeMap<StorefrontName, Arc<dyn Storefront>>>,
    bell: Arc<Notify>,
    body_limit: usize,
    memory: Arc<Semaphore>,
    /// How much of the room is kept for what cannot wait.
    kept_free: usize,
}

impl Door {
    /// A door to these storefronts. `body_limit` is in bytes; at most `in_flight` calls are read and stored at a time, the
    /// rest are told to come again; calls that can wait are told so when half of the room is taken.
    #[must_use]
    pub fn new(
        journal: Arc<dyn Intake>,
        storefronts: BTreeMap<StorefrontName, Arc<dyn Storefront>>,
        bell: Arc<Notify>,
        body_limit: usize,
        in_flight: usize,
    ) -> Self {
        Self {
            journal,
            storefronts: Arc::new(storefronts),
            bell,
            body_limit,
            memory: Arc::new(Semaphore::new(in_flight)),
            kept_free: in_flight / 2,
        }
    }

    /// The routes.
    pub fn router(self) -> Router {
        Router::new()
            .route("/webhooks/{storefront}", post(root).get(asked))
            .route("/webhooks/{storefront}/{*path}", post(below).get(asked_below))
            .with_state(self)
    }
}

async fn root(State(door): State<Door>, Path(storefront): Path<String>, request: Request) -> Answer {
    receive(&door, &storefront, Vec::new(), request).await
}

async fn below(State(door): State<Door>, Path((storefront, path)): Path<(String, String)>, request: Request) -> Answer {
    receive(&door, &storefront, path.split('/').map(str::to_owned).collect(), request).await
}

async fn asked(State(door): State<Door>, Path(storefront): Path<String>, request: Request) -> Answer {
    challenge(&door, &storefront, request.uri().query())
}

async fn asked_below(
    State(door): State<Door>,
    Path((storefront, _)): Path<(String, String)>,
    request: Request,
) -> Answer {
    challenge(&door, &storefront, request.uri().query())
}

/// A sender that is being registered may want to see that the address is ours.
fn challenge(door: &Door, name: &str, query: Option<&str>) -> Answer {
    let known = StorefrontName::parse(name).ok().and_then(|name| door.storefronts.get(&name));
    let Some(storefront) = known else { return Answer::Unknown };
    match storefront.challenge(query.unwrap_or_default()) {
        Some(echo) => Answer::Challenged(echo),
        None => Answer::NotAsked,
    }
}

/// Every way a call can be answered.
enum Answer {
    Accepted(&'static str),
    Duplicate(&'static str),
    Challenged(String),
    Unknown,
    NotAsked,
    NotJson,
    TooLarge,
    TooSlow,
    Unreadable,
    Refused(Refusal),
    Shed,
    Busy(&'static str),
}

impl Answer {
    /// The word counted in metrics.
    fn word(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Duplicate(_) => "duplicate",
            Self::Challenged(_) => "challenged",
            Self::Unknown => "unknown_storefront",
            Self::NotAsked => "not_asked",
            Self::NotJson => "not_json",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::Unreadable => "unreadable",
            Self::Refused(Refusal::Unauthenticated(_)) => "unauthenticated",
            Self::Refused(Refusal::Malformed(_)) => "malformed",
            Self::Shed => "shed",
            Self::Refused(Refusal::NotYet(_)) | Self::Busy(_) => "busy",
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        metrics::counter!("tillbridge_webhooks_total", "answer" => self.word()).increment(1);
        match self {
            Self::Accepted("") | Self::Duplicate("") => StatusCode::OK.into_response(),
            Self::Accepted(json) | Self::Duplicate(json) => {
                ([(header::CONTENT_TYPE, "application/json")], json).into_response()
            }
            Self::Challenged(echo) => ([(header::CONTENT_TYPE, "text/plain")], echo).into_response(),
            Self::Unknown => (StatusCode::NOT_FOUND, "no storefront has this name\n").into_response(),
            Self::NotAsked => (StatusCode::METHOD_NOT_ALLOWED, "deliveries are sent by POST\n").into_response(),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "deliveries are application/json\n").into_response(),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than allowed\n").into_response(),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive\n").into_response(),
            Self::Unreadable => (StatusCode::BAD_REQUEST, "the body could not be read\n").into_response(),
            Self::Refused(Refusal::Unauthenticated(why)) => {
                (StatusCode::UNAUTHORIZED, format!("{why}\n")).into_response()
            }
            Self::Refused(Refusal::Malformed(why)) => (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
            Self::Shed => come_again("too many calls at once, and this one can wait"),
            Self::Refused(Refusal::NotYet(why)) | Self::Busy(why) => come_again(why),
        }
    }
}

fn come_again(why: &str) -> Response {
    let wait = [(header::RETRY_AFTER, RETRY_AFTER_SECONDS)];
    (StatusCode::SERVICE_UNAVAILABLE, wait, format!("{why}\n")).into_response()
}

async fn receive(door: &Door, name: &str, path: Vec<String>, request: Request) -> Answer {
    let known = StorefrontName::parse(name).ok().and_then(|name| door.storefronts.get(&name).cloned());
    let Some(storefront) = known else { return Answer::Unknown };
    let (parts, body) = request.into_parts();
    if !is_json(&parts.headers) {
        return Answer::NotJson;
    }
    let mut call = Call { path, headers: lower_case(&parts.headers), body: bytes::Bytes::new() };
    if door.memory.available_permits() <= door.kept_free && storefront.can_wait(&call) {
        return Answer::Shed;
    }
    let Ok(_room) = door.memory.try_acquire() else { return Answer::Busy("too many calls at once") };
    call.body = match read(body, &parts.headers, door.body_limit).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    storefront.prepare(&call).await;
    let delivery = match storefront.verify(call) {
        Ok(delivery) => delivery,
        Err(refusal) => return Answer::Refused(refusal),
    };
    match door.journal.append(delivery).await {
        Ok(Appended::New(_)) => {
            door.bell.notify_one();
            Answer::Accepted(storefront.acknowledgement())
        }
        Ok(Appended::Duplicate(_)) => Answer::Duplicate(storefront.acknowledgement()),
        Err(error) => {
            if !matches!(error, JournalError::Unavailable(_)) {
                tracing::error!(storefront = name, %error, "a delivery could not be journalled");
            }
            Answer::Busy("the journal cannot take deliveries right now")
        }
    }
}

/// Reads a body that is no larger than allowed, whatever its `Content-Length` claims.
async fn read(body: Body, headers: &HeaderMap, limit: usize) -> Result<bytes::Bytes, Answer> {
    let claimed = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if claimed.and_then(|length| length.parse::<usize>().ok()).is_some_and(|length| length > limit) {
        pass_over(body).await;
        return Err(Answer::TooLarge);
    }
    let Ok(body) = tokio::time::timeout(BODY_DEADLINE, to_bytes(body, limit)).await else {
        return Err(Answer::TooSlow);
    };
    body.map_err(|error| {
        let over = std::error::Error::source(&error)
            .is_some_and(<dyn std::error::Error>::is::<http_body_util::LengthLimitError>);
        if over { Answer::TooLarge } else { Answer::Unreadable }
    })
}

/// Lets a body that is not wanted go by, within bounds: a sender whose connection is closed while it is still sending sees a
/// broken connection instead of the answer.
async fn pass_over(body: Body) {
    let mut passed = 0;
    let mut body = body.into_data_stream();
    let gone_by = async {
        while let Some(Ok(chunk)) = body.next().await {
            passed += chunk.len();
            if passed > LARGEST_PASSED_OVER {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(BODY_DEADLINE, gone_by).await;
}

/// Whether the body says it is JSON. Senders that say nothing get the benefit of the doubt: the signature decides.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return true };
    let Ok(value) = value.to_str() else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

fn lower_case(headers: &HeaderMap) -> Vec<(String, String)> {
    // `HeaderName` is lower case already.
    let text = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
        value.to_str().ok().map(|value| (name.as_str().to_owned(), value.to_owned()))
    };
    headers.iter().filter_map(text).collect()
}

//! The door of the REST API: address, access, faults, answer.
//!
//! What comes in: HTTP. What goes out: JSON, or what a proxy or a broken shop sends instead. The work itself runs in a task of
//! its own, so that a client that hangs up does not stop what was begun, just as in a real shop.
//! Next in the flow: [`super::rest`].

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State as Shared};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::access::{Signed, unescape};
use super::faults::MagentoFault;
use super::request::{Refusal, Reply, Request, Scope, trimmed};
use super::{Core, rest};
use crate::sandbox::locked;

/// What a shop says of an error it keeps to itself.
pub(super) const MASKED: &str =
    "Internal Error. Details are available in Magento log file. Report ID: webapi-5f3a9c0d1e2b4";

/// The largest request body the door takes.
const MOST_BYTES: usize = 16 << 20;

/// An answer that is never sent is given up after this long, like any gateway would.
const NEVER: Duration = Duration::from_secs(60 * 60);

/// Serves until the shop closes.
pub(super) fn serve(listener: tokio::net::TcpListener, core: Arc<Core>) {
    let closing = core.closing.clone();
    let pages = Router::new()
        .route("/keys/{name}", axum::routing::get(super::hooks::public_key))
        .route("/magento_version", axum::routing::get(version));
    let router = pages.fallback(call).layer(DefaultBodyLimit::max(MOST_BYTES)).with_state(core);
    tokio::spawn(async move {
        // Serving ends with an error only when the listener breaks, which clients see for themselves.
        let _ = axum::serve(listener, router).with_graceful_shutdown(closing.cancelled_owned()).await;
    });
}

async fn version(Shared(core): Shared<Arc<Core>>) -> String {
    locked(&core.state).options.version.clone()
}

async fn call(Shared(core): Shared<Arc<Core>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    match tokio::spawn(answer(core, method, uri, headers, body)).await {
        Ok(response) => response,
        Err(_) => masked(),
    }
}

async fn answer(core: Arc<Core>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let _borne = core.bears.one_more();
    let request = match taken_apart(&core, &method, &uri, &body) {
        Ok(request) => request,
        Err(refusal) => return printed(Err(refusal)),
    };
    let operation = format!("{method} {}", request.path.join("/"));
    let fault = core.faults.decide(&operation);
    match fault {
        Some(MagentoFault::Masked) => return masked(),
        Some(MagentoFault::Deadlock) => {
            let said = "Database deadlock found when trying to get lock";
            return printed(Err(Refusal { status: 500, ..Refusal::bad(said) }));
        }
        Some(MagentoFault::Maintenance) => return maintenance(),
        Some(MagentoFault::TooManyRequests(seconds)) => {
            let mut response = (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests").into_response();
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            return response;
        }
        Some(MagentoFault::Unauthorised) => return printed(Err(Refusal::unauthorised("self"))),
        Some(MagentoFault::Slow(for_long)) => {
            core.closing.run_until_cancelled(tokio::time::sleep(for_long)).await;
        }
        _ => {}
    }
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let address = format!("{}{}", core.base, uri.path());
    let (reply, notices) = {
        let mut state = locked(&core.state);
        let signed = Signed { method: method.as_str(), address: &address, query: &request.query };
        let reply = rest::resource(&request)
            .and_then(|resource| state.let_in(authorization, &signed, resource))
            .and_then(|()| {
                state.calls.count(&rest::operation(&request));
                rest::dispatch(&mut state, &request)
            });
        (reply, state.take_notices())
    };
    let done = reply.is_ok();
    core.post_office.post(notices).await;
    let wanted = request.query.iter().find(|(name, _)| name == "fields").map(|(_, wanted)| wanted.as_str());
    let reply = reply.map(|value| wanted.map_or(value.clone(), |wanted| trimmed(value, wanted)));
    match fault {
        Some(MagentoFault::MaskedAfterCommit) if done => masked(),
        Some(MagentoFault::TimeoutAfterCommit) if done => {
            core.closing.run_until_cancelled(tokio::time::sleep(NEVER)).await;
            (StatusCode::GATEWAY_TIMEOUT, "Gateway Timeout").into_response()
        }
        Some(MagentoFault::ResetAfterCommit) if done => cut_off(&reply.unwrap_or_default()),
        _ => printed(reply),
    }
}

fn taken_apart(core: &Core, method: &Method, uri: &Uri, body: &[u8]) -> Result<Request, Refusal> {
    let parts: Vec<String> = uri.path().split('/').filter(|part| !part.is_empty()).map(unescape).collect();
    let mut parts = parts.into_iter().peekable();
    if parts.next().as_deref() != Some("rest") {
        return Err(Refusal::no_route());
    }
    let scope = match parts.peek().map(String::as_str) {
        Some("V1") => Scope::Unsaid,
        Some("all") => Scope::All,
        Some(view) => {
            let state = locked(&core.state);
            let store = state.options.stores.iter().find(|(known, _)| known == view).map(|(_, id)| *id);
            Scope::View(store.ok_or_else(Refusal::no_route)?)
        }
        None => return Err(Refusal::no_route()),
    };
    if scope != Scope::Unsaid {
        parts.next();
    }
    if parts.next().as_deref() != Some("V1") {
        return Err(Refusal::no_route());
    }
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (unescape(&name.replace('+', " ")), unescape(&value.replace('+', " ")))
    };
    let query = uri.query().unwrap_or_default().split('&').filter(|part| !part.is_empty()).map(pair).collect();
    let body = if body.is_empty() {
        Value::Null
    } else {
        // Malformed JSON is an error of the shop's own until 2.4.9.
        serde_json::from_slice(body).map_err(|_| Refusal { status: 500, ..Refusal::bad(MASKED) })?
    };
    Ok(Request { method: method.as_str().to_owned(), scope, path: parts.collect(), query, body })
}

fn printed(reply: Reply) -> Response {
    match reply {
        Ok(value) => axum::Json(value).into_response(),
        Err(refusal) => {
            let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, axum::Json(refusal.body())).into_response()
        }
    }
}

fn masked() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(json!({ "message": MASKED }))).into_response()
}

fn maintenance() -> Response {
    let page = "<!doctype html><html><head><title>Service Temporarily Unavailable</title></head><body></body></html>";
    (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "text/html")], page).into_response()
}

/// Half an answer, then a broken connection.
fn cut_off(answer: &Value) -> Response {
    let whole = answer.to_string();
    let half = Bytes::copy_from_slice(&whole.as_bytes()[..whole.len() / 2]);
    let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "cut off on request");
    let parts = futures::stream::iter([Ok(half), Err(broken)]);
    let mut response = Body::from_stream(parts).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, whole.len().max(2).into());
    response
}

//! The door of the Admin API: token, body, faults, answer.
//!
//! What comes in: HTTP. What goes out: HTTP, with the version that is really served in `X-Shopify-API-Version`. The work itself
//! runs in a task of its own, so that a client that hangs up does not stop what was begun, just as in a real shop.
//! Next in the flow: [`super::graphql`].

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;

use super::faults::Fault;
use super::graphql::{self, Prepared};
use super::{Core, bulk};
use crate::sandbox::locked;

/// The largest request body the door takes.
const MOST_BYTES: usize = 16 << 20;

/// An answer that is never sent is given up after this long, like any gateway would.
const NEVER: Duration = Duration::from_secs(60 * 60);

/// Serves until the shop closes.
pub(super) fn serve(listener: tokio::net::TcpListener, core: Arc<Core>) {
    let closing = core.closing.clone();
    let router = Router::new()
        .route("/admin/api/{version}/graphql.json", post(call))
        .route("/admin/oauth/access_token", post(grant))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .merge(
            Router::new()
                .route("/staged-uploads", post(bulk::stage))
                .route("/bulk/{id}/result.jsonl", get(bulk::fetch))
                .layer(DefaultBodyLimit::max(bulk::MOST_BYTES)),
        )
        .with_state(core);
    tokio::spawn(async move {
        // Serving ends with an error only when the listener breaks, which clients see for themselves.
        let _ = axum::serve(listener, router).with_graceful_shutdown(closing.cancelled_owned()).await;
    });
}

async fn call(Shared(core): Shared<Arc<Core>>, headers: HeaderMap, body: Bytes) -> Response {
    let version = locked(&core.state).options.api_version.clone();
    let mut response = match tokio::spawn(answer(core, headers, body)).await {
        Ok(response) => response,
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
    };
    if let Ok(version) = version.parse() {
        response.headers_mut().insert("x-shopify-api-version", version);
    }
    response
}

async fn answer(core: Arc<Core>, headers: HeaderMap, body: Bytes) -> Response {
    let token = headers.get("x-shopify-access-token").and_then(|token| token.to_str().ok());
    if !locked(&core.state).lets_in(token) {
        return unauthorised();
    }
    let Ok(request) = serde_json::from_slice::<graphql::Request>(&body) else {
        return problem(StatusCode::BAD_REQUEST, "Bad Request: the body is no GraphQL request in JSON");
    };
    let prepared = match graphql::prepare(&request) {
        Ok(prepared) => prepared,
        Err(errors) => return json_answer(&errors),
    };
    let mut clears = core.faults.clears();
    let fault = core.faults.decide(&prepared.operations);
    match fault {
        Some(Fault::ErrorBeforeCommit(status)) => return problem(status_of(status), "The shop has a problem"),
        Some(Fault::TooManyRequests(seconds)) => {
            let mut response = problem(StatusCode::TOO_MANY_REQUESTS, "Too many requests");
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            return response;
        }
        Some(Fault::Throttled) => return json_answer(&throttled_for_nothing(&core, &prepared)),
        Some(Fault::Unauthorised) => return unauthorised(),
        Some(Fault::UntilCleared) => {
            let _ = core.closing.run_until_cancelled(clears.changed()).await;
        }
        _ => {}
    }
    let answered = run(&core, &prepared, fault).await;
    bulk::work(&core);
    match fault {
        Some(Fault::TimeoutAfterCommit) => {
            core.closing.run_until_cancelled(tokio::time::sleep(NEVER)).await;
            problem(StatusCode::GATEWAY_TIMEOUT, "The shop took too long")
        }
        Some(Fault::ErrorAfterCommit(status)) => problem(status_of(status), "The shop has a problem"),
        Some(Fault::ResetMidBody) => cut_off(&answered),
        _ => json_answer(&answered),
    }
}

/// The name of the token endpoint among faults.
const GRANT: &str = "access_token";

async fn grant(Shared(core): Shared<Arc<Core>>, headers: HeaderMap, body: Bytes) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return problem(StatusCode::BAD_REQUEST, "Bad Request: not a form");
    }
    let fault = core.faults.decide(&[GRANT.to_owned()]);
    match fault {
        Some(Fault::ErrorBeforeCommit(status)) => return problem(status_of(status), "The shop has a problem"),
        Some(Fault::TooManyRequests(_) | Fault::Throttled) => {
            return problem(StatusCode::TOO_MANY_REQUESTS, "Too many requests");
        }
        Some(Fault::Unauthorised) => return unauthorised(),
        Some(Fault::Slow(for_long)) => {
            core.closing.run_until_cancelled(tokio::time::sleep(for_long)).await;
        }
        _ => {}
    }
    let form = form_of(&body);
    let granted = locked(&core.state).grant(&form);
    let (status, answer) = match granted {
        Ok(answer) => (200, answer),
        Err(refused) => refused,
    };
    match fault {
        Some(Fault::TimeoutAfterCommit) => {
            core.closing.run_until_cancelled(tokio::time::sleep(NEVER)).await;
            problem(StatusCode::GATEWAY_TIMEOUT, "The shop took too long")
        }
        Some(Fault::ErrorAfterCommit(status)) => problem(status_of(status), "The shop has a problem"),
        Some(Fault::ResetMidBody) => cut_off(&answer),
        _ => (status_of(status), axum::Json(answer)).into_response(),
    }
}

/// The fields of a form.
fn form_of(body: &[u8]) -> std::collections::BTreeMap<String, String> {
    let Ok(mut paper) = reqwest::Url::parse("form:") else { return std::collections::BTreeMap::new() };
    paper.set_query(std::str::from_utf8(body).ok());
    paper.query_pairs().into_owned().collect()
}

/// Runs a document and sends the webhooks it caused.
async fn run(core: &Core, prepared: &Prepared, fault: Option<Fault>) -> serde_json::Value {
    let admitted = locked(&core.state).admit(prepared);
    let ticket = match admitted {
        Ok(ticket) => ticket,
        Err(refusal) => return refusal,
    };
    if let Some(Fault::Slow(for_long)) = fault {
        core.closing.run_until_cancelled(tokio::time::sleep(for_long)).await;
    }
    let (answered, notices) = {
        let mut state = locked(&core.state);
        let answered = state.execute(prepared, &ticket);
        (answered, state.take_notices())
    };
    core.post_office.post(notices).await;
    answered
}

fn throttled_for_nothing(core: &Core, prepared: &Prepared) -> serde_json::Value {
    locked(&core.state).throttle(prepared)
}

fn unauthorised() -> Response {
    problem(StatusCode::UNAUTHORIZED, "[API] Invalid API key or access token (unrecognized login or wrong password)")
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn problem(status: StatusCode, text: &str) -> Response {
    (status, axum::Json(json!({ "errors": text }))).into_response()
}

fn json_answer(answer: &serde_json::Value) -> Response {
    axum::Json(answer).into_response()
}

/// Half an answer, then a broken connection.
fn cut_off(answer: &serde_json::Value) -> Response {
    let whole = answer.to_string();
    let half = Bytes::copy_from_slice(&whole.as_bytes()[..whole.len() / 2]);
    let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "cut off on request");
    let parts = futures::stream::iter([Ok(half), Err(broken)]);
    let mut response = Body::from_stream(parts).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, whole.len().into());
    response
}

//! The admin address: `GET /healthz`, `/readyz`, `/metrics`.
//!
//! What comes in: requests of operators and their machines. What goes out: health as JSON, metrics as text. It listens on
//! this machine alone unless it has a token, which is compared in constant time. `/healthz` asks for no token: it says
//! nothing but that the process is alive, and the machines that ask cannot always send headers.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use subtle::ConstantTimeEq;
use tokio::time::timeout;

use super::health::Health;
use super::metrics::set_gauges;
use crate::domain::Secret;
use crate::journal::Journal;

/// How long a scrape waits for the journal's figures before it answers without them.
const FIGURES_DEADLINE: Duration = Duration::from_secs(2);

/// What stands before the token.
const SCHEME: &[u8] = b"Bearer ";

/// What the admin address answers from.
#[derive(Clone)]
pub struct Admin {
    /// The process's health.
    pub health: Health,
    /// The process's metrics.
    pub metrics: PrometheusHandle,
    /// Where the figures of waiting work come from.
    pub journal: Arc<dyn Journal>,
    /// What callers must show, where the address can be reached from other machines.
    pub token: Option<Secret>,
}

impl Admin {
    /// The routes.
    pub fn router(self) -> Router {
        let state = Arc::new(self);
        Router::new()
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .layer(from_fn_with_state(Arc::clone(&state), authorise))
            .route("/healthz", get(healthz))
            .with_state(state)
    }
}

async fn healthz() -> &'static str {
    "alive\n"
}

async fn readyz(State(admin): State<Arc<Admin>>) -> Response {
    let report = admin.health.report().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}

async fn metrics(State(admin): State<Arc<Admin>>) -> Response {
    // Without an answer the last figures stand; readiness tells that the journal is away.
    if let Ok(Ok(counts)) = timeout(FIGURES_DEADLINE, admin.journal.counts()).await {
        set_gauges(&counts);
    }
    admin.metrics.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], admin.metrics.render()).into_response()
}

async fn authorise(State(admin): State<Arc<Admin>>, request: Request, next: Next) -> Response {
    if let Some(token) = &admin.token {
        let header = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let (scheme, shown) = header.split_at_checked(SCHEME.len()).unwrap_or_default();
        if !scheme.eq_ignore_ascii_case(SCHEME) || !bool::from(shown.ct_eq(token.expose().as_bytes())) {
            let challenge = [(header::WWW_AUTHENTICATE, "Bearer")];
            return (StatusCode::UNAUTHORIZED, challenge, "show the admin token as a bearer token\n").into_response();
        }
    }
    next.run(request).await
}

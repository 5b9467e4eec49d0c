//! The webhook door with storage switched off: the limit that a durable journal is measured against.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context;
use async_trait::async_trait;
use axum::Router;
use axum::routing::get;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::domain::{DeliveryId, NewDelivery, Verified};
use crate::flow::receive::Door;
use crate::journal::{Appended, Intake, JournalError};

/// Forgets everything at once.
struct Nothing;

#[async_trait]
impl Intake for Nothing {
    async fn append(&self, _: Verified<NewDelivery>) -> Result<Appended, JournalError> {
        Ok(Appended::New(DeliveryId(Uuid::now_v7())))
    }
}

/// Serves as the configuration says, storing nothing, until the process is told to end.
pub async fn serve() -> anyhow::Result<()> {
    let path = std::env::var("TILLBRIDGE_CONFIG").context("TILLBRIDGE_CONFIG names no configuration")?;
    let config = crate::config::Config::load(path.as_ref()).map_err(|errors| anyhow::anyhow!("{errors}"))?;
    let mut storefronts = BTreeMap::new();
    for settings in &config.storefronts {
        storefronts.insert(settings.name().clone(), crate::app::storefront(settings)?);
    }
    let stop = CancellationToken::new();
    let door = Door::new(Arc::new(Nothing), storefronts, Arc::default(), config.listen.body_limit, 1024).router();
    let door = crate::ops::web::serve(crate::ops::web::listen(config.listen.webhooks).await?, door, stop.clone());
    let ready = Router::new().route("/readyz", get(|| async { "ready\n" }));
    crate::ops::web::serve(crate::ops::web::listen(config.listen.admin).await?, ready, stop.clone());
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    terminate.recv().await;
    stop.cancel();
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), door).await;
    Ok(())
}

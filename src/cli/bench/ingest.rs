//! Acknowledged-durable webhooks a second at 64 connections, on each journal, against the same server with storage off.

use std::sync::Arc;

use super::child::{Folder, Measured, Scene};
use super::load::{Report, Shape, send};
use super::{Figure, millis, orders, percent};
use crate::sandbox::shopify::lives::invented_catalogue;

/// Connections kept open.
const CONNECTIONS: usize = 64;
/// Webhooks in one round.
const WEBHOOKS: u64 = 40_000;
/// Distinct orders among them; each call is a delivery of its own all the same.
const ORDERS: u64 = 500;

/// Measures storage off, SQLite and, where a server is given, PostgreSQL: as fast as they go, then at half that rate.
pub async fn measure(quick: u64) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let (_, limit, _) = rounds(Measured::Storeless, quick).await?;
    let bytes = limit.1;
    figures.push(Figure::new(
        format!("webhooks/s at {CONNECTIONS} connections, storage off ({bytes} byte bodies)"),
        limit.0.rate().to_string(),
        "the limit of this machine",
    ));
    let mut journals = vec![(Measured::Sqlite, "SQLite")];
    if std::env::var_os("DATABASE_URL").is_some() {
        journals.push((Measured::Postgres, "PostgreSQL"));
    }
    for (journal, name) in journals {
        let (_, (full, _), half) = rounds(journal, quick).await?;
        figures.push(Figure::new(
            format!("acknowledged-durable webhooks/s, {name}"),
            full.rate().to_string(),
            format!(
                "{} of storage off; p50 {}, p99 {}",
                percent(full.rate(), limit.0.rate()),
                millis(full.quantile(500)),
                millis(full.quantile(990))
            ),
        ));
        figures.push(Figure::new(
            format!("acknowledgement at half that rate, {name}"),
            format!("p50 {}, p99 {}", millis(half.quantile(500)), millis(half.quantile(990))),
            format!("p99 is {} × p50", half.quantile(990).as_micros() / half.quantile(500).as_micros().max(1)),
        ));
    }
    Ok(figures)
}

/// Warm-up, full speed, half speed.
async fn rounds(measured: Measured, quick: u64) -> anyhow::Result<(Report, (Report, usize), Report)> {
    let folder = Folder::new()?;
    let scene = Scene::set(measured, "receive", &folder, 20).await?;
    let currency = scene.town.office.base_currency().await?;
    let goods = invented_catalogue(currency, 40);
    let signed = Arc::new(orders::signed_orders(ORDERS, currency, &goods, &scene.town.shop.secret()));
    let bytes = signed.iter().map(|(body, _)| body.len()).sum::<usize>() / signed.len().max(1);
    let address = scene.process.webhooks;
    let round = |run: &'static str, requests: u64, rate: Option<u64>| {
        let requests_made = orders::calls(Arc::clone(&signed), &scene.town, run);
        send(address, Shape { connections: CONNECTIONS, requests, rate }, requests_made)
    };
    let warm = round("warm", WEBHOOKS / quick / 8, None).await?;
    let full = round("full", WEBHOOKS / quick, None).await?;
    anyhow::ensure!(full.failed == 0, "{} of {} webhooks were not accepted", full.failed, WEBHOOKS / quick);
    let half = round("half", WEBHOOKS / quick / 2, Some(full.rate() / 2)).await?;
    scene.end().await?;
    Ok((warm, (full, bytes), half))
}

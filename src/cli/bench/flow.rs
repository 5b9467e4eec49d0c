//! From a webhook's receipt to its invoice in the office's books: latency at a steady rate, and the highest sustained rate.

use std::sync::Arc;
use std::time::Duration;

use super::child::{Folder, Measured, Scene};
use super::load::{Shape, send};
use super::{Figure, millis, orders};
use crate::domain::EventType;
use crate::journal::{Journal, Selection};

/// Webhooks a second in the steady part, and how many.
const STEADY: (u64, u64) = (200, 4_000);
/// Webhooks sent as fast as they are taken, to see how fast invoices follow.
const FLOOD: u64 = 20_000;

/// Measures the embedded deployment and, where servers are given, the distributed one with one process.
pub async fn measure(quick: u64) -> anyhow::Result<Vec<Figure>> {
    let mut figures = one(Measured::Sqlite, "embedded", quick).await?;
    if std::env::var_os("DATABASE_URL").is_some() && std::env::var_os("AMQP_URL").is_some() {
        figures.extend(one(Measured::Distributed, "distributed, one process", quick).await?);
    }
    Ok(figures)
}

async fn one(measured: Measured, name: &str, quick: u64) -> anyhow::Result<Vec<Figure>> {
    let folder = Folder::new()?;
    let scene = Scene::set(measured, "receive,normalise,publish,handle,poll", &folder, 20).await?;
    scene.catalogue_on_the_web().await?;
    let currency = scene.town.office.base_currency().await?;
    let goods = scene.town.shop.catalogue();
    let (steady, flood) = (STEADY.1 / quick, FLOOD / quick);
    let signed = orders::signed_orders(steady + flood, currency, &goods, &scene.town.shop.secret());
    let (first, second) = signed.split_at(usize::try_from(steady).unwrap_or(0));

    let shape = Shape { connections: 16, requests: steady, rate: Some(STEADY.0) };
    send(scene.process.webhooks, shape, orders::calls(Arc::new(first.to_vec()), &scene.town, "steady")).await?;
    scene.invoices_reach(steady).await?;

    let shape = Shape { connections: 64, requests: flood, rate: None };
    let begun = tokio::time::Instant::now();
    let ticks = scene.process.processor_ticks()?;
    let sent =
        send(scene.process.webhooks, shape, orders::calls(Arc::new(second.to_vec()), &scene.town, "flood")).await?;
    let ingest = sent.rate();
    scene.invoices_reach(steady + flood).await?;
    let micros = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX).max(1);
    let sustained = flood * 1_000_000 / micros;
    let work_micros = (scene.process.processor_ticks()? - ticks) * 10_000 / flood.max(1);

    let journal = scene.end_and_open_journal().await?;
    let latencies = latencies(journal.as_ref(), steady).await?;
    let at = |permille: usize| {
        latencies
            .get((latencies.len() * permille / 1000).min(latencies.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    };
    Ok(vec![
        Figure::new(
            format!("webhook → invoice booked at {}/s, {name}", STEADY.0),
            format!("p50 {}, p99 {}", millis(at(500)), millis(at(990))),
            format!("{} invoices", latencies.len()),
        ),
        Figure::new(
            format!("invoices/s sustained, {name}"),
            sustained.to_string(),
            format!(
                "webhooks were taken at {ingest}/s meanwhile; {} of a processor for each",
                millis(Duration::from_micros(work_micros))
            ),
        ),
    ])
}

/// From receipt to settlement, of the first so many sales.
async fn latencies(journal: &dyn Journal, count: u64) -> anyhow::Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut after = None;
    while (latencies.len() as u64) < count {
        let selection =
            Selection { event_type: Some(EventType::SaleInvoiced), after, limit: 1_000, ..Selection::default() };
        let rows = journal.events(&selection).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.row);
        for row in rows.iter().take(usize::try_from(count).unwrap_or(0) - latencies.len()) {
            let Some(trace) = journal.trace(row.id.0).await? else { continue };
            let done = trace.events.iter().flat_map(|event| &event.handlings).map(|handling| handling.changed_at).max();
            if let Some(done) = done {
                latencies.push(Duration::try_from(done.duration_since(trace.delivery.received_at)).unwrap_or_default());
            }
        }
    }
    latencies.sort_unstable();
    Ok(latencies)
}

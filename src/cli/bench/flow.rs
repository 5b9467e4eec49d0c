//! From a webhook's receipt to its invoice in the office's books: latency at a steady rate, and the highest sustained rate.

use std::sync::Arc;
use std::time::Duration;

use super::child::Folder;
use super::load::{Shape, send};
use super::scene::{Measured, Scene};
use super::scope::Scope;
use super::{Figure, millis, orders, per_second, quantile};
use crate::domain::EventType;
use crate::journal::{Journal, Selection};

/// Webhooks a second in the steady part, and how many.
const STEADY: (u64, u64) = (200, 4_000);
/// Webhooks sent as fast as they are taken, to see how fast invoices follow.
const FLOOD: u64 = 20_000;

/// Processes that do the work, beside one that does the rest.
const WORKERS: [usize; 3] = [1, 2, 4];
/// Everything one process can do.
pub const ALL_ROLES: &str = "receive,normalise,publish,handle,poll";

/// Measures the embedded deployment and, where servers are given, the distributed one: in one process, and with workers of its own.
pub async fn measure(scope: Scope) -> anyhow::Result<Vec<Figure>> {
    let (quick, mut figures) = (scope.quick, Vec::new());
    if scope.embedded() {
        figures.extend(one(Measured::Sqlite, None, "embedded", quick).await?);
    }
    if scope.distributed() {
        figures.extend(one(Measured::Distributed, None, "distributed, one process", quick).await?);
        for workers in WORKERS {
            let name = format!("distributed, {workers} of the processes work");
            figures.extend(one(Measured::Distributed, Some(workers), &name, quick).await?);
        }
    }
    Ok(figures)
}

async fn one(measured: Measured, workers: Option<usize>, name: &str, quick: u64) -> anyhow::Result<Vec<Figure>> {
    let folder = Folder::new()?;
    let roles = workers.map_or(ALL_ROLES, |_| "receive,normalise,publish,poll");
    let mut scene = Scene::set(measured, roles, &folder, 20).await?;
    for _ in 0..workers.unwrap_or(0) {
        scene.joined_by("handle").await?;
    }
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
    let ticks = scene.processor_ticks()?;
    let sent =
        send(scene.process.webhooks, shape, orders::calls(Arc::new(second.to_vec()), &scene.town, "flood")).await?;
    let ingest = sent.rate();
    scene.invoices_reach(steady + flood).await?;
    let sustained = per_second(flood, begun.elapsed());
    let work_micros = (scene.processor_ticks()? - ticks) * 10_000 / flood.max(1);

    scene.end_processes().await?;
    let latencies = latencies(scene.open_journal().await?.as_ref(), steady).await?;
    scene.end().await?;
    let at = |permille: usize| quantile(&latencies, permille);
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

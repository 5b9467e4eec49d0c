//! Acknowledged-durable webhooks a second at one, 64 and 256 connections, on each journal, against the same server with storage off.

use std::sync::Arc;

use super::child::Folder;
use super::load::{Report, Shape, send};
use super::scene::{Measured, Scene};
use super::scope::Scope;
use super::{Figure, millis, orders, percent};
use crate::sandbox::shopify::lives::invented_catalogue;

/// Connections kept open, and webhooks in one round over them.
const ROUNDS: [(usize, u64); 3] = [(1, 4_000), (64, 40_000), (256, 40_000)];
/// The connections over which half the highest rate is sent.
const HALF_AT: usize = 64;
/// Distinct orders among them; each call is a delivery of its own all the same.
const ORDERS: u64 = 500;

/// Measures storage off, SQLite and, where a server is given, PostgreSQL: as fast as they go, then at half that rate.
pub async fn measure(scope: Scope) -> anyhow::Result<Vec<Figure>> {
    let (quick, mut figures) = (scope.quick, Vec::new());
    let limit = rounds(Measured::Storeless, quick).await?;
    for (connections, full) in &limit.full {
        figures.push(Figure::new(
            format!("webhooks/s, {}, storage off ({} byte bodies)", over(*connections), limit.bytes),
            full.rate().to_string(),
            format!("the limit of this machine; {}", quantiles(full)),
        ));
    }
    let journals =
        [(Measured::Sqlite, "SQLite", scope.embedded()), (Measured::Postgres, "PostgreSQL", scope.postgres())];
    for (journal, name, _) in journals.into_iter().filter(|(.., is_wanted)| *is_wanted) {
        let found = rounds(journal, quick).await?;
        for ((connections, full), (_, limit)) in found.full.iter().zip(&limit.full) {
            figures.push(Figure::new(
                format!("acknowledged-durable webhooks/s, {}, {name}", over(*connections)),
                full.rate().to_string(),
                format!("{} of storage off; {}", percent(full.rate(), limit.rate()), quantiles(full)),
            ));
        }
        let half = found.half;
        figures.push(Figure::new(
            format!("acknowledgement at half the rate of {}, {name}", over(HALF_AT)),
            quantiles(&half),
            format!("p99 is {} × p50", half.quantile(990).as_micros() / half.quantile(500).as_micros().max(1)),
        ));
    }
    Ok(figures)
}

fn over(connections: usize) -> String {
    if connections == 1 { "one connection".to_owned() } else { format!("{connections} connections") }
}

fn quantiles(report: &Report) -> String {
    let at = |permille| millis(report.quantile(permille));
    format!("p50 {}, p99 {}, p99.9 {}", at(500), at(990), at(999))
}

/// What one server did.
struct Rounds {
    /// Full speed, by connections.
    full: Vec<(usize, Report)>,
    /// Half speed.
    half: Report,
    /// Bytes in a body.
    bytes: usize,
}

/// Warm-up, full speed at each number of connections, half speed.
async fn rounds(measured: Measured, quick: u64) -> anyhow::Result<Rounds> {
    let folder = Folder::new()?;
    let scene = Scene::set(measured, "receive", &folder, 20).await?;
    let currency = scene.town.office.base_currency().await?;
    let goods = invented_catalogue(currency, 40);
    let signed = Arc::new(orders::signed_orders(ORDERS, currency, &goods, &scene.town.shop.secret()));
    let bytes = signed.iter().map(|(body, _)| body.len()).sum::<usize>() / signed.len().max(1);
    let address = scene.process.webhooks;
    let round = |run: &str, connections: usize, requests: u64, rate: Option<u64>| {
        let requests_made = orders::calls(Arc::clone(&signed), &scene.town, run);
        send(address, Shape { connections, requests: requests / quick, rate }, requests_made)
    };
    round("warm", HALF_AT, 5_000, None).await?;
    let mut full = Vec::new();
    for (connections, requests) in ROUNDS {
        let report = round(&format!("full-{connections}"), connections, requests, None).await?;
        anyhow::ensure!(report.failed == 0, "{} of {} webhooks were not accepted", report.failed, requests / quick);
        full.push((connections, report));
    }
    let highest = full.iter().find(|(connections, _)| *connections == HALF_AT).map_or(0, |(_, report)| report.rate());
    let half = round("half", HALF_AT, 20_000, Some(highest / 2)).await?;
    scene.end().await?;
    Ok(Rounds { full, half, bytes })
}

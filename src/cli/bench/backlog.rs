//! A backlog: deliveries are taken while nobody works on them, then all of it is worked off.

use std::time::Duration;

use anyhow::ensure;
use tokio::time::Instant;

use super::flow::ALL_ROLES;
use super::load::{Requests, Shape, send};
use super::per_second;
use super::scene::Scene;

/// Connections the load comes over.
const CONNECTIONS: usize = 64;
/// How often it is looked how far it has come.
const LOOK: Duration = Duration::from_millis(100);

/// How a backlog was taken and worked off.
pub struct WorkedOff {
    /// Deliveries a second while it was taken.
    pub taken: u64,
    /// Deliveries a second while it was worked off, each to its invoice in the books.
    pub drained: u64,
    /// Resident memory in KiB when the last invoice was booked.
    pub resident_kib: u64,
    /// The most resident memory in KiB while it was worked off.
    pub peak_kib: u64,
}

/// Sends so many orders to a bridge whose catalogue is on the web, and has them worked off by a process of all roles.
///
/// # Errors
/// When a delivery is refused, or the work does not come to an end.
pub async fn worked_off(scene: &mut Scene, count: u64, requests: Requests) -> anyhow::Result<WorkedOff> {
    let before = invoices(scene).await?;
    scene.goes_on_as("receive").await?;
    let shape = Shape { connections: CONNECTIONS, requests: count, rate: None };
    let sent = send(scene.process.webhooks, shape, requests).await?;
    ensure!(sent.failed == 0, "{} of {count} webhooks were not accepted", sent.failed);
    ensure!(invoices(scene).await? == before, "somebody worked on what was to be a backlog");
    scene.goes_on_as(ALL_ROLES).await?;
    let begun = Instant::now();
    let (mut booked, mut moved) = (before, begun);
    while booked < before + count {
        let now = invoices(scene).await?;
        if now > booked {
            (booked, moved) = (now, Instant::now());
        }
        ensure!(moved.elapsed() < super::stock::PATIENCE, "only {} of {count} invoices were booked", booked - before);
        tokio::time::sleep(LOOK).await;
    }
    Ok(WorkedOff {
        taken: sent.rate(),
        drained: per_second(count, begun.elapsed()),
        resident_kib: scene.process.resident_kib()?,
        peak_kib: scene.process.peak_kib()?,
    })
}

async fn invoices(scene: &Scene) -> anyhow::Result<u64> {
    Ok(u64::try_from(scene.town.office.document_counts().await?.0)?)
}

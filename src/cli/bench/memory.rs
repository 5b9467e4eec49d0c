//! Resident memory of the whole bridge in one process: at start, and after 100,000 deliveries.

use std::sync::Arc;

use super::child::Folder;
use super::load::{Shape, send};
use super::scene::{Measured, Scene};
use super::{Figure, orders};

/// Deliveries sent.
const DELIVERIES: u64 = 100_000;
/// Distinct orders among them; the rest are known orders in new deliveries, which end as ignored.
const ORDERS: u64 = 10_000;

/// Measures the embedded deployment.
pub async fn measure(quick: u64) -> anyhow::Result<Vec<Figure>> {
    let folder = Folder::new()?;
    let scene = Scene::set(Measured::Sqlite, "receive,normalise,publish,handle,poll", &folder, 20).await?;
    scene.catalogue_on_the_web().await?;
    let start = scene.process.resident_kib()?;
    let currency = scene.town.office.base_currency().await?;
    let goods = scene.town.shop.catalogue();
    let signed = Arc::new(orders::signed_orders(ORDERS / quick, currency, &goods, &scene.town.shop.secret()));
    let shape = Shape { connections: 64, requests: DELIVERIES / quick, rate: None };
    let sent = send(scene.process.webhooks, shape, orders::calls(signed, &scene.town, "memory")).await?;
    let loaded = scene.process.resident_kib()?;
    scene.invoices_reach(ORDERS / quick).await?;
    let end = scene.process.resident_kib()?;
    scene.end().await?;
    let mib = |kib: u64| format!("{} MiB", kib / 1024);
    Ok(vec![
        Figure::new("resident memory at start, catalogue on the web", mib(start), "the whole bridge in one process"),
        Figure::new(
            format!("resident memory after {} deliveries", sent.accepted),
            mib(end),
            format!("{} right after the last was taken", mib(loaded)),
        ),
    ])
}

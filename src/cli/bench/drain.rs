//! A backlog of a million orders: how fast it is worked off, and what memory that takes.

use super::backlog::worked_off;
use super::child::Folder;
use super::flow::ALL_ROLES;
use super::scene::{Measured, Scene};
use super::scope::Scope;
use super::{Figure, orders};

/// Orders in the backlog, each another one.
const BACKLOG: u64 = 1_000_000;
/// As many as fit into the journal's first batches, for comparison.
const SMALL: u64 = 10_000;

/// Measures the embedded deployment and, where servers are given, the distributed one in one process.
pub async fn measure(scope: Scope) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if scope.embedded() {
        figures.extend(one(Measured::Sqlite, "embedded", scope.quick).await?);
    }
    if scope.distributed() {
        figures.extend(one(Measured::Distributed, "distributed", scope.quick).await?);
    }
    Ok(figures)
}

async fn one(measured: Measured, name: &str, quick: u64) -> anyhow::Result<Vec<Figure>> {
    let folder = Folder::new()?;
    let mut scene = Scene::set(measured, ALL_ROLES, &folder, 20).await?;
    scene.catalogue_on_the_web().await?;
    let currency = scene.town.office.base_currency().await?;
    let calls = |from| orders::invented_calls(from, currency, scene.town.shop.catalogue(), &scene.town, "backlog");
    let (first, then) = (calls(0), calls(SMALL));
    let small = worked_off(&mut scene, SMALL / quick, first).await?;
    let count = BACKLOG / quick;
    let large = worked_off(&mut scene, count, then).await?;
    scene.end().await?;
    Ok(vec![
        Figure::new(
            format!("orders/s worked off from a backlog of {count}, {name}"),
            large.drained.to_string(),
            format!("{} from a backlog of {}", small.drained, SMALL / quick),
        ),
        Figure::new(
            format!("resident memory meanwhile, {name}"),
            format!("{} MiB at most", large.peak_kib / 1024),
            format!(
                "{} MiB at most with the small one; {} MiB at the end",
                small.peak_kib / 1024,
                large.resident_kib / 1024
            ),
        ),
    ])
}

//! From a change in the office to the shop that shows it: latency at a steady rate of till sales, each of another SKU.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::child::Folder;
use super::flow::ALL_ROLES;
use super::scene::{Measured, Scene};
use super::{Figure, millis, quantile};
use crate::domain::{BranchCode, Sku};
use crate::rehearsal::BRANCHES;

/// Sales a second at the tills, and how many.
const STEADY: (u64, u64) = (20, 600);
/// Styles needed for so many SKUs.
const STYLES: u32 = 240;
/// How often the shop is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// Measures the embedded deployment.
pub async fn measure(quick: u64) -> anyhow::Result<Vec<Figure>> {
    let folder = Folder::new()?;
    let scene = Scene::set(Measured::Sqlite, ALL_ROLES, &folder, STYLES).await?;
    scene.catalogue_on_the_web().await?;
    let before = scene.town.shop.api_calls();
    let count = usize::try_from(STEADY.1 / quick)?;
    let skus: Vec<Sku> = scene.town.assortment.skus.iter().take(count).cloned().collect();
    let branch = BranchCode::parse(BRANCHES[0])?;

    // What is not shown yet: when it was sold, and what the shop showed before.
    let mut open: HashMap<Sku, (Instant, i64)> = HashMap::new();
    let mut latencies = Vec::new();
    let begun = Instant::now();
    let mut sold = 0_u32;
    while latencies.len() < skus.len() {
        let due = begun + Duration::from_secs(1) * sold / u32::try_from(STEADY.0)?;
        if let Some(sku) = skus.get(usize::try_from(sold)?)
            && due <= Instant::now()
        {
            let shown = on_hand(&scene, sku);
            scene.town.office.sell_at_till(sku, &branch, 1).await?;
            open.insert(sku.clone(), (Instant::now(), shown));
            sold += 1;
        }
        open.retain(|sku, (since, shown)| {
            let is_open = on_hand(&scene, sku) == *shown;
            if !is_open {
                latencies.push(since.elapsed());
            }
            is_open
        });
        anyhow::ensure!(begun.elapsed() < super::stock::PATIENCE, "the shop never showed {} sales", open.len());
        tokio::time::sleep(LOOK).await;
    }
    latencies.sort_unstable();
    let calls = |all: &crate::sandbox::shopify::ApiCalls| {
        all.by_operation.values().fold((0, 0), |(calls, points), one| (calls + one.calls, points + one.actual))
    };
    let ((calls_before, points_before), (calls, points)) = (calls(&before), calls(&scene.town.shop.api_calls()));
    scene.end().await?;
    let (calls, points) = (calls - calls_before, points - points_before);
    let tenths = latencies.len() as u64 * 10 / points.max(1);
    Ok(vec![Figure::new(
        format!("till sale → shown on the web at {}/s, the office asked every second", STEADY.0),
        format!("p50 {}, p99 {}", millis(quantile(&latencies, 500)), millis(quantile(&latencies, 990))),
        format!("{} changes in {calls} calls, {}.{} for each API point", latencies.len(), tenths / 10, tenths % 10),
    )])
}

fn on_hand(scene: &Scene, sku: &Sku) -> i64 {
    scene.town.shop.stock(sku.as_str(), BRANCHES[0]).map_or(0, |figures| figures.on_hand)
}

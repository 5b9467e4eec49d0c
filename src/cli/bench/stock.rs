//! What 1,000 scattered stock changes cost at the shop's API, against one call per change.

use std::time::Duration;

use super::Figure;
use super::child::Folder;
use super::scene::{Measured, Scene};
use crate::domain::BranchCode;
use crate::rehearsal::BRANCHES;

/// Stock changes at once, each of another SKU.
const CHANGES: usize = 1_000;
/// Styles needed for so many SKUs.
const STYLES: u32 = 240;
/// The root field of stock writes.
const OPERATION: &str = "inventorySetQuantities";

/// Measures the bridge's calls after all changes were made at once, and the price of one call with one row.
pub async fn measure() -> anyhow::Result<Vec<Figure>> {
    let folder = Folder::new()?;
    let scene = Scene::set(Measured::Sqlite, "receive,normalise,publish,handle,poll", &folder, STYLES).await?;
    scene.catalogue_on_the_web().await?;
    let skus: Vec<_> = scene.town.assortment.skus.iter().take(CHANGES).cloned().collect();
    anyhow::ensure!(skus.len() == CHANGES, "the assortment has only {} SKUs", skus.len());
    let branch = BranchCode::parse(BRANCHES[0])?;

    let before = scene.town.shop.api_calls().of(OPERATION);
    scene.town.office.sell_at_till(&skus[0], &branch, 1).await?;
    scene.agreed().await?;
    let one = scene.town.shop.api_calls().of(OPERATION);
    let naive = (one.actual - before.actual) * CHANGES as u64;

    for sku in &skus {
        scene.town.office.sell_at_till(sku, &branch, 1).await?;
    }
    scene.agreed().await?;
    let after = scene.town.shop.api_calls().of(OPERATION);
    scene.end().await?;
    let (calls, cost) = (after.calls - one.calls, after.actual - one.actual);
    let tenths = cost * 1000 / naive.max(1);
    Ok(vec![Figure::new(
        format!("API cost of {CHANGES} scattered stock changes"),
        format!("{cost} points in {calls} calls"),
        format!("{}.{} % of one call per change ({naive} points)", tenths / 10, tenths % 10),
    )])
}

/// How long both sides may take to agree.
pub const PATIENCE: Duration = Duration::from_secs(300);

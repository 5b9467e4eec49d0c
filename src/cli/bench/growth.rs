//! Whether work slows down as the journal grows: the same orders are taken, worked off and let go of after a past of 10⁴, 10⁶ and
//! 10⁷ rows.

use super::backlog::{WorkedOff, worked_off};
use super::child::Folder;
use super::flow::ALL_ROLES;
use super::past;
use super::scene::{Measured, Scene};
use super::scope::Scope;
use super::sweep::{self, LetGo};
use super::{Figure, millis, orders, percent};

/// Rows of the past, in all tables together.
const ROWS: [u64; 3] = [10_000, 1_000_000, 10_000_000];
/// Orders taken and worked off after each.
const ORDERS: u64 = 20_000;

/// Measures the embedded deployment and, where servers are given, the distributed one in one process.
pub async fn measure(scope: Scope) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if scope.embedded() {
        figures.extend(one(Measured::Sqlite, "SQLite", scope.quick).await?);
    }
    if scope.distributed() {
        figures.extend(one(Measured::Distributed, "PostgreSQL", scope.quick).await?);
    }
    Ok(figures)
}

async fn one(measured: Measured, name: &str, quick: u64) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let mut first: Option<(WorkedOff, LetGo)> = None;
    for rows in ROWS.map(|rows| rows / quick) {
        let folder = Folder::new()?;
        let mut scene = Scene::set(measured, ALL_ROLES, &folder, 20).await?;
        scene.catalogue_on_the_web().await?;
        scene.end_processes().await?;
        past::invented(scene.journal(), rows).await?;
        let currency = scene.town.office.base_currency().await?;
        let goods = scene.town.shop.catalogue();
        let calls = orders::invented_calls(0, currency, goods, &scene.town, "growth");
        let found = worked_off(&mut scene, ORDERS / quick, calls).await?;
        scene.end_processes().await?;
        let let_go = sweep::of_everything(scene.open_journal().await?.as_ref()).await?;
        scene.end().await?;
        let compared = || "what the others are compared with".to_owned();
        let beside = first.as_ref().map_or_else(compared, |(first, _)| {
            format!("{} and {} of that", percent(found.taken, first.taken), percent(found.drained, first.drained))
        });
        figures.push(Figure::new(
            format!("webhooks/s taken, orders/s worked off after {rows} rows, {name}"),
            format!("{}, {}", found.taken, found.drained),
            beside,
        ));
        let beside = first.as_ref().map_or_else(compared, |(_, first)| percent(let_go.rate, first.rate) + " of that");
        let [half, most, longest] = let_go.batches.map(millis);
        figures.push(Figure::new(
            format!("rows/s let go of after {rows} rows, {name}"),
            format!("{}", let_go.rate),
            format!("{beside}; {} in batches of p50 {half}, p99 {most}, {longest} at most", let_go.count),
        ));
        first = first.or(Some((found, let_go)));
    }
    Ok(figures)
}

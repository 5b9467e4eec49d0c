//! What the storefront shows against what it should show: the look of a stocktake.
//!
//! What comes in: places. What goes out: those that differ. The storefront is looked at first and the office last, so that what
//! happens in between is a difference the next look finds gone, never one that is overlooked.

use crate::domain::{BranchCode, Sku, Version};
use crate::handlers::Desk;
use crate::journal::LinkKind;

use super::figures::{Unread, read};
use super::{Shown, StockLevel};

/// A figure at the storefront that is not what it should be, or not what the bridge believes it to be, or could not be explained.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Drift {
    /// What.
    pub sku: Sku,
    /// Where.
    pub branch: BranchCode,
    /// What the storefront shows.
    pub shown: i64,
    /// What it should show.
    pub should: i64,
    /// What the bridge believed it to show, where it has ever written there.
    pub believed: Option<i64>,
    /// Whether pieces there are not explained yet: a sale nobody has told of, or a write whose answer was lost.
    pub doubted: bool,
    /// The version of the office's figure.
    #[serde(skip)]
    pub version: Version,
}

/// How some places stand.
#[derive(Debug, Default)]
pub struct Look {
    /// How many were compared.
    pub compared: usize,
    /// Those that differ.
    pub drifts: Vec<Drift>,
    /// SKUs that have no place at the storefront.
    pub absent: usize,
}

/// What the storefront shows at places, read before anything else is asked.
#[derive(Debug)]
pub struct Seen(Vec<((Sku, BranchCode), i64)>, usize);

/// Looks at the storefront.
///
/// # Errors
/// [`Unread`] when it or the journal does not answer.
pub async fn look(desk: &Desk<'_>, places: Vec<(Sku, BranchCode)>) -> Result<Seen, Unread> {
    let skus: Vec<String> = places.iter().map(|(sku, _)| sku.to_string()).collect();
    let items = desk.journal.links(&desk.channel.name, LinkKind::StockItem, &skus).await?;
    let (mut known, mut asked) = (Vec::new(), Vec::new());
    let total = places.len();
    for (place, item) in places.into_iter().zip(items) {
        let location = desk.channel.stock.locations.get(&place.1);
        if let Some((item, location)) = item.zip(location) {
            asked.push((item, location.clone()));
            known.push(place);
        }
    }
    let shown = desk.storefront.stock(desk.channel.stock.figure, &asked).await.map_err(Unread::Call)?;
    let seen: Vec<_> = known.into_iter().zip(shown).filter_map(|(place, shown)| Some((place, shown?))).collect();
    let absent = total - seen.len();
    Ok(Seen(seen, absent))
}

/// Compares what was seen with what is known by now.
///
/// # Errors
/// [`Unread`] when the office or the journal does not answer.
pub async fn compare(desk: &Desk<'_>, Seen(seen, absent): Seen) -> Result<Look, Unread> {
    let places: Vec<(Sku, BranchCode)> = seen.iter().map(|(place, _)| place.clone()).collect();
    let entities: Vec<String> = places.iter().map(|(sku, branch)| StockLevel::entity(sku, branch)).collect();
    let last = desk.journal.written(&desk.channel.name, &entities).await?;
    let figures = read(desk, &places).await?;
    let mut drifts = Vec::new();
    for ((((sku, branch), shown), figure), last) in seen.into_iter().zip(figures).zip(last) {
        let Some(should) = figure.target else { continue };
        let last = last.and_then(|last| Shown::parse(&last.value));
        let believed = last.as_ref().map(|last| last.by_now(figure.moved));
        let doubted = last.is_some_and(|last| last.is_doubted());
        if shown != should || doubted || believed.is_some_and(|believed| believed != shown) {
            drifts.push(Drift { sku, branch, shown, should, believed, doubted, version: figure.version });
        }
    }
    Ok(Look { compared: places.len(), drifts, absent })
}

//! What is left for a count: figures that nobody can explain and whose news did not come in time.
//!
//! What comes in: the wish of the handler that writes stock, once it has waited long enough. What goes out: the places in doubt.
//! Only asking the storefront for all it sold and looking at it again tells what is true (P5).
//! Next in the flow: `flow::reconcile` reads the wish and counts before its time.

use crate::domain::{BranchCode, Sku, StockLevel, Version};
use crate::handlers::Desk;
use crate::journal::{JournalError, Written};

use super::Shown;

/// Under which name the journal keeps the wish.
const WISH: &str = "stock:recount";

/// The wish for a count, to be kept with the figure that is in doubt.
pub(super) fn wish(desk: &Desk<'_>) -> Written {
    let version = Version(desk.journal.now().as_millisecond());
    Written { entity: WISH.into(), version, value: "wanted".into() }
}

/// The version of the latest wish for a count, where there was one.
///
/// # Errors
/// [`JournalError`] when the journal does not answer.
pub async fn wished(desk: &Desk<'_>) -> Result<Option<Version>, JournalError> {
    let wish = desk.journal.written(&desk.channel.name, &[WISH.to_owned()]).await?.pop().flatten();
    Ok(wish.map(|wish| wish.version))
}

/// Those of these places whose figure cannot be explained.
///
/// # Errors
/// [`JournalError`] when the journal does not answer.
pub async fn in_doubt(desk: &Desk<'_>, places: Vec<(Sku, BranchCode)>) -> Result<Vec<(Sku, BranchCode)>, JournalError> {
    let entities: Vec<String> = places.iter().map(|(sku, branch)| StockLevel::entity(sku, branch)).collect();
    let last = desk.journal.written(&desk.channel.name, &entities).await?;
    let last = last.into_iter().map(|last| last.and_then(|last| Shown::parse(&last.value)));
    let doubted = places.into_iter().zip(last).filter(|(_, last)| last.as_ref().is_some_and(Shown::is_doubted));
    Ok(doubted.map(|(place, _)| place).collect())
}

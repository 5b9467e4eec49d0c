//! `stock.doubted` → the place is decided anew with what is known by now.
//!
//! What comes in: claims that doubt a figure, beside claims that bring one. What goes out: one claim per place, to be decided
//! like any other. A doubt brings no figure and so has no version: it is never older than what was written, and any decision
//! of its place made after it was claimed settles it too (P5).

use std::collections::HashSet;
use std::time::Duration;

use crate::domain::{Fact, Sku, Version};
use crate::handlers::Desk;
use crate::handlers::state::Fresh;
use crate::journal::{Claim, JournalError, Outcome, Settlement};

/// How long a doubt rests, for the credit note that most often follows what raised it: looked at before it is booked, the
/// pieces would be taken off the web and put back a moment later.
const CREDIT_IS_COMING: Duration = Duration::from_secs(1);

/// Whether a claim is a doubt.
pub(super) fn is_one(claim: &Claim) -> bool {
    matches!(claim.event.draft.fact, Fact::StockDoubted(_))
}

/// A doubt of something that the bridge never put on the web.
pub(super) fn not_ours(sku: &Sku) -> Outcome {
    Outcome::Ignored(format!("{sku} is not on the web through this channel"))
}

/// Adds the doubts of a batch to the claims that are to be decided, where none of the same place is among them.
pub(super) async fn join<'a>(desk: &Desk<'_>, batch: &'a [Claim], fresh: &mut Fresh<'a>) -> Result<(), JournalError> {
    let mut decided: HashSet<&str> = fresh.claims.iter().map(|(claim, _)| claim.event.draft.entity.as_str()).collect();
    let mut ripe = Vec::new();
    let now = desk.journal.now();
    for claim in batch.iter().filter(|claim| is_one(claim)) {
        let rests = CREDIT_IS_COMING.saturating_sub(now.duration_since(claim.event.draft.time).unsigned_abs());
        if !rests.is_zero() {
            let reason = "the figure is looked at again when what came back had time to be booked".to_owned();
            let outcome = Outcome::Retry { after: rests, reason, counts: false };
            fresh.settled.push(Settlement::of(claim, outcome));
        } else if decided.insert(&claim.event.draft.entity) {
            ripe.push(claim);
        } else {
            let reason = "the figure is decided anew with another event".to_owned();
            fresh.settled.push(Settlement::of(claim, Outcome::Ignored(reason)));
        }
    }
    let entities: Vec<String> = ripe.iter().map(|claim| claim.event.draft.entity.clone()).collect();
    let last = desk.journal.written(&desk.channel.name, &entities).await?;
    for (claim, last) in ripe.into_iter().zip(last) {
        match last {
            Some(last) if last.version == Version(i64::MAX) => {
                fresh.settled.push(Settlement::of(claim, Outcome::Ignored(last.value)));
            }
            last => fresh.claims.push((claim, last)),
        }
    }
    Ok(())
}

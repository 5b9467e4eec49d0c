//! What all handlers of states share: the newest version of an entity wins, and what is already so is not written again.

use std::collections::HashMap;

use crate::domain::Version;
use crate::journal::{Claim, JournalError, Outcome, Settlement, Written};

use super::Desk;

/// The claims of a batch that are worth writing, the newest per entity, with what was last written there.
pub(super) struct Fresh<'a> {
    /// Claims to be written.
    pub claims: Vec<(&'a Claim, Option<Written>)>,
    /// Claims that are settled without a write.
    pub settled: Vec<Settlement>,
}

/// Sorts out claims that are older than another in the batch or than what was last written (P3).
pub(super) async fn newest<'a>(
    desk: &Desk<'_>,
    batch: impl IntoIterator<Item = &'a Claim> + Clone,
) -> Result<Fresh<'a>, JournalError> {
    let mut newest: HashMap<&str, &Claim> = HashMap::new();
    for claim in batch.clone() {
        let best = newest.entry(&claim.event.draft.entity).or_insert(claim);
        if (claim.event.draft.version, claim.handling) > (best.event.draft.version, best.handling) {
            *best = claim;
        }
    }
    let mut settled = Vec::new();
    let mut kept: Vec<&Claim> = Vec::new();
    for claim in batch {
        let best = newest[claim.event.draft.entity.as_str()];
        if best.handling == claim.handling {
            kept.push(claim);
        } else {
            let reason = format!("superseded by version {}", best.event.draft.version.0);
            settled.push(Settlement::of(claim, Outcome::Ignored(reason)));
        }
    }
    let entities: Vec<String> = kept.iter().map(|claim| claim.event.draft.entity.clone()).collect();
    let last = desk.journal.written(&desk.channel.name, &entities).await?;
    let mut claims = Vec::with_capacity(kept.len());
    for (claim, last) in kept.into_iter().zip(last) {
        match last {
            Some(last) if last.version == Version(i64::MAX) => {
                settled.push(Settlement::of(claim, Outcome::Ignored(last.value)));
            }
            Some(last) if last.version > claim.event.draft.version => {
                let reason = format!("version {} was written already", last.version.0);
                settled.push(Settlement::of(claim, Outcome::Ignored(reason)));
            }
            last => claims.push((claim, last)),
        }
    }
    Ok(Fresh { claims, settled })
}

/// A settlement that keeps the value as written at the claim's version.
pub(super) fn wrote(claim: &Claim, outcome: Outcome, value: String) -> Settlement {
    let draft = &claim.event.draft;
    let mut settlement = Settlement::of(claim, outcome);
    settlement.written.push(Written { entity: draft.entity.clone(), version: draft.version, value });
    settlement
}

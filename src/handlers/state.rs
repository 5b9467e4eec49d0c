//! What all handlers of states share: the newest version of an entity wins, and what is already so is not written again.

use std::collections::HashMap;

use async_trait::async_trait;

use crate::domain::Version;
use crate::journal::{Claim, JournalError, Outcome, Settlement, Written};

use super::outcome::journal_failed;
use super::{Desk, Handler, Policy};

/// Writes one kind of state. What is left of a batch once older versions are sorted out comes here.
#[async_trait]
pub(super) trait WriteState: Send + Sync + 'static {
    /// Its standing orders.
    fn policy(&self) -> &'static Policy;

    /// Writes states of one channel; answers the settlements of all claims, those that are settled already included. When the
    /// journal cannot be asked, the whole batch is tried again: what was written by then is found to be so.
    async fn write(&self, desk: &Desk<'_>, fresh: Fresh<'_>) -> Result<Vec<Settlement>, JournalError>;
}

#[async_trait]
impl<W: WriteState> Handler for W {
    fn policy(&self) -> &'static Policy {
        WriteState::policy(self)
    }

    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement> {
        let written = match newest(desk, batch).await {
            Ok(fresh) => self.write(desk, fresh).await,
            Err(error) => Err(error),
        };
        written.unwrap_or_else(|error| journal_failed(batch, &error))
    }
}

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

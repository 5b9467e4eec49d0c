//! Workers take handlings together with the turns of their entities.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::trouble::Trouble;
use super::work::{Batch, Work};
use crate::domain::HandlingId;
use crate::journal::Claim;
use crate::journal::plan::claim::{Asking, Candidate, ask};
use crate::journal::plan::handling_state;

/// Only what may be claimed is locked: a settlement that wakes others skips what is locked, and must not skip a waiting one.
const CANDIDATES: &str = "SELECT h.id, h.handler, h.channel, h.entity, h.state, h.fence, h.failures, h.raised_at, h.reason, \
    EXISTS (SELECT 1 FROM channel c WHERE c.name = h.channel AND c.paused IS NOT NULL), e.body \
    FROM handling h JOIN event e ON e.seq = h.event \
    WHERE h.id = ANY($1::bigint[]) AND (h.state = 'published' OR (h.state = 'running' AND h.due <= $2)) \
    ORDER BY h.id FOR UPDATE OF h";
/// A turn in other hands is locked too, though not taken: its holder's settlement then waits until this claim has said who
/// waits for the turn, and wakes them.
const TAKE_TURNS: &str = "INSERT INTO turn (channel, entity, token, held, until) \
    SELECT t.channel, t.entity, $4, t.held, $5 FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t(channel, entity, held) \
    ON CONFLICT (channel, entity) DO UPDATE SET token = excluded.token, held = excluded.held, until = excluded.until \
    WHERE turn.until <= $6 RETURNING channel, entity";

/// Takes those that may be taken; see [`crate::journal::Journal::claim`].
pub(super) struct Claiming<'a> {
    pub handlings: &'a [HandlingId],
    pub lease: i64,
}

#[async_trait]
impl Batch for Claiming<'_> {
    type Answer = Vec<Claim>;

    async fn run(&self, work: &Work<'_>) -> Result<Vec<Claim>, Trouble> {
        let ids: Vec<i64> = self.handlings.iter().map(|handling| handling.0).collect();
        let mut candidates = Vec::with_capacity(ids.len());
        for row in work.rows(CANDIDATES, &[&ids, &work.now]).await? {
            candidates.push(Candidate {
                id: row.try_get(0)?,
                handler: row.try_get(1)?,
                channel: row.try_get(2)?,
                entity: row.try_get(3)?,
                state: handling_state(row.try_get(4)?)?,
                fence: row.try_get(5)?,
                failures: row.try_get(6)?,
                raised_at: row.try_get(7)?,
                reason: row.try_get(8)?,
                paused: row.try_get(9)?,
                body: row.try_get(10)?,
            });
        }
        let asking = ask(candidates, work.now, self.lease);
        let granted = take_turns(work, &asking).await?;
        let claimed = asking.grant(&granted)?;
        work.carry_out(&claimed.moves, &claimed.dead).await?;
        work.tally().absorb(claimed.tally);
        Ok(claimed.claims)
    }
}

async fn take_turns(work: &Work<'_>, asking: &Asking) -> Result<BTreeSet<(String, String)>, Trouble> {
    let wanted = asking.entities();
    if wanted.is_empty() {
        return Ok(BTreeSet::new());
    }
    let channels: Vec<_> = wanted.keys().map(|(channel, _)| *channel).collect();
    let entities: Vec<_> = wanted.keys().map(|(_, entity)| *entity).collect();
    let held: Vec<_> = wanted.values().copied().collect();
    let (token, until) = (asking.token(), asking.until());
    let granted = work.rows(TAKE_TURNS, &[&channels, &entities, &held, &token, &until, &work.now]).await?;
    granted.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

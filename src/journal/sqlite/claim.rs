//! Workers take handlings together with the turns of their entities.

use std::collections::BTreeSet;

use rusqlite::{Row, params};

use super::work::Work;
use crate::domain::HandlingId;
use crate::journal::plan::claim::{Candidate, ask};
use crate::journal::plan::{handling, handling_state};
use crate::journal::{Claim, JournalError};

const CANDIDATE: &str = "SELECT h.id, h.handler, h.channel, h.entity, h.state, h.fence, h.failures, h.raised_at, h.reason, \
    c.paused IS NOT NULL, e.body FROM handling h JOIN event e ON e.seq = h.event LEFT JOIN channel c ON c.name = h.channel \
    WHERE h.id = ?1 AND (h.state = 'published' OR (h.state = 'running' AND h.due <= ?2))";
const TAKE_TURN: &str = "INSERT INTO turn (channel, entity, token, held, until) VALUES (?1, ?2, ?3, ?4, ?5) \
    ON CONFLICT (channel, entity) DO UPDATE SET token = excluded.token, held = excluded.held, until = excluded.until \
    WHERE turn.until <= ?6";

fn candidate(row: &Row<'_>) -> rusqlite::Result<(Candidate, String)> {
    let found = Candidate {
        id: row.get(0)?,
        handler: row.get(1)?,
        channel: row.get(2)?,
        entity: row.get(3)?,
        state: handling::PUBLISHED,
        fence: row.get(5)?,
        failures: row.get(6)?,
        raised_at: row.get(7)?,
        reason: row.get(8)?,
        paused: row.get(9)?,
        body: row.get(10)?,
    };
    Ok((found, row.get(4)?))
}

/// Takes those that may be taken; see [`crate::journal::Journal::claim`].
pub(super) fn claim(work: &Work<'_>, handlings: &[HandlingId], lease: i64) -> Result<Vec<Claim>, JournalError> {
    let mut candidates = Vec::with_capacity(handlings.len());
    for id in handlings.iter().map(|handling| handling.0).collect::<BTreeSet<_>>() {
        if let Some((mut found, state)) = work.first(CANDIDATE, params![id, work.now], candidate)? {
            found.state = handling_state(&state)?;
            candidates.push(found);
        }
    }
    let asking = ask(candidates, work.now, lease);
    let mut granted = BTreeSet::new();
    for ((channel, entity), held) in asking.entities() {
        let wanted = params![channel, entity, asking.token(), held, asking.until(), work.now];
        if work.run(TAKE_TURN, wanted)? == 1 {
            granted.insert((channel.to_owned(), entity.to_owned()));
        }
    }
    let claimed = asking.grant(&granted)?;
    work.carry_out(&claimed.moves, &claimed.dead)?;
    work.tally().absorb(claimed.tally);
    Ok(claimed.claims)
}

//! Handlings out to the bus, and back when the bus did not take them.

use rusqlite::{Row, params};
use uuid::Uuid;

use super::work::Work;
use crate::domain::HandlingId;
use crate::journal::plan::claim::DAMAGED;
use crate::journal::plan::outbox::Due;
use crate::journal::plan::{handling, handling_state};
use crate::journal::{JournalError, Outgoing, text};

const OPEN_CHANNELS: &str = "SELECT name FROM channel WHERE paused IS NULL";
const DUE: &str = "SELECT h.id, h.due, h.handler, h.state, e.id, e.kind, e.body FROM handling h \
    JOIN event e ON e.seq = h.event WHERE h.channel = ?1 AND h.due <= ?2 ORDER BY h.due, h.id LIMIT ?3";
const PUBLISH: &str = "UPDATE handling SET state = 'published', due = ?2, turn = NULL, waits_kind = NULL, waits_key = NULL, \
    changed_at = ?3, \
    reason = CASE WHEN state = 'running' THEN 'interrupted' ELSE reason END WHERE id = ?1";
const END: &str = "UPDATE handling SET state = 'dead', due = NULL, turn = NULL, waits_kind = NULL, waits_key = NULL, \
    reason = ?2, action = ?3, changed_at = ?4 WHERE id = ?1";
const UNPUBLISH: &str = "UPDATE handling SET state = 'ready', due = ?2, changed_at = ?3 \
    WHERE id = ?1 AND state = 'published' RETURNING handler";

fn due(row: &Row<'_>) -> rusqlite::Result<(i64, String, Due)> {
    let found = Due {
        id: row.get(0)?,
        handler: row.get(2)?,
        state: handling::READY,
        event: Uuid::from_bytes(row.get(4)?),
        kind: row.get(5)?,
        body: row.get(6)?,
    };
    Ok((row.get(1)?, row.get(3)?, found))
}

/// Takes what is due, channel by channel: so the backlog of a paused one is never looked through.
pub(super) fn take(work: &Work<'_>, limit: usize, lease: i64) -> Result<Vec<Outgoing>, JournalError> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    for channel in work.rows(OPEN_CHANNELS, [], |row| row.get::<_, String>(0))? {
        found.extend(work.rows(DUE, params![channel, work.now, most], due)?);
    }
    found.sort_by_key(|(due, _, row)| (*due, row.id));
    found.truncate(limit);
    let mut outgoing = Vec::with_capacity(found.len());
    for (_, state, mut row) in found {
        row.state = handling_state(&state)?;
        match row.outgoing() {
            Ok(message) => {
                work.run(PUBLISH, params![row.id, work.now.saturating_add(lease), work.now])?;
                work.tally().moved(&row.handler, row.state, handling::PUBLISHED);
                outgoing.push(message);
            }
            Err(error) => {
                work.run(END, params![row.id, text::reason(&error.to_string()), DAMAGED, work.now])?;
                work.carry_out(&[], &[row.id])?;
                work.tally().moved(&row.handler, row.state, handling::DEAD);
            }
        }
    }
    Ok(outgoing)
}

/// Puts back what the bus did not take.
pub(super) fn unpublish(work: &Work<'_>, handlings: &[HandlingId], after: i64) -> Result<(), JournalError> {
    for handling in handlings {
        let put_back = params![handling.0, work.now.saturating_add(after), work.now];
        if let Some(handler) = work.first(UNPUBLISH, put_back, |row| row.get::<_, String>(0))? {
            work.tally().moved(&handler, handling::PUBLISHED, handling::READY);
        }
    }
    Ok(())
}

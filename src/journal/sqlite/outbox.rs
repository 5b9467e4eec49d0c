//! Handlings out to the bus, and back when the bus did not take them.

use rusqlite::{Row, params};
use uuid::Uuid;

use super::work::Work;
use crate::domain::HandlingId;
use crate::journal::plan::claim::DAMAGED;
use crate::journal::plan::outbox::{Due, FEW_ON_THEIR_WAY, MOST_ON_THEIR_WAY, in_turns};
use crate::journal::plan::{handling, handling_state};
use crate::journal::{JournalError, Outgoing, text};

const OPEN_CHANNELS: &str = "SELECT name FROM channel WHERE paused IS NULL";
const HANDLER: &str = "SELECT handler FROM handling INDEXED BY handling_due \
    WHERE due IS NOT NULL AND channel = ?1 AND handler > ?2 ORDER BY handler LIMIT 1";
const ON_THEIR_WAY: &str = "SELECT COUNT(*) FROM (SELECT state FROM handling INDEXED BY handling_due \
    WHERE channel = ?1 AND handler = ?2 AND due > ?3 ORDER BY due LIMIT 2 * ?4) WHERE state = 'published'";
const DUE: &str = "SELECT id, due FROM handling INDEXED BY handling_due \
    WHERE channel = ?1 AND handler = ?2 AND due <= ?3 ORDER BY due, id LIMIT ?4";
const CONTENTS: &str = "SELECT h.id, h.handler, h.state, e.id, e.kind, e.body, h.channel FROM handling h \
    JOIN event e ON e.seq = h.event WHERE h.id = ?1";
const PUBLISH: &str = "UPDATE handling SET state = 'published', due = ?2, turn = NULL, waits_kind = NULL, waits_key = NULL, \
    changed_at = ?3, \
    reason = CASE WHEN state = 'running' THEN 'interrupted' ELSE reason END WHERE id = ?1";
const END: &str = "UPDATE handling SET state = 'dead', due = NULL, turn = NULL, waits_kind = NULL, waits_key = NULL, \
    reason = ?2, action = ?3, changed_at = ?4 WHERE id = ?1";
const UNPUBLISH: &str = "UPDATE handling SET state = 'ready', due = ?2, changed_at = ?3 \
    WHERE id = ?1 AND state = 'published' RETURNING handler";

fn contents(row: &Row<'_>) -> rusqlite::Result<(String, Due)> {
    let found = Due {
        id: row.get(0)?,
        handler: row.get(1)?,
        state: handling::READY,
        event: Uuid::from_bytes(row.get(3)?),
        kind: row.get(4)?,
        body: row.get(5)?,
        channel: row.get(6)?,
    };
    Ok((row.get(2)?, found))
}

/// What is due of a channel, oldest first, as `(due, id)`: of each handler no more than may be on its way.
fn due(work: &Work<'_>, channel: &str, most: i64) -> Result<Vec<(i64, i64)>, JournalError> {
    let (mut found, mut handler) = (Vec::new(), String::new());
    while let Some(next) = work.first(HANDLER, params![channel, handler], |row| row.get::<_, String>(0))? {
        handler = next;
        let asked = params![channel, handler, work.now, MOST_ON_THEIR_WAY];
        let on_their_way = work.first(ON_THEIR_WAY, asked, |row| row.get::<_, i64>(0))?.unwrap_or(0);
        if on_their_way <= FEW_ON_THEIR_WAY {
            let room = most.min(MOST_ON_THEIR_WAY - on_their_way);
            found.extend(work.rows(DUE, params![channel, handler, work.now, room], |row| {
                Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(0)?))
            })?);
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Takes what is due, channel by channel, so that the backlog of a paused one is never looked through; the others take turns.
pub(super) fn take(work: &Work<'_>, limit: usize, lease: i64) -> Result<Vec<Outgoing>, JournalError> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut channels = Vec::new();
    for channel in work.rows(OPEN_CHANNELS, [], |row| row.get::<_, String>(0))? {
        channels.push(due(work, &channel, most)?);
    }
    let mut found = in_turns(channels, limit);
    found.sort_unstable();
    let mut outgoing = Vec::with_capacity(found.len());
    for (_, id) in found {
        let Some((state, mut row)) = work.first(CONTENTS, params![id], contents)? else { continue };
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

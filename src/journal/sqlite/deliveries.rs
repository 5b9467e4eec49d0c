//! Deliveries out to be normalised, and their ends with the events they raised.

use rusqlite::{Row, params};
use uuid::Uuid;

use super::demand;
use super::replays::renew;
use super::work::Work;
use crate::journal::plan::deliveries::{DueDelivery, End, EventRow, Prepared, taken_too_often};
use crate::journal::plan::outbox::in_turns;
use crate::journal::plan::{MOST_TAKINGS, delivery, handling};
use crate::journal::{JournalError, Taken, text};

const CONTENTS: &str = "SELECT d.id, d.origin, d.topic, d.dedupe_key, d.fold_key, c.headers, c.body, d.received_at, d.fence, \
    d.attempts FROM delivery d JOIN delivery_content c ON c.delivery = d.seq WHERE d.seq = ?1";
const ORIGIN: &str = "SELECT origin FROM delivery INDEXED BY delivery_due WHERE due IS NOT NULL AND origin > ?1 \
    ORDER BY origin LIMIT 1";
const OF_ORIGIN: &str = "SELECT due, seq FROM delivery INDEXED BY delivery_due WHERE origin = ?1 AND due <= ?2 \
    ORDER BY due, seq LIMIT ?3";
const TAKE: &str =
    "UPDATE delivery SET due = ?2, fence = fence + 1, attempts = attempts + 1, changed_at = ?3 WHERE id = ?1";
const HELD: &str = "SELECT 1 FROM delivery WHERE id = ?1 AND fence = ?2 AND state = 'new'";
const END: &str = "UPDATE delivery SET state = ?2, reason = ?3, due = NULL, changed_at = ?4 WHERE id = ?1";
const BURY: &str = "INSERT INTO dead (delivery, since) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
const RAISE: &str = "INSERT INTO event (id, delivery, channel, kind, entity, source_document, version, raised_at, body) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
const HANDLE: &str = "INSERT INTO handling (event, handler, channel, entity, state, due, raised_at, changed_at) \
    VALUES (?1, ?2, ?3, ?4, 'ready', ?5, ?5, ?5)";
const CHANNEL: &str = "INSERT INTO channel (name) VALUES (?1) ON CONFLICT DO NOTHING";

fn due(row: &Row<'_>) -> rusqlite::Result<DueDelivery> {
    Ok(DueDelivery {
        id: Uuid::from_bytes(row.get(0)?),
        origin: row.get(1)?,
        topic: row.get(2)?,
        dedupe_key: row.get(3)?,
        fold_key: row.get(4)?,
        headers: row.get(5)?,
        body: row.get(6)?,
        received_at: row.get(7)?,
        fence: row.get(8)?,
        attempts: row.get(9)?,
    })
}

/// What is due, as `(due, seq)`: where it comes from takes turns, so that a flood of one does not hold up another.
fn in_their_turn(work: &Work<'_>, limit: usize) -> Result<Vec<(i64, i64)>, JournalError> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let (mut sources, mut origin) = (Vec::new(), String::new());
    while let Some(next) = work.first(ORIGIN, params![origin], |row| row.get::<_, String>(0))? {
        origin = next;
        sources.push(work.rows(OF_ORIGIN, params![origin, work.now, most], |row| Ok((row.get(0)?, row.get(1)?)))?);
    }
    let mut due = in_turns(sources, limit);
    due.sort_unstable();
    Ok(due)
}

/// Takes what is due. What was taken too often, or cannot be read, is rejected on the way.
pub(super) fn take(work: &Work<'_>, limit: usize, lease: i64) -> Result<Vec<Taken>, JournalError> {
    let mut taken = Vec::new();
    for (_, seq) in in_their_turn(work, limit)? {
        let Some(row) = work.first(CONTENTS, params![seq], due)? else { continue };
        if row.attempts >= MOST_TAKINGS {
            end(work, row.id, delivery::REJECTED, &taken_too_often(row.attempts))?;
            continue;
        }
        match row.delivery() {
            Ok(content) => {
                work.run(TAKE, params![row.id.as_bytes(), work.now.saturating_add(lease), work.now])?;
                let attempt = u32::try_from(row.attempts + 1).unwrap_or(u32::MAX);
                taken.push(Taken { delivery: content, fence: row.fence + 1, attempt });
            }
            Err(error) => end(work, row.id, delivery::REJECTED, &text::reason(&error.to_string()))?,
        }
    }
    Ok(taken)
}

/// Writes the ends whose fence still holds; answers how many events were new.
pub(super) fn settle(work: &Work<'_>, prepared: &[Prepared]) -> Result<usize, JournalError> {
    let mut new = 0;
    let mut standing = Vec::with_capacity(prepared.len());
    for settlement in prepared {
        let id = settlement.id.as_bytes();
        if work.first(HELD, params![id, settlement.fence], |_| Ok(()))?.is_none() {
            continue;
        }
        let (mut raised, mut own) = (0, 0);
        if let End::Raised(events) = &settlement.end {
            for event in events {
                if raise(work, event)? {
                    raised += 1;
                } else if settlement.fence > 1 {
                    own += usize::from(renew(work, event)?);
                }
            }
        }
        let (state, reason) = settlement.end.state(raised + own);
        end(work, settlement.id, state, &reason)?;
        new += raised;
        standing.push(settlement);
    }
    demand::state(work, standing.into_iter().flat_map(|settlement| &settlement.demand))?;
    Ok(new)
}

fn raise(work: &Work<'_>, event: &EventRow) -> Result<bool, JournalError> {
    let added = work.run(
        RAISE,
        params![
            event.id.as_bytes(),
            event.delivery.as_bytes(),
            event.channel,
            event.kind,
            event.entity,
            event.source_document,
            event.version,
            work.now,
            event.body
        ],
    )?;
    if added == 0 {
        return Ok(false);
    }
    let seq = work.last_row();
    work.run(CHANNEL, params![event.channel])?;
    work.tally().event(event.kind);
    for handler in &event.handlers {
        work.run(HANDLE, params![seq, handler, event.channel, event.entity, work.now])?;
        work.tally().handling(handler, handling::READY, 1);
    }
    Ok(true)
}

fn end(work: &Work<'_>, id: Uuid, state: &'static str, reason: &str) -> Result<(), JournalError> {
    work.run(END, params![id.as_bytes(), state, reason, work.now])?;
    if state == delivery::REJECTED {
        work.run(BURY, params![id.as_bytes(), work.now])?;
    }
    work.tally().delivery(delivery::NEW, -1);
    work.tally().delivery(state, 1);
    Ok(())
}

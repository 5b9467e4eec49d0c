//! Deliveries in: each is new, or a duplicate that is counted on the row of the first one.

use rusqlite::{Row, params};
use uuid::Uuid;

use super::work::Work;
use crate::domain::DeliveryId;
use crate::journal::plan::deliveries::DeliveryRow;
use crate::journal::plan::delivery;
use crate::journal::{Appended, JournalError, PolledPage, text};

const INSERT: &str = "INSERT INTO delivery (id, origin, topic, dedupe_key, fold_key, bytes, received_at, state, due, changed_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'new', ?7, ?7) ON CONFLICT DO NOTHING";
const INSERT_CONTENT: &str = "INSERT INTO delivery_content (delivery, headers, body) VALUES (?1, ?2, ?3)";
const SAME_KEY: &str = "SELECT seq, id FROM delivery WHERE origin = ?1 AND dedupe_key = ?2";
const SAME_FOLD: &str = "SELECT seq, id FROM delivery WHERE origin = ?1 AND fold_key = ?2";
const COUNT: &str = "UPDATE delivery SET duplicates = duplicates + 1 WHERE seq = ?1";
const FIRST_CURSOR: &str =
    "INSERT INTO poll_cursor (task, position, changed_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
const NEXT_CURSOR: &str = "UPDATE poll_cursor SET position = ?2, changed_at = ?3 WHERE task = ?1 AND position = ?4";

/// Writes one delivery, or counts it as a duplicate.
pub(super) fn append(work: &Work<'_>, row: &DeliveryRow) -> Result<Appended, JournalError> {
    let added = work.run(
        INSERT,
        params![row.id.as_bytes(), row.origin, row.topic, row.dedupe_key, row.fold_key, row.bytes, row.received_at],
    )?;
    if added == 1 {
        work.run(INSERT_CONTENT, params![work.last_row(), row.headers, row.body])?;
        work.tally().delivery(delivery::NEW, 1);
        return Ok(Appended::New(DeliveryId(row.id)));
    }
    let numbers = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, Uuid::from_bytes(row.get(1)?)));
    let mut first = work.first(SAME_KEY, params![row.origin, row.dedupe_key], numbers)?;
    if first.is_none() {
        first = work.first(SAME_FOLD, params![row.origin, row.fold_key], numbers)?;
    }
    let (seq, id) = first.ok_or_else(|| {
        JournalError::Broken("a delivery is a duplicate of none; check the file's indexes".to_owned())
    })?;
    work.run(COUNT, params![seq])?;
    work.tally().duplicates(1);
    Ok(Appended::Duplicate(DeliveryId(id)))
}

/// Moves the cursor and writes what was read before it, or nothing of both.
pub(super) fn append_polled(
    work: &Work<'_>,
    page: &PolledPage,
    rows: &[DeliveryRow],
) -> Result<Vec<Appended>, JournalError> {
    let (task, to) = (text::clean(&page.task), text::clean(&page.to));
    let moved = match page.from.as_deref().map(text::clean) {
        None => work.run(FIRST_CURSOR, params![task, to, work.now])?,
        Some(from) => work.run(NEXT_CURSOR, params![task, to, work.now, from])?,
    };
    if moved == 0 {
        return Err(JournalError::CursorMoved);
    }
    rows.iter().map(|row| append(work, row)).collect()
}

//! One piece of work inside a write transaction: statements from the cache, totals on the side, errors classed.

use std::cell::{RefCell, RefMut};

use rusqlite::{Connection, ErrorCode, Params, Row, params};

use super::operate::{RAISE_HANDLING, record};
use crate::journal::plan::{Move, Wake, handling, handling_state};
use crate::journal::tally::Tally;
use crate::journal::{JournalError, audit};

const MOVE: &str = "UPDATE handling SET state = ?2, due = ?3, fence = ?4, failures = ?5, turn = ?6, waits_kind = ?7, \
    waits_key = ?8, reason = ?9, action = ?10, changed_at = ?11 WHERE id = ?1";
const WAKE: &str = "UPDATE handling SET state = 'ready', due = ?4, waits_kind = NULL, waits_key = NULL, changed_at = ?4, \
    failures = CASE WHEN state = 'dead' THEN 0 ELSE failures END, action = '' \
    WHERE id IN (SELECT id FROM handling WHERE channel = ?1 AND waits_kind = ?2 AND waits_key = ?3)";
const WAITING: &str =
    "SELECT handler, state, id FROM handling WHERE channel = ?1 AND waits_kind = ?2 AND waits_key = ?3";
const BURY: &str = "INSERT INTO dead (handling, since) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
const COUNT: &str = "INSERT INTO tally (what, name, state, shard, n) VALUES (?1, ?2, ?3, 0, ?4) \
    ON CONFLICT (what, name, state, shard) DO UPDATE SET n = n + excluded.n";

/// A piece of work in a transaction.
pub(super) struct Work<'c> {
    connection: &'c Connection,
    /// The time at which this work is done, in microseconds.
    pub now: i64,
    tally: RefCell<Tally>,
}

impl<'c> Work<'c> {
    pub(super) fn new(connection: &'c Connection, now: i64) -> Self {
        Self { connection, now, tally: RefCell::default() }
    }

    /// Runs a statement; answers how many rows changed.
    pub(super) fn run(&self, sql: &str, params: impl Params) -> Result<usize, JournalError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| failure(&error))?;
        statement.execute(params).map_err(|error| failure(&error))
    }

    /// All rows of a statement.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, JournalError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| failure(&error))?;
        let rows = statement.query_map(params, read).and_then(Iterator::collect);
        rows.map_err(|error| failure(&error))
    }

    /// The first row of a statement.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, JournalError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| failure(&error))?;
        match statement.query_row(params, read) {
            Ok(found) => Ok(Some(found)),
            Err(rusqlite::Error::QueryReturnedNoRows) => Ok(None),
            Err(error) => Err(failure(&error)),
        }
    }

    /// The number SQLite gave to the last inserted row.
    pub(super) fn last_row(&self) -> i64 {
        self.connection.last_insert_rowid()
    }

    /// Does work whose old contents are to be overwritten with zeros in the file, not only forgotten by it.
    pub(super) fn overwriting<T>(&self, work: impl FnOnce() -> Result<T, JournalError>) -> Result<T, JournalError> {
        let switch = |how: &str| self.connection.pragma_update_and_check(None, "secure_delete", how, |_| Ok(()));
        switch("on").map_err(|error| failure(&error))?;
        let done = work();
        switch("off").map_err(|error| failure(&error))?;
        done
    }

    /// The totals this work changes.
    pub(super) fn tally(&self) -> RefMut<'_, Tally> {
        self.tally.borrow_mut()
    }

    pub(super) fn into_tally(self) -> Tally {
        self.tally.into_inner()
    }

    /// Writes the totals.
    pub(super) fn write_tally(&self) -> Result<(), JournalError> {
        for (what, name, state, by) in self.tally.borrow().changes() {
            self.run(COUNT, params![what, name, state, by])?;
        }
        Ok(())
    }

    /// Writes new states of handlings and lists those that gave up.
    pub(super) fn carry_out(&self, moves: &[Move], dead: &[i64]) -> Result<(), JournalError> {
        for to in moves {
            let (kind, key) = to.waits.as_ref().map_or((None, None), |(kind, key)| (Some(*kind), Some(key)));
            self.run(
                MOVE,
                params![
                    to.id,
                    to.state,
                    to.due,
                    to.fence,
                    to.failures,
                    to.turn,
                    kind,
                    key,
                    to.reason,
                    to.action,
                    self.now
                ],
            )?;
        }
        for id in dead {
            self.run(BURY, params![id, self.now])?;
        }
        Ok(())
    }

    /// Makes what waits for this ready; answers whether anything did.
    pub(super) fn wake(&self, wake: &Wake) -> Result<bool, JournalError> {
        let woken = self.rows(WAITING, params![wake.channel, wake.kind, wake.key], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
        })?;
        if woken.is_empty() {
            return Ok(false);
        }
        for (handler, state, id) in woken {
            self.tally().moved(&handler, handling_state(&state)?, handling::READY);
            if state == handling::DEAD {
                self.run(RAISE_HANDLING, params![id])?;
                record(self, audit::ITSELF, audit::RETRY, &format!("h{id}"), audit::CAME)?;
            }
        }
        self.run(WAKE, params![wake.channel, wake.kind, wake.key, self.now]).map(|_| true)
    }
}

/// Sorts SQLite's errors. Its texts name tables and columns, never what is in them.
pub(super) fn failure(error: &rusqlite::Error) -> JournalError {
    let rusqlite::Error::SqliteFailure(cause, _) = error else {
        return JournalError::Broken(format!("SQLite: {error}"));
    };
    let text = match cause.code {
        ErrorCode::DiskFull => {
            "the disk with the journal is full; make room, nothing more is accepted until then".to_owned()
        }
        _ => format!("SQLite: {error}"),
    };
    match cause.code {
        ErrorCode::DiskFull
        | ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::CannotOpen
        | ErrorCode::PermissionDenied
        | ErrorCode::ReadOnly
        | ErrorCode::OutOfMemory
        | ErrorCode::OperationInterrupted
        | ErrorCode::SystemIoFailure => JournalError::Unavailable(text),
        _ => JournalError::Broken(text),
    }
}

//! Opens the file, brings its schema up to date, and makes due again what a former process had in hand.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior, params};

use super::work::{Work, failure};
use crate::journal::JournalError;
use crate::journal::plan::handling;

/// Numbered migrations; the number is kept as `user_version`.
const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("migrations/0001_journal.sql")),
    (2, include_str!("migrations/0002_plan.sql")),
    (3, include_str!("migrations/0003_web_demand.sql")),
    (4, include_str!("migrations/0004_privacy.sql")),
    (5, include_str!("migrations/0005_left_out.sql")),
    (6, include_str!("migrations/0006_booked_by_order.sql")),
    (7, include_str!("migrations/0007_retention.sql")),
    (8, include_str!("migrations/0008_replay.sql")),
    (9, include_str!("migrations/0009_edit.sql")),
    (10, include_str!("migrations/0010_circuit.sql")),
    (11, include_str!("migrations/0011_turns.sql")),
    (13, include_str!("migrations/0013_open_orders.sql")),
];
/// `till` in ASCII: tells a journal from any other SQLite file.
const APPLICATION: i64 = 0x7469_6c6c;
/// How long to wait for a reader from outside, such as the `sqlite3` shell.
const BUSY: Duration = Duration::from_secs(5);
/// Pages after which a commit copies the WAL back, 32 MB: copying less often writes hot pages less often.
const CHECKPOINT_PAGES: i64 = 4_000;

/// The writing connection, migrated, with everything unfinished due.
pub(super) fn open(path: &Path, now: i64) -> Result<Connection, JournalError> {
    let mut connection = Connection::open(path).map_err(|error| failure(&error))?;
    settings(&connection).map_err(|error| failure(&error))?;
    migrate(&mut connection, path)?;
    take_back(&mut connection, now)?;
    Ok(connection)
}

/// A writing connection to a journal that another process may have open; changes nothing.
pub(super) fn attach(path: &Path) -> Result<Connection, JournalError> {
    if !path.exists() {
        return Err(JournalError::Unavailable(format!("there is no journal at {} yet", path.display())));
    }
    let connection = Connection::open(path).map_err(|error| failure(&error))?;
    let number = |name: &str| {
        connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(|error| failure(&error))
    };
    let newest = MIGRATIONS.last().map_or(0, |(number, _)| *number);
    let (version, application) = (number("user_version")?, number("application_id")?);
    if application != APPLICATION {
        return Err(JournalError::Broken(format!("{} is not a tillbridge journal; name another file", path.display())));
    }
    if version != newest {
        return Err(JournalError::Broken(format!(
            "{} has schema version {version}, but this program works with {newest}",
            path.display()
        )));
    }
    settings(&connection).map_err(|error| failure(&error))?;
    Ok(connection)
}

fn settings(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    // Without it SQLite plans a statement anew for every value, because one of them might let it use a partial index.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "page_size", 8_192)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.pragma_update(None, "temp_store", "memory")
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), JournalError> {
    let file = path.display();
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| failure(&error))?;
    let number = |name: &str| {
        transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(|error| failure(&error))
    };
    let (version, application) = (number("user_version")?, number("application_id")?);
    let tables: i64 = transaction
        .query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(|error| failure(&error))?;
    if application != APPLICATION && tables > 0 {
        return Err(JournalError::Broken(format!(
            "{file} is a database, but not a tillbridge journal; name another file"
        )));
    }
    let newest = MIGRATIONS.last().map_or(0, |(number, _)| *number);
    if version > newest {
        return Err(JournalError::Broken(format!(
            "{file} has schema version {version}, but this program knows only up to {newest}; start the newer program"
        )));
    }
    let upgraded = (|| {
        for (number, sql) in MIGRATIONS.iter().filter(|(number, _)| *number > version) {
            transaction.execute_batch(sql)?;
            transaction.pragma_update(None, "user_version", number)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.commit()
    })();
    upgraded.map_err(|error| failure(&error))
}

/// Whoever had something in hand is gone, for the lock is ours: leases and turns end now instead of running out.
fn take_back(connection: &mut Connection, now: i64) -> Result<(), JournalError> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| failure(&error))?;
    let work = Work::new(&transaction, now);
    let held = work.rows(
        "SELECT handler, state, COUNT(*) FROM handling WHERE due IS NOT NULL AND state IN ('published', 'running') \
         GROUP BY handler, state",
        [],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?)),
    )?;
    for (handler, state, count) in held {
        let state = crate::journal::plan::handling_state(&state)?;
        work.tally().handling(&handler, state, -count);
        work.tally().handling(&handler, handling::READY, count);
    }
    work.run(
        "UPDATE handling SET state = 'ready', due = ?1, turn = NULL, changed_at = ?1, \
         reason = CASE WHEN state = 'running' THEN 'interrupted' ELSE reason END \
         WHERE due IS NOT NULL AND state IN ('published', 'running')",
        params![now],
    )?;
    work.run(
        "UPDATE handling SET due = ?1, waits_kind = NULL, waits_key = NULL WHERE waits_kind = 'turn'",
        params![now],
    )?;
    work.run("UPDATE delivery SET due = ?1 WHERE due > ?1", params![now])?;
    work.run("DELETE FROM turn", [])?;
    work.write_tally()?;
    drop(work);
    transaction.commit().map_err(|error| failure(&error))
}

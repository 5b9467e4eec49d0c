//! The schema and its version.

use deadpool_postgres::Pool;
use tokio_postgres::Transaction;

use super::connect::{SCHEMA, alone, client};
use super::trouble::failure;
use crate::journal::JournalError;
use crate::journal::clock::Clock;

/// Number, name and text of each migration, in order.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "0001_journal", include_str!("migrations/0001_journal.sql")),
    (2, "0002_plan", include_str!("migrations/0002_plan.sql")),
    (3, "0003_web_demand", include_str!("migrations/0003_web_demand.sql")),
    (4, "0004_privacy", include_str!("migrations/0004_privacy.sql")),
    (5, "0005_left_out", include_str!("migrations/0005_left_out.sql")),
    (6, "0006_booked_by_order", include_str!("migrations/0006_booked_by_order.sql")),
    (7, "0007_retention", include_str!("migrations/0007_retention.sql")),
    (8, "0008_replay", include_str!("migrations/0008_replay.sql")),
    (9, "0009_edit", include_str!("migrations/0009_edit.sql")),
    (10, "0010_circuit", include_str!("migrations/0010_circuit.sql")),
    (11, "0011_turns", include_str!("migrations/0011_turns.sql")),
    (12, "0012_share", include_str!("migrations/0012_share.sql")),
    (13, "0013_open_orders", include_str!("migrations/0013_open_orders.sql")),
];
/// Lets one process migrate at a time: the name `tillbridge` as a number.
const LOCK: i64 = 0x7469_6c6c_6272;
const PREPARE: &str = "CREATE SCHEMA IF NOT EXISTS tillbridge; SET LOCAL search_path TO tillbridge; \
    CREATE TABLE IF NOT EXISTS migration (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";
const EXISTS: &str = "SELECT to_regclass('tillbridge.migration') IS NOT NULL";
const VERSION: &str = "SELECT COALESCE(MAX(version), 0) FROM migration";
const RECORD: &str = "INSERT INTO migration (version, name, applied_at) VALUES ($1, $2, $3)";

fn newest() -> i64 {
    MIGRATIONS.last().map_or(0, |(number, ..)| *number)
}

fn newer(version: i64) -> JournalError {
    JournalError::Broken(format!(
        "the journal's schema `{SCHEMA}` has version {version}, but this program knows only up to {}; start the newer program",
        newest()
    ))
}

/// Refuses a schema that is not this program's.
pub(super) async fn check(pool: &Pool) -> Result<(), JournalError> {
    let client = client(pool).await?;
    let failed = |error: tokio_postgres::Error| failure(&error);
    let exists: bool = client.query_one(EXISTS, &[]).await.map_err(failed)?.get(0);
    if !exists {
        return Err(JournalError::Broken(format!(
            "the journal's database has no schema `{SCHEMA}` yet; run `tillbridge migrate` once"
        )));
    }
    let version: i64 = client.query_one(VERSION, &[]).await.map_err(failed)?.get(0);
    if version > newest() {
        return Err(newer(version));
    }
    if version < newest() {
        return Err(JournalError::Broken(format!(
            "the journal's schema `{SCHEMA}` has version {version} and this program needs {}; run `tillbridge migrate`",
            newest()
        )));
    }
    Ok(())
}

/// Applies what is missing, all of it or nothing.
pub(super) async fn migrate(url: &str, clock: &Clock) -> Result<Vec<&'static str>, JournalError> {
    let mut client = alone(url).await?;
    let transaction = client.transaction().await.map_err(|error| failure(&error))?;
    let version = apply(&transaction, clock).await.map_err(|error| failure(&error))?;
    if version > newest() {
        return Err(newer(version));
    }
    transaction.commit().await.map_err(|error| failure(&error))?;
    Ok(MIGRATIONS.iter().filter(|(number, ..)| *number > version).map(|(_, name, _)| *name).collect())
}

/// Answers the version that was found.
async fn apply(transaction: &Transaction<'_>, clock: &Clock) -> Result<i64, tokio_postgres::Error> {
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    transaction.batch_execute(PREPARE).await?;
    let version: i64 = transaction.query_one(VERSION, &[]).await?.get(0);
    for (number, name, sql) in MIGRATIONS.iter().filter(|(number, ..)| *number > version) {
        transaction.batch_execute(sql).await?;
        transaction.execute(RECORD, &[number, name, &clock.micros()]).await?;
    }
    Ok(version)
}

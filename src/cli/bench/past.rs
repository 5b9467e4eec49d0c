//! A past: rows as years of orders leave them in a journal once their contents have gone.
//!
//! They are written straight into the tables, five for each order that was told, booked and forgotten; keys are as scattered as
//! real ones.

use anyhow::Context;

use super::scene::execute;
use crate::rehearsal::Journal;

/// Rows that one order leaves.
const ROWS_EACH: u64 = 5;
/// Orders of one transaction.
const AT_ONCE: u64 = 100_000;

/// When the first of them came, in milliseconds since 1970.
const BEGAN: u64 = 1_600_000_000_000;

/// Writes about so many rows.
///
/// # Errors
/// When the journal's tables are other than this module believes, or cannot be written.
pub async fn invented(journal: &Journal, rows: u64) -> anyhow::Result<()> {
    let orders = rows / ROWS_EACH;
    let steps = (0..orders).step_by(usize::try_from(AT_ONCE)?);
    let ranges: Vec<(u64, u64)> = steps.map(|first| (first, (first + AT_ONCE).min(orders))).collect();
    match journal {
        Journal::Sqlite(path) => {
            let path = path.clone();
            let write = move || -> rusqlite::Result<()> {
                let connection = rusqlite::Connection::open(path)?;
                connection.execute_batch("PRAGMA cache_size = -1000000")?;
                for (first, end) in ranges {
                    connection.execute_batch(&sqlite(first, end))?;
                }
                connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
            };
            tokio::task::spawn_blocking(write).await?.context("the past could not be written")
        }
        Journal::Postgres(url) => {
            for (first, end) in ranges {
                execute(url, &postgres(first, end)).await.context("the past could not be written")?;
            }
            execute(url, "VACUUM ANALYZE").await?;
            // A past that grew over years is on the disk already: what is measured shares the disk with what comes, not with it.
            execute(url, "CHECKPOINT").await.context("the server's superuser or a member of pg_checkpoint is needed")
        }
    }
}

/// How a database says what the rows are made of.
struct Dialect {
    /// The numbers of the orders, as a query's `FROM`.
    source: String,
    /// Sixteen bytes that begin with the time, as the program's own numbers do.
    id: fn(&str) -> String,
    /// A storefront's key of a call: thirty-two digits in no order.
    key: &'static str,
    /// No bytes.
    nothing: &'static str,
    /// Columns of a delivery's contents that stand in its own row, and what is in them once they have gone.
    contents: (&'static str, &'static str),
}

fn sqlite(first: u64, end: u64) -> String {
    let numbers = format!("WITH RECURSIVE n(i) AS (VALUES({first}) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {end})");
    rows(&Dialect {
        source: format!("FROM ({numbers} SELECT i FROM n)"),
        id: |kind| format!("unhex(printf('%012x', {BEGAN} + i) || '7{kind}' || hex(randomblob(8)))"),
        key: "lower(hex(randomblob(16)))",
        nothing: "x''",
        contents: ("", ""),
    })
}

fn postgres(first: u64, end: u64) -> String {
    let rows = rows(&Dialect {
        source: format!("FROM generate_series({first}, {end} - 1) AS n(i)"),
        id: |kind| {
            format!("decode(lpad(to_hex({BEGAN} + i), 12, '0') || '7{kind}' || left(md5(random()::text), 16), 'hex')")
        },
        key: "md5(random()::text)",
        nothing: "''::bytea",
        contents: (", headers, body", ", '', ''::bytea"),
    });
    format!("SET search_path TO tillbridge; {rows}")
}

fn rows(dialect: &Dialect) -> String {
    let Dialect { source, id, key, nothing, contents: (columns, values) } = dialect;
    let at = format!("({BEGAN} + i) * 1000");
    let (delivery, event) = (id("001"), id("002"));
    format!(
        "BEGIN;
         INSERT INTO delivery (id, origin, topic, dedupe_key, bytes, received_at, state, changed_at{columns})
           SELECT {delivery}, 'storefront/bench', 'orders/fulfilled', {key}, 14000, {at}, 'handled', {at}{values} {source};
         INSERT INTO event (seq, id, delivery, channel, kind, entity, source_document, version, raised_at, body)
           SELECT -i - 1, {event}, {delivery}, 'bench', 'sale.invoiced', 'order:past-' || i, 'order:past-' || i, {at}, {at},
             {nothing} {source};
         INSERT INTO effect (channel, key, handling, kind, state, result, times, changed_at)
           SELECT 'bench', 'invoice bench/order:past-' || i, -i - 1, 'invoice', 'done', CAST(i AS text), 1, {at} {source};
         INSERT INTO link (channel, kind, key, other)
           SELECT 'bench', 'invoice', 'order:past-' || i, 'past-' || i {source};
         INSERT INTO written (channel, entity, version, value)
           SELECT 'bench', 'order:past-' || i, {at}, '{{}}' {source};
         COMMIT;"
    )
}

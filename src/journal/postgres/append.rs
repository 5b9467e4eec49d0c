//! Deliveries in, many in one statement: each is new, or a duplicate that is counted on the row of the first one.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use uuid::Uuid;

use super::trouble::Trouble;
use super::work::{Batch, Work};
use crate::domain::DeliveryId;
use crate::journal::plan::deliveries::DeliveryRow;
use crate::journal::tally::SHARDS;
use crate::journal::{Appended, JournalError, PolledPage, text};

const INSERT: &str = "WITH added AS (INSERT INTO delivery (id, origin, topic, dedupe_key, fold_key, headers, body, bytes, \
    received_at, state, due, changed_at) SELECT id, origin, topic, dedupe_key, fold_key, headers, body, bytes, received_at, \
    'new', received_at, received_at FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], \
    $7::bytea[], $8::bigint[], $9::bigint[]) \
    AS t(id, origin, topic, dedupe_key, fold_key, headers, body, bytes, received_at) ON CONFLICT DO NOTHING RETURNING id), \
    counted AS (INSERT INTO tally (what, name, state, shard, n) \
    SELECT 'delivery', '', 'new', pg_backend_pid() % $10, count(*) FROM added HAVING count(*) > 0 \
    ON CONFLICT (what, name, state, shard) DO UPDATE SET n = tally.n + excluded.n) SELECT id FROM added";
const COUNT_DUPLICATES: &str = "WITH asked AS (SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[]) \
    AS t(id, origin, dedupe_key, fold_key)), \
    found AS (SELECT asked.id, first.id AS first FROM asked CROSS JOIN LATERAL ( \
    SELECT d.id, 1 AS rank FROM delivery d WHERE d.origin = asked.origin AND d.dedupe_key = asked.dedupe_key UNION ALL \
    SELECT d.id, 2 FROM delivery d WHERE d.origin = asked.origin AND d.fold_key = asked.fold_key ORDER BY rank LIMIT 1) first), \
    locked AS (SELECT id FROM delivery WHERE id IN (SELECT first FROM found) ORDER BY id FOR UPDATE), \
    counted AS (UPDATE delivery d SET duplicates = d.duplicates + f.n \
    FROM (SELECT first, count(*) AS n FROM found GROUP BY first) f JOIN locked ON locked.id = f.first WHERE d.id = f.first \
    RETURNING f.n), \
    tallied AS (INSERT INTO tally (what, name, state, shard, n) \
    SELECT 'duplicate', '', '', pg_backend_pid() % $5, sum(n) FROM counted HAVING sum(n) > 0 \
    ON CONFLICT (what, name, state, shard) DO UPDATE SET n = tally.n + excluded.n) SELECT id, first FROM found";
const FIRST_CURSOR: &str =
    "INSERT INTO poll_cursor (task, position, changed_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
const NEXT_CURSOR: &str = "UPDATE poll_cursor SET position = $2, changed_at = $3 WHERE task = $1 AND position = $4";

/// Writes deliveries; answers in the order given. Run outside a transaction it is one commit, and a second one only where
/// there are duplicates to count.
pub(super) async fn write(client: &impl GenericClient, rows: &[DeliveryRow]) -> Result<Vec<Appended>, Trouble> {
    // Two processes that write the same keys at once meet in one order.
    let mut sorted: Vec<&DeliveryRow> = rows.iter().collect();
    sorted.sort_by(|one, other| {
        (&one.origin, &one.dedupe_key, one.id).cmp(&(&other.origin, &other.dedupe_key, other.id))
    });
    let added = insert(client, &sorted).await?;
    sorted.retain(|row| !added.contains(&row.id));
    let firsts = if sorted.is_empty() { HashMap::new() } else { count_duplicates(client, &sorted).await? };
    rows.iter()
        .map(|row| match firsts.get(&row.id) {
            _ if added.contains(&row.id) => Ok(Appended::New(DeliveryId(row.id))),
            Some(first) => Ok(Appended::Duplicate(DeliveryId(*first))),
            None => Err(Trouble::Failed(JournalError::Broken(
                "a delivery is a duplicate of none; check the indexes of table delivery".to_owned(),
            ))),
        })
        .collect()
}

async fn insert(client: &impl GenericClient, rows: &[&DeliveryRow]) -> Result<HashSet<Uuid>, Trouble> {
    let ids: Vec<&[u8]> = rows.iter().map(|row| row.id.as_bytes().as_slice()).collect();
    let origins: Vec<_> = rows.iter().map(|row| row.origin.as_str()).collect();
    let topics: Vec<_> = rows.iter().map(|row| row.topic.as_str()).collect();
    let keys: Vec<_> = rows.iter().map(|row| row.dedupe_key.as_str()).collect();
    let folds: Vec<_> = rows.iter().map(|row| row.fold_key.as_deref()).collect();
    let headers: Vec<_> = rows.iter().map(|row| row.headers.as_str()).collect();
    let bodies: Vec<_> = rows.iter().map(|row| row.body.as_slice()).collect();
    let lengths: Vec<_> = rows.iter().map(|row| row.bytes).collect();
    let times: Vec<_> = rows.iter().map(|row| row.received_at).collect();
    let statement = client.prepare_cached(INSERT).await?;
    let added = client
        .query(&statement, &[&ids, &origins, &topics, &keys, &folds, &headers, &bodies, &lengths, &times, &SHARDS])
        .await?;
    added.iter().map(|row| uuid(row, 0)).collect()
}

async fn count_duplicates(client: &impl GenericClient, rows: &[&DeliveryRow]) -> Result<HashMap<Uuid, Uuid>, Trouble> {
    let ids: Vec<&[u8]> = rows.iter().map(|row| row.id.as_bytes().as_slice()).collect();
    let origins: Vec<_> = rows.iter().map(|row| row.origin.as_str()).collect();
    let keys: Vec<_> = rows.iter().map(|row| row.dedupe_key.as_str()).collect();
    let folds: Vec<_> = rows.iter().map(|row| row.fold_key.as_deref()).collect();
    let statement = client.prepare_cached(COUNT_DUPLICATES).await?;
    let found = client.query(&statement, &[&ids, &origins, &keys, &folds, &SHARDS]).await?;
    found.iter().map(|row| Ok((uuid(row, 0)?, uuid(row, 1)?))).collect()
}

/// A number of 16 bytes in a column.
pub(super) fn uuid(row: &tokio_postgres::Row, column: usize) -> Result<Uuid, Trouble> {
    Uuid::from_slice(row.try_get(column)?)
        .map_err(|_| Trouble::Failed(JournalError::Broken("a stored number is not of 16 bytes".to_owned())))
}

/// What a poll read, with its cursor.
pub(super) struct Polled<'a> {
    pub page: &'a PolledPage,
    pub rows: &'a [DeliveryRow],
}

#[async_trait]
impl Batch for Polled<'_> {
    type Answer = Vec<Appended>;

    async fn run(&self, work: &Work<'_>) -> Result<Self::Answer, Trouble> {
        let (task, to) = (text::clean(&self.page.task), text::clean(&self.page.to));
        let moved = match self.page.from.as_deref().map(text::clean) {
            None => work.run(FIRST_CURSOR, &[&task, &to, &work.now]).await?,
            Some(from) => work.run(NEXT_CURSOR, &[&task, &to, &work.now, &from]).await?,
        };
        if moved == 0 {
            return Err(Trouble::Failed(JournalError::CursorMoved));
        }
        if self.rows.is_empty() {
            return Ok(Vec::new());
        }
        write(work.client, self.rows).await
    }
}

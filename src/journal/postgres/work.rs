//! One batch in one transaction: statements from the cache, totals written last, and another try when two got in each other's
//! way. Locks are taken in one order everywhere: advisory, handlings or deliveries by number, keys sorted, turns, the woken
//! (which are skipped when locked: whoever holds them moves them on), totals.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Client, Object, Pool};
use futures::future::join;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connect::client;
use super::operate::{RAISE_HANDLINGS, record};
use super::trouble::Trouble;
use crate::journal::clock::Clock;
use crate::journal::plan::{Move, Wake, handling, handling_state};
use crate::journal::tally::{SHARDS, Tally};
use crate::journal::{JournalError, audit};

/// How often a batch is tried that was undone for another one's sake.
const TRIES: u32 = 5;
/// The longest a whole batch may take; the server's own deadlines are shorter, so this one ends a dead network.
const DEADLINE: Duration = Duration::from_secs(40);

const BEGIN: &str = "BEGIN";
const BEGIN_SOFT: &str = "BEGIN; SET LOCAL synchronous_commit TO off";
const MOVE: &str = "UPDATE handling h SET state = m.state, due = m.due, fence = m.fence, failures = m.failures, turn = m.turn, \
    waits_kind = m.waits_kind, waits_key = m.waits_key, reason = m.reason, action = m.action, changed_at = $11 \
    FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], \
    $9::text[], $10::text[]) AS m(id, state, due, fence, failures, turn, waits_kind, waits_key, reason, action) \
    WHERE h.id = m.id";
const BURY: &str =
    "INSERT INTO dead (handling, since) SELECT id, $2 FROM unnest($1::bigint[]) AS t(id) ON CONFLICT DO NOTHING";
const WAKE: &str = "WITH woken AS (SELECT h.id, h.state FROM handling h \
    JOIN unnest($1::text[], $2::text[], $3::text[]) AS w(channel, kind, key) \
    ON h.channel = w.channel AND h.waits_kind = w.kind AND h.waits_key = w.key ORDER BY h.id FOR UPDATE OF h SKIP LOCKED) \
    UPDATE handling h SET state = 'ready', due = $4, waits_kind = NULL, waits_key = NULL, changed_at = $4, \
    failures = CASE WHEN h.state = 'dead' THEN 0 ELSE h.failures END, action = '' \
    FROM woken WHERE h.id = woken.id RETURNING h.handler, woken.state, h.id";
const COUNT: &str = "INSERT INTO tally (what, name, state, shard, n) \
    SELECT t.what, t.name, t.state, pg_backend_pid() % $5, t.n \
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS t(what, name, state, n) \
    ON CONFLICT (what, name, state, shard) DO UPDATE SET n = tally.n + excluded.n";

/// The statements of one journal method, over borrowed input, so that they can be tried again.
#[async_trait]
pub(super) trait Batch: Sync {
    /// What the method answers.
    type Answer: Send;
    /// Whether nothing is lost when a crash of the server undoes it: it only takes work out of a queue, in which the work would
    /// then lie again. Such a batch does not wait for the disk; whatever is committed after it brings it to the disk too.
    const REPEATABLE: bool = false;
    /// Runs the statements.
    async fn run(&self, work: &Work<'_>) -> Result<Self::Answer, Trouble>;
}

/// Runs a batch in a transaction of its own. Repeating is safe: what is tried again was undone before.
pub(super) async fn carry_out<B: Batch>(pool: &Pool, clock: &Clock, batch: &B) -> Result<B::Answer, JournalError> {
    let mut tries = 1;
    loop {
        let connection = Held(Some(client(pool).await?));
        match tokio::time::timeout(DEADLINE, once(connection, clock, batch)).await {
            Ok(Err(Trouble::Again(_))) if tries < TRIES => tries += 1,
            Ok(Err(Trouble::Again(error))) => return Err(JournalError::Unavailable(error.to_string())),
            Ok(outcome) => return outcome.map_err(JournalError::from),
            Err(_) => return Err(JournalError::Unavailable("PostgreSQL did not answer in time".to_owned())),
        }
    }
}

/// A connection in a transaction. Dropped in the middle of it, an answer may still be on its way over the connection: nobody
/// may use it again, and closing it undoes the transaction.
struct Held(Option<Client>);

impl Held {
    /// The transaction has ended and every answer was read.
    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.0.take().map(Object::take));
    }
}

async fn once<B: Batch>(held: Held, clock: &Clock, batch: &B) -> Result<B::Answer, Trouble> {
    let Some(connection) = &held.0 else {
        return Err(Trouble::Failed(JournalError::Unavailable("the connection to PostgreSQL is gone".to_owned())));
    };
    let work = Work {
        client: connection,
        begin: if B::REPEATABLE { BEGIN_SOFT } else { BEGIN },
        begun: AtomicBool::new(false),
        now: clock.micros(),
        tally: Mutex::new(Tally::default()),
    };
    let outcome = match batch.run(&work).await {
        Ok(answer) => work.commit().await.map(|()| answer),
        Err(trouble) => Err(trouble),
    };
    let at_rest =
        outcome.is_ok() || !work.begun.load(Ordering::Relaxed) || connection.batch_execute("ROLLBACK").await.is_ok();
    if at_rest {
        held.give_back();
    }
    outcome
}

/// A transaction at work. It begins with its first statement and ends with its last: what need not wait for an answer is sent
/// together, since over a network the way there and back costs more than the work.
pub(super) struct Work<'c> {
    pub client: &'c Client,
    begin: &'static str,
    begun: AtomicBool,
    /// The time of this work, in microseconds.
    pub now: i64,
    tally: Mutex<Tally>,
}

impl Work<'_> {
    /// The rows of a statement.
    pub(super) async fn rows(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Trouble> {
        let statement = self.client.prepare_cached(sql).await?;
        if self.begun.swap(true, Ordering::Relaxed) {
            return Ok(self.client.query(&statement, params).await?);
        }
        // Polled in this order, and so sent in it.
        let (begun, rows) = join(self.client.batch_execute(self.begin), self.client.query(&statement, params)).await;
        begun?;
        Ok(rows?)
    }

    /// Runs a statement; answers how many rows changed.
    pub(super) async fn run(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64, Trouble> {
        let statement = self.client.prepare_cached(sql).await?;
        if self.begun.swap(true, Ordering::Relaxed) {
            return Ok(self.client.execute(&statement, params).await?);
        }
        let (begun, changed) =
            join(self.client.batch_execute(self.begin), self.client.execute(&statement, params)).await;
        begun?;
        Ok(changed?)
    }

    /// Writes the totals and commits. Where the totals fail, PostgreSQL answers the commit by undoing everything.
    async fn commit(&self) -> Result<(), Trouble> {
        let columns = self.tally_columns();
        if columns.0.is_empty() {
            return if self.begun.load(Ordering::Relaxed) {
                Ok(self.client.batch_execute("COMMIT").await?)
            } else {
                Ok(())
            };
        }
        let statement = self.client.prepare_cached(COUNT).await?;
        let (whats, names, states, numbers) = &columns;
        let params: [&(dyn ToSql + Sync); 5] = [whats, names, states, numbers, &SHARDS];
        let (counted, committed) =
            join(self.client.execute(&statement, &params), self.client.batch_execute("COMMIT")).await;
        counted?;
        Ok(committed?)
    }

    fn tally_columns(&self) -> (Vec<&'static str>, Vec<String>, Vec<&'static str>, Vec<i64>) {
        let (mut whats, mut names, mut states, mut numbers) = (vec![], vec![], vec![], vec![]);
        for (what, name, state, by) in self.tally().changes() {
            whats.push(what);
            names.push(name.to_owned());
            states.push(state);
            numbers.push(by);
        }
        (whats, names, states, numbers)
    }

    /// The totals this work changes.
    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes new states of handlings and lists those that gave up.
    pub(super) async fn carry_out(&self, moves: &[Move], dead: &[i64]) -> Result<(), Trouble> {
        if moves.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = moves.iter().map(|to| to.id).collect();
        let states: Vec<_> = moves.iter().map(|to| to.state).collect();
        let dues: Vec<_> = moves.iter().map(|to| to.due).collect();
        let fences: Vec<_> = moves.iter().map(|to| to.fence).collect();
        let failures: Vec<_> = moves.iter().map(|to| to.failures).collect();
        let turns: Vec<_> = moves.iter().map(|to| to.turn).collect();
        let kinds: Vec<_> = moves.iter().map(|to| to.waits.as_ref().map(|(kind, _)| *kind)).collect();
        let keys: Vec<_> = moves.iter().map(|to| to.waits.as_ref().map(|(_, key)| key.as_str())).collect();
        let reasons: Vec<_> = moves.iter().map(|to| to.reason.as_str()).collect();
        let actions: Vec<_> = moves.iter().map(|to| to.action.as_str()).collect();
        self.run(
            MOVE,
            &[&ids, &states, &dues, &fences, &failures, &turns, &kinds, &keys, &reasons, &actions, &self.now],
        )
        .await?;
        self.bury(dead).await
    }

    /// Lists handlings that gave up.
    pub(super) async fn bury(&self, dead: &[i64]) -> Result<(), Trouble> {
        if dead.is_empty() {
            return Ok(());
        }
        self.run(BURY, &[&dead, &self.now]).await.map(drop)
    }

    /// Makes what waits for any of these ready; answers whether anything did.
    pub(super) async fn wake(&self, wakes: &[Wake]) -> Result<bool, Trouble> {
        if wakes.is_empty() {
            return Ok(false);
        }
        let channels: Vec<_> = wakes.iter().map(|wake| wake.channel.as_str()).collect();
        let kinds: Vec<_> = wakes.iter().map(|wake| wake.kind).collect();
        let keys: Vec<_> = wakes.iter().map(|wake| wake.key.as_str()).collect();
        let mut raised: Vec<i64> = Vec::new();
        let woken = self.rows(WAKE, &[&channels, &kinds, &keys, &self.now]).await?;
        for row in &woken {
            let state = handling_state(row.try_get(1)?)?;
            self.tally().moved(row.try_get(0)?, state, handling::READY);
            if state == handling::DEAD {
                raised.push(row.try_get(2)?);
            }
        }
        if raised.is_empty() {
            return Ok(!woken.is_empty());
        }
        self.run(RAISE_HANDLINGS, &[&raised]).await?;
        let names: Vec<String> = raised.iter().map(|id| format!("h{id}")).collect();
        record(self, audit::ITSELF, audit::RETRY, &names, audit::CAME).await?;
        Ok(true)
    }
}

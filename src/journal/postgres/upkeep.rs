//! Removes what is old, and says whose task it is. PostgreSQL itself takes what went off the disk with its next vacuum.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::PostgresJournal;
use super::trouble::Trouble;
use super::work::{Batch, Work};
use crate::domain::StorefrontName;
use crate::journal::clock::span;
use crate::journal::plan::handling_state;
use crate::journal::plan::retention::{FINAL, key_stays};
use crate::journal::read::{OLD_EVENTS, in_use, old};
use crate::journal::upkeep::{Mark, Old, Swept, Upkeep, choose};
use crate::journal::value::Value;
use crate::journal::{JournalError, text};

/// What still has its contents has an index of its own, which a delivery enters when it ends.
const DELIVERIES: &str = concat!(
    "SELECT d.received_at, d.id, ",
    in_use!(),
    " FROM delivery d WHERE d.due IS NULL AND d.state <> 'rejected' AND length(d.body) > 0 \
    AND (d.received_at, d.id) > ($1, $2) ORDER BY d.received_at, d.id LIMIT $3"
);
const HOLD: &str = "INSERT INTO lease (task, owner, until) VALUES ($1, $2, $3) \
    ON CONFLICT (task) DO UPDATE SET owner = excluded.owner, until = excluded.until \
    WHERE lease.owner = excluded.owner OR lease.until <= $4";
/// Rows are locked in one order.
const SHARE: &str = "INSERT INTO sharer (storefront, process, until) SELECT name, $2, $3 FROM unnest($1::text[]) AS t(name) \
    ORDER BY name ON CONFLICT (storefront, process) DO UPDATE SET until = excluded.until";
const GONE: &str = "DELETE FROM sharer WHERE (storefront, process) IN (SELECT storefront, process FROM sharer WHERE until <= $1 \
    ORDER BY storefront, process FOR UPDATE SKIP LOCKED)";
const SHARERS: &str = "SELECT COUNT(s.process) FROM unnest($1::text[]) WITH ORDINALITY AS t(name, at) \
    LEFT JOIN sharer s ON s.storefront = t.name AND s.until > $2 AND s.process <> $3 GROUP BY t.at ORDER BY t.at";
const EMPTY: &str = "WITH found AS (SELECT id FROM delivery WHERE id = ANY($1::bytea[]) AND due IS NULL AND state <> 'rejected' \
    AND length(body) > 0 ORDER BY id FOR UPDATE) \
    UPDATE delivery d SET body = ''::bytea, headers = '{}' FROM found WHERE d.id = found.id";
const HANDLINGS: &str =
    "SELECT event, handler, state FROM handling WHERE event = ANY($1::bigint[]) ORDER BY id FOR UPDATE";
const KINDS: &str =
    "SELECT seq, kind FROM event WHERE seq = ANY($1::bigint[]) AND length(body) > 0 ORDER BY seq FOR UPDATE";
const END_HANDLINGS: &str = "DELETE FROM handling WHERE event = ANY($1::bigint[])";
const EMPTY_EVENTS: &str = "UPDATE event SET body = ''::bytea WHERE seq = ANY($1::bigint[])";
const EMPTY_EDITS: &str = "UPDATE edit SET original = ''::bytea WHERE at < $1 AND length(original) > 0";
const END_EVENTS: &str = "DELETE FROM event WHERE seq = ANY($1::bigint[])";

#[async_trait]
impl Upkeep for PostgresJournal {
    async fn hold(&self, task: &str, owner: Uuid, lease: Duration) -> Result<bool, JournalError> {
        self.work(Hold { task, owner, lease: span(lease) }).await
    }

    async fn share(
        &self,
        storefronts: &[StorefrontName],
        process: Uuid,
        lease: Duration,
    ) -> Result<Vec<usize>, JournalError> {
        self.work(Share { storefronts, process, lease: span(lease) }).await
    }

    async fn sweep(
        &self,
        what: Old,
        before: Timestamp,
        after: Option<Mark>,
        limit: usize,
    ) -> Result<Swept, JournalError> {
        let (sql, start) = match what {
            Old::Deliveries => (DELIVERIES, Value::Bytes(Vec::new())),
            Old::Events => (OLD_EVENTS, Value::Int(0)),
        };
        let after = after.unwrap_or(Mark { at: 0, key: start });
        let (go, next) = choose(old(&self.pool, sql, after, limit).await?, before, limit);
        if go.is_empty() && next.is_some() {
            return Ok(Swept { next, ..Swept::default() });
        }
        let swept = match what {
            Old::Deliveries => {
                // Corrections are few: the last batch takes all of theirs.
                let corrected = next.is_none().then_some(before.as_microsecond());
                self.work(SweepDeliveries { rows: &go, corrected }).await?
            }
            Old::Events => self.work(SweepEvents { rows: &go }).await?,
        };
        Ok(Swept { next, ..swept })
    }
}

/// Takes a task, or keeps it.
struct Hold<'a> {
    task: &'a str,
    owner: Uuid,
    lease: i64,
}

#[async_trait]
impl Batch for Hold<'_> {
    type Answer = bool;

    async fn run(&self, work: &Work<'_>) -> Result<bool, Trouble> {
        let (task, owner) = (text::key(self.task), self.owner.as_bytes().as_slice());
        let until = work.now.saturating_add(self.lease);
        Ok(work.run(HOLD, &[&task.as_ref(), &owner, &until, &work.now]).await? == 1)
    }
}

/// Counts a process in, or out.
struct Share<'a> {
    storefronts: &'a [StorefrontName],
    process: Uuid,
    lease: i64,
}

#[async_trait]
impl Batch for Share<'_> {
    type Answer = Vec<usize>;

    async fn run(&self, work: &Work<'_>) -> Result<Vec<usize>, Trouble> {
        let names: Vec<&str> = self.storefronts.iter().map(StorefrontName::as_str).collect();
        let (process, until) = (self.process.as_bytes().as_slice(), work.now.saturating_add(self.lease));
        work.run(SHARE, &[&names, &process, &until]).await?;
        work.run(GONE, &[&work.now]).await?;
        let others = work.rows(SHARERS, &[&names, &work.now, &process]).await?;
        let count = |row: &tokio_postgres::Row| Ok(usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or(0) + 1);
        others.iter().map(count).collect()
    }
}

/// Takes the contents of deliveries away.
struct SweepDeliveries<'a> {
    rows: &'a [Value],
    corrected: Option<i64>,
}

#[async_trait]
impl Batch for SweepDeliveries<'_> {
    type Answer = Swept;

    async fn run(&self, work: &Work<'_>) -> Result<Swept, Trouble> {
        let ids =
            self.rows.iter().filter_map(|row| if let Value::Bytes(id) = row { Some(id.as_slice()) } else { None });
        if let Some(before) = self.corrected {
            work.run(EMPTY_EDITS, &[&before]).await?;
        }
        let deliveries = work.run(EMPTY, &[&ids.collect::<Vec<_>>()]).await?;
        Ok(Swept { deliveries, ..Swept::default() })
    }
}

/// Takes the contents of events away, with their finished handlings.
struct SweepEvents<'a> {
    rows: &'a [Value],
}

#[async_trait]
impl Batch for SweepEvents<'_> {
    type Answer = Swept;

    /// Whatever was handed out again since the look is left alone: the handlings are locked before they are judged.
    async fn run(&self, work: &Work<'_>) -> Result<Swept, Trouble> {
        let seqs = self.rows.iter().filter_map(|row| if let Value::Int(seq) = row { Some(*seq) } else { None });
        let mut seqs: BTreeSet<i64> = seqs.collect();
        let all: Vec<i64> = seqs.iter().copied().collect();
        let mut handlings: BTreeMap<i64, Vec<(String, &'static str)>> = BTreeMap::new();
        for row in work.rows(HANDLINGS, &[&all]).await? {
            let (event, state): (i64, &str) = (row.try_get(0)?, row.try_get(2)?);
            if !FINAL.contains(&state) {
                seqs.remove(&event);
            }
            handlings.entry(event).or_default().push((row.try_get(1)?, handling_state(state)?));
        }
        let go: Vec<i64> = seqs.into_iter().collect();
        let (mut emptied, mut ended) = (Vec::new(), Vec::new());
        for row in work.rows(KINDS, &[&go]).await? {
            let (seq, kind): (i64, &str) = (row.try_get(0)?, row.try_get(1)?);
            for (handler, state) in handlings.remove(&seq).unwrap_or_default() {
                work.tally().handling(&handler, state, -1);
            }
            if key_stays(kind) {
                emptied.push(seq);
            } else {
                work.tally().events(kind, -1);
                ended.push(seq);
            }
        }
        let both: Vec<i64> = emptied.iter().chain(&ended).copied().collect();
        let handlings = work.run(END_HANDLINGS, &[&both]).await?;
        work.run(EMPTY_EVENTS, &[&emptied]).await?;
        work.run(END_EVENTS, &[&ended]).await?;
        Ok(Swept { events: both.len() as u64, handlings, ..Swept::default() })
    }
}

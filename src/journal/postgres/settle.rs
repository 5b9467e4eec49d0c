//! Attempts end, with everything that is kept with them, in one transaction.
//!
//! A handling that begins to wait for a link and a settlement that brings the link must not miss each other. Both take the
//! link's advisory lock before they look: whoever comes second sees what the first one left.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use futures::try_join;
use sha2::{Digest, Sha256};

use super::trouble::Trouble;
use super::work::{Batch, Work};
use super::{circuits, demand};
use crate::domain::ChannelName;
use crate::journal::plan::settle::{Running, Settled, Standing, stand, turn_wake};
use crate::journal::plan::{LinkRow, Wake};
use crate::journal::{Applied, JournalError, LinkKind, Outcome, Settlement, Written, text};

/// Namespace of the locks.
const LOCKS: i32 = 0x7469_6c6d;
/// The lock that stands for all others: taken for itself by a batch that would need too many, shared by everybody else.
const EVERY: i32 = 0;
/// The most locks of one batch: the server's table has a few thousand for all of its connections.
const MOST_LOCKS: usize = 256;

const LOCK: &str = "SELECT CASE WHEN slot = $2 THEN pg_advisory_xact_lock_shared($1, slot) \
    ELSE pg_advisory_xact_lock($1, slot) END FROM unnest($3::int[]) AS t(slot)";
const LOCK_EVERY: &str = "SELECT pg_advisory_xact_lock($1, $2)";
const RUNNING: &str = "SELECT id, handler, channel, entity, fence, failures, turn FROM handling \
    WHERE id = ANY($1::bigint[]) AND state = 'running' ORDER BY id FOR UPDATE";
const LINKS: &str = "SELECT l.channel, l.kind, l.key, l.other FROM unnest($1::text[], $2::text[], $3::text[]) \
    AS k(channel, kind, key) JOIN link l ON l.channel = k.channel AND l.kind = k.kind AND l.key = k.key UNION \
    SELECT l.channel, l.kind, l.key, l.other FROM unnest($4::text[], $5::text[], $6::text[]) AS o(channel, kind, other) \
    JOIN link l ON l.channel = o.channel AND l.kind = o.kind AND l.other = o.other";
const LINKS_OUT: &str = "DELETE FROM link l USING unnest($1::text[], $2::text[], $3::text[]) AS k(channel, kind, key) \
    WHERE l.channel = k.channel AND l.kind = k.kind AND l.key = k.key";
const LINKS_IN: &str = "INSERT INTO link (channel, kind, key, other) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])";
const WRITTEN: &str = "INSERT INTO written (channel, entity, version, value) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) \
    ON CONFLICT (channel, entity) DO UPDATE SET version = excluded.version, value = excluded.value \
    WHERE excluded.version >= written.version";
const EFFECTS: &str = "INSERT INTO effect (channel, key, handling, kind, state, result, times, changed_at) \
    SELECT t.channel, t.key, t.handling, t.kind, 'done', t.result, 1, $6 \
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[]) AS t(channel, key, handling, kind, result) \
    ON CONFLICT (channel, key) DO UPDATE SET handling = excluded.handling, kind = excluded.kind, state = 'done', \
    result = excluded.result, times = effect.times + 1, plan = NULL, changed_at = excluded.changed_at RETURNING kind, times";
/// Turns come sorted, and are locked as they come.
const GIVE_BACK: &str = "WITH back AS (SELECT t.channel, t.entity, t.held - b.by AS held \
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS b(channel, entity, token, by) \
    CROSS JOIN LATERAL (SELECT channel, entity, held FROM turn WHERE turn.channel = b.channel \
    AND turn.entity = b.entity AND turn.token = b.token FOR UPDATE) t), \
    kept AS (UPDATE turn t SET held = back.held FROM back \
    WHERE t.channel = back.channel AND t.entity = back.entity AND back.held > 0) \
    DELETE FROM turn t USING back WHERE t.channel = back.channel AND t.entity = back.entity AND back.held <= 0 \
    RETURNING t.channel, t.entity";

/// Ends of attempts.
pub(super) struct Settling<'a> {
    pub settlements: &'a [Settlement],
}

#[async_trait]
impl Batch for Settling<'_> {
    type Answer = Applied;

    async fn run(&self, work: &Work<'_>) -> Result<Applied, Trouble> {
        self.lock_links(work).await?;
        let standing = stand(self.settlements, self.running(work).await?);
        let known = known_links(work, &standing).await?;
        let open = circuits::open_of(work, &standing).await?;
        let mut settled = standing.decide(known, &open, work.now);
        // None of these needs another's answer; all are sent before the first is awaited.
        let ((), (), (), (), mut wakes) = try_join!(
            work.carry_out(&settled.moves, &settled.dead),
            write_links(work, &settled),
            write_written(work, &settled),
            write_effects(work, &settled),
            give_back(work, &settled),
        )?;
        wakes.append(&mut settled.wakes);
        let ready = work.wake(&wakes).await? || settled.is_due(work.now);
        work.tally().absorb(settled.tally);
        Ok(Applied { each: settled.applied, ready })
    }
}

impl Settling<'_> {
    async fn lock_links(&self, work: &Work<'_>) -> Result<(), Trouble> {
        let mut slots = BTreeSet::new();
        for settlement in self.settlements {
            for link in &settlement.links {
                slots.insert(slot(link.kind, "key", &link.key));
                slots.insert(slot(link.kind, "other", &link.other));
            }
            if let Outcome::Wait { kind, key, .. } = &settlement.outcome {
                slots.insert(slot(*kind, "key", key));
            }
        }
        if slots.is_empty() {
            return Ok(());
        }
        if slots.len() > MOST_LOCKS {
            return work.rows(LOCK_EVERY, &[&LOCKS, &EVERY]).await.map(drop);
        }
        // One that waits for a batch with all of them must not hold up others meanwhile: it comes first.
        let slots: Vec<i32> = std::iter::once(EVERY).chain(slots).collect();
        work.rows(LOCK, &[&LOCKS, &EVERY, &slots]).await.map(drop)
    }

    async fn running(&self, work: &Work<'_>) -> Result<Vec<Running>, Trouble> {
        let ids: Vec<i64> = self.settlements.iter().map(|settlement| settlement.handling.0).collect();
        let rows = work.rows(RUNNING, &[&ids]).await?;
        rows.iter()
            .map(|row| {
                Ok(Running {
                    id: row.try_get(0)?,
                    handler: row.try_get(1)?,
                    channel: row.try_get(2)?,
                    entity: row.try_get(3)?,
                    fence: row.try_get(4)?,
                    failures: row.try_get(5)?,
                    turn: row.try_get(6)?,
                })
            })
            .collect()
    }
}

/// The number of a link's lock, the same in every process whatever it was built with. Of so many that two batches seldom wait for
/// each other without a reason.
fn slot(kind: LinkKind, side: &str, text: &str) -> i32 {
    let digest = Sha256::digest(format!("{} {side} {}", kind.as_str(), text::clean(text)));
    (i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) & i32::MAX).max(EVERY + 1)
}

async fn known_links(work: &Work<'_>, standing: &Standing<'_>) -> Result<Vec<LinkRow>, Trouble> {
    let (keys, others) = (standing.keys(), standing.others());
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (key_channels, key_kinds, key_texts) = columns(keys);
    let (other_channels, other_kinds, other_texts) = columns(others);
    let found =
        work.rows(LINKS, &[&key_channels, &key_kinds, &key_texts, &other_channels, &other_kinds, &other_texts]).await?;
    found
        .iter()
        .map(|row| {
            Ok(LinkRow {
                channel: row.try_get(0)?,
                kind: link_kind(row.try_get(1)?)?,
                key: row.try_get(2)?,
                other: row.try_get(3)?,
            })
        })
        .collect()
}

type Columns<'a> = (Vec<&'a str>, Vec<&'static str>, Vec<String>);

fn columns<'a>(rows: BTreeSet<(&'a str, &'static str, String)>) -> Columns<'a> {
    let mut columns = Columns::default();
    for (channel, kind, text) in rows {
        columns.0.push(channel);
        columns.1.push(kind);
        columns.2.push(text);
    }
    columns
}

fn link_kind(word: &str) -> Result<&'static str, JournalError> {
    LinkKind::ALL
        .iter()
        .map(|kind| kind.as_str())
        .find(|kind| *kind == word)
        .ok_or_else(|| JournalError::Broken(format!("a link of a kind this version does not know: `{word}`")))
}

async fn write_links(work: &Work<'_>, settled: &Settled) -> Result<(), Trouble> {
    fn column<'a>(rows: &'a [LinkRow], of: impl Fn(&'a LinkRow) -> &'a str) -> Vec<&'a str> {
        rows.iter().map(of).collect()
    }
    if !settled.links_out.is_empty() {
        let rows = &settled.links_out;
        let (channels, kinds) = (column(rows, |row| &row.channel), column(rows, |row| row.kind));
        work.run(LINKS_OUT, &[&channels, &kinds, &column(rows, |row| &row.key)]).await?;
    }
    if !settled.links_in.is_empty() {
        let rows = &settled.links_in;
        let (channels, kinds) = (column(rows, |row| &row.channel), column(rows, |row| row.kind));
        let (keys, others) = (column(rows, |row| &row.key), column(rows, |row| &row.other));
        work.run(LINKS_IN, &[&channels, &kinds, &keys, &others]).await?;
    }
    Ok(())
}

async fn write_written(work: &Work<'_>, settled: &Settled) -> Result<(), Trouble> {
    if settled.written.is_empty() {
        return Ok(());
    }
    let channels: Vec<_> = settled.written.iter().map(|row| row.channel.as_str()).collect();
    let entities: Vec<_> = settled.written.iter().map(|row| row.entity.as_str()).collect();
    let versions: Vec<_> = settled.written.iter().map(|row| row.version).collect();
    let values: Vec<_> = settled.written.iter().map(|row| row.value.as_str()).collect();
    work.run(WRITTEN, &[&channels, &entities, &versions, &values]).await.map(drop)
}

async fn write_effects(work: &Work<'_>, settled: &Settled) -> Result<(), Trouble> {
    if settled.effects.is_empty() {
        return Ok(());
    }
    let channels: Vec<_> = settled.effects.iter().map(|row| row.channel.as_str()).collect();
    let keys: Vec<_> = settled.effects.iter().map(|row| row.key.as_str()).collect();
    let handlings: Vec<_> = settled.effects.iter().map(|row| row.handling).collect();
    let kinds: Vec<_> = settled.effects.iter().map(|row| row.kind).collect();
    let results: Vec<_> = settled.effects.iter().map(|row| row.result.as_str()).collect();
    for row in work.rows(EFFECTS, &[&channels, &keys, &handlings, &kinds, &results, &work.now]).await? {
        if row.try_get::<_, i64>(1)? == 1 {
            work.tally().effect(row.try_get(0)?);
        }
    }
    // Writes to a storefront take no pieces; whatever else takes some was intended with them.
    let papers = settled.effects.iter().filter(|row| !row.kind.starts_with("storefront"));
    let (channels, keys): (Vec<_>, Vec<_>) = papers.map(|row| (row.channel.as_str(), row.key.as_str())).unzip();
    demand::booked(work, &channels, &keys).await
}

/// What is about to be written.
pub(super) struct Keeping<'a> {
    pub channel: &'a ChannelName,
    pub written: &'a [Written],
}

#[async_trait]
impl Batch for Keeping<'_> {
    type Answer = ();

    async fn run(&self, work: &Work<'_>) -> Result<(), Trouble> {
        // The last one of an entity counts; one statement cannot write a row twice.
        let rows: BTreeMap<String, &Written> =
            self.written.iter().map(|one| (text::clean(&one.entity).into_owned(), one)).collect();
        let channels = vec![self.channel.as_str(); rows.len()];
        let entities: Vec<&str> = rows.keys().map(String::as_str).collect();
        let versions: Vec<i64> = rows.values().map(|one| one.version.0).collect();
        let values: Vec<String> = rows.values().map(|one| text::clean(&one.value).into_owned()).collect();
        work.run(WRITTEN, &[&channels, &entities, &versions, &values]).await.map(drop)
    }
}

/// Gives turns back; answers what wakes by those nobody holds any more.
async fn give_back(work: &Work<'_>, settled: &Settled) -> Result<Vec<Wake>, Trouble> {
    if settled.turns.is_empty() {
        return Ok(Vec::new());
    }
    let channels: Vec<_> = settled.turns.iter().map(|turn| turn.channel.as_str()).collect();
    let entities: Vec<_> = settled.turns.iter().map(|turn| turn.entity.as_str()).collect();
    let tokens: Vec<_> = settled.turns.iter().map(|turn| turn.token).collect();
    let by: Vec<_> = settled.turns.iter().map(|turn| turn.by).collect();
    let free = work.rows(GIVE_BACK, &[&channels, &entities, &tokens, &by]).await?;
    free.iter().map(|row| Ok(turn_wake(row.try_get(0)?, row.try_get(1)?))).collect()
}

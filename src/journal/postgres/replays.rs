//! Does things again: finished handlings of events, and deliveries. How far it has come moves on with what is handed out.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use uuid::Uuid;

use super::PostgresJournal;
use super::append::uuid;
use super::operate::{RAISE_HANDLINGS, record};
use super::trouble::Trouble;
use super::work::{Batch, Work};
use crate::domain::HandlerName;
use crate::journal::plan::deliveries::EventRow;
use crate::journal::plan::renew::renewed;
use crate::journal::plan::{delivery, delivery_state, handling, handling_state};
use crate::journal::read::{self, Page, StillKept};
use crate::journal::replays::{KeptReplay, NewReplay, ReplayMode, ReplayRun, Replays, written};
use crate::journal::value::Value;
use crate::journal::{JournalError, Selection, audit, text};

const KEPT: StillKept = "length(d.body) > 0";
const BEGIN: &str = "INSERT INTO replay (mode, selection, who, per_second, total, place, stop, begun_at, changed_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING id";
const STEP: &str = "UPDATE replay SET place = $3, changed_at = $4 WHERE id = $1 AND place = $2 AND finished_at IS NULL";
const COUNT: &str = "UPDATE replay SET done = done + $2, finished_at = $3 WHERE id = $1 RETURNING done";
const FINISHED: &str = "SELECT id, handler, state FROM handling WHERE event = ANY($1::bigint[]) \
    AND state IN ('done', 'ignored', 'dead') AND ($2::text IS NULL OR handler = $2) ORDER BY id FOR UPDATE";
const AGAIN: &str = "UPDATE handling SET state = 'ready', due = $2, failures = 0, action = '', changed_at = $2, \
    waits_kind = NULL, waits_key = NULL WHERE id = ANY($1::bigint[])";
const READ_BEFORE: &str = "SELECT id, state FROM delivery WHERE id = ANY($1::bytea[]) AND due IS NULL \
    AND state IN ('handled', 'ignored') AND length(body) > 0 ORDER BY id FOR UPDATE";
const READ_AGAIN: &str = "UPDATE delivery SET state = 'new', reason = '', due = $2, attempts = 0, changed_at = $2 \
    WHERE id = ANY($1::bytea[])";
const OWN: &str = "SELECT e.seq, t.id, e.body FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::text[], $5::text[]) \
    AS t(id, delivery, channel, kind, source_document) JOIN event e ON e.channel = t.channel AND e.kind = t.kind \
    AND e.source_document = t.source_document AND e.delivery = t.delivery WHERE length(e.body) > 0 \
    ORDER BY e.seq FOR UPDATE OF e";
const RENEW: &str = "UPDATE event e SET entity = n.entity, version = n.version, body = n.body \
    FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bytea[]) AS n(seq, entity, version, body) WHERE e.seq = n.seq";
const FOLLOW: &str = "UPDATE handling h SET entity = n.entity FROM unnest($1::bigint[], $2::text[]) AS n(event, entity) \
    WHERE h.event = n.event AND h.due IS NULL";

#[async_trait]
impl Replays for PostgresJournal {
    async fn count_replay(
        &self,
        mode: ReplayMode,
        selection: &Selection,
    ) -> Result<BTreeMap<String, i64>, JournalError> {
        let until = selection.until.unwrap_or(self.clock.soon());
        read::count_replay(&self.pool, KEPT, mode, selection, until).await
    }

    async fn begin_replay(&self, replay: &NewReplay) -> Result<ReplayRun, JournalError> {
        let until = replay.selection.until.unwrap_or(self.clock.soon());
        let (place, stop) = read::bounds(&self.pool, replay.mode, replay.selection.since, until).await?;
        let selection = written(&Selection { until: Some(until), ..replay.selection.clone() })?;
        let id = self.work(Begin { replay, selection: &selection, place: &place, stop: &stop }).await?;
        let begun = read::replays(&self.pool, id).await?.into_iter().next();
        begun
            .map(|kept| kept.run)
            .ok_or_else(|| JournalError::Broken("a replay that was just begun is not there".into()))
    }

    async fn replay_step(&self, id: i64, limit: usize) -> Result<Option<ReplayRun>, JournalError> {
        let Some(replay) = read::replays(&self.pool, id.max(1)).await?.into_iter().next() else { return Ok(None) };
        if replay.run.finished_at.is_some() {
            return Ok(Some(replay.run));
        }
        let page = read::replay_page(&self.pool, KEPT, &replay, limit).await?;
        self.work(Step { replay: &replay, page: &page }).await?;
        Ok(read::replays(&self.pool, id).await?.into_iter().next().map(|kept| kept.run))
    }

    async fn replays(&self) -> Result<Vec<ReplayRun>, JournalError> {
        Ok(read::replays(&self.pool, 0).await?.into_iter().map(|kept| kept.run).collect())
    }
}

/// A replay's record; answers its number.
struct Begin<'a> {
    replay: &'a NewReplay,
    selection: &'a str,
    place: &'a str,
    stop: &'a str,
}

#[async_trait]
impl Batch for Begin<'_> {
    type Answer = i64;

    async fn run(&self, work: &Work<'_>) -> Result<i64, Trouble> {
        let replay = self.replay;
        let (mode, who, per_second) = (replay.mode.as_str(), text::reason(&replay.who), i64::from(replay.per_second));
        let (selection, place, stop) = (self.selection, self.place, self.stop);
        let rows =
            work.rows(BEGIN, &[&mode, &selection, &who, &per_second, &replay.total, &place, &stop, &work.now]).await?;
        let id: i64 = match rows.first() {
            Some(row) => row.try_get(0)?,
            None => return Err(Trouble::Failed(JournalError::Broken("a replay could not be begun".into()))),
        };
        let subject = [audit::selected(&replay.selection)];
        record(work, &replay.who, audit::REPLAY, &subject, &audit::replay(id, replay)).await?;
        Ok(id)
    }
}

/// One page, unless somebody else has taken it meanwhile.
struct Step<'a> {
    replay: &'a KeptReplay,
    page: &'a Page,
}

#[async_trait]
impl Batch for Step<'_> {
    type Answer = ();

    async fn run(&self, work: &Work<'_>) -> Result<(), Trouble> {
        let KeptReplay { run, selection, place, .. } = self.replay;
        if work.run(STEP, &[&run.id, place, &self.page.to, &work.now]).await? == 0 {
            return Ok(());
        }
        let (mut events, mut deliveries) = (Vec::new(), Vec::new());
        for key in &self.page.keys {
            match key {
                Value::Int(event) => events.push(*event),
                Value::Bytes(id) => deliveries.push(id.as_slice()),
                Value::Null | Value::Text(_) => {}
            }
        }
        let handler = selection.handler.as_ref().map(HandlerName::as_str);
        let done = again(work, &events, handler).await? + read_again(work, &deliveries).await?;
        let finished = self.page.is_last.then_some(work.now);
        let rows = work.rows(COUNT, &[&run.id, &done, &finished]).await?;
        if self.page.is_last {
            let all = rows.first().map_or(Ok(done), |row| row.try_get(0))?;
            let subject = [format!("replay {}", run.id)];
            record(work, &run.who, audit::REPLAY, &subject, &audit::replayed(all, run.mode)).await?;
        }
        Ok(())
    }
}

/// Makes the finished handlings of events ready; answers how many.
async fn again(work: &Work<'_>, events: &[i64], handler: Option<&str>) -> Result<i64, Trouble> {
    if events.is_empty() {
        return Ok(0);
    }
    let finished = work.rows(FINISHED, &[&events, &handler]).await?;
    let mut ids: Vec<i64> = Vec::with_capacity(finished.len());
    for row in &finished {
        ids.push(row.try_get(0)?);
        work.tally().moved(row.try_get(1)?, handling_state(row.try_get(2)?)?, handling::READY);
    }
    work.run(AGAIN, &[&ids, &work.now]).await?;
    work.run(RAISE_HANDLINGS, &[&ids]).await?;
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}

/// Makes deliveries new again; answers how many.
async fn read_again(work: &Work<'_>, ids: &[&[u8]]) -> Result<i64, Trouble> {
    if ids.is_empty() {
        return Ok(0);
    }
    let rows = work.rows(READ_BEFORE, &[&ids]).await?;
    let mut found: Vec<Vec<u8>> = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push(row.try_get(0)?);
        work.tally().delivery(delivery_state(row.try_get(1)?)?, -1);
        work.tally().delivery(delivery::NEW, 1);
    }
    work.run(READ_AGAIN, &[&found, &work.now]).await?;
    Ok(i64::try_from(found.len()).unwrap_or(i64::MAX))
}

/// Events that were known before, from deliveries that are read again: those that these deliveries raised. Where one says something
/// else by now, it takes the old one's place and is handled again.
pub(super) async fn renew(work: &Work<'_>, events: &[&EventRow]) -> Result<BTreeSet<Uuid>, Trouble> {
    let mut own = BTreeSet::new();
    if events.is_empty() {
        return Ok(own);
    }
    let ids: Vec<&[u8]> = events.iter().map(|event| event.id.as_bytes().as_slice()).collect();
    let deliveries: Vec<&[u8]> = events.iter().map(|event| event.delivery.as_bytes().as_slice()).collect();
    let channels: Vec<_> = events.iter().map(|event| event.channel.as_str()).collect();
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    let documents: Vec<_> = events.iter().map(|event| event.source_document.as_str()).collect();
    let by_id: BTreeMap<Uuid, &EventRow> = events.iter().map(|event| (event.id, *event)).collect();
    let (mut seqs, mut entities, mut versions, mut bodies) = (vec![], vec![], vec![], vec![]);
    for row in work.rows(OWN, &[&ids, &deliveries, &channels, &kinds, &documents]).await? {
        let (seq, id): (i64, Uuid) = (row.try_get(0)?, uuid(&row, 1)?);
        let Some(event) = by_id.get(&id) else { continue };
        own.insert(id);
        if let Some(body) = renewed(row.try_get(2)?, &event.body)? {
            seqs.push(seq);
            entities.push(event.entity.as_str());
            versions.push(event.version);
            bodies.push(body);
        }
    }
    if !seqs.is_empty() {
        work.run(RENEW, &[&seqs, &entities, &versions, &bodies]).await?;
        work.run(FOLLOW, &[&seqs, &entities]).await?;
        again(work, &seqs, None).await?;
    }
    Ok(own)
}

//! Does things again: finished handlings of events, and deliveries. How far it has come moves on with what is handed out.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rusqlite::params;

use super::SqliteJournal;
use super::operate::{RAISE_HANDLING, record};
use super::work::Work;
use crate::domain::HandlerName;
use crate::journal::plan::deliveries::EventRow;
use crate::journal::plan::renew::renewed;
use crate::journal::plan::{delivery, delivery_state, handling, handling_state};
use crate::journal::read::{self, Page, StillKept};
use crate::journal::replays::{KeptReplay, NewReplay, ReplayMode, ReplayRun, Replays, written};
use crate::journal::value::Value;
use crate::journal::{JournalError, Selection, audit, text};

const KEPT: StillKept = "EXISTS (SELECT 1 FROM delivery_content c WHERE c.delivery = d.seq)";
const BEGIN: &str = "INSERT INTO replay (mode, selection, who, per_second, total, place, stop, begun_at, changed_at) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8)";
const STEP: &str = "UPDATE replay SET place = ?3, changed_at = ?4 WHERE id = ?1 AND place = ?2 AND finished_at IS NULL";
const COUNT: &str = "UPDATE replay SET done = done + ?2, finished_at = ?3 WHERE id = ?1 RETURNING done";
const FINISHED: &str = "SELECT id, handler, state FROM handling WHERE event = ?1 \
    AND state IN ('done', 'ignored', 'dead') AND (?2 IS NULL OR handler = ?2) ORDER BY id";
const AGAIN: &str = "UPDATE handling SET state = 'ready', due = ?2, failures = 0, action = '', changed_at = ?2, \
    waits_kind = NULL, waits_key = NULL WHERE id = ?1";
const READ_BEFORE: &str = "SELECT state FROM delivery d WHERE id = ?1 AND due IS NULL AND state IN ('handled', 'ignored') \
    AND EXISTS (SELECT 1 FROM delivery_content c WHERE c.delivery = d.seq)";
const READ_AGAIN: &str =
    "UPDATE delivery SET state = 'new', reason = '', due = ?2, attempts = 0, changed_at = ?2 WHERE id = ?1";
const OWN: &str = "SELECT seq, body FROM event WHERE channel = ?1 AND kind = ?2 AND source_document = ?3 AND delivery = ?4 \
    AND length(body) > 0";
const RENEW: &str = "UPDATE event SET entity = ?2, version = ?3, body = ?4 WHERE seq = ?1";
const FOLLOW: &str = "UPDATE handling SET entity = ?2 WHERE event = ?1 AND due IS NULL";

#[async_trait]
impl Replays for SqliteJournal {
    async fn count_replay(
        &self,
        mode: ReplayMode,
        selection: &Selection,
    ) -> Result<BTreeMap<String, i64>, JournalError> {
        let until = selection.until.unwrap_or(self.clock.soon());
        read::count_replay(&self.readers, KEPT, mode, selection, until).await
    }

    async fn begin_replay(&self, replay: &NewReplay) -> Result<ReplayRun, JournalError> {
        let until = replay.selection.until.unwrap_or(self.clock.soon());
        let bounds = read::bounds(&self.readers, replay.mode, replay.selection.since, until).await?;
        let selection = written(&Selection { until: Some(until), ..replay.selection.clone() })?;
        let replay = replay.clone();
        let id = self.writer.do_soon(move |work| begin(work, &replay, &selection, &bounds)).await?;
        let begun = read::replays(&self.readers, id).await?.into_iter().next();
        begun
            .map(|kept| kept.run)
            .ok_or_else(|| JournalError::Broken("a replay that was just begun is not there".into()))
    }

    async fn replay_step(&self, id: i64, limit: usize) -> Result<Option<ReplayRun>, JournalError> {
        let Some(replay) = read::replays(&self.readers, id.max(1)).await?.into_iter().next() else { return Ok(None) };
        if replay.run.finished_at.is_some() {
            return Ok(Some(replay.run));
        }
        let page = read::replay_page(&self.readers, KEPT, &replay, limit).await?;
        self.writer.do_soon(move |work| step(work, &replay, &page)).await?;
        Ok(read::replays(&self.readers, id).await?.into_iter().next().map(|kept| kept.run))
    }

    async fn replays(&self) -> Result<Vec<ReplayRun>, JournalError> {
        Ok(read::replays(&self.readers, 0).await?.into_iter().map(|kept| kept.run).collect())
    }
}

fn begin(
    work: &Work<'_>,
    replay: &NewReplay,
    selection: &str,
    (place, stop): &(String, String),
) -> Result<i64, JournalError> {
    let (mode, who) = (replay.mode.as_str(), text::reason(&replay.who));
    work.run(BEGIN, params![mode, selection, who, replay.per_second, replay.total, place, stop, work.now])?;
    let id = work.last_row();
    record(work, &replay.who, audit::REPLAY, &audit::selected(&replay.selection), &audit::replay(id, replay))?;
    Ok(id)
}

/// One page, unless somebody else has taken it meanwhile.
fn step(work: &Work<'_>, replay: &KeptReplay, page: &Page) -> Result<(), JournalError> {
    let KeptReplay { run, selection, place, .. } = replay;
    if work.run(STEP, params![run.id, place, page.to, work.now])? == 0 {
        return Ok(());
    }
    let handler = selection.handler.as_ref().map(HandlerName::as_str);
    let mut done = 0;
    for key in &page.keys {
        done += match key {
            Value::Int(event) => again(work, *event, handler)?,
            Value::Bytes(id) => read_again(work, id)?,
            Value::Null | Value::Text(_) => 0,
        };
    }
    let all: Option<i64> =
        work.first(COUNT, params![run.id, done, page.is_last.then_some(work.now)], |row| row.get(0))?;
    if page.is_last {
        let subject = format!("replay {}", run.id);
        record(work, &run.who, audit::REPLAY, &subject, &audit::replayed(all.unwrap_or(done), run.mode))?;
    }
    Ok(())
}

/// Makes the finished handlings of an event ready; answers how many.
fn again(work: &Work<'_>, event: i64, handler: Option<&str>) -> Result<i64, JournalError> {
    let finished = work.rows(FINISHED, params![event, handler], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
    })?;
    let mut count = 0;
    for (id, handler, state) in finished {
        work.run(AGAIN, params![id, work.now])?;
        work.run(RAISE_HANDLING, params![id])?;
        work.tally().moved(&handler, handling_state(&state)?, handling::READY);
        count += 1;
    }
    Ok(count)
}

/// Makes a delivery new again; answers how many that is.
fn read_again(work: &Work<'_>, id: &[u8]) -> Result<i64, JournalError> {
    let Some(state) = work.first(READ_BEFORE, params![id], |row| row.get::<_, String>(0))? else { return Ok(0) };
    work.run(READ_AGAIN, params![id, work.now])?;
    work.tally().delivery(delivery_state(&state)?, -1);
    work.tally().delivery(delivery::NEW, 1);
    Ok(1)
}

/// An event that was known before, from a delivery that is read again: whether it was this delivery that raised it. Where it says
/// something else by now, it takes the old one's place and is handled again.
pub(super) fn renew(work: &Work<'_>, event: &EventRow) -> Result<bool, JournalError> {
    let key = params![event.channel, event.kind, event.source_document, event.delivery.as_bytes()];
    let own = work.first(OWN, key, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
    let Some((seq, body)) = own else { return Ok(false) };
    if let Some(body) = renewed(&body, &event.body)? {
        work.run(RENEW, params![seq, event.entity, event.version, body])?;
        work.run(FOLLOW, params![seq, event.entity])?;
        again(work, seq, None)?;
    }
    Ok(true)
}

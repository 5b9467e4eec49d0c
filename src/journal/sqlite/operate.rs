//! What operators do: pause and resume, retry and discard dead letters. Each leaves a line in the audit trail.

use rusqlite::params;
use uuid::Uuid;

use super::work::Work;
use crate::domain::ChannelName;
use crate::journal::plan::settle::mapping_wake;
use crate::journal::plan::{delivery, handling};
use crate::journal::read::DeadId;
use crate::journal::{JournalError, audit, text};

const PAUSE: &str =
    "INSERT INTO channel (name, paused) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET paused = excluded.paused";
const INTRODUCE: &str = "INSERT INTO channel (name, paused) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
const RESUME: &str = "UPDATE channel SET paused = NULL WHERE name = ?1 AND paused IS NOT NULL";
const WAKE: &str = "UPDATE handling SET due = ?2 WHERE channel = ?1 AND state = 'ready' AND due > ?2";
const AUDIT: &str = "INSERT INTO audit (at, who, what, subject, why) VALUES (?1, ?2, ?3, ?4, ?5)";
const RETRY_HANDLING: &str = "UPDATE handling SET state = 'ready', due = ?2, failures = 0, action = '', changed_at = ?2, \
    waits_kind = NULL, waits_key = NULL WHERE id = ?1 AND state = 'dead' RETURNING handler";
const DISCARD_HANDLING: &str = "UPDATE handling SET state = 'discarded', reason = ?3 || ' (was: ' || reason || ')', action = '', changed_at = ?2, \
    waits_kind = NULL, waits_key = NULL WHERE id = ?1 AND state = 'dead' RETURNING handler";
const RETRY_DELIVERY: &str = "UPDATE delivery SET state = 'new', reason = '', due = ?2, attempts = 0, changed_at = ?2 \
    WHERE id = ?1 AND state = 'rejected'";
const DISCARD_DELIVERY: &str = "UPDATE delivery SET state = 'discarded', reason = ?3 || ' (was: ' || reason || ')', changed_at = ?2 \
    WHERE id = ?1 AND state = 'rejected'";
pub(super) const RAISE_HANDLING: &str = "DELETE FROM dead WHERE handling = ?1";
const RAISE_DELIVERY: &str = "DELETE FROM dead WHERE delivery = ?1";
const PULSE: &str = "INSERT INTO pulse (id, at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET at = excluded.at";

pub(super) fn record(work: &Work<'_>, who: &str, what: &str, subject: &str, why: &str) -> Result<(), JournalError> {
    let line = params![work.now, text::reason(who), what, text::reason(subject), text::reason(why)];
    work.run(AUDIT, line).map(drop)
}

pub(super) fn introduce(work: &Work<'_>, channel: &ChannelName, paused: Option<&str>) -> Result<(), JournalError> {
    let reason = paused.map(text::reason);
    let is_new = work.run(INTRODUCE, params![channel.as_str(), reason])? == 1;
    work.wake(&mapping_wake(channel.as_str()))?;
    match reason.filter(|_| is_new) {
        Some(reason) => record(work, audit::ITSELF, audit::PAUSE, channel.as_str(), &reason),
        None => Ok(()),
    }
}

pub(super) fn pause(work: &Work<'_>, channel: &ChannelName, reason: &str) -> Result<(), JournalError> {
    work.run(PAUSE, params![channel.as_str(), text::reason(reason)])?;
    record(work, audit::ITSELF, audit::PAUSE, channel.as_str(), reason)
}

pub(super) fn resume(work: &Work<'_>, channel: &ChannelName) -> Result<bool, JournalError> {
    let was_paused = work.run(RESUME, params![channel.as_str()])? == 1;
    if was_paused {
        // What rests after a failure need not wait on: somebody has just said that the way is free.
        work.run(WAKE, params![channel.as_str(), work.now])?;
        record(work, audit::ITSELF, audit::RESUME, channel.as_str(), "")?;
    }
    Ok(was_paused)
}

pub(super) fn retry_dead(work: &Work<'_>, ids: &[String], who: &str) -> Result<usize, JournalError> {
    let (handlings, deliveries) = DeadId::sort(ids);
    let mut count = 0;
    for id in handlings {
        if let Some(handler) = work.first(RETRY_HANDLING, params![id, work.now], |row| row.get::<_, String>(0))? {
            work.run(RAISE_HANDLING, params![id])?;
            work.tally().moved(&handler, handling::DEAD, handling::READY);
            record(work, who, audit::RETRY, &format!("h{id}"), "")?;
            count += 1;
        }
    }
    for id in deliveries {
        if work.run(RETRY_DELIVERY, params![id.as_bytes(), work.now])? == 1 {
            raise_delivery(work, id, delivery::NEW)?;
            record(work, who, audit::RETRY, &format!("d{id}"), "")?;
            count += 1;
        }
    }
    Ok(count)
}

pub(super) fn discard_dead(work: &Work<'_>, ids: &[String], who: &str, why: &str) -> Result<usize, JournalError> {
    let (handlings, deliveries) = DeadId::sort(ids);
    let reason = audit::discarded(who, why);
    let mut count = 0;
    for id in handlings {
        let end = params![id, work.now, reason];
        if let Some(handler) = work.first(DISCARD_HANDLING, end, |row| row.get::<_, String>(0))? {
            work.run(RAISE_HANDLING, params![id])?;
            work.tally().moved(&handler, handling::DEAD, handling::DISCARDED);
            record(work, who, audit::DISCARD, &format!("h{id}"), why)?;
            count += 1;
        }
    }
    for id in deliveries {
        if work.run(DISCARD_DELIVERY, params![id.as_bytes(), work.now, reason])? == 1 {
            raise_delivery(work, id, delivery::DISCARDED)?;
            record(work, who, audit::DISCARD, &format!("d{id}"), why)?;
            count += 1;
        }
    }
    Ok(count)
}

fn raise_delivery(work: &Work<'_>, id: Uuid, state: &'static str) -> Result<(), JournalError> {
    work.run(RAISE_DELIVERY, params![id.as_bytes()])?;
    work.tally().delivery(delivery::REJECTED, -1);
    work.tally().delivery(state, 1);
    Ok(())
}

/// Writes something, to know that writing works.
pub(super) fn ping(work: &Work<'_>) -> Result<(), JournalError> {
    work.run(PULSE, params![work.now]).map(drop)
}

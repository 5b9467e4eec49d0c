//! What operators do: pause and resume, retry and discard dead letters. Each leaves a line in the audit trail.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::append::uuid;
use super::trouble::Trouble;
use super::work::{Batch, Work};
use crate::domain::ChannelName;
use crate::journal::plan::settle::mapping_wake;
use crate::journal::plan::{delivery, handling};
use crate::journal::read::DeadId;
use crate::journal::{audit, text};

const PAUSE: &str =
    "INSERT INTO channel (name, paused) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET paused = excluded.paused";
const INTRODUCE: &str = "INSERT INTO channel (name, paused) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
const RESUME: &str = "UPDATE channel SET paused = NULL WHERE name = $1 AND paused IS NOT NULL";
const WAKE: &str = "WITH found AS (SELECT id FROM handling WHERE channel = $1 AND state = 'ready' AND due > $2 \
    ORDER BY id FOR UPDATE) UPDATE handling h SET due = $2 FROM found WHERE h.id = found.id";
const AUDIT: &str = "INSERT INTO audit (at, who, what, subject, why) SELECT $1, $2, $3, subject, $5 \
    FROM unnest($4::text[]) AS t(subject)";
const RETRY_HANDLINGS: &str = "WITH found AS (SELECT id FROM handling WHERE id = ANY($1::bigint[]) AND state = 'dead' \
    ORDER BY id FOR UPDATE) UPDATE handling h SET state = 'ready', due = $2, failures = 0, action = '', changed_at = $2, \
    waits_kind = NULL, waits_key = NULL FROM found WHERE h.id = found.id RETURNING h.id, h.handler";
const DISCARD_HANDLINGS: &str = "WITH found AS (SELECT id FROM handling WHERE id = ANY($1::bigint[]) AND state = 'dead' \
    ORDER BY id FOR UPDATE) UPDATE handling h SET state = 'discarded', reason = $3 || ' (was: ' || h.reason || ')', \
    action = '', changed_at = $2, waits_kind = NULL, waits_key = NULL FROM found WHERE h.id = found.id RETURNING h.id, h.handler";
const RETRY_DELIVERIES: &str = "WITH found AS (SELECT id FROM delivery WHERE id = ANY($1::bytea[]) AND state = 'rejected' \
    ORDER BY id FOR UPDATE) UPDATE delivery d SET state = 'new', reason = '', due = $2, attempts = 0, changed_at = $2 \
    FROM found WHERE d.id = found.id RETURNING d.id";
const DISCARD_DELIVERIES: &str = "WITH found AS (SELECT id FROM delivery WHERE id = ANY($1::bytea[]) AND state = 'rejected' \
    ORDER BY id FOR UPDATE) UPDATE delivery d SET state = 'discarded', reason = $3 || ' (was: ' || d.reason || ')', \
    changed_at = $2 FROM found WHERE d.id = found.id RETURNING d.id";
pub(super) const RAISE_HANDLINGS: &str = "DELETE FROM dead WHERE handling = ANY($1::bigint[])";
const RAISE_DELIVERIES: &str = "DELETE FROM dead WHERE delivery = ANY($1::bytea[])";
const PULSE: &str = "INSERT INTO pulse (id, at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET at = excluded.at";

pub(super) async fn record(
    work: &Work<'_>,
    who: &str,
    what: &str,
    subjects: &[String],
    why: &str,
) -> Result<(), Trouble> {
    if subjects.is_empty() {
        return Ok(());
    }
    let (who, why) = (text::reason(who), text::reason(why));
    work.run(AUDIT, &[&work.now, &who, &what, &subjects, &why]).await.map(drop)
}

/// Makes a channel known, paused or not.
pub(super) struct Introduce<'a> {
    pub channel: &'a ChannelName,
    pub paused: Option<&'a str>,
}

#[async_trait]
impl Batch for Introduce<'_> {
    type Answer = ();

    async fn run(&self, work: &Work<'_>) -> Result<(), Trouble> {
        let reason = self.paused.map(text::reason);
        let is_new = work.run(INTRODUCE, &[&self.channel.as_str(), &reason]).await? == 1;
        work.wake(&[mapping_wake(self.channel.as_str())]).await?;
        match reason.filter(|_| is_new) {
            Some(reason) => record(work, audit::ITSELF, audit::PAUSE, &[self.channel.to_string()], &reason).await,
            None => Ok(()),
        }
    }
}

/// Stops handing out a channel's work.
pub(super) struct Pause<'a> {
    pub channel: &'a ChannelName,
    pub reason: &'a str,
}

#[async_trait]
impl Batch for Pause<'_> {
    type Answer = ();

    async fn run(&self, work: &Work<'_>) -> Result<(), Trouble> {
        work.run(PAUSE, &[&self.channel.as_str(), &text::reason(self.reason)]).await?;
        record(work, audit::ITSELF, audit::PAUSE, &[self.channel.to_string()], self.reason).await
    }
}

/// Hands it out again.
pub(super) struct Resume<'a> {
    pub channel: &'a ChannelName,
}

#[async_trait]
impl Batch for Resume<'_> {
    type Answer = bool;

    async fn run(&self, work: &Work<'_>) -> Result<bool, Trouble> {
        let was_paused = work.run(RESUME, &[&self.channel.as_str()]).await? == 1;
        if was_paused {
            // What rests after a failure need not wait on: somebody has just said that the way is free.
            work.run(WAKE, &[&self.channel.as_str(), &work.now]).await?;
            record(work, audit::ITSELF, audit::RESUME, &[self.channel.to_string()], "").await?;
        }
        Ok(was_paused)
    }
}

/// Makes dead letters ready again.
pub(super) struct RetryDead<'a> {
    pub ids: &'a [String],
    pub who: &'a str,
}

#[async_trait]
impl Batch for RetryDead<'_> {
    type Answer = usize;

    async fn run(&self, work: &Work<'_>) -> Result<usize, Trouble> {
        let (handlings, deliveries) = DeadId::sort(self.ids);
        let deliveries: Vec<&[u8]> = deliveries.iter().map(|id| id.as_bytes().as_slice()).collect();
        let handlings = work.rows(RETRY_HANDLINGS, &[&handlings, &work.now]).await?;
        let deliveries = work.rows(RETRY_DELIVERIES, &[&deliveries, &work.now]).await?;
        let names = unbury(work, &handlings, handling::READY, &deliveries, delivery::NEW).await?;
        record(work, self.who, audit::RETRY, &names, "").await?;
        Ok(names.len())
    }
}

/// Ends dead letters for good.
pub(super) struct DiscardDead<'a> {
    pub ids: &'a [String],
    pub who: &'a str,
    pub why: &'a str,
}

#[async_trait]
impl Batch for DiscardDead<'_> {
    type Answer = usize;

    async fn run(&self, work: &Work<'_>) -> Result<usize, Trouble> {
        let (handlings, deliveries) = DeadId::sort(self.ids);
        let deliveries: Vec<&[u8]> = deliveries.iter().map(|id| id.as_bytes().as_slice()).collect();
        let reason = audit::discarded(self.who, self.why);
        let handlings = work.rows(DISCARD_HANDLINGS, &[&handlings, &work.now, &reason]).await?;
        let deliveries = work.rows(DISCARD_DELIVERIES, &[&deliveries, &work.now, &reason]).await?;
        let names = unbury(work, &handlings, handling::DISCARDED, &deliveries, delivery::DISCARDED).await?;
        record(work, self.who, audit::DISCARD, &names, self.why).await?;
        Ok(names.len())
    }
}

/// Takes letters off the list; answers their names.
async fn unbury(
    work: &Work<'_>,
    handlings: &[Row],
    handling_to: &'static str,
    deliveries: &[Row],
    delivery_to: &'static str,
) -> Result<Vec<String>, Trouble> {
    let mut names = Vec::with_capacity(handlings.len() + deliveries.len());
    let (mut numbers, mut uuids) = (Vec::new(), Vec::new());
    for row in handlings {
        let id: i64 = row.try_get(0)?;
        work.tally().moved(row.try_get(1)?, handling::DEAD, handling_to);
        names.push(format!("h{id}"));
        numbers.push(id);
    }
    for row in deliveries {
        let id = uuid(row, 0)?;
        work.tally().delivery(delivery::REJECTED, -1);
        work.tally().delivery(delivery_to, 1);
        names.push(format!("d{id}"));
        uuids.push(id.into_bytes().to_vec());
    }
    work.run(RAISE_HANDLINGS, &[&numbers]).await?;
    work.run(RAISE_DELIVERIES, &[&uuids]).await?;
    Ok(names)
}

/// Writes something, to know that writing works.
pub(super) struct Ping;

#[async_trait]
impl Batch for Ping {
    type Answer = ();

    async fn run(&self, work: &Work<'_>) -> Result<(), Trouble> {
        work.run(PULSE, &[&work.now]).await.map(drop)
    }
}

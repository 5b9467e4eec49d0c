//! Carries out requests about personal data: the record, and documents without what was personal.

use async_trait::async_trait;

use super::PostgresJournal;
use super::trouble::Trouble;
use super::work::{Batch, Work};
use crate::domain::PrivacyWish;
use crate::journal::pack::pack;
use crate::journal::privacy::{
    Archive, KeptPage, NewPrivacyRecord, Place, PrivacyRecord, Replacements, numbers_of, only,
};
use crate::journal::{JournalError, audit, read, text};

#[async_trait]
impl Archive for PostgresJournal {
    async fn begin_privacy(&self, request: &NewPrivacyRecord) -> Result<PrivacyRecord, JournalError> {
        let id = self.work(Begin { request, numbers: &numbers_of(request) }).await?;
        only(read::privacy_records(&self.pool, id).await?)
    }

    async fn kept(&self, after: Place, limit: usize) -> Result<KeptPage, JournalError> {
        read::kept(&self.pool, DELIVERIES, after, limit).await
    }

    async fn replace_kept(
        &self,
        record: i64,
        from: &Place,
        to: &Place,
        replacements: Replacements,
    ) -> Result<bool, JournalError> {
        self.work(Replace { record, from, to, replacements: &replacements }).await
    }

    async fn finish_privacy(&self, record: i64, who: &str, exported: Option<(i64, i64)>) -> Result<(), JournalError> {
        self.work(Finish { record, who, exported }).await
    }

    async fn privacy_records(&self) -> Result<Vec<PrivacyRecord>, JournalError> {
        read::privacy_records(&self.pool, 0).await
    }
}

/// Deliveries after one, with their bodies.
const DELIVERIES: &str = "SELECT id, origin, topic, received_at, body FROM delivery \
    WHERE id > $1 AND length(body) > 0 ORDER BY id LIMIT $2";
const BEGIN: &str = "INSERT INTO privacy (channel, delivery, wish, customer, number, asked_at, begun_at, place, office_numbers) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (channel, delivery) DO NOTHING";
const FIND: &str = "SELECT id FROM privacy WHERE channel = $1 AND delivery = $2";
const STEP: &str =
    "UPDATE privacy SET place = $3, deliveries = deliveries + $4, events = events + $5 WHERE id = $1 AND place = $2";
const DELIVERIES_NOW: &str = "WITH new AS (SELECT d.id, n.body FROM delivery d \
    JOIN unnest($1::bytea[], $2::bytea[]) AS n(id, body) ON n.id = d.id WHERE length(d.body) > 0 ORDER BY d.id FOR UPDATE OF d) \
    UPDATE delivery d SET body = new.body FROM new WHERE d.id = new.id";
const EVENTS_NOW: &str = "WITH new AS (SELECT e.id, n.body FROM event e \
    JOIN unnest($1::bytea[], $2::bytea[]) AS n(id, body) ON n.id = e.id WHERE length(e.body) > 0 ORDER BY e.id FOR UPDATE OF e) \
    UPDATE event e SET body = new.body FROM new WHERE e.id = new.id";
const PLANS_NOW: &str = "WITH new AS (SELECT e.channel, e.key, n.plan FROM effect e \
    JOIN unnest($1::text[], $2::text[], $3::text[]) AS n(channel, key, plan) ON n.channel = e.channel AND n.key = e.key \
    WHERE e.plan IS NOT NULL ORDER BY e.channel, e.key FOR UPDATE OF e) \
    UPDATE effect e SET plan = new.plan FROM new WHERE e.channel = new.channel AND e.key = new.key";
const FINISH: &str = "UPDATE privacy SET finished_at = $2, deliveries = coalesce($3, deliveries), events = coalesce($4, events) \
    WHERE id = $1 AND finished_at IS NULL RETURNING wish, deliveries, events";

/// Whom a corrected document named before may be somebody else than it names: what letters said before corrections goes with any erasure.
const FORGET: &str = "UPDATE edit SET original = ''::bytea WHERE length(original) > 0";

/// Keeps a request, or finds it; answers its number.
struct Begin<'a> {
    request: &'a NewPrivacyRecord,
    numbers: &'a str,
}

#[async_trait]
impl Batch for Begin<'_> {
    type Answer = i64;

    async fn run(&self, work: &Work<'_>) -> Result<i64, Trouble> {
        let request = self.request;
        let (channel, delivery) = (request.channel.as_str(), request.delivery.0.as_bytes().as_slice());
        let (customer, number) = (text::key(&request.customer), text::key(&request.number));
        let (customer, number) = (customer.as_ref(), number.as_ref());
        let (asked_at, place) = (request.asked_at.as_microsecond(), Place::START.word());
        let wish = request.wish.as_str();
        work.run(BEGIN, &[&channel, &delivery, &wish, &customer, &number, &asked_at, &work.now, &place, &self.numbers])
            .await?;
        let found = work.rows(FIND, &[&channel, &delivery]).await?;
        match found.first() {
            Some(row) => Ok(row.try_get(0)?),
            None => {
                Err(Trouble::Failed(JournalError::Broken("a record of privacy that was just kept is not there".into())))
            }
        }
    }
}

/// Puts documents in the place of stored ones. PostgreSQL itself takes the old ones off the disk with its next vacuum.
struct Replace<'a> {
    record: i64,
    from: &'a Place,
    to: &'a Place,
    replacements: &'a Replacements,
}

#[async_trait]
impl Batch for Replace<'_> {
    type Answer = bool;

    async fn run(&self, work: &Work<'_>) -> Result<bool, Trouble> {
        let Replacements { deliveries, events, plans } = self.replacements;
        let count = |documents: &[_]| i64::try_from(documents.len()).unwrap_or(i64::MAX);
        let (from, to) = (self.from.word(), self.to.word());
        if work.run(STEP, &[&self.record, &from, &to, &count(deliveries), &count(events)]).await? == 0 {
            return Ok(false);
        }
        for (statement, documents) in [(DELIVERIES_NOW, deliveries), (EVENTS_NOW, events)] {
            if documents.is_empty() {
                continue;
            }
            let ids: Vec<&[u8]> = documents.iter().map(|(id, _)| id.as_bytes().as_slice()).collect();
            let bodies: Vec<Vec<u8>> = documents.iter().map(|(_, body)| pack(body)).collect();
            work.run(statement, &[&ids, &bodies]).await?;
        }
        if !plans.is_empty() {
            let channels: Vec<&str> = plans.iter().map(|plan| plan.channel.as_str()).collect();
            let keys: Vec<&str> = plans.iter().map(|plan| plan.key.as_str()).collect();
            let texts: Vec<_> = plans.iter().map(|plan| text::clean(&plan.plan)).collect();
            let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
            work.run(PLANS_NOW, &[&channels, &keys, &texts]).await?;
        }
        Ok(true)
    }
}

/// Done; the audit trail says so once.
struct Finish<'a> {
    record: i64,
    who: &'a str,
    exported: Option<(i64, i64)>,
}

#[async_trait]
impl Batch for Finish<'_> {
    type Answer = ();

    async fn run(&self, work: &Work<'_>) -> Result<(), Trouble> {
        let (deliveries, events) = self.exported.unzip();
        let done = work.rows(FINISH, &[&self.record, &work.now, &deliveries, &events]).await?;
        let Some(row) = done.first() else { return Ok(()) };
        if row.try_get::<_, &str>(0)? != PrivacyWish::Export.as_str() {
            work.run(FORGET, &[]).await?;
        }
        let why = audit::privacy(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        super::operate::record(work, self.who, audit::PRIVACY, &[format!("privacy {}", self.record)], &why).await
    }
}

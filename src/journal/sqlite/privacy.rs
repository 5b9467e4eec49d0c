//! Carries out requests about personal data: the record, and documents without what was personal.

use async_trait::async_trait;
use rusqlite::params;

use super::SqliteJournal;
use super::work::Work;
use crate::domain::PrivacyWish;
use crate::journal::pack::pack;
use crate::journal::privacy::{
    Archive, KeptPage, KeptPlan, NewPrivacyRecord, Place, PrivacyRecord, Replacements, numbers_of, only,
};
use crate::journal::{JournalError, audit, read, text};

#[async_trait]
impl Archive for SqliteJournal {
    async fn begin_privacy(&self, request: &NewPrivacyRecord) -> Result<PrivacyRecord, JournalError> {
        let (request, numbers) = (request.clone(), numbers_of(request));
        let id = self.writer.do_soon(move |work| begin(work, &request, &numbers)).await?;
        only(read::privacy_records(&self.readers, id).await?)
    }

    async fn kept(&self, after: Place, limit: usize) -> Result<KeptPage, JournalError> {
        read::kept(&self.readers, DELIVERIES, after, limit).await
    }

    async fn replace_kept(
        &self,
        record: i64,
        from: &Place,
        to: &Place,
        replacements: Replacements,
    ) -> Result<bool, JournalError> {
        let (from, to) = (from.word(), to.word());
        self.writer.do_soon(move |work| replace(work, record, &from, &to, &replacements)).await
    }

    async fn finish_privacy(&self, record: i64, who: &str, exported: Option<(i64, i64)>) -> Result<(), JournalError> {
        let who = who.to_owned();
        self.writer.do_soon(move |work| finish(work, record, &who, exported)).await
    }

    async fn privacy_records(&self) -> Result<Vec<PrivacyRecord>, JournalError> {
        read::privacy_records(&self.readers, 0).await
    }
}

/// Deliveries after one, with their bodies.
const DELIVERIES: &str = "SELECT d.id, d.origin, d.topic, d.received_at, c.body FROM delivery d \
    JOIN delivery_content c ON c.delivery = d.seq WHERE d.id > $1 ORDER BY d.id LIMIT $2";
const BEGIN: &str = "INSERT INTO privacy (channel, delivery, wish, customer, number, asked_at, begun_at, place, office_numbers) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (channel, delivery) DO NOTHING";
const FIND: &str = "SELECT id FROM privacy WHERE channel = ?1 AND delivery = ?2";
const STEP: &str =
    "UPDATE privacy SET place = ?3, deliveries = deliveries + ?4, events = events + ?5 WHERE id = ?1 AND place = ?2";
const DELIVERY: &str =
    "UPDATE delivery_content SET body = ?2 WHERE delivery = (SELECT seq FROM delivery WHERE id = ?1)";
const EVENT: &str = "UPDATE event SET body = ?2 WHERE id = ?1 AND length(body) > 0";
const PLAN: &str = "UPDATE effect SET plan = ?3 WHERE channel = ?1 AND key = ?2 AND plan IS NOT NULL";
const FINISH: &str = "UPDATE privacy SET finished_at = ?2, deliveries = coalesce(?3, deliveries), events = coalesce(?4, events) \
    WHERE id = ?1 AND finished_at IS NULL RETURNING wish, deliveries, events";

/// Whom a corrected document named before may be somebody else than it names: what letters said before corrections goes with any erasure.
const FORGET: &str = "UPDATE edit SET original = x'' WHERE length(original) > 0";

/// The record's number.
fn begin(work: &Work<'_>, request: &NewPrivacyRecord, numbers: &str) -> Result<i64, JournalError> {
    let key = params![request.channel.as_str(), request.delivery.0.as_bytes()];
    let row = params![
        request.channel.as_str(),
        request.delivery.0.as_bytes(),
        request.wish.as_str(),
        text::key(&request.customer),
        text::key(&request.number),
        request.asked_at.as_microsecond(),
        work.now,
        Place::START.word(),
        numbers
    ];
    work.run(BEGIN, row)?;
    let found = work.first(FIND, key, |row| row.get(0))?;
    found.ok_or_else(|| JournalError::Broken("a record of privacy that was just kept is not there".into()))
}

/// What is overwritten is overwritten in the file too, not only taken out of the table.
fn replace(
    work: &Work<'_>,
    record: i64,
    from: &str,
    to: &str,
    replacements: &Replacements,
) -> Result<bool, JournalError> {
    let Replacements { deliveries, events, plans } = replacements;
    let count = |documents: &[_]| i64::try_from(documents.len()).unwrap_or(i64::MAX);
    if work.run(STEP, params![record, from, to, count(deliveries), count(events)])? == 0 {
        return Ok(false);
    }
    work.overwriting(|| {
        for (id, body) in deliveries {
            work.run(DELIVERY, params![id.as_bytes(), pack(body)])?;
        }
        for (id, body) in events {
            work.run(EVENT, params![id.as_bytes(), pack(body)])?;
        }
        for KeptPlan { channel, key, plan } in plans {
            work.run(PLAN, params![channel, key, text::clean(plan)])?;
        }
        Ok(true)
    })
}

/// Done; the audit trail says so once.
fn finish(work: &Work<'_>, record: i64, who: &str, exported: Option<(i64, i64)>) -> Result<(), JournalError> {
    let (deliveries, events) = exported.unzip();
    let done = work.first(FINISH, params![record, work.now, deliveries, events], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
    })?;
    let Some((wish, deliveries, events)) = done else { return Ok(()) };
    if wish != PrivacyWish::Export.as_str() {
        work.overwriting(|| work.run(FORGET, []))?;
    }
    super::operate::record(
        work,
        who,
        audit::PRIVACY,
        &format!("privacy {record}"),
        &audit::privacy(&wish, deliveries, events),
    )
}

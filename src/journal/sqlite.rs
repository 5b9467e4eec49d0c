//! The journal in one SQLite file: nothing to install, right for one shop.
//!
//! One thread owns the one writing connection (WAL, `synchronous=FULL`). Whatever waits for it is done in one transaction,
//! each piece in its own savepoint, and answered after the commit: concurrent appends share one fsync without any timer (P1).
//! A few connections read beside it. A lock file keeps a second process out, so whatever a former process had in hand when
//! it ended is due again as soon as the file is opened.
//! Next in the flow: [`writer`] for what changes, [`reader`] for what is asked.

mod append;
mod circuits;
mod claim;
mod deliveries;
mod demand;
mod edits;
mod effects;
mod lock;
mod operate;
mod outbox;
mod privacy;
mod reader;
mod replays;
mod schema;
mod settle;
mod upkeep;
mod work;
mod writer;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::clock::{Clock, span};
use super::gate::Gate;
use super::{
    Appended, Applied, Claim, Counts, DeadLetter, DeliverySettlement, EventRow, Intake, Intent, Journal, JournalError,
    LinkKind, Outgoing, PolledPage, Selection, Settlement, Standing, Taken, Trace, Written, plan, read,
};
use crate::domain::{ChannelName, Event, EventId, EventType, HandlingId, NewDelivery, Verified, Version, WebDemand};
use plan::deliveries::DeliveryRow;
use reader::Readers;
use writer::Writer;

/// The journal in a SQLite file.
#[derive(Debug)]
pub struct SqliteJournal {
    readers: Readers,
    writer: Writer,
    gate: Gate,
    clock: Clock,
}

impl SqliteJournal {
    /// Opens the file, creating it and bringing its schema up to date.
    ///
    /// # Errors
    /// [`JournalError::Unavailable`] when another process has it open or it cannot be written; [`JournalError::Broken`] when
    /// it is no journal, is damaged, or was written by a newer version.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Self::open_with(path, Clock::default())
    }

    /// The same with another clock, for tests.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(path: &Path, clock: Clock) -> Result<Self, JournalError> {
        let lock = lock::acquire(path)?;
        let connection = schema::open(path, clock.micros())?;
        let readers = Readers::open(path)?;
        let writer = Writer::start(connection, Some(lock), path, clock.clone())?;
        Ok(Self { readers, writer, gate: Gate::new(), clock })
    }

    /// Opens the file beside the process that has it open, for an operator's question or order. Writes wait for the other
    /// process's and the other way round; nothing that process has in hand is touched.
    ///
    /// # Errors
    /// [`JournalError::Unavailable`] when there is no file; [`JournalError::Broken`] when it is no journal or of another
    /// version.
    pub fn attach(path: &Path) -> Result<Self, JournalError> {
        let clock = Clock::default();
        let connection = schema::attach(path)?;
        let readers = Readers::open(path)?;
        let writer = Writer::start(connection, None, path, clock.clone())?;
        Ok(Self { readers, writer, gate: Gate::new(), clock })
    }
}

#[async_trait]
impl Intake for SqliteJournal {
    async fn append(&self, delivery: Verified<NewDelivery>) -> Result<Appended, JournalError> {
        let row = DeliveryRow::of(delivery.get(), &self.clock)?;
        drop(delivery);
        let room = self.gate.enter(row.body.len())?;
        self.writer
            .do_now(move |work| {
                let _room = room;
                append::append(work, &row)
            })
            .await
    }
}

#[async_trait]
impl Journal for SqliteJournal {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn append_polled(&self, page: PolledPage) -> Result<Vec<Appended>, JournalError> {
        let rows = page.deliveries.iter().map(|delivery| DeliveryRow::of(delivery, &self.clock));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        self.writer.do_soon(move |work| append::append_polled(work, &page, &rows)).await
    }

    async fn cursor(&self, task: &str) -> Result<Option<String>, JournalError> {
        read::cursor(&self.readers, task).await
    }

    async fn take_deliveries(&self, limit: usize, lease: Duration) -> Result<Vec<Taken>, JournalError> {
        self.writer.do_soon(move |work| deliveries::take(work, limit, span(lease))).await
    }

    async fn settle_deliveries(&self, settlements: Vec<DeliverySettlement>) -> Result<usize, JournalError> {
        let prepared = plan::deliveries::prepare(&settlements);
        self.writer.do_soon(move |work| deliveries::settle(work, &prepared)).await
    }

    async fn take_outbox(&self, limit: usize, lease: Duration) -> Result<Vec<Outgoing>, JournalError> {
        self.writer.do_soon(move |work| outbox::take(work, limit, span(lease))).await
    }

    async fn unpublish(&self, handlings: &[HandlingId], after: Duration) -> Result<(), JournalError> {
        let handlings = handlings.to_vec();
        self.writer.do_soon(move |work| outbox::unpublish(work, &handlings, span(after))).await
    }

    async fn claim(&self, handlings: &[HandlingId], lease: Duration) -> Result<Vec<Claim>, JournalError> {
        let handlings = handlings.to_vec();
        self.writer.do_soon(move |work| claim::claim(work, &handlings, span(lease))).await
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Applied, JournalError> {
        self.writer.do_soon(move |work| settle::settle(work, &settlements)).await
    }

    async fn intend(&self, intents: Vec<Intent>) -> Result<Vec<Standing>, JournalError> {
        self.writer.do_soon(move |work| effects::intend(work, &intents)).await
    }

    async fn in_doubt(&self, channel: &ChannelName, keys: &[String]) -> Result<Vec<Option<String>>, JournalError> {
        read::in_doubt(&self.readers, channel, keys).await
    }

    async fn links(
        &self,
        channel: &ChannelName,
        kind: LinkKind,
        keys: &[String],
    ) -> Result<Vec<Option<String>>, JournalError> {
        read::links(&self.readers, channel, kind, keys).await
    }

    async fn links_back(
        &self,
        channel: &ChannelName,
        kind: LinkKind,
        others: &[String],
    ) -> Result<Vec<Option<String>>, JournalError> {
        read::links_back(&self.readers, channel, kind, others).await
    }

    async fn written(&self, channel: &ChannelName, entities: &[String]) -> Result<Vec<Option<Written>>, JournalError> {
        read::written(&self.readers, channel, entities).await
    }

    async fn keep_written(&self, channel: &ChannelName, written: Vec<Written>) -> Result<(), JournalError> {
        let channel = channel.clone();
        self.writer.do_soon(move |work| settle::keep_written(work, &channel, &written)).await
    }

    async fn web_demand(&self, channel: &ChannelName, skus: &[String]) -> Result<WebDemand, JournalError> {
        read::demand(&self.readers, channel, skus).await
    }

    async fn web_orders(&self, channel: &ChannelName, orders: &[String]) -> Result<Vec<Option<Version>>, JournalError> {
        read::orders(&self.readers, channel, orders).await
    }

    async fn raised(
        &self,
        channel: &ChannelName,
        kind: EventType,
        documents: &[String],
    ) -> Result<Vec<bool>, JournalError> {
        read::raised(&self.readers, channel, kind, documents).await
    }

    async fn raised_versions(
        &self,
        channel: &ChannelName,
        kind: EventType,
        entities: &[String],
    ) -> Result<Vec<Option<Version>>, JournalError> {
        read::raised_versions(&self.readers, channel, kind, entities).await
    }

    async fn introduce(&self, channel: &ChannelName, paused: Option<&str>) -> Result<(), JournalError> {
        let (channel, paused) = (channel.clone(), paused.map(str::to_owned));
        self.writer.do_soon(move |work| operate::introduce(work, &channel, paused.as_deref())).await
    }

    async fn pause(&self, channel: &ChannelName, reason: &str) -> Result<(), JournalError> {
        let (channel, reason) = (channel.clone(), reason.to_owned());
        self.writer.do_soon(move |work| operate::pause(work, &channel, &reason)).await
    }

    async fn resume(&self, channel: &ChannelName) -> Result<bool, JournalError> {
        let channel = channel.clone();
        self.writer.do_soon(move |work| operate::resume(work, &channel)).await
    }

    async fn events(&self, selection: &Selection) -> Result<Vec<EventRow>, JournalError> {
        read::events(&self.readers, selection).await
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, JournalError> {
        read::event(&self.readers, id).await
    }

    async fn trace(&self, id: uuid::Uuid) -> Result<Option<Trace>, JournalError> {
        read::trace(&self.readers, id).await
    }

    async fn dead(&self, selection: &Selection) -> Result<Vec<DeadLetter>, JournalError> {
        read::dead(&self.readers, selection).await
    }

    async fn retry_dead(&self, ids: &[String], who: &str) -> Result<usize, JournalError> {
        let (ids, who) = (ids.to_vec(), who.to_owned());
        self.writer.do_soon(move |work| operate::retry_dead(work, &ids, &who)).await
    }

    async fn discard_dead(&self, ids: &[String], who: &str, why: &str) -> Result<usize, JournalError> {
        let (ids, who, why) = (ids.to_vec(), who.to_owned(), why.to_owned());
        self.writer.do_soon(move |work| operate::discard_dead(work, &ids, &who, &why)).await
    }

    async fn counts(&self) -> Result<Counts, JournalError> {
        read::counts(&self.readers, self.clock.micros()).await
    }

    async fn ping(&self) -> Result<(), JournalError> {
        self.writer.do_soon(operate::ping).await
    }
}

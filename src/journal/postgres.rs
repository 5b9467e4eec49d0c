//! The journal in PostgreSQL: any number of processes share it.
//!
//! Every method is one transaction of a fixed small number of statements, each over arrays: rows are taken with `SKIP LOCKED`
//! or locked in key order, totals are written last, and nothing else happens while the transaction is open. One task per
//! process appends: it writes whatever waits as one statement and answers after the commit (P1).
//! Everything lives in the schema `tillbridge`, which `tillbridge migrate` makes.
//! Next in the flow: [`appender`] for deliveries in, [`work`] for the rest.

mod append;
mod appender;
mod circuits;
mod claim;
mod connect;
mod deliveries;
mod demand;
mod edits;
mod effects;
mod migrate;
mod operate;
mod outbox;
mod privacy;
mod reader;
mod replays;
mod settle;
mod time;
mod tls;
mod trouble;
mod upkeep;
mod work;

use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::Pool;
use jiff::Timestamp;

use super::clock::{Clock, span};
use super::gate::Gate;
use super::{
    Appended, Applied, Claim, Counts, DeadLetter, DeliverySettlement, EventRow, Intake, Intent, Journal, JournalError,
    LinkKind, Outgoing, PolledPage, Selection, Settlement, Standing, Taken, Trace, Written, plan, read,
};
use crate::domain::{ChannelName, Event, EventId, EventType, HandlingId, NewDelivery, Verified, Version, WebDemand};
use appender::Appender;
use plan::deliveries::DeliveryRow;
use time::ServerTime;

/// The journal in PostgreSQL.
#[derive(Debug)]
pub struct PostgresJournal {
    pool: Pool,
    appender: Appender,
    gate: Gate,
    clock: Clock,
}

impl PostgresJournal {
    /// Connects with at most so many connections for everything but appending, which has one more.
    ///
    /// Its time is the server's. The URL may say `sslmode=require` (or `verify-full`): the server's certificate is then checked
    /// against the public certificate authorities. Without it the connection is not encrypted.
    ///
    /// # Errors
    /// [`JournalError::Unavailable`] when it cannot be reached; [`JournalError::Broken`] when the URL is wrong, or the schema is
    /// missing, older or newer than this program's.
    pub async fn connect(url: &str, connections: usize) -> Result<Self, JournalError> {
        let pool = connect::pool(url, connections)?;
        migrate::check(&pool).await?;
        let time = ServerTime::read(&pool).await?;
        time.is_kept_right(&pool);
        Ok(Self::over(pool, time.clock()))
    }

    /// The same with a clock of the caller's, for tests.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_with(url: &str, connections: usize, clock: Clock) -> Result<Self, JournalError> {
        let pool = connect::pool(url, connections)?;
        migrate::check(&pool).await?;
        Ok(Self::over(pool, clock))
    }

    fn over(pool: Pool, clock: Clock) -> Self {
        let appender = Appender::start(pool.clone());
        Self { pool, appender, gate: Gate::new(), clock }
    }

    /// Brings the schema up to date. Safe to run from several processes at once: one does it, the others find it done.
    /// Answers the names of the migrations that were applied.
    ///
    /// # Errors
    /// [`JournalError::Unavailable`] when the server cannot be reached, [`JournalError::Broken`] when the schema is newer than
    /// this program or a statement is refused.
    pub async fn migrate(url: &str) -> Result<Vec<&'static str>, JournalError> {
        migrate::migrate(url, &Clock::default()).await
    }

    async fn work<B: work::Batch>(&self, batch: B) -> Result<B::Answer, JournalError> {
        work::carry_out(&self.pool, &self.clock, &batch).await
    }
}

#[async_trait]
impl Intake for PostgresJournal {
    async fn append(&self, delivery: Verified<NewDelivery>) -> Result<Appended, JournalError> {
        let row = DeliveryRow::of(delivery.get(), &self.clock)?;
        drop(delivery);
        let room = self.gate.enter(row.body.len())?;
        self.appender.append(row, room).await
    }
}

#[async_trait]
impl Journal for PostgresJournal {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn append_polled(&self, page: PolledPage) -> Result<Vec<Appended>, JournalError> {
        let rows = page.deliveries.iter().map(|delivery| DeliveryRow::of(delivery, &self.clock));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        self.work(append::Polled { page: &page, rows: &rows }).await
    }

    async fn cursor(&self, task: &str) -> Result<Option<String>, JournalError> {
        read::cursor(&self.pool, task).await
    }

    async fn take_deliveries(&self, limit: usize, lease: Duration) -> Result<Vec<Taken>, JournalError> {
        self.work(deliveries::Take { limit, lease: span(lease) }).await
    }

    async fn settle_deliveries(&self, settlements: Vec<DeliverySettlement>) -> Result<usize, JournalError> {
        let prepared = plan::deliveries::prepare(&settlements);
        self.work(deliveries::Settle { prepared: &prepared }).await
    }

    async fn take_outbox(&self, limit: usize, lease: Duration) -> Result<Vec<Outgoing>, JournalError> {
        self.work(outbox::Take { limit, lease: span(lease) }).await
    }

    async fn unpublish(&self, handlings: &[HandlingId], after: Duration) -> Result<(), JournalError> {
        self.work(outbox::Unpublish { handlings, after: span(after) }).await
    }

    async fn claim(&self, handlings: &[HandlingId], lease: Duration) -> Result<Vec<Claim>, JournalError> {
        self.work(claim::Claiming { handlings, lease: span(lease) }).await
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Applied, JournalError> {
        self.work(settle::Settling { settlements: &settlements }).await
    }

    async fn intend(&self, intents: Vec<Intent>) -> Result<Vec<Standing>, JournalError> {
        self.work(effects::Intending { intents: &intents }).await
    }

    async fn in_doubt(&self, channel: &ChannelName, keys: &[String]) -> Result<Vec<Option<String>>, JournalError> {
        read::in_doubt(&self.pool, channel, keys).await
    }

    async fn links(
        &self,
        channel: &ChannelName,
        kind: LinkKind,
        keys: &[String],
    ) -> Result<Vec<Option<String>>, JournalError> {
        read::links(&self.pool, channel, kind, keys).await
    }

    async fn links_back(
        &self,
        channel: &ChannelName,
        kind: LinkKind,
        others: &[String],
    ) -> Result<Vec<Option<String>>, JournalError> {
        read::links_back(&self.pool, channel, kind, others).await
    }

    async fn written(&self, channel: &ChannelName, entities: &[String]) -> Result<Vec<Option<Written>>, JournalError> {
        read::written(&self.pool, channel, entities).await
    }

    async fn keep_written(&self, channel: &ChannelName, written: Vec<Written>) -> Result<(), JournalError> {
        self.work(settle::Keeping { channel, written: &written }).await
    }

    async fn web_demand(&self, channel: &ChannelName, skus: &[String]) -> Result<WebDemand, JournalError> {
        read::demand(&self.pool, channel, skus).await
    }

    async fn web_orders(&self, channel: &ChannelName, orders: &[String]) -> Result<Vec<Option<Version>>, JournalError> {
        read::orders(&self.pool, channel, orders).await
    }

    async fn raised(
        &self,
        channel: &ChannelName,
        kind: EventType,
        documents: &[String],
    ) -> Result<Vec<bool>, JournalError> {
        read::raised(&self.pool, channel, kind, documents).await
    }

    async fn raised_versions(
        &self,
        channel: &ChannelName,
        kind: EventType,
        entities: &[String],
    ) -> Result<Vec<Option<Version>>, JournalError> {
        read::raised_versions(&self.pool, channel, kind, entities).await
    }

    async fn introduce(&self, channel: &ChannelName, paused: Option<&str>) -> Result<(), JournalError> {
        self.work(operate::Introduce { channel, paused }).await
    }

    async fn pause(&self, channel: &ChannelName, reason: &str) -> Result<(), JournalError> {
        self.work(operate::Pause { channel, reason }).await
    }

    async fn resume(&self, channel: &ChannelName) -> Result<bool, JournalError> {
        self.work(operate::Resume { channel }).await
    }

    async fn events(&self, selection: &Selection) -> Result<Vec<EventRow>, JournalError> {
        read::events(&self.pool, selection).await
    }

    async fn event(&self, id: EventId) -> Result<Option<Event>, JournalError> {
        read::event(&self.pool, id).await
    }

    async fn trace(&self, id: uuid::Uuid) -> Result<Option<Trace>, JournalError> {
        read::trace(&self.pool, id).await
    }

    async fn dead(&self, selection: &Selection) -> Result<Vec<DeadLetter>, JournalError> {
        read::dead(&self.pool, selection).await
    }

    async fn retry_dead(&self, ids: &[String], who: &str) -> Result<usize, JournalError> {
        self.work(operate::RetryDead { ids, who }).await
    }

    async fn discard_dead(&self, ids: &[String], who: &str, why: &str) -> Result<usize, JournalError> {
        self.work(operate::DiscardDead { ids, who, why }).await
    }

    async fn counts(&self) -> Result<Counts, JournalError> {
        read::counts(&self.pool, self.clock.micros()).await
    }

    async fn ping(&self) -> Result<(), JournalError> {
        self.work(operate::Ping).await
    }
}

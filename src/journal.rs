//! The journal port: the durable record of deliveries, events, handlings and effects. One folder per database beneath.
//!
//! What comes in: verified deliveries, settled work. What goes out: work to do, and answers to operators. It keeps P1 (an
//! append is answered after its commit), P2 (unique keys, the effect ledger, fenced leases), P3 (versions never go back)
//! and P4 (every delivery and every handling ends in a state with a reason).
//!
//! Both implementations pass one conformance suite. Statements on which the dialects agree are shared.
//!
//! # Life of a row
//!
//! ```text
//! delivery   new ──▶ handled │ ignored │ rejected
//! handling   ready ──▶ published ──▶ running ──▶ done │ ignored │ dead │ discarded
//!              ▲          │             │
//!              └──────────┴─────────────┴── due again: retry, wait, or a lease that ran out
//! ```
//!
//! Every state that is not final has a `due` time: when a ready row is to be published, when a published one is to be
//! published again because nobody took it, when the lease of a running one ends, when a waiting one looks again. So one
//! query finds all work, and a process that dies leaves nothing behind that is not found.
//! Next in the flow: [`crate::flow`].

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::{ChannelName, Event, EventId, EventType, HandlingId, Version, WebDemand};

pub mod clock;
pub mod postgres;
pub mod sqlite;

mod audit;
mod circuits;
mod counts;
mod deliveries;
mod edits;
mod effects;
mod gate;
mod handlings;
mod intake;
mod links;
mod operators;
mod pack;
mod plan;
mod privacy;
mod read;
mod replays;
mod tally;
mod text;
mod upkeep;
mod value;

pub use circuits::{Circuit, Circuits, Way};
pub use counts::Counts;
pub use deliveries::{DeliverySettlement, Raised, Taken, Verdict};
pub use edits::{Edit, Edited, Edits};
pub use effects::{Effect, Intent, Pieces, Standing};
pub use handlings::{Applied, Claim, Lack, Outcome, Outgoing, Settlement};
pub use intake::{Appended, Intake, PolledPage};
pub use links::{Link, LinkKind, Written};
pub use operators::{DeadLetter, EventRow, Selection, Trace, TraceDelivery, TraceEvent, TraceHandling};
pub use privacy::{Archive, KeptDocument, KeptPage, KeptPlan, NewPrivacyRecord, Place, PrivacyRecord, Replacements};
pub use replays::{NewReplay, ReplayMode, ReplayRun, Replays};
pub use upkeep::{Mark, Old, Swept, Upkeep};

/// Why the journal could not answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// Cannot be reached, is full, or is overloaded; nothing was written. Consequence: 503 to storefronts, try again.
    #[error("the journal cannot take this now: {0}")]
    Unavailable(String),
    /// Something in it cannot be read, or a statement is wrong. Consequence: a person must look.
    #[error("the journal is broken: {0}")]
    Broken(String),
    /// The cursor was moved by somebody else in between. Consequence: read again from the new cursor.
    #[error("the cursor was moved by another poller")]
    CursorMoved,
}

/// The durable record. All times in it come from one clock, the implementation's.
#[async_trait]
pub trait Journal: Intake + Archive + Upkeep + Replays + Edits + Circuits {
    /// What the one clock shows: whoever decides by the time asks here.
    fn now(&self) -> Timestamp;

    /// Commits what a poll read together with its cursor.
    async fn append_polled(&self, page: PolledPage) -> Result<Vec<Appended>, JournalError>;

    /// The cursor of a poll task.
    async fn cursor(&self, task: &str) -> Result<Option<String>, JournalError>;

    /// Takes deliveries that are due for normalising, oldest first, for the length of a lease. Where there are more than wanted, where
    /// they come from takes turns.
    async fn take_deliveries(&self, limit: usize, lease: Duration) -> Result<Vec<Taken>, JournalError>;

    /// Ends normalising in one transaction: states, events, and a ready handling for each handler of each new event. A
    /// settlement whose fence is old is left out. Answers how many events were new.
    async fn settle_deliveries(&self, settlements: Vec<DeliverySettlement>) -> Result<usize, JournalError>;

    /// Takes handlings that are due, oldest first, paused channels left out, and marks them published for the length of a
    /// lease; when it ends unsettled they are due again. Where there are more than wanted, channels take turns; and no channel has more
    /// than about a thousand published at a time for one handler, so that nobody's wait behind a flood.
    async fn take_outbox(&self, limit: usize, lease: Duration) -> Result<Vec<Outgoing>, JournalError>;

    /// Makes handlings that could not be published due again after that time.
    async fn unpublish(&self, handlings: &[HandlingId], after: Duration) -> Result<(), JournalError>;

    /// Takes the published handlings among these whose entity nobody else works on, with the turn of their entities, for
    /// the length of a lease. Several of one entity go to the same caller together. One whose entity is taken becomes ready
    /// again when its turn comes; one that is settled, or running with a living lease, is left out.
    async fn claim(&self, handlings: &[HandlingId], lease: Duration) -> Result<Vec<Claim>, JournalError>;

    /// Ends attempts in one transaction and gives back the entities' turns. One whose fence is old is not applied.
    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Applied, JournalError>;

    /// Commits that effects are about to happen, with the pieces they take, and says how each stands.
    async fn intend(&self, intents: Vec<Intent>) -> Result<Vec<Standing>, JournalError>;

    /// The plans of those of these effects that were intended and have no known outcome, in order.
    async fn in_doubt(&self, channel: &ChannelName, keys: &[String]) -> Result<Vec<Option<String>>, JournalError>;

    /// The other side's ids of these keys, in order.
    async fn links(
        &self,
        channel: &ChannelName,
        kind: LinkKind,
        keys: &[String],
    ) -> Result<Vec<Option<String>>, JournalError>;

    /// Our keys of these ids of the other side, in order.
    async fn links_back(
        &self,
        channel: &ChannelName,
        kind: LinkKind,
        others: &[String],
    ) -> Result<Vec<Option<String>>, JournalError>;

    /// What was last written for these entities, in order.
    async fn written(&self, channel: &ChannelName, entities: &[String]) -> Result<Vec<Option<Written>>, JournalError>;

    /// Commits what is about to be written to the other side, where a lost answer must be told from somebody else's write.
    async fn keep_written(&self, channel: &ChannelName, written: Vec<Written>) -> Result<(), JournalError>;

    /// What web orders take of these SKUs and what of it is booked or on its way into the books, each SKU as of one moment.
    async fn web_demand(&self, channel: &ChannelName, skus: &[String]) -> Result<WebDemand, JournalError>;

    /// Makes a channel known, with the rules the program starts with: dead letters that lacked a mapping are tried again. A channel that
    /// never was before begins paused where a reason is given; any other stays as it is.
    async fn introduce(&self, channel: &ChannelName, paused: Option<&str>) -> Result<(), JournalError>;

    /// The versions of the newest statements of these web orders, in order.
    async fn web_orders(&self, channel: &ChannelName, orders: &[String]) -> Result<Vec<Option<Version>>, JournalError>;

    /// Whether events of a kind were raised for these source documents or entities, in order.
    async fn raised(
        &self,
        channel: &ChannelName,
        kind: EventType,
        documents: &[String],
    ) -> Result<Vec<bool>, JournalError>;

    /// The newest version of the events of a kind that were raised for these entities, in order.
    async fn raised_versions(
        &self,
        channel: &ChannelName,
        kind: EventType,
        entities: &[String],
    ) -> Result<Vec<Option<Version>>, JournalError>;

    /// Stops handing out a channel's work, keeping it.
    async fn pause(&self, channel: &ChannelName, reason: &str) -> Result<(), JournalError>;

    /// Hands out a channel's work again; what rests until a retry is due at once. Answers whether it was paused.
    async fn resume(&self, channel: &ChannelName) -> Result<bool, JournalError>;

    /// Lists events, oldest first.
    async fn events(&self, selection: &Selection) -> Result<Vec<EventRow>, JournalError>;

    /// One event, as long as its contents are kept.
    async fn event(&self, id: EventId) -> Result<Option<Event>, JournalError>;

    /// The story of a delivery or event, by either's number.
    async fn trace(&self, id: uuid::Uuid) -> Result<Option<Trace>, JournalError>;

    /// Lists dead letters, oldest first.
    async fn dead(&self, selection: &Selection) -> Result<Vec<DeadLetter>, JournalError>;

    /// Makes dead letters ready again, their failures forgotten; ids as in [`DeadLetter::id`]. Answers how many were. `who` is kept in the audit trail.
    async fn retry_dead(&self, ids: &[String], who: &str) -> Result<usize, JournalError>;

    /// Ends dead letters for good, with a reason. Answers how many were.
    async fn discard_dead(&self, ids: &[String], who: &str, why: &str) -> Result<usize, JournalError>;

    /// Figures.
    async fn counts(&self) -> Result<Counts, JournalError>;

    /// Whether the journal can be written to right now.
    async fn ping(&self) -> Result<(), JournalError>;
}

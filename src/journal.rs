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
use serde::Serialize;

use crate::domain::{
    BranchCode, ChannelName, Delivery, DeliveryId, Event, EventId, EventType, HandlerName, HandlingId, NewDelivery,
    Sku, Verified, Version, WebClaim, WebDemand,
};

pub mod clock;
pub mod postgres;
pub mod sqlite;

mod audit;
mod gate;
mod pack;
mod plan;
mod privacy;
mod read;
mod tally;
mod text;
mod value;

pub use privacy::{Archive, KeptDocument, KeptPage, KeptPlan, NewPrivacyRecord, Place, PrivacyRecord, Replacements};

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

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// Committed as a new delivery.
    New(DeliveryId),
    /// The same delivery had been committed before; it was counted, and nothing else happened.
    Duplicate(DeliveryId),
}

/// What a poll read, to be committed with the cursor in one transaction.
#[derive(Debug, Clone)]
pub struct PolledPage {
    /// Name of the cursor, such as `office/kiwi/stock`.
    pub task: String,
    /// The cursor that was read from; a different one in the journal means another poller was faster.
    pub from: Option<String>,
    /// The cursor to read on from.
    pub to: String,
    /// What was read.
    pub deliveries: Vec<NewDelivery>,
}

/// A delivery taken for normalising. The lease ends at the time given to [`Journal::take_deliveries`].
#[derive(Debug, Clone)]
pub struct Taken {
    /// The delivery.
    pub delivery: Delivery,
    /// Number that grows with each taking; an older one cannot settle.
    pub fence: i64,
    /// How often it has been taken, this time included.
    pub attempt: u32,
}

/// An event with the handlers that want it.
#[derive(Debug, Clone)]
pub struct Raised {
    /// The event. One with the same channel, type and source document as an earlier one is dropped.
    pub event: Event,
    /// Who handles it; may be empty.
    pub handlers: Vec<HandlerName>,
}

/// How a delivery ended.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It raised events.
    Handled(Vec<Raised>),
    /// It carries no news, for this reason.
    Ignored(String),
    /// It cannot be understood, for this reason. It stays as a dead letter.
    Rejected(String),
}

/// The end of one delivery's normalising.
#[derive(Debug, Clone)]
pub struct DeliverySettlement {
    /// Which delivery.
    pub id: DeliveryId,
    /// From [`Taken::fence`].
    pub fence: i64,
    /// How it ended. When every event of `Handled` was known before, it is kept as ignored, naming that.
    pub verdict: Verdict,
    /// What it says that web orders take from stock, by channel. An older statement than the one known is left out.
    pub demand: Vec<(ChannelName, WebClaim)>,
}

/// A handling to be put on the bus.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Which handling.
    pub handling: HandlingId,
    /// Whose work it is.
    pub handler: HandlerName,
    /// The event's number.
    pub event: EventId,
    /// Its kind.
    pub event_type: EventType,
    /// The CloudEvents JSON.
    pub body: String,
}

/// A handling taken by a worker, with the turn of its entity.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Which handling.
    pub handling: HandlingId,
    /// Number that grows with each claim; an older one cannot settle.
    pub fence: i64,
    /// Attempts that failed before this one. Waiting and throttling do not count.
    pub failures: u32,
    /// When the handling was raised, UTC.
    pub raised_at: Timestamp,
    /// Whether the attempt before this one was never settled: what it wrote to the other side is not known.
    pub interrupted: bool,
    /// What to handle.
    pub event: Event,
}

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The other side is as the event wants it.
    Done(String),
    /// Nothing was to be done, for this reason.
    Ignored(String),
    /// To be tried again after that time.
    Retry {
        /// How long from now.
        after: Duration,
        /// Why.
        reason: String,
        /// Whether this attempt counts as a failure.
        counts: bool,
    },
    /// Waits until a link of that kind and key exists in the channel, and looks again after that time in any case.
    Wait {
        /// Kind of the link.
        kind: LinkKind,
        /// Its key on our side.
        key: String,
        /// Look again after.
        look_again: Duration,
        /// Why, for people.
        reason: String,
    },
    /// Rests until that moment, because nothing can be done before; unlike a retry it is no work under way.
    Later {
        /// When to look again, UTC.
        at: Timestamp,
        /// What it waits for, for people.
        reason: String,
    },
    /// Given up; a person must look.
    Dead {
        /// What happened, in the other side's words where there are any.
        reason: String,
        /// What to do about it.
        action: String,
    },
}

/// The kinds of cross-reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Sale reference ↔ office invoice number.
    Invoice,
    /// Refund reference ↔ office credit note number.
    CreditNote,
    /// Sale reference of an order that ended before it was invoiced ↔ itself.
    Cancelled,
    /// Style ↔ storefront product.
    Product,
    /// SKU ↔ storefront variant.
    Variant,
    /// SKU ↔ storefront stock item.
    StockItem,
    /// Customer's number ↔ storefront account.
    Customer,
    /// Customer's number and kind of address ↔ storefront address.
    CustomerAddress,
    /// Content of a picture ↔ storefront file.
    Picture,
    /// Branch ↔ storefront location that was made for it.
    Location,
}

impl LinkKind {
    /// Every kind there is.
    pub const ALL: &'static [Self] = &[
        Self::Invoice,
        Self::CreditNote,
        Self::Cancelled,
        Self::Product,
        Self::Variant,
        Self::StockItem,
        Self::Customer,
        Self::CustomerAddress,
        Self::Picture,
        Self::Location,
    ];

    /// The word kept in the journal.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
            Self::Cancelled => "cancelled",
            Self::Product => "product",
            Self::Variant => "variant",
            Self::StockItem => "stock_item",
            Self::Customer => "customer",
            Self::CustomerAddress => "customer_address",
            Self::Picture => "picture",
            Self::Location => "location",
        }
    }
}

/// A cross-reference to keep. A known key takes the new id; an id that belongs to another key makes the settlement a dead
/// letter instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Kind.
    pub kind: LinkKind,
    /// Our key.
    pub key: String,
    /// The other side's id.
    pub other: String,
}

/// What was last written to the other side for a state. Kept only when its version is not older than the one known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The entity.
    pub entity: String,
    /// Version of the event that was written.
    pub version: Version,
    /// The value, as the handler understands it.
    pub value: String,
}

/// A write to the other side that is about to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Unique key of the effect within its channel, such as `invoice kiwi-web/order:1`.
    pub key: String,
    /// The handling that wants it.
    pub handling: HandlingId,
    /// Its channel.
    pub channel: ChannelName,
    /// What exactly is about to be written, as the handler understands it. Kept until the effect is done, so that an attempt
    /// that was cut short is finished as it was begun.
    pub plan: Option<String>,
    /// The web order it is for, where it takes that order's pieces off the office's stock.
    pub order: String,
    /// The pieces it takes.
    pub pieces: Vec<Pieces>,
}

/// Pieces a document takes off the office's stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pieces {
    /// What.
    pub sku: Sku,
    /// Where.
    pub branch: BranchCode,
    /// How many.
    pub count: i64,
}

/// How an effect stands when it is intended (again).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Never intended before.
    Fresh,
    /// Intended before without a known outcome: look it up, do not write blindly.
    InDoubt {
        /// What was about to be written then.
        plan: Option<String>,
    },
    /// It took effect before, with this result.
    Done(String),
}

/// An effect that took place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Key, as in its [`Intent`] if it had one.
    pub key: String,
    /// What it was, such as `invoice` or `storefront stock`.
    pub kind: &'static str,
    /// What came of it, such as the office's number.
    pub result: String,
}

/// The end of one attempt, with everything to be kept in the same transaction.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// Which handling.
    pub handling: HandlingId,
    /// From [`Claim::fence`].
    pub fence: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// Cross-references learnt. Handlings that wait for one of them become ready.
    pub links: Vec<Link>,
    /// States written.
    pub written: Vec<Written>,
    /// Effects that took place.
    pub effects: Vec<Effect>,
}

impl Settlement {
    /// A settlement that keeps nothing but its outcome.
    #[must_use]
    pub fn of(claim: &Claim, outcome: Outcome) -> Self {
        Self {
            handling: claim.handling,
            fence: claim.fence,
            outcome,
            links: Vec::new(),
            written: Vec::new(),
            effects: Vec::new(),
        }
    }
}

/// Which events or dead letters an operator means. Empty fields do not narrow.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Received or raised at or after.
    pub since: Option<Timestamp>,
    /// Received or raised before.
    pub until: Option<Timestamp>,
    /// Kind of event.
    pub event_type: Option<EventType>,
    /// Entity, exactly.
    pub entity: Option<String>,
    /// Channel.
    pub channel: Option<ChannelName>,
    /// Handler.
    pub handler: Option<HandlerName>,
    /// Page: only rows after this number (see [`EventRow::row`], [`DeadLetter::row`]).
    pub after: Option<i64>,
    /// At most so many rows; implementations cap it at 10,000.
    pub limit: usize,
}

/// An event in a listing.
#[derive(Debug, Clone, Serialize)]
pub struct EventRow {
    /// Number for paging.
    pub row: i64,
    /// The event's number.
    pub id: EventId,
    /// Its kind.
    pub event_type: String,
    /// Its channel.
    pub channel: String,
    /// Its entity.
    pub entity: String,
    /// Its version.
    pub version: i64,
    /// When it was raised, UTC.
    pub raised_at: Timestamp,
    /// State of each handling, as `handler: state`.
    pub handlings: Vec<String>,
}

/// A dead letter: a handling that gave up, or a delivery that could not be understood.
#[derive(Debug, Clone, Serialize)]
pub struct DeadLetter {
    /// Number for paging.
    pub row: i64,
    /// How it is called on the command line: `h<number>` for a handling, `d<uuid>` for a delivery.
    pub id: String,
    /// Channel, or origin for a delivery.
    pub channel: String,
    /// Handler, or `normalise` for a delivery.
    pub handler: String,
    /// Event type, or topic for a delivery.
    pub about: String,
    /// Entity; empty for a delivery.
    pub entity: String,
    /// When it gave up, UTC.
    pub since: Timestamp,
    /// Failures before it gave up.
    pub failures: u32,
    /// What happened.
    pub reason: String,
    /// What to do about it.
    pub action: String,
}

/// Everything known of one delivery or event, for `events trace`.
#[derive(Debug, Clone, Serialize)]
pub struct Trace {
    /// The delivery: origin, topic, received, state with reason, how many duplicates came.
    pub delivery: TraceDelivery,
    /// The events it raised with their handlings and effects.
    pub events: Vec<TraceEvent>,
}

/// See [`Trace`].
#[derive(Debug, Clone, Serialize)]
pub struct TraceDelivery {
    /// Number.
    pub id: DeliveryId,
    /// `storefront/kiwi-web` or `office/kiwi`.
    pub origin: String,
    /// Topic.
    pub topic: String,
    /// When received, UTC.
    pub received_at: Timestamp,
    /// Size of the body in bytes.
    pub bytes: i64,
    /// State.
    pub state: String,
    /// Reason of the state, where there is one.
    pub reason: String,
    /// Duplicates that were counted and not kept.
    pub duplicates: i64,
}

/// See [`Trace`].
#[derive(Debug, Clone, Serialize)]
pub struct TraceEvent {
    /// Number.
    pub id: EventId,
    /// Kind.
    pub event_type: String,
    /// Channel.
    pub channel: String,
    /// Entity.
    pub entity: String,
    /// When raised, UTC.
    pub raised_at: Timestamp,
    /// Handlings.
    pub handlings: Vec<TraceHandling>,
}

/// See [`Trace`].
#[derive(Debug, Clone, Serialize)]
pub struct TraceHandling {
    /// Number.
    pub id: i64,
    /// Handler.
    pub handler: String,
    /// State.
    pub state: String,
    /// Failures.
    pub failures: u32,
    /// Reason or note.
    pub reason: String,
    /// Last change, UTC.
    pub changed_at: Timestamp,
    /// Effects: `kind key → result`.
    pub effects: Vec<String>,
}

/// Figures for `status`, metrics and the demo.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Deliveries by state.
    pub deliveries: std::collections::BTreeMap<String, i64>,
    /// Duplicates counted.
    pub duplicates: i64,
    /// Events by type.
    pub events: std::collections::BTreeMap<String, i64>,
    /// Handlings by `handler` and state.
    pub handlings: std::collections::BTreeMap<String, std::collections::BTreeMap<String, i64>>,
    /// Effects by kind.
    pub effects: std::collections::BTreeMap<String, i64>,
    /// Age of the oldest delivery or handling that is not final and was due, in seconds.
    pub oldest_due_seconds: i64,
    /// Paused channels with the reason.
    pub paused: std::collections::BTreeMap<String, String>,
}

impl Counts {
    /// Deliveries and handlings that are not final, waiting ones left out.
    #[must_use]
    pub fn unfinished(&self) -> i64 {
        let handlings = self.handlings.values().flatten();
        let open = handlings.filter(|(state, _)| matches!(state.as_str(), "ready" | "published" | "running"));
        self.deliveries.get("new").copied().unwrap_or(0) + open.map(|(_, count)| count).sum::<i64>()
    }

    /// Handlings in a state, over all handlers.
    #[must_use]
    pub fn handlings_in(&self, state: &str) -> i64 {
        self.handlings.values().filter_map(|states| states.get(state)).sum()
    }
}

/// The one thing the webhook door asks of the journal.
#[async_trait]
pub trait Intake: Send + Sync + 'static {
    /// Commits a delivery. Concurrent calls share one commit; the answer comes after it. When too many calls wait already,
    /// answers [`JournalError::Unavailable`] at once.
    async fn append(&self, delivery: Verified<NewDelivery>) -> Result<Appended, JournalError>;
}

/// The durable record. All times in it come from one clock, the implementation's.
#[async_trait]
pub trait Journal: Intake + Archive {
    /// What the one clock shows: whoever decides by the time asks here.
    fn now(&self) -> Timestamp;

    /// Commits what a poll read together with its cursor.
    async fn append_polled(&self, page: PolledPage) -> Result<Vec<Appended>, JournalError>;

    /// The cursor of a poll task.
    async fn cursor(&self, task: &str) -> Result<Option<String>, JournalError>;

    /// Takes deliveries that are due for normalising, oldest first, for the length of a lease.
    async fn take_deliveries(&self, limit: usize, lease: Duration) -> Result<Vec<Taken>, JournalError>;

    /// Ends normalising in one transaction: states, events, and a ready handling for each handler of each new event. A
    /// settlement whose fence is old is left out. Answers how many events were new.
    async fn settle_deliveries(&self, settlements: Vec<DeliverySettlement>) -> Result<usize, JournalError>;

    /// Takes handlings that are due, oldest first, paused channels left out, and marks them published for the length of a
    /// lease; when it ends unsettled they are due again.
    async fn take_outbox(&self, limit: usize, lease: Duration) -> Result<Vec<Outgoing>, JournalError>;

    /// Makes handlings that could not be published due again after that time.
    async fn unpublish(&self, handlings: &[HandlingId], after: Duration) -> Result<(), JournalError>;

    /// Takes the published handlings among these whose entity nobody else works on, with the turn of their entities, for
    /// the length of a lease. Several of one entity go to the same caller together. One whose entity is taken becomes ready
    /// again when its turn comes; one that is settled, or running with a living lease, is left out.
    async fn claim(&self, handlings: &[HandlingId], lease: Duration) -> Result<Vec<Claim>, JournalError>;

    /// Ends attempts in one transaction and gives back the entities' turns. Answers for each whether it was applied; one
    /// whose fence is old is not.
    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<bool>, JournalError>;

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

    /// Makes a channel known. One that never was before begins paused where a reason is given; any other stays as it is.
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

    /// Stops handing out a channel's work, keeping it.
    async fn pause(&self, channel: &ChannelName, reason: &str) -> Result<(), JournalError>;

    /// Hands out a channel's work again; what rests until a retry is due at once. Answers whether it was paused.
    async fn resume(&self, channel: &ChannelName) -> Result<bool, JournalError>;

    /// Lists events, oldest first.
    async fn events(&self, selection: &Selection) -> Result<Vec<EventRow>, JournalError>;

    /// One event as CloudEvents JSON.
    async fn event(&self, id: EventId) -> Result<Option<Event>, JournalError>;

    /// The story of a delivery or event, by either's number.
    async fn trace(&self, id: uuid::Uuid) -> Result<Option<Trace>, JournalError>;

    /// Lists dead letters, oldest first.
    async fn dead(&self, selection: &Selection) -> Result<Vec<DeadLetter>, JournalError>;

    /// Makes dead letters ready again, their failures forgotten; ids as in [`DeadLetter::id`]. Answers how many were. `who` is kept in the audit trail.
    async fn retry_dead(&self, ids: &[String], who: &str) -> Result<usize, JournalError>;

    /// Ends dead letters for good, with a reason. Answers how many were.
    async fn discard_dead(&self, ids: &[String], who: &str, why: &str) -> Result<usize, JournalError>;

    /// Counts the finished handlings of the selected events, or (unless `dry_run`) makes them ready again, oldest first, at
    /// most `selection.limit` after `selection.after`. Answers how many, and the last row looked at for paging.
    async fn replay(
        &self,
        selection: &Selection,
        dry_run: bool,
        who: &str,
    ) -> Result<(usize, Option<i64>), JournalError>;

    /// Figures.
    async fn counts(&self) -> Result<Counts, JournalError>;

    /// Whether the journal can be written to right now.
    async fn ping(&self) -> Result<(), JournalError>;
}

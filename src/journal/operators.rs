//! What operators ask for and are told: events, dead letters, and the story of one delivery.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{ChannelName, DeliveryId, EventId, EventType, HandlerName};

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
    /// What this delivery said.
    pub delivery: Option<DeliveryId>,
    /// This event.
    pub event: Option<EventId>,
    /// Of dead letters alone: those whose reason has this text in it, however it is written.
    pub text: Option<String>,
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
    /// Whether its contents and handlings are kept, and did not go with age.
    pub kept: bool,
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

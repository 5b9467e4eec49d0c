//! Handlings on their way: out to the bus, claimed by a worker with the turn of their entity, settled with an outcome.
//!
//! What comes in: the end of an attempt with everything that is kept in the same transaction. Fences keep an attempt that lost
//! its lease from settling (P2); every outcome has a reason (P4).

use std::time::Duration;

use jiff::Timestamp;

use super::{Effect, Link, LinkKind, Way, Written};
use crate::domain::{ChannelName, Event, EventId, EventType, HandlerName, HandlingId};

/// A handling to be put on the bus.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Which handling.
    pub handling: HandlingId,
    /// Whose work it is.
    pub channel: ChannelName,
    /// Who does it.
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

/// Something whose coming makes a dead letter ready again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// A cross-reference, as when a product appears.
    Link {
        /// Its kind.
        kind: LinkKind,
        /// Its key on our side.
        key: String,
    },
    /// A mapping in the configuration: each start of the program may have brought it.
    Mapping,
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
    /// Held until something gets through again on that way: no attempt, and no failure. Where its circuit has closed meanwhile, it
    /// is tried again in a moment.
    Held {
        /// Which way.
        way: Way,
        /// Why, for people.
        reason: String,
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
        /// What it lacks, where the journal notices when that comes: then it is tried again by itself.
        lacks: Option<Lack>,
    },
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

/// What came of a batch of settlements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// For each whether it was applied.
    pub each: Vec<bool>,
    /// Whether some handling can be published because of it: one of them, or one that waited for what they brought.
    pub ready: bool,
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

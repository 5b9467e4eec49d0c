//! Deliveries on their way through normalising: taken under a lease, settled with what they mean (P4).
//!
//! Next in the flow: each new event with its handlings, [`super::handlings`].

use crate::domain::{ChannelName, Delivery, DeliveryId, Event, HandlerName, WebClaim};

/// A delivery taken for normalising. The lease ends at the time given to [`super::Journal::take_deliveries`].
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

//! The bus port: hands work to competing consumers. In-process or RabbitMQ beneath.
//!
//! What comes in: handlings the journal says are due. What goes out: their numbers, to one consumer of their [`Lane`] each, at
//! least once. Lanes share neither a queue nor consumers, so what is slow or flooded on one holds up nobody on another (P9).
//! The bus is never the truth: whatever it loses or doubles, the journal's leases and fences put right, so nothing here needs
//! cleverness. Next in the flow: [`crate::flow::handle`].

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::domain::{ChannelName, EventId, EventType, HandlerName, HandlingId};

pub mod local;
pub mod rabbitmq;

pub use rabbitmq::LOG_DIRECTIVE;

/// The address of a queue: one channel's work for one handler.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    /// Whose work it is.
    pub channel: ChannelName,
    /// Who does it.
    pub handler: HandlerName,
}

impl std::fmt::Display for Lane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.handler, self.channel)
    }
}

/// The lanes of these channels: one for each handler.
#[must_use]
pub fn lanes<'a>(channels: impl IntoIterator<Item = &'a ChannelName>, handlers: &[HandlerName]) -> Vec<Lane> {
    let of_one = |channel: &'a ChannelName| {
        handlers.iter().map(move |handler| Lane { channel: channel.clone(), handler: handler.clone() })
    };
    channels.into_iter().flat_map(of_one).collect()
}

/// Why a message was not taken by the bus. Consequence: it is published again later.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BusError {
    /// Not connected, or the connection was lost before the confirmation.
    #[error("the bus cannot be reached: {0}")]
    Unavailable(String),
    /// Nobody's queue takes this message.
    #[error("no queue takes `{0}`")]
    Unroutable(String),
    /// The bus refused it, or said nothing in time.
    #[error("the bus did not confirm: {0}")]
    Unconfirmed(String),
}

/// A handling on its way to a consumer.
#[derive(Debug, Clone)]
pub struct Message {
    /// Which handling.
    pub handling: HandlingId,
    /// Where it waits to be worked on.
    pub lane: Lane,
    /// The event's number: the message's id.
    pub event: EventId,
    /// The event's kind: with the lane it makes the routing key.
    pub event_type: EventType,
    /// The event as CloudEvents JSON, for whoever else listens.
    pub body: Bytes,
}

/// A message in a consumer's hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Which handling.
    pub handling: HandlingId,
    /// What to acknowledge it with.
    pub ticket: Ticket,
}

/// Identifies a received message for its acknowledgement. One from a connection that is gone acknowledges nothing, which
/// is harmless: the message comes again and the journal knows better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// Which connection it came over.
    pub generation: u64,
    /// The delivery tag there.
    pub tag: u64,
}

/// How the bus is doing, for readiness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusHealth {
    /// Works.
    Up,
    /// Connected, but told to hold back (memory or disk alarm at the broker).
    Blocked(String),
    /// Not connected, for this reason.
    Down(String),
}

/// Distributes work.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Publishes messages durably and waits for each to be confirmed; the answer has one entry per message, in order.
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), BusError>>;

    /// Opens a consumer on a lane that holds at most `prefetch` unacknowledged messages. It survives the loss of its connection.
    async fn consume(&self, lane: &Lane, prefetch: u16) -> Result<Box<dyn Consumer>, BusError>;

    /// How the bus is doing.
    fn health(&self) -> BusHealth;

    /// Closes connections, within a deadline.
    async fn close(&self);
}

/// One consumer of one queue.
#[async_trait]
pub trait Consumer: Send {
    /// Waits for at least one message, then takes what comes within `linger`, `max` at most. Waits through reconnections.
    /// Cancel-safe: a message is either returned by this call or by a later one.
    async fn next(&mut self, max: usize, linger: Duration) -> Vec<Received>;

    /// Acknowledges messages whose outcome is committed.
    async fn ack(&mut self, tickets: &[Ticket]);
}

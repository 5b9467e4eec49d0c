//! The bus over RabbitMQ: a durable topic exchange and one quorum queue per handler.
//!
//! What comes in: messages from any process. What goes out: each to one consumer in any process. Keeps P4 (confirmed means
//! stored in a queue; anything else is published again) and P9 (bounded windows and prefetch; a broker that wants no messages
//! makes publishing fail at once). Publishing and consuming have a connection each, because a broker short of memory stops
//! reading from publishers, and acknowledgements must still get through.
//! Next in the flow: [`crate::flow::handle`].

use std::sync::Arc;

use async_trait::async_trait;

use self::consumer::RabbitConsumer;
use self::dial::Address;
use self::link::{Link, State};
use self::publisher::Publisher;
use self::topology::Topology;
use super::{Bus, BusError, BusHealth, Consumer, Message};
use crate::domain::HandlerName;

mod consumer;
mod dial;
mod fault;
mod link;
mod publisher;
mod topology;
mod wire;

/// A directive for the log filter that belongs with this bus: the client library prints a returned message with its whole
/// body, personal data and all. Nothing is missed without it, because the bus logs every loss and rebuild itself.
pub const LOG_DIRECTIVE: &str = "lapin=off";

/// The bus over RabbitMQ.
pub struct RabbitBus {
    topology: Topology,
    publishing: Arc<Link>,
    consuming: Arc<Link>,
    publisher: Publisher,
}

impl std::fmt::Debug for RabbitBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RabbitBus")
            .field("topology", &self.topology)
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}

impl RabbitBus {
    /// Opens the bus with the queues of these handlers; every process must name the same ones under the same prefix.
    ///
    /// Answers once both connections have been tried, within about half a minute. A broker that cannot be reached, or has
    /// these queues with other settings, is no error: webhooks are taken meanwhile, [`Bus::health`] says what is wrong, and
    /// the connection is tried until it succeeds. Declaring is idempotent. An `amqps` address needs the process to have
    /// installed a rustls crypto provider; the broker's certificate must be trusted by the operating system.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] when the address, the prefix or a handler's name can never work.
    pub async fn connect(url: &str, prefix: &str, handlers: &[HandlerName]) -> Result<Self, BusError> {
        let address = Address::parse(url)?;
        let topology = Topology::new(prefix, handlers)?;
        let publishing = Link::start("publisher", address.clone(), topology.clone());
        let consuming = Link::start("consumers", address, topology.clone());
        publishing.started().await;
        consuming.started().await;
        let publisher = Publisher::new(Arc::clone(&publishing), topology.events());
        Ok(Self { topology, publishing, consuming, publisher })
    }
}

#[async_trait]
impl Bus for RabbitBus {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), BusError>> {
        if messages.is_empty() { Vec::new() } else { self.publisher.publish(&messages).await }
    }

    async fn consume(&self, handler: &HandlerName, prefetch: u16) -> Result<Box<dyn Consumer>, BusError> {
        let queue = self.topology.queue(handler).ok_or_else(|| BusError::Unroutable(handler.to_string()))?;
        Ok(Box::new(RabbitConsumer::new(Arc::clone(&self.consuming), queue, prefetch)))
    }

    fn health(&self) -> BusHealth {
        match (self.publishing.state(), self.consuming.state()) {
            (State::Closed, _) | (_, State::Closed) => BusHealth::Down("the bus is closed".into()),
            (State::Down(why), _) | (_, State::Down(why)) => BusHealth::Down(why.to_string()),
            (State::Starting, _) | (_, State::Starting) => BusHealth::Down("connecting to RabbitMQ".into()),
            (State::Blocked(_, why), _) | (_, State::Blocked(_, why)) => BusHealth::Blocked(why.to_string()),
            (State::Up(_), State::Up(_)) => BusHealth::Up,
        }
    }

    async fn close(&self) {
        tokio::join!(self.publishing.close(), self.consuming.close());
    }
}

//! The bus over RabbitMQ: a durable topic exchange and one quorum queue per lane.
//!
//! What comes in: messages from any process. What goes out: each to one consumer in any process. Keeps P4 (confirmed means
//! stored in a queue; anything else is published again) and P9 (bounded windows and prefetch; a broker that wants no messages
//! makes publishing fail at once). Publishing and consuming have connections of their own, because a broker short of memory stops
//! reading from publishers, and acknowledgements must still get through. Each consumer has a channel of its connection to itself,
//! and a connection has no more than 2,047, so every thousand consumers have a connection.
//! Next in the flow: [`crate::flow::handle`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use self::consumer::RabbitConsumer;
use self::dial::Address;
use self::link::{Link, State};
use self::publisher::Publisher;
use self::topology::Topology;
use super::{Bus, BusError, BusHealth, Consumer, Lane, Message};

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

/// How many consumers share a connection: about half of the channels that brokers allow one by default.
const CONSUMERS_A_CONNECTION: usize = 1_000;

/// The bus over RabbitMQ.
pub struct RabbitBus {
    address: Address,
    topology: Topology,
    publishing: Arc<Link>,
    consuming: Mutex<Consuming>,
    publisher: Publisher,
}

/// The connections that consumers share.
struct Consuming {
    /// How many consumers were opened.
    opened: usize,
    links: Vec<Arc<Link>>,
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
    /// Opens the bus with the queues of these lanes. Processes under one prefix may name different ones, as when their
    /// configurations differ in age: each declares those it names.
    ///
    /// Answers once both connections have been tried, within about half a minute and, where many queues are new, a little for
    /// each. A broker that cannot be reached, or has
    /// these queues with other settings, is no error: webhooks are taken meanwhile, [`Bus::health`] says what is wrong, and
    /// the connection is tried until it succeeds. Declaring is idempotent. An `amqps` address needs the process to have
    /// installed a rustls crypto provider; the broker's certificate must be trusted by the operating system.
    ///
    /// # Errors
    /// [`BusError::Unavailable`] when the address, the prefix or a lane's names can never work.
    pub async fn connect(url: &str, prefix: &str, lanes: &[Lane]) -> Result<Self, BusError> {
        let address = Address::parse(url)?;
        let topology = Topology::new(prefix, lanes)?;
        let publishing = Link::start("publisher", address.clone(), topology.clone());
        let consuming = consuming_link(&address, &topology);
        publishing.started().await;
        consuming.started().await;
        let publisher = Publisher::new(Arc::clone(&publishing), topology.events());
        let consuming = Mutex::new(Consuming { opened: 0, links: vec![consuming] });
        Ok(Self { address, topology, publishing, consuming, publisher })
    }

    fn consuming(&self) -> MutexGuard<'_, Consuming> {
        self.consuming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection of the next consumer; begins another one where those there are have enough.
    fn link_for_one_more(&self) -> Arc<Link> {
        let mut consuming = self.consuming();
        let number = consuming.opened / CONSUMERS_A_CONNECTION;
        consuming.opened += 1;
        while consuming.links.len() <= number {
            consuming.links.push(consuming_link(&self.address, &self.topology));
        }
        Arc::clone(&consuming.links[number])
    }

    /// How each connection is, the publisher's first.
    fn states(&self) -> Vec<State> {
        let links = self.consuming().links.clone();
        std::iter::once(&self.publishing).chain(&links).map(|link| link.state()).collect()
    }
}

fn consuming_link(address: &Address, topology: &Topology) -> Arc<Link> {
    Link::start("consumers", address.clone(), topology.clone())
}

#[async_trait]
impl Bus for RabbitBus {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), BusError>> {
        if messages.is_empty() { Vec::new() } else { self.publisher.publish(&messages).await }
    }

    async fn consume(&self, lane: &Lane, prefetch: u16) -> Result<Box<dyn Consumer>, BusError> {
        let queue = self.topology.queue(lane).ok_or_else(|| BusError::Unroutable(lane.to_string()))?;
        Ok(Box::new(RabbitConsumer::new(self.link_for_one_more(), queue, prefetch)))
    }

    fn health(&self) -> BusHealth {
        let states = self.states();
        // The worst of them is how the bus is.
        let severity = |state: &&State| match state {
            State::Closed => 4,
            State::Down(_) => 3,
            State::Starting => 2,
            State::Blocked(..) => 1,
            State::Up(_) => 0,
        };
        // Of several that are alike, the first.
        match states.iter().rev().max_by_key(severity) {
            Some(State::Closed) => BusHealth::Down("the bus is closed".into()),
            Some(State::Down(why)) => BusHealth::Down(why.to_string()),
            Some(State::Starting) => BusHealth::Down("connecting to RabbitMQ".into()),
            Some(State::Blocked(_, why)) => BusHealth::Blocked(why.to_string()),
            Some(State::Up(_)) | None => BusHealth::Up,
        }
    }

    async fn close(&self) {
        let links = self.consuming().links.clone();
        futures::future::join_all(std::iter::once(&self.publishing).chain(&links).map(|link| link.close())).await;
    }
}

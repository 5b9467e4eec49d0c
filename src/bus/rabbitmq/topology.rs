//! The exchanges and queues at the broker, and their declaration.
//!
//! ```text
//! <prefix>.events (topic) ──#.invoice.kiwi──▶ <prefix>.kiwi.invoice ──limit reached, rejected──▶ <prefix>.dead ──▶ <prefix>.dead
//! ```
//!
//! One queue for each lane. A channel's name has at most 64 signs, a handler's and the prefix too, so with what stands between
//! them every name and key stays within the 255 bytes of AMQP; none of the names may have a dot, which parts the words of a key.
//!
//! Works from RabbitMQ 3.10 to 4.x without plugins: queue type, delivery limit and dead-letter strategy are always stated,
//! because their defaults differ between versions. Retries are the journal's; the limit is the net under crash loops.

use std::time::Duration;

use futures::future::try_join_all;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ExchangeKind};

use super::fault;
use crate::bus::{BusError, Lane};

/// How often a message may come back unacknowledged before it is set aside.
const DELIVERY_LIMIT: i32 = 10;
/// For messages set aside: a person may look at one, and put it back, practically as often as he likes.
const DEAD_DELIVERY_LIMIT: i32 = 1_000_000;

/// How long a message that was set aside is kept, in milliseconds: fourteen days. It is there to be looked at and holds an event,
/// maybe a buyer's; the handling itself is in the journal, which forgets on request.
const DEAD_KEPT: i32 = 14 * 24 * 3600 * 1000;
/// How long a lane's queue outlives its last consumer, in milliseconds: a channel that was taken out of the configuration leaves
/// nothing behind for good. Handlings that waited in it are due again in the journal long before.
const LANE_KEPT: i32 = DEAD_KEPT;

/// Channels of the connection that declare side by side: a new quorum queue takes the broker some time.
const AT_ONCE: usize = 8;
/// How long declaring may take: for everything, and for each lane besides.
const DEADLINE: Duration = Duration::from_secs(15);
const DEADLINE_A_LANE: Duration = Duration::from_millis(100);

/// The names at the broker.
#[derive(Debug, Clone)]
pub(super) struct Topology {
    prefix: String,
    lanes: Vec<Lane>,
}

impl Topology {
    /// Refuses names that mean something else in a routing pattern or are RabbitMQ's own.
    pub(super) fn new(prefix: &str, lanes: &[Lane]) -> Result<Self, BusError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if prefix.is_empty()
            || prefix.len() > 64
            || !prefix.chars().all(|c| plain(c) || c == '.')
            || prefix == "amq"
            || prefix.starts_with("amq.")
        {
            return Err(BusError::Unavailable(format!(
                "the prefix `{}` cannot name queues: use 1 to 64 letters, digits, `.`, `-` or `_`, not beginning with `amq`",
                prefix.escape_debug()
            )));
        }
        let is_odd = |name: &str| !name.chars().all(plain) || ["events", "dead"].contains(&name);
        if let Some(odd) = lanes.iter().map(|lane| lane.handler.as_str()).find(|name| is_odd(name)) {
            return Err(BusError::Unavailable(format!(
                "the handler name `{odd}` cannot name a queue: use letters, digits, `-` or `_`, and not `events` or `dead`"
            )));
        }
        if let Some(odd) = lanes.iter().map(|lane| lane.channel.as_str()).find(|name| !name.chars().all(plain)) {
            return Err(BusError::Unavailable(format!(
                "the channel name `{odd}` cannot name a queue: use letters, digits, `-` or `_`"
            )));
        }
        Ok(Self { prefix: prefix.to_owned(), lanes: lanes.to_vec() })
    }

    /// The exchange to publish to.
    pub(super) fn events(&self) -> ShortString {
        format!("{}.events", self.prefix).into()
    }

    /// The queue of a lane, if it is one of ours.
    pub(super) fn queue(&self, lane: &Lane) -> Option<ShortString> {
        self.lanes.contains(lane).then(|| self.name(lane))
    }

    fn name(&self, Lane { channel, handler }: &Lane) -> ShortString {
        format!("{}.{channel}.{handler}", self.prefix).into()
    }

    /// How long declaring everything may take.
    pub(super) fn deadline(&self) -> Duration {
        DEADLINE + DEADLINE_A_LANE * u32::try_from(self.lanes.len()).unwrap_or(u32::MAX)
    }

    /// Declares everything. Idempotent; the error says what exists with other settings and what to do about it.
    pub(super) async fn declare(&self, connection: &Connection) -> Result<(), String> {
        let channel = connection.create_channel().await.map_err(|error| fault::explain(&error))?;
        let dead: ShortString = format!("{}.dead", self.prefix).into();

        exchange(&channel, &self.events(), ExchangeKind::Topic).await?;
        exchange(&channel, &dead, ExchangeKind::Fanout).await?;
        let mut settings = quorum(DEAD_DELIVERY_LIMIT);
        settings.insert("x-message-ttl".into(), AMQPValue::LongInt(DEAD_KEPT));
        queue(&channel, &dead, settings).await?;
        bind(&channel, &dead, &dead, "").await?;
        let share = self.lanes.len().div_ceil(AT_ONCE).max(1);
        try_join_all(self.lanes.chunks(share).map(|lanes| self.declare_lanes(connection, lanes, &dead))).await?;
        channel.close(200, "declared".into()).await.map_err(|error| fault::explain(&error))
    }

    async fn declare_lanes(&self, connection: &Connection, lanes: &[Lane], dead: &ShortString) -> Result<(), String> {
        let channel = connection.create_channel().await.map_err(|error| fault::explain(&error))?;
        for lane in lanes {
            let name = self.name(lane);
            let mut settings = quorum(DELIVERY_LIMIT);
            settings.insert("x-expires".into(), AMQPValue::LongInt(LANE_KEPT));
            settings.insert("x-dead-letter-exchange".into(), AMQPValue::LongString(dead.as_str().into()));
            // Needs overflow `reject-publish`, else the broker falls back to a strategy that may lose on the way.
            settings.insert("x-dead-letter-strategy".into(), AMQPValue::LongString("at-least-once".into()));
            queue(&channel, &name, settings).await?;
            bind(&channel, &name, &self.events(), &format!("#.{}.{}", lane.handler, lane.channel)).await?;
        }
        channel.close(200, "declared".into()).await.map_err(|error| fault::explain(&error))
    }
}

fn quorum(delivery_limit: i32) -> FieldTable {
    let mut settings = FieldTable::default();
    settings.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    settings.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    settings.insert("x-delivery-limit".into(), AMQPValue::LongInt(delivery_limit));
    settings
}

async fn exchange(channel: &Channel, name: &ShortString, kind: ExchangeKind) -> Result<(), String> {
    let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    let declared = channel.exchange_declare(name.clone(), kind, options, FieldTable::default()).await;
    declared.map_err(|error| refused("exchange", name, &error))
}

async fn queue(channel: &Channel, name: &ShortString, settings: FieldTable) -> Result<(), String> {
    let declared = channel.queue_declare(name.clone(), QueueDeclareOptions::durable(), settings).await;
    declared.map(drop).map_err(|error| refused("queue", name, &error))
}

async fn bind(channel: &Channel, queue: &ShortString, exchange: &ShortString, pattern: &str) -> Result<(), String> {
    let options = QueueBindOptions::default();
    let bound =
        channel.queue_bind(queue.clone(), exchange.clone(), pattern.into(), options, FieldTable::default()).await;
    bound.map_err(|error| refused("queue", queue, &error))
}

fn refused(what: &str, name: &ShortString, error: &lapin::Error) -> String {
    let words = fault::explain(error);
    if fault::is_drift(error) {
        format!(
            "the {what} `{name}` exists with other settings than tillbridge declares: {words}. Delete it with \
             `rabbitmqctl delete_queue {name}` (a queue) or on the management page (an exchange); it is declared anew \
             within seconds, and what waited in it is published again from the journal"
        )
    } else {
        format!("the {what} `{name}` cannot be declared: {words}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ChannelName, EventType, HandlerName};

    fn lane(channel: &str, handler: &str) -> Lane {
        Lane { channel: ChannelName::parse(channel).unwrap(), handler: HandlerName::parse(handler).unwrap() }
    }

    #[test]
    fn a_queue_has_the_names_of_its_channel_and_handler() {
        let topology = Topology::new("shop", &[lane("kiwi", "invoice")]).unwrap();
        assert_eq!(topology.queue(&lane("kiwi", "invoice")).unwrap().as_str(), "shop.kiwi.invoice");
        assert_eq!(topology.queue(&lane("kiwi", "stock")), None);
        assert_eq!(topology.queue(&lane("weka", "invoice")), None);
    }

    #[test]
    fn the_longest_names_are_no_longer_than_amqp_allows() {
        let longest = lane(&"c".repeat(64), &"h".repeat(64));
        let topology = Topology::new(&"p".repeat(64), std::slice::from_ref(&longest)).unwrap();
        assert!(topology.queue(&longest).unwrap().as_str().len() <= 255);
        for kind in EventType::ALL {
            let key = super::super::wire::routing_key(*kind, &longest);
            assert!(key.len() <= 255, "{key}");
        }
    }

    #[test]
    fn names_that_are_patterns_or_reserved_are_refused() {
        for prefix in ["", "a b", "#", "amq.x", "amq", "é", &"x".repeat(65)] {
            assert!(Topology::new(prefix, &[]).is_err(), "{prefix}");
        }
        for name in ["#", "*", "a.b", "dead", "events", "a b"] {
            assert!(Topology::new("shop", &[lane("kiwi", name)]).is_err(), "{name}");
        }
        for name in ["#", "*", "a.b", "a b", "é"] {
            assert!(Topology::new("shop", &[lane(name, "invoice")]).is_err(), "{name}");
        }
    }
}

//! The exchanges and queues at the broker, and their declaration.
//!
//! ```text
//! <prefix>.events (topic) ──#.invoice──▶ <prefix>.invoice ──limit reached, rejected──▶ <prefix>.dead ──▶ <prefix>.dead
//! ```
//!
//! Works from RabbitMQ 3.10 to 4.x without plugins: queue type, delivery limit and dead-letter strategy are always stated,
//! because their defaults differ between versions. Retries are the journal's; the limit is the net under crash loops.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{Channel, Connection, ExchangeKind};

use super::fault;
use crate::bus::BusError;
use crate::domain::HandlerName;

/// How often a message may come back unacknowledged before it is set aside.
const DELIVERY_LIMIT: i32 = 10;
/// For messages set aside: a person may look at one, and put it back, practically as often as he likes.
const DEAD_DELIVERY_LIMIT: i32 = 1_000_000;

/// How long a message that was set aside is kept, in milliseconds: fourteen days. It is there to be looked at and holds an event,
/// maybe a buyer's; the handling itself is in the journal, which forgets on request.
const DEAD_KEPT: i32 = 14 * 24 * 3600 * 1000;

/// The names at the broker.
#[derive(Debug, Clone)]
pub(super) struct Topology {
    prefix: String,
    handlers: Vec<HandlerName>,
}

impl Topology {
    /// Refuses names that mean something else in a routing pattern or are RabbitMQ's own.
    pub(super) fn new(prefix: &str, handlers: &[HandlerName]) -> Result<Self, BusError> {
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
        if let Some(odd) = handlers
            .iter()
            .find(|handler| !handler.as_str().chars().all(plain) || ["events", "dead"].contains(&handler.as_str()))
        {
            return Err(BusError::Unavailable(format!(
                "the handler name `{odd}` cannot name a queue: use letters, digits, `-` or `_`, and not `events` or `dead`"
            )));
        }
        Ok(Self { prefix: prefix.to_owned(), handlers: handlers.to_vec() })
    }

    /// The exchange to publish to.
    pub(super) fn events(&self) -> ShortString {
        format!("{}.events", self.prefix).into()
    }

    /// The queue of a handler, if it is one of ours.
    pub(super) fn queue(&self, handler: &HandlerName) -> Option<ShortString> {
        self.handlers.contains(handler).then(|| format!("{}.{handler}", self.prefix).into())
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
        for handler in &self.handlers {
            let name: ShortString = format!("{}.{handler}", self.prefix).into();
            let mut settings = quorum(DELIVERY_LIMIT);
            settings.insert("x-dead-letter-exchange".into(), AMQPValue::LongString(dead.as_str().into()));
            // Needs overflow `reject-publish`, else the broker falls back to a strategy that may lose on the way.
            settings.insert("x-dead-letter-strategy".into(), AMQPValue::LongString("at-least-once".into()));
            queue(&channel, &name, settings).await?;
            bind(&channel, &name, &self.events(), &format!("#.{handler}")).await?;
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

    fn handler(name: &str) -> HandlerName {
        HandlerName::parse(name).unwrap()
    }

    #[test]
    fn a_queue_has_its_handlers_name() {
        let topology = Topology::new("shop", &[handler("invoice")]).unwrap();
        assert_eq!(topology.queue(&handler("invoice")).unwrap().as_str(), "shop.invoice");
        assert_eq!(topology.queue(&handler("stock")), None);
    }

    #[test]
    fn names_that_are_patterns_or_reserved_are_refused() {
        for prefix in ["", "a b", "#", "amq.x", "amq", "é", &"x".repeat(65)] {
            assert!(Topology::new(prefix, &[]).is_err(), "{prefix}");
        }
        for name in ["#", "*", "a.b", "dead", "events", "a b"] {
            assert!(Topology::new("shop", &[handler(name)]).is_err(), "{name}");
        }
    }
}

//! A handling as an AMQP message and back.
//!
//! What comes in: a [`Message`] to publish, or the properties of one that was delivered. What goes out: properties and routing
//! key, or the number of the handling. The body is the event as CloudEvents JSON in structured mode and is not read here.
//! Next in the flow: [`super::publisher`] and [`super::consumer`].

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};

use crate::bus::{Lane, Message};
use crate::domain::{EventType, HandlingId};

/// The header with the handling's number.
const HANDLING: &str = "tillbridge-handling";
/// By the CloudEvents AMQP binding, structured mode.
const CONTENT_TYPE: &str = "application/cloudevents+json";
/// Written to disk. Quorum queues always do, but at-least-once dead-lettering hands the mode on.
const PERSISTENT: u8 = 2;

/// `sale.invoiced.invoice.kiwi`: the event's kind, then the handler and the channel. In this order, because a queue that is left
/// over from before there were lanes is bound to everything that ends with its handler, and would go on filling.
pub(super) fn routing_key(event_type: EventType, Lane { channel, handler }: &Lane) -> String {
    format!("{}.{handler}.{channel}", event_type.as_str())
}

pub(super) fn properties(message: &Message) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert(ShortString::from(HANDLING), AMQPValue::LongLongInt(message.handling.0));
    BasicProperties::default()
        .with_content_type(ShortString::from(CONTENT_TYPE))
        .with_delivery_mode(PERSISTENT)
        .with_message_id(ShortString::from(message.event.to_string()))
        .with_type(ShortString::from(message.event_type.as_str()))
        .with_app_id(ShortString::from("tillbridge"))
        .with_headers(headers)
}

/// The handling a message is about; none when it has no such header or the header is not a whole number. Every signed width
/// is read, because a message that a person moved by a tool may come back with a narrower one.
pub(super) fn handling(properties: &BasicProperties) -> Option<HandlingId> {
    let number = match properties.headers().as_ref()?.inner().get(HANDLING)? {
        AMQPValue::LongLongInt(number) => *number,
        AMQPValue::LongInt(number) => i64::from(*number),
        AMQPValue::ShortInt(number) => i64::from(*number),
        AMQPValue::ShortShortInt(number) => i64::from(*number),
        _ => return None,
    };
    Some(HandlingId(number))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{ChannelName, EventId, HandlerName};

    fn message(handling: i64) -> Message {
        Message {
            handling: HandlingId(handling),
            lane: Lane {
                channel: ChannelName::parse("kiwi").unwrap(),
                handler: HandlerName::parse("invoice").unwrap(),
            },
            event: EventId(Uuid::now_v7()),
            event_type: EventType::SaleInvoiced,
            body: Bytes::from_static(b"{}"),
        }
    }

    #[test]
    fn the_number_of_a_handling_survives_the_wire() {
        for number in [1, -1, i64::MAX, i64::MIN] {
            assert_eq!(handling(&properties(&message(number))), Some(HandlingId(number)));
        }
    }

    #[test]
    fn a_message_is_persistent_and_names_its_event() {
        let message = message(7);
        let properties = properties(&message);
        assert_eq!(*properties.delivery_mode(), Some(2));
        assert_eq!(properties.message_id().as_ref().unwrap().as_str(), message.event.to_string());
        assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/cloudevents+json");
        assert_eq!(routing_key(message.event_type, &message.lane), "sale.invoiced.invoice.kiwi");
    }

    #[test]
    fn a_message_without_a_readable_number_is_not_guessed_at() {
        let mut headers = FieldTable::default();
        assert_eq!(handling(&BasicProperties::default()), None);
        assert_eq!(handling(&BasicProperties::default().with_headers(headers.clone())), None);
        headers.insert(HANDLING.into(), AMQPValue::LongString("7".into()));
        assert_eq!(handling(&BasicProperties::default().with_headers(headers)), None);
    }
}

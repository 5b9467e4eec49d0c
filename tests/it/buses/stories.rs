//! The words the stories about buses are told in.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use tillbridge::bus::{Bus, BusError, BusHealth, Consumer, Lane, Message, Received};
use tillbridge::domain::{ChannelName, EventId, EventType, HandlerName, HandlingId};
use uuid::Uuid;

/// Longer than anything here takes on a busy machine; reaching it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Fails with these words when the future takes too long.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"))
}

/// A handler's lane of the channel that most stories happen in.
pub fn lane(handler: &str) -> Lane {
    lane_of("kiwi", handler)
}

pub fn lane_of(channel: &str, handler: &str) -> Lane {
    Lane { channel: ChannelName::parse(channel).unwrap(), handler: HandlerName::parse(handler).unwrap() }
}

pub fn message(lane: &Lane, number: i64) -> Message {
    Message {
        handling: HandlingId(number),
        lane: lane.clone(),
        event: EventId(Uuid::now_v7()),
        event_type: EventType::SaleInvoiced,
        body: Bytes::from(format!(r#"{{"specversion":"1.0","id":"{number}"}}"#)),
    }
}

pub fn messages(lane: &Lane, numbers: impl IntoIterator<Item = i64>) -> Vec<Message> {
    numbers.into_iter().map(|number| message(lane, number)).collect()
}

/// Publishes and requires every message to be taken.
pub async fn publish(bus: &dyn Bus, messages: Vec<Message>) {
    let verdicts = within("publishing", bus.publish(messages)).await;
    assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
}

/// Publishes until every message is taken, as the journal does with those that were not.
pub async fn publish_until_taken(bus: &dyn Bus, mut left: Vec<Message>) {
    within("publishing until all are taken", async {
        while !left.is_empty() {
            let verdicts = bus.publish(left.clone()).await;
            assert_eq!(verdicts.len(), left.len());
            let mut verdicts = verdicts.iter();
            left.retain(|_| verdicts.next().unwrap().is_err());
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Takes and acknowledges until all these numbers have come, in whatever order, and returns everything that came.
pub async fn work_until(consumer: &mut dyn Consumer, wanted: &BTreeSet<i64>) -> Vec<i64> {
    let mut came = Vec::new();
    let mut missing = wanted.clone();
    within("taking messages", async {
        while !missing.is_empty() {
            let received = consumer.next(64, Duration::from_millis(5)).await;
            for number in numbers(&received) {
                missing.remove(&number);
                came.push(number);
            }
            acknowledge(consumer, &received).await;
        }
    })
    .await;
    came
}

pub async fn acknowledge(consumer: &mut dyn Consumer, received: &[Received]) {
    let tickets: Vec<_> = received.iter().map(|received| received.ticket).collect();
    consumer.ack(&tickets).await;
}

pub fn numbers(received: &[Received]) -> Vec<i64> {
    received.iter().map(|received| received.handling.0).collect()
}

/// Waits until the health is as wanted.
pub async fn until_health(bus: &dyn Bus, what: &str, wanted: impl Fn(&BusHealth) -> bool) {
    until(&format!("health {what}"), || wanted(&bus.health())).await;
}

/// Waits until a condition holds, looking at it again and again.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    within(what, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

pub fn is_unavailable(verdict: &Result<(), BusError>) -> bool {
    matches!(verdict, Err(BusError::Unavailable(_)))
}

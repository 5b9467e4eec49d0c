//! Takes messages of one lane's queue, through any number of rebuilt connections.
//!
//! What comes in: deliveries, at most `prefetch` unacknowledged. What goes out: the numbers of handlings, and acknowledgements
//! once their outcome is committed. What was taken over a connection that is gone is forgotten: it comes again.
//! A message without a readable handling number is set aside at the broker, not lost and not repeated.
//! Next in the flow: [`crate::flow::handle`].

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::{BoxFuture, join_all};
use futures::{FutureExt, StreamExt};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Consumer as Deliveries};
use tokio::time::{Instant, timeout, timeout_at};

use super::link::Link;
use super::{fault, wire};
use crate::bus::{Consumer, Received, Ticket};

/// How long opening a channel and subscribing may take.
const ATTACH_DEADLINE: Duration = Duration::from_secs(10);
/// How long handing acknowledgements to the socket may take; the messages come again otherwise.
const ACK_DEADLINE: Duration = Duration::from_secs(5);

pub(super) struct RabbitConsumer {
    link: Arc<Link>,
    queue: ShortString,
    prefetch: u16,
    attached: Option<Attached>,
    /// Kept when `next` is dropped: begun anew each time, it would never finish under a caller with little patience, and the
    /// messages already sent to it would count as returned.
    attaching: Option<BoxFuture<'static, (u64, Result<Subscription, String>)>>,
    /// The newest generation that did not work; only a newer one is tried.
    given_up: u64,
    /// Taken from the channel but not yet returned by `next`: what makes a dropped `next` lose nothing.
    taken: VecDeque<Received>,
}

type Subscription = (Channel, Deliveries);

/// A subscription on one generation of the connection.
struct Attached {
    generation: u64,
    channel: Channel,
    deliveries: Deliveries,
    /// Tags that the broker waits for.
    outstanding: BTreeSet<u64>,
}

impl RabbitConsumer {
    pub(super) fn new(link: Arc<Link>, queue: ShortString, prefetch: u16) -> Self {
        // Zero would mean without bound to the broker.
        Self {
            link,
            queue,
            prefetch: prefetch.max(1),
            attached: None,
            attaching: None,
            given_up: 0,
            taken: VecDeque::new(),
        }
    }

    /// Waits for one message and keeps it in `taken`; attaches again as often as needed.
    async fn take_one(&mut self) {
        loop {
            let Some(attached) = &mut self.attached else {
                self.attach().await;
                continue;
            };
            match attached.deliveries.next().await {
                Some(Ok(delivery)) => {
                    if self.keep(delivery).await {
                        return;
                    }
                }
                Some(Err(error)) => self.detach(&fault::explain(&error)),
                None => self.detach("the broker cancelled the consumer"),
            }
        }
    }

    async fn attach(&mut self) {
        let begin = || subscribe(Arc::clone(&self.link), self.given_up, self.queue.clone(), self.prefetch).boxed();
        let (generation, outcome) = self.attaching.get_or_insert_with(begin).await;
        self.attaching = None;
        match outcome {
            Ok((channel, deliveries)) => {
                self.attached = Some(Attached { generation, channel, deliveries, outstanding: BTreeSet::new() });
            }
            Err(why) => self.give_up(generation, &why),
        }
    }

    /// Forgets the subscription and all that was taken over it, and asks for a rebuild.
    fn detach(&mut self, why: &str) {
        self.taken.clear();
        if let Some(attached) = self.attached.take() {
            self.give_up(attached.generation, why);
        }
    }

    fn give_up(&mut self, generation: u64, why: &str) {
        self.given_up = generation;
        self.link.complain(generation, format!("the consumer of `{}` ended: {why}", self.queue));
    }

    /// Keeps a delivery if it can be read, else sets it aside at the broker.
    async fn keep(&mut self, delivery: Delivery) -> bool {
        let Some(attached) = &mut self.attached else { return false };
        let tag = delivery.delivery_tag;
        let Some(handling) = wire::handling(&delivery.properties) else {
            metrics::counter!("tillbridge_bus_unreadable_total").increment(1);
            let id = delivery.properties.message_id().as_ref().map_or("none", ShortString::as_str);
            tracing::error!(queue = %self.queue, message_id = id.escape_debug().to_string(),
                "a message without a handling number was set aside in the dead queue; look where it came from");
            let rejecting = attached.channel.basic_reject(tag, BasicRejectOptions { requeue: false });
            // Unsettled on failure, so it comes again.
            let _ = timeout(ACK_DEADLINE, rejecting).await;
            return false;
        };
        attached.outstanding.insert(tag);
        self.taken.push_back(Received { handling, ticket: Ticket { generation: attached.generation, tag } });
        true
    }
}

#[async_trait]
impl Consumer for RabbitConsumer {
    async fn next(&mut self, max: usize, linger: Duration) -> Vec<Received> {
        let max = max.max(1);
        if self.taken.is_empty() {
            self.take_one().await;
        }
        let end = Instant::now() + linger;
        while self.taken.len() < max {
            // What is there already is taken even when the time is up; a lost connection empties `taken` and the wait
            // for the first message begins again.
            if timeout_at(end, self.take_one()).await.is_err() {
                if !self.taken.is_empty() {
                    break;
                }
                self.take_one().await;
            }
        }
        let count = self.taken.len().min(max);
        self.taken.drain(..count).collect()
    }

    async fn ack(&mut self, tickets: &[Ticket]) {
        let Some(attached) = &mut self.attached else { return };
        let ours = tickets.iter().filter(|ticket| ticket.generation == attached.generation).map(|ticket| ticket.tag);
        let acks = settle(&mut attached.outstanding, ours);
        let channel = &attached.channel;
        let sending = acks.into_iter().map(|(tag, multiple)| channel.basic_ack(tag, BasicAckOptions { multiple }));
        let sent = timeout(ACK_DEADLINE, join_all(sending)).await;
        if let Some(error) = sent.iter().flatten().find_map(|sent| sent.as_ref().err()) {
            tracing::debug!(queue = %self.queue, %error, "not acknowledged; the messages come again");
        }
        if sent.is_err() {
            tracing::debug!(queue = %self.queue, "not acknowledged in time; the messages come again");
        }
    }
}

/// Waits for a connection newer than the one given up and subscribes on it.
async fn subscribe(
    link: Arc<Link>,
    given_up: u64,
    queue: ShortString,
    prefetch: u16,
) -> (u64, Result<Subscription, String>) {
    let session = link.session(given_up).await;
    let subscribing = async {
        let channel = session.connection.create_channel().await?;
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let deliveries = channel.basic_consume(queue, "".into(), options, FieldTable::default()).await?;
        Ok((channel, deliveries))
    };
    let outcome = match timeout(ATTACH_DEADLINE, subscribing).await {
        Ok(outcome) => outcome.map_err(|error: lapin::Error| fault::explain(&error)),
        Err(_) => Err(format!("no subscription within {} s", ATTACH_DEADLINE.as_secs())),
    };
    (session.generation, outcome)
}

/// The fewest acknowledgements for these tags: one for the longest beginning of what is outstanding, single ones for the
/// rest. Tags that are not outstanding are left out, because the broker closes the channel on one it does not know.
fn settle(outstanding: &mut BTreeSet<u64>, tags: impl Iterator<Item = u64>) -> Vec<(u64, bool)> {
    let mut settled: BTreeSet<u64> = tags.filter(|tag| outstanding.contains(tag)).collect();
    let beginning: Vec<u64> = outstanding.iter().copied().take_while(|tag| settled.contains(tag)).collect();
    let mut acks = Vec::new();
    if let Some(last) = beginning.last() {
        acks.push((*last, beginning.len() > 1));
    }
    outstanding.retain(|tag| !settled.contains(tag));
    for tag in &beginning {
        settled.remove(tag);
    }
    acks.extend(settled.into_iter().map(|tag| (tag, false)));
    acks
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_whole_batch_is_acknowledged_at_once() {
        let mut outstanding = BTreeSet::from([4, 5, 6]);
        assert_eq!(settle(&mut outstanding, [6, 4, 5].into_iter()), [(6, true)]);
        assert!(outstanding.is_empty());
    }

    #[test]
    fn a_gap_is_never_acknowledged_along() {
        let mut outstanding = BTreeSet::from([1, 2, 3, 4, 5]);
        assert_eq!(settle(&mut outstanding, [1, 2, 4].into_iter()), [(2, true), (4, false)]);
        assert_eq!(outstanding, BTreeSet::from([3, 5]));
        assert_eq!(settle(&mut outstanding, [5].into_iter()), [(5, false)]);
        assert_eq!(settle(&mut outstanding, [5, 9].into_iter()), []);
    }

    proptest! {
        /// What the broker makes of the acknowledgements is exactly what was asked for.
        #[test]
        fn exactly_the_given_tags_are_settled(held in prop::collection::btree_set(1_u64..64, 0..40),
                                              given in prop::collection::vec(1_u64..64, 0..40)) {
            let mut broker = held.clone();
            let mut outstanding = held.clone();
            for (tag, multiple) in settle(&mut outstanding, given.iter().copied()) {
                prop_assert!(broker.contains(&tag), "the broker does not know {tag}");
                broker.retain(|held| if multiple { *held > tag } else { *held != tag });
            }
            let asked: BTreeSet<u64> = given.into_iter().collect();
            prop_assert_eq!(&broker, &held.difference(&asked).copied().collect::<BTreeSet<u64>>());
            prop_assert_eq!(&broker, &outstanding);
        }
    }
}

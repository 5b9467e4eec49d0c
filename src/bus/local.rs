//! The bus inside one process: a bounded queue per lane and consumers that compete for what is in it.
//!
//! What comes in: messages from the publisher of this process. What goes out: each to one consumer; what a consumer held
//! without acknowledging goes to the others when it is dropped, as with a broker. Keeps P9: a full queue refuses and never
//! grows. Nothing is on disk: what ends with the process is due again when its lease in the journal has run out.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Bus, BusError, BusHealth, Consumer, Lane, Message, Received, Ticket};
use crate::domain::HandlingId;

/// The in-process bus.
#[derive(Debug)]
pub struct LocalBus {
    capacity: usize,
    queues: HashMap<Lane, Arc<Queue>>,
    consumers: AtomicU64,
    closed: CancellationToken,
}

impl LocalBus {
    /// A bus with these lanes, whose queues hold at most `capacity` messages each, waiting and unacknowledged together; at least
    /// one.
    #[must_use]
    pub fn new(capacity: usize, lanes: impl IntoIterator<Item = Lane>) -> Self {
        Self {
            capacity: capacity.max(1),
            queues: lanes.into_iter().map(|lane| (lane, Arc::default())).collect(),
            consumers: AtomicU64::new(0),
            closed: CancellationToken::new(),
        }
    }

    fn queue(&self, lane: &Lane) -> Result<&Arc<Queue>, BusError> {
        self.queues.get(lane).ok_or_else(|| BusError::Unroutable(lane.to_string()))
    }

    fn put(&self, message: &Message) -> Result<(), BusError> {
        if self.closed.is_cancelled() {
            return Err(BusError::Unavailable("the bus in this process is closed".into()));
        }
        let queue = self.queue(&message.lane)?;
        let mut content = locked(&queue.content);
        if content.waiting.len() + content.held >= self.capacity {
            let why = format!("the queue of `{}` is full ({} messages)", message.lane, self.capacity);
            return Err(BusError::Unavailable(why));
        }
        content.waiting.push_back(message.handling);
        drop(content);
        queue.arrived.notify_one();
        Ok(())
    }
}

#[async_trait]
impl Bus for LocalBus {
    async fn publish(&self, messages: Vec<Message>) -> Vec<Result<(), BusError>> {
        messages.iter().map(|message| self.put(message)).collect()
    }

    async fn consume(&self, lane: &Lane, prefetch: u16) -> Result<Box<dyn Consumer>, BusError> {
        Ok(Box::new(LocalConsumer {
            queue: Arc::clone(self.queue(lane)?),
            prefetch: usize::from(prefetch.max(1)),
            number: self.consumers.fetch_add(1, Ordering::Relaxed),
            next_tag: 0,
            held: HashMap::new(),
            taken: VecDeque::new(),
            closed: self.closed.clone(),
        }))
    }

    fn health(&self) -> BusHealth {
        if self.closed.is_cancelled() {
            BusHealth::Down("the bus in this process is closed".into())
        } else {
            BusHealth::Up
        }
    }

    async fn close(&self) {
        self.closed.cancel();
    }
}

#[derive(Debug, Default)]
struct Queue {
    content: Mutex<Content>,
    /// Holds a permit whenever something may be waiting; whoever takes one and leaves some behind passes it on.
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Content {
    waiting: VecDeque<HandlingId>,
    /// How many are with consumers, unacknowledged.
    held: usize,
}

impl Queue {
    fn take(&self) -> Option<HandlingId> {
        let mut content = locked(&self.content);
        let handling = content.waiting.pop_front()?;
        content.held += 1;
        if !content.waiting.is_empty() {
            self.arrived.notify_one();
        }
        Some(handling)
    }

    fn settle(&self, count: usize) {
        locked(&self.content).held -= count;
    }

    fn give_back(&self, handlings: impl Iterator<Item = HandlingId>) {
        let mut content = locked(&self.content);
        for handling in handlings {
            content.held -= 1;
            content.waiting.push_front(handling);
        }
        if !content.waiting.is_empty() {
            self.arrived.notify_one();
        }
    }
}

struct LocalConsumer {
    queue: Arc<Queue>,
    prefetch: usize,
    number: u64,
    next_tag: u64,
    /// Unacknowledged, by tag.
    held: HashMap<u64, HandlingId>,
    /// Taken from the queue but not yet returned by `next`: what makes a dropped `next` lose nothing.
    taken: VecDeque<Received>,
    closed: CancellationToken,
}

impl LocalConsumer {
    fn take(&mut self) -> bool {
        if self.held.len() >= self.prefetch || self.closed.is_cancelled() {
            return false;
        }
        let Some(handling) = self.queue.take() else { return false };
        self.next_tag += 1;
        self.held.insert(self.next_tag, handling);
        let ticket = Ticket { generation: self.number, tag: self.next_tag };
        self.taken.push_back(Received { handling, ticket });
        true
    }
}

#[async_trait]
impl Consumer for LocalConsumer {
    async fn next(&mut self, max: usize, linger: Duration) -> Vec<Received> {
        let max = max.max(1);
        while self.taken.is_empty() && !self.take() {
            if self.held.len() >= self.prefetch || self.closed.is_cancelled() {
                // Nothing can come until an acknowledgement, which needs this call to be dropped first.
                std::future::pending::<()>().await;
            }
            self.queue.arrived.notified().await;
        }
        let end = Instant::now() + linger;
        while self.taken.len() < max && self.held.len() < self.prefetch {
            if !self.take() && timeout_at(end, self.queue.arrived.notified()).await.is_err() {
                break;
            }
        }
        let count = self.taken.len().min(max);
        self.taken.drain(..count).collect()
    }

    async fn ack(&mut self, tickets: &[Ticket]) {
        let ours = tickets.iter().filter(|ticket| ticket.generation == self.number);
        let settled = ours.filter(|ticket| self.held.remove(&ticket.tag).is_some()).count();
        self.queue.settle(settled);
    }
}

impl Drop for LocalConsumer {
    fn drop(&mut self) {
        let mut held: Vec<_> = self.held.drain().collect();
        held.sort_unstable_by_key(|(tag, _)| std::cmp::Reverse(*tag));
        self.queue.give_back(held.into_iter().map(|(_, handling)| handling));
    }
}

/// A panic while a queue was locked cannot leave it half changed, so a poisoned lock is still good.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

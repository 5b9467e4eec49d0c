//! Publishes in batches and waits for the broker's confirmations.
//!
//! What comes in: messages. What goes out: one verdict each, in order. Keeps P4: a message is taken only when the broker has
//! confirmed it and has not returned it; a refusal, a return or silence leaves it with the journal, which publishes it again.
//! Each batch has a channel of its own while it runs, because the client library attaches a returned message to whichever
//! confirmation comes next: returns are matched by handling number, and one batch's never reach another's.
//! Next in the flow: [`super::consumer`], by way of the broker.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{Channel, Confirmation};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::link::{Link, Session, State};
use super::{fault, wire};
use crate::bus::{BusError, Message};
use crate::domain::HandlingId;

/// Batches at a time, each on its own channel: several channels carry more than one with a wider window.
const AT_ONCE: usize = 4;
/// Unconfirmed messages of a batch at a time. More only lengthens the wait for each.
const WINDOW: usize = 256;
/// From the beginning of a batch to its last confirmation.
const BATCH_DEADLINE: Duration = Duration::from_secs(15);
/// How long a batch waits for its turn and its channel.
const TURN_DEADLINE: Duration = Duration::from_secs(5);
/// RabbitMQ 4 takes no larger message unless it is told to, and closes the channel on one.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

pub(super) struct Publisher {
    link: Arc<Link>,
    exchange: ShortString,
    turns: Semaphore,
    idle: Mutex<Vec<Outlet>>,
}

/// A channel in confirm mode on one generation of the connection.
struct Outlet {
    generation: u64,
    channel: Channel,
}

type Verdict = Result<(), BusError>;

impl Publisher {
    pub(super) fn new(link: Arc<Link>, exchange: ShortString) -> Self {
        Self { link, exchange, turns: Semaphore::new(AT_ONCE), idle: Mutex::default() }
    }

    /// Publishes a batch; one verdict per message, in order. Safe to repeat: a handling that comes twice is done once.
    pub(super) async fn publish(&self, messages: &[Message]) -> Vec<Verdict> {
        let deadline = Instant::now() + TURN_DEADLINE;
        let Ok(Ok(permit)) = timeout_at(deadline, self.turns.acquire()).await else {
            return all(messages, "too many batches are being published at once");
        };
        let outlet = match self.outlet(deadline).await {
            Ok(outlet) => outlet,
            Err(why) => return all(messages, &why),
        };
        let (verdicts, whole) = self.run(&outlet, messages).await;
        if whole && outlet.channel.status().connected() {
            // One with loose ends is dropped, which closes its channel: late confirmations then reach nobody.
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(outlet);
        }
        drop(permit);
        verdicts
    }

    async fn outlet(&self, deadline: Instant) -> Result<Outlet, String> {
        let session = self.session()?;
        {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|one| one.generation == session.generation && one.channel.status().connected());
            if let Some(outlet) = idle.pop() {
                return Ok(outlet);
            }
        }
        let open = async {
            let channel = session.connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok(channel)
        };
        let why = match timeout_at(deadline, open).await {
            Ok(Ok(channel)) => return Ok(Outlet { generation: session.generation, channel }),
            Ok(Err(error)) => fault::explain(&error),
            Err(_) => "no channel for publishing was opened in time".to_owned(),
        };
        self.link.complain(session.generation, why.clone());
        Err(why)
    }

    fn session(&self) -> Result<Session, String> {
        match self.link.state() {
            State::Up(session) => Ok(session),
            State::Blocked(_, reason) => Err(format!("RabbitMQ wants no messages for now: {reason}")),
            State::Down(why) => Err(why.to_string()),
            State::Starting => Err("the connection to RabbitMQ is not open yet".into()),
            State::Closed => Err("the bus is closed".into()),
        }
    }

    /// Sends the messages, a window at a time, until all are decided, the deadline passes or the link fails. The second
    /// answer says whether every message was decided by the broker.
    async fn run(&self, outlet: &Outlet, messages: &[Message]) -> (Vec<Verdict>, bool) {
        let mut verdicts: Vec<Option<Verdict>> = vec![None; messages.len()];
        let mut returned = HashSet::new();
        let mut state = self.link.watch();
        let deadline = Instant::now() + BATCH_DEADLINE;

        let sends: Vec<_> = (0..messages.len()).map(|place| self.send(&outlet.channel, messages, place)).collect();
        let mut sending = futures::stream::iter(sends).buffer_unordered(WINDOW);
        let interruption = loop {
            tokio::select! {
                decided = sending.next() => match decided {
                    None => break None,
                    Some((place, verdict, back)) => {
                        verdicts[place] = Some(verdict);
                        returned.extend(back);
                    }
                },
                () = sleep_until(deadline) => {
                    break Some(BusError::Unconfirmed(format!("silence for {} s", BATCH_DEADLINE.as_secs())));
                }
                _ = state.wait_for(|state| !matches!(state, State::Up(s) if s.generation == outlet.generation)) => {
                    let why = self.session().err().unwrap_or_else(|| "the connection was rebuilt meanwhile".into());
                    break Some(BusError::Unavailable(why));
                }
            }
        };
        drop(sending);

        let Some(why) = interruption else {
            let verdicts = messages.iter().zip(verdicts).map(|(message, verdict)| match verdict {
                Some(Ok(())) if returned.contains(&message.handling) => {
                    Err(BusError::Unroutable(wire::routing_key(message.event_type, &message.lane)))
                }
                Some(verdict) => verdict,
                None => Err(BusError::Unconfirmed("the broker said nothing about it".into())),
            });
            return (verdicts.collect(), true);
        };
        // After an interruption a return may be missing of what is confirmed already: then nothing is sure.
        let unsure = !returned.is_empty();
        let verdicts = verdicts.into_iter().map(|verdict| match verdict {
            Some(Ok(())) if unsure => Err(why.clone()),
            Some(verdict) => verdict,
            None => Err(why.clone()),
        });
        (verdicts.collect(), false)
    }

    /// One message's place and the broker's word on it, with the number of whichever message came back with that word.
    async fn send(&self, channel: &Channel, batch: &[Message], place: usize) -> (usize, Verdict, Option<HandlingId>) {
        let message = &batch[place];
        if message.body.len() > LARGEST_BODY {
            let why = format!("the event has {} bytes, RabbitMQ takes {LARGEST_BODY}", message.body.len());
            return (place, Err(BusError::Unconfirmed(why)), None);
        }
        let key = wire::routing_key(message.event_type, &message.lane).into();
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let properties = wire::properties(message);
        let confirmation = async {
            channel.basic_publish(self.exchange.clone(), key, options, &message.body, properties).await?.await
        };
        let (verdict, back) = match confirmation.await {
            Ok(Confirmation::Ack(back)) => (Ok(()), back),
            Ok(Confirmation::Nack(back)) => (Err("RabbitMQ refused it: its queue is full or has no majority"), back),
            Ok(Confirmation::NotRequested) => (Err("the channel is not in confirm mode"), None),
            Err(error) => return (place, Err(BusError::Unavailable(fault::explain(&error))), None),
        };
        let verdict = verdict.map_err(|why| BusError::Unconfirmed(why.into()));
        (place, verdict, back.and_then(|back| wire::handling(&back.delivery.properties)))
    }
}

fn all(messages: &[Message], why: &str) -> Vec<Verdict> {
    messages.iter().map(|_| Err(BusError::Unavailable(why.to_owned()))).collect()
}

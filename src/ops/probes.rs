//! The probes of a running process: the journal, the bus, the stages' loops, channels that are paused or held up.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use super::health::{Parts, Probe, State};
use crate::bus::{Bus, BusHealth};
use crate::domain::ChannelName;
use crate::flow::Beats;
use crate::journal::Journal;

/// How long a probe may take.
const DEADLINE: Duration = Duration::from_secs(2);

/// Whether the journal can be written to.
pub struct JournalProbe(pub Arc<dyn Journal>);

#[async_trait]
impl Probe for JournalProbe {
    async fn look(&self) -> Parts {
        let state = match timeout(DEADLINE, self.0.ping()).await {
            Ok(Ok(())) => State::Ready,
            Ok(Err(error)) => State::NotReady(error.to_string()),
            Err(_) => State::NotReady(format!("no answer within {} s", DEADLINE.as_secs())),
        };
        Parts::from([("journal".to_owned(), state)])
    }
}

/// Whether the bus is connected. Without it work waits in the journal and nothing is lost, so deliveries are still welcome.
pub struct BusProbe(pub Arc<dyn Bus>);

#[async_trait]
impl Probe for BusProbe {
    async fn look(&self) -> Parts {
        let state = match self.0.health() {
            BusHealth::Up => State::Ready,
            BusHealth::Blocked(reason) => State::Degraded(format!("told to hold back: {reason}")),
            BusHealth::Down(reason) => State::Degraded(format!("not connected: {reason}")),
        };
        Parts::from([("bus".to_owned(), state)])
    }
}

/// Whether channels are paused, or work of one is held because nothing gets through. The process does its other work, but a person should look.
pub struct ChannelProbe {
    /// Where channels are paused and circuits open.
    pub journal: Arc<dyn Journal>,
    /// The channels there are.
    pub channels: Vec<ChannelName>,
}

#[async_trait]
impl Probe for ChannelProbe {
    async fn look(&self) -> Parts {
        // A journal that does not answer is told of by its own probe.
        let Ok(Ok(counts)) = timeout(DEADLINE, self.journal.counts()).await else { return Parts::new() };
        let state = |channel: &ChannelName| {
            let paused = counts.paused.get(channel.as_str()).map(|reason| format!("paused: {reason}"));
            let held = counts.held.iter().filter_map(|(way, reason)| {
                let way = way.strip_prefix(channel.as_str())?.strip_prefix(' ')?;
                Some(format!("work for `{way}` is held, since nothing gets through: {reason}"))
            });
            let told: Vec<String> = paused.into_iter().chain(held).collect();
            if told.is_empty() { State::Ready } else { State::Degraded(told.join("; ")) }
        };
        self.channels.iter().map(|channel| (format!("channel {channel}"), state(channel))).collect()
    }
}

/// What one of the sides has shown lately.
pub type Alerts = Box<dyn Fn() -> Vec<String> + Send + Sync>;

/// What the sides have shown this process that a person should know, by the side's name.
pub struct AlertProbe(pub Vec<(String, Alerts)>);

#[async_trait]
impl Probe for AlertProbe {
    async fn look(&self) -> Parts {
        let state = |alerts: Vec<String>| match alerts.as_slice() {
            [] => State::Ready,
            alerts => State::Degraded(alerts.join("; ")),
        };
        self.0.iter().map(|(name, alerts)| (name.clone(), state(alerts()))).collect()
    }
}

/// Whether the stages' loops come round. One that fails is tried again and keeps nothing else from working.
pub struct LoopProbe(pub Beats);

#[async_trait]
impl Probe for LoopProbe {
    async fn look(&self) -> Parts {
        let beats = self.0.all().into_iter();
        let state = |complaint: Option<String>| complaint.map_or(State::Ready, State::Degraded);
        beats.map(|(name, beat)| (format!("loop {name}"), state(beat.complaint()))).collect()
    }
}

//! Whether the process is alive and whether it is ready, part by part, each with its reason.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use serde::Serialize;

/// How a part is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", content = "reason", rename_all = "snake_case")]
pub enum State {
    /// Does its work.
    Ready,
    /// Does its work, but a person should look.
    Degraded(String),
    /// Does not do its work.
    NotReady(String),
}

/// The parts of a process and how each is, by name.
pub type Parts = BTreeMap<String, State>;

/// Looks how parts are at the moment of asking. Must answer within a second or two, from memory or with a deadline.
#[async_trait]
pub trait Probe: Send + Sync + 'static {
    /// The parts this probe knows.
    async fn look(&self) -> Parts;
}

/// A process's health.
#[derive(Clone, Default)]
pub struct Health(Arc<Inner>);

#[derive(Default)]
struct Inner {
    told: RwLock<Parts>,
    probes: Vec<Box<dyn Probe>>,
}

impl Health {
    /// Health that asks these probes besides what it is told.
    #[must_use]
    pub fn new(probes: Vec<Box<dyn Probe>>) -> Self {
        Self(Arc::new(Inner { told: RwLock::default(), probes }))
    }

    /// Tells how a part is from now on.
    pub fn tell(&self, part: &str, state: State) {
        let mut told = self.0.told.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        told.insert(part.to_owned(), state);
    }

    /// How every part is.
    pub async fn report(&self) -> Report {
        let mut parts = self.0.told.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        for probe in &self.0.probes {
            parts.extend(probe.look().await);
        }
        Report { ready: !parts.values().any(|state| matches!(state, State::NotReady(_))), parts }
    }
}

/// How every part is, and so the whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether work should be sent here.
    pub ready: bool,
    /// The parts.
    pub parts: Parts,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Journal;

    #[async_trait]
    impl Probe for Journal {
        async fn look(&self) -> Parts {
            Parts::from([("journal".to_owned(), State::NotReady("the disk is full".to_owned()))])
        }
    }

    #[tokio::test]
    async fn one_part_that_is_not_ready_makes_the_process_not_ready() {
        let health = Health::new(vec![Box::new(Journal)]);
        health.tell("bus", State::Ready);

        let report = health.report().await;

        assert!(!report.ready);
        assert_eq!(
            serde_json::to_string(&report).unwrap(),
            r#"{"ready":false,"parts":{"bus":{"state":"ready"},"journal":{"state":"not_ready","reason":"the disk is full"}}}"#
        );
    }

    #[tokio::test]
    async fn a_degraded_part_leaves_the_process_ready() {
        let health = Health::default();
        health.tell("channel kiwi", State::Degraded("paused".to_owned()));
        assert!(health.report().await.ready);

        health.tell("channel kiwi", State::Ready);
        assert_eq!(health.report().await.parts["channel kiwi"], State::Ready);
    }
}

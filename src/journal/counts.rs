//! Figures for `status`, metrics and the demo.

use std::collections::BTreeMap;

use serde::Serialize;

/// Figures for `status`, metrics and the demo.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Deliveries by state.
    pub deliveries: BTreeMap<String, i64>,
    /// Duplicates counted.
    pub duplicates: i64,
    /// Events by type.
    pub events: BTreeMap<String, i64>,
    /// Handlings by `handler` and state.
    pub handlings: BTreeMap<String, BTreeMap<String, i64>>,
    /// Effects by kind.
    pub effects: BTreeMap<String, i64>,
    /// Age of the oldest delivery or handling that is not final and was due, in seconds.
    pub oldest_due_seconds: i64,
    /// Paused channels with the reason.
    pub paused: BTreeMap<String, String>,
    /// Ways on which nothing gets through, by channel and side or handler, as `kiwi storefront`, with the reason.
    pub held: BTreeMap<String, String>,
}

impl Counts {
    /// Deliveries and handlings that are not final, waiting ones left out.
    #[must_use]
    pub fn unfinished(&self) -> i64 {
        let handlings = self.handlings.values().flatten();
        let open = handlings.filter(|(state, _)| matches!(state.as_str(), "ready" | "published" | "running"));
        self.deliveries.get("new").copied().unwrap_or(0) + open.map(|(_, count)| count).sum::<i64>()
    }

    /// Handlings in a state, over all handlers.
    #[must_use]
    pub fn handlings_in(&self, state: &str) -> i64 {
        self.handlings.values().filter_map(|states| states.get(state)).sum()
    }
}

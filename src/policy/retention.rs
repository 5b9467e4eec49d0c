//! How long what has ended is kept. Keys, effects, cross-references, dead letters and the audit trail stay whatever is said here.

use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long what has ended is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// What a delivery said, byte for byte, after it was received.
    pub deliveries: Duration,
    /// What an event says and how its handlings went, after it was raised.
    pub events: Duration,
}

impl Default for Retention {
    /// A month, in which whatever went wrong with a delivery is noticed; and a little more than a year, so that last year's season can
    /// still be looked at.
    fn default() -> Self {
        Self { deliveries: 30 * DAY, events: 400 * DAY }
    }
}

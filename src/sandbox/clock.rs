//! The shop's clock: real time, plus what a test puts it forward by, or stopped.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// A clock that can be put forward, and stopped.
#[derive(Debug, Default)]
pub(super) struct Clock {
    ahead_ms: AtomicI64,
    stopped: Mutex<Option<Timestamp>>,
}

impl Clock {
    /// What the clock shows, UTC.
    pub(super) fn now(&self) -> Timestamp {
        if let Some(stopped) = *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) {
            return stopped;
        }
        let now = Timestamp::now();
        now.checked_add(SignedDuration::from_millis(self.ahead_ms.load(Ordering::Relaxed))).unwrap_or(now)
    }

    /// Stops the clock at what it shows, or lets it go again.
    pub(super) fn stop(&self, stop: bool) {
        let at = stop.then(|| self.now());
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }

    /// Puts the clock forward.
    pub(super) fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4), Ordering::Relaxed);
    }
}

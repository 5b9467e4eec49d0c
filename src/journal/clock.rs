//! The one place a journal takes the time from, so that tests can move it by hand.
//!
//! Times are kept as whole microseconds UTC since 1970.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::JournalError;

/// Tells the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(Timestamp::now))
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

impl Clock {
    /// A clock that asks a closure, for tests.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time, UTC.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// The time in microseconds since 1970.
    pub(super) fn micros(&self) -> i64 {
        self.now().as_microsecond()
    }

    /// Just after now: what has happened so far happened before it.
    pub(super) fn soon(&self) -> Timestamp {
        let now = self.now();
        now.checked_add(SignedDuration::from_micros(1)).unwrap_or(now)
    }

    /// A new UUIDv7 of this moment.
    pub(super) fn new_id(&self) -> Uuid {
        let now = self.now();
        let seconds = u64::try_from(now.as_second()).unwrap_or(0);
        let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
        Uuid::new_v7(uuid::Timestamp::from_unix(ids(), seconds, nanos))
    }
}

/// Counts within a millisecond, so that numbers given by one process in a row also sort in that row.
fn ids() -> &'static std::sync::Mutex<uuid::ContextV7> {
    static IDS: std::sync::Mutex<uuid::ContextV7> = std::sync::Mutex::new(uuid::ContextV7::new());
    &IDS
}

/// A length of time in microseconds; what does not fit becomes the longest.
pub(super) fn span(duration: Duration) -> i64 {
    // A century: later times would not be dates any more.
    const LONGEST: i64 = 100 * 366 * 24 * 3_600 * 1_000_000;
    i64::try_from(duration.as_micros()).unwrap_or(LONGEST).min(LONGEST)
}

/// The smallest UUIDv7 of a moment in microseconds.
pub(super) fn id_at(micros: i64) -> Uuid {
    let millis = u128::try_from(micros / 1_000).unwrap_or(0).min((1 << 48) - 1);
    Uuid::from_u128(millis << 80)
}

/// A kept time.
pub(super) fn timestamp(micros: i64) -> Result<Timestamp, JournalError> {
    Timestamp::from_microsecond(micros).map_err(|_| JournalError::Broken(format!("{micros} is not a time")))
}

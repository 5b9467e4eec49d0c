//! The time of a journal that several machines share: PostgreSQL's, whatever their own clocks say.
//!
//! A lease that one process writes is judged by others. With clocks that disagree by more than a lease, whoever is ahead would take
//! work out of hands that are still at it (P2, P3). So each process reads the server's time and goes on from there by its own
//! monotonic clock, which nobody sets; now and then it reads again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{Client, Object, Pool};
use jiff::Timestamp;

use super::connect::client;
use super::trouble::failure;
use crate::journal::JournalError;
use crate::journal::clock::Clock;

/// How often the server's time is read again.
const EVERY: Duration = Duration::from_secs(10);
/// The longest a reading may take.
const DEADLINE: Duration = Duration::from_secs(5);

const NOW: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";

/// What the server said, and when.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// The server's time in microseconds.
    micros: i64,
    /// The middle of the way there and back.
    at: Instant,
    /// The server's time may be off by half of it, in microseconds.
    trip: i64,
}

impl Reading {
    fn micros_at(&self, now: Instant) -> i64 {
        self.micros.saturating_add(micros(now.saturating_duration_since(self.at)))
    }

    /// Whether a later reading says something else, or says it more exactly; where it does not the time goes on without a jump.
    fn gives_way_to(&self, later: &Self) -> bool {
        let apart = self.micros_at(later.at).saturating_sub(later.micros).saturating_abs();
        later.trip < self.trip || apart > self.trip.max(later.trip)
    }
}

/// The server's time.
#[derive(Debug)]
pub(super) struct ServerTime(Mutex<Reading>);

impl ServerTime {
    /// Reads it.
    ///
    /// # Errors
    /// [`JournalError::Unavailable`] when the server does not answer.
    pub(super) async fn read(pool: &Pool) -> Result<Arc<Self>, JournalError> {
        Ok(Arc::new(Self(Mutex::new(reading(pool).await?))))
    }

    /// A clock that shows it.
    pub(super) fn clock(self: &Arc<Self>) -> Clock {
        let time = Arc::clone(self);
        Clock::from_fn(move || time.now(Instant::now()))
    }

    /// Reads it again and again, as long as anybody has the journal open.
    pub(super) fn is_kept_right(self: &Arc<Self>, pool: &Pool) {
        let (time, pool) = (Arc::clone(self), pool.weak());
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                let Some(pool) = pool.upgrade() else { return };
                // Until the server answers again, the time goes on as it did.
                if let Ok(reading) = reading(&pool).await {
                    time.enter(reading);
                }
            }
        });
    }

    fn now(&self, now: Instant) -> Timestamp {
        let reading = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // No server is set to a year that there is no date for.
        Timestamp::from_microsecond(reading.micros_at(now)).unwrap_or_default()
    }

    fn enter(&self, new: Reading) {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if reading.gives_way_to(&new) {
            let by = new.micros.saturating_sub(reading.micros_at(new.at));
            tracing::debug!(by, "the journal's time was put right, in microseconds");
            *reading = new;
        }
    }
}

async fn reading(pool: &Pool) -> Result<Reading, JournalError> {
    let connection = client(pool).await?;
    let begun = Instant::now();
    let Ok(answer) = tokio::time::timeout(DEADLINE, said(&connection)).await else {
        // Its answer may still be on the way: nobody may use the connection again.
        drop(Object::take(connection));
        return Err(JournalError::Unavailable("PostgreSQL did not say in time what time it is".to_owned()));
    };
    let took = begun.elapsed();
    Ok(Reading { micros: answer?, at: begun + took / 2, trip: micros(took) })
}

async fn said(connection: &Client) -> Result<i64, JournalError> {
    let failed = |error: tokio_postgres::Error| failure(&error);
    let statement = connection.prepare_cached(NOW).await.map_err(failed)?;
    connection.query_one(&statement, &[]).await.and_then(|row| row.try_get(0)).map_err(failed)
}

fn micros(length: Duration) -> i64 {
    i64::try_from(length.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_176_000_000_000;
    const SECOND: i64 = 1_000_000;

    fn reading(micros: i64, at: Instant) -> Reading {
        Reading { micros, at, trip: 2_000 }
    }

    #[test]
    fn time_goes_on_from_what_the_server_said() {
        let begun = Instant::now();
        let time = ServerTime(Mutex::new(reading(NOON, begun)));
        assert_eq!(time.now(begun).as_microsecond(), NOON);
        assert_eq!(time.now(begun + Duration::from_secs(7)).as_microsecond(), NOON + 7 * SECOND);
    }

    #[test]
    fn what_a_reading_cannot_tell_apart_moves_nothing_and_a_clock_that_was_set_is_followed() {
        let begun = Instant::now();
        let later = begun + Duration::from_secs(10);
        let time = ServerTime(Mutex::new(reading(NOON, begun)));
        time.enter(reading(NOON + 10 * SECOND - 1_500, later));
        assert_eq!(time.now(later).as_microsecond(), NOON + 10 * SECOND);
        for hour in [-3_600, 3_600] {
            time.enter(reading(NOON + (10 + hour) * SECOND, later));
            assert_eq!(time.now(later + Duration::from_secs(1)).as_microsecond(), NOON + (11 + hour) * SECOND);
        }
    }

    #[test]
    fn a_reading_that_took_long_gives_way_to_one_that_did_not() {
        let begun = Instant::now();
        let time = ServerTime(Mutex::new(Reading { trip: 4 * SECOND, ..reading(NOON + SECOND, begun) }));
        time.enter(reading(NOON, begun));
        assert_eq!(time.now(begun).as_microsecond(), NOON);
        time.enter(Reading { trip: 4 * SECOND, ..reading(NOON + SECOND, begun) });
        assert_eq!(time.now(begun).as_microsecond(), NOON);
    }
}

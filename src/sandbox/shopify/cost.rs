//! The rate limiter: a bucket of points that fills up with time.
//!
//! What comes in: what a document asks for and what it turned out to take. What goes out: leave to run, or THROTTLED. Points are
//! counted in thousandths, so that no time is lost to rounding.

use jiff::Timestamp;
use serde::Serialize;

/// The most points one document may ask for, on any plan.
pub(super) const MOST_PER_DOCUMENT: i64 = 1_000;

const THOUSAND: i64 = 1_000;

/// A bucket of points.
#[derive(Debug)]
pub(super) struct Bucket {
    maximum: i64,
    restore_rate: i64,
    thousandths: i64,
    at: Timestamp,
}

/// The bucket as answers show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThrottleStatus {
    maximum_available: i64,
    currently_available: i64,
    restore_rate: i64,
}

impl Bucket {
    /// A full bucket.
    pub(super) fn new(size: u32, restore_rate: u32, now: Timestamp) -> Self {
        let maximum = i64::from(size);
        Self { maximum, restore_rate: i64::from(restore_rate), thousandths: maximum * THOUSAND, at: now }
    }

    /// Reserves points; `false` when there are too few, and none are taken then.
    pub(super) fn reserve(&mut self, points: i64, now: Timestamp) -> bool {
        self.refill(now);
        let enough = points * THOUSAND <= self.thousandths;
        if enough {
            self.thousandths -= points * THOUSAND;
        }
        enough
    }

    /// Gives back what a document did not need.
    pub(super) fn give_back(&mut self, points: i64, now: Timestamp) {
        self.refill(now);
        self.thousandths = (self.thousandths + points.max(0) * THOUSAND).min(self.maximum * THOUSAND);
    }

    /// Empties the bucket, as another worker of the same app would.
    pub(super) fn drain(&mut self, now: Timestamp) {
        self.refill(now);
        self.thousandths = 0;
    }

    /// The bucket as answers show it.
    pub(super) fn status(&mut self, now: Timestamp) -> ThrottleStatus {
        self.refill(now);
        ThrottleStatus {
            maximum_available: self.maximum,
            currently_available: self.thousandths / THOUSAND,
            restore_rate: self.restore_rate,
        }
    }

    fn refill(&mut self, now: Timestamp) {
        let passed = now.duration_since(self.at).as_millis();
        let gained = i64::try_from(passed.max(0)).unwrap_or(i64::MAX / THOUSAND).saturating_mul(self.restore_rate);
        self.thousandths = self.thousandths.saturating_add(gained).min(self.maximum * THOUSAND);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).unwrap()
    }

    #[test]
    fn an_empty_bucket_refuses_and_fills_up_with_time() {
        let mut bucket = Bucket::new(100, 50, at(0));
        assert!(bucket.reserve(90, at(0)));
        assert!(!bucket.reserve(20, at(0)));
        assert!(!bucket.reserve(20, at(199)));
        assert!(bucket.reserve(20, at(200)));
        assert_eq!(bucket.status(at(60_000)).currently_available, 100);
    }

    #[test]
    fn what_was_not_needed_comes_back() {
        let mut bucket = Bucket::new(100, 1, at(0));
        assert!(bucket.reserve(100, at(0)));
        bucket.give_back(88, at(0));
        assert_eq!(bucket.status(at(0)).currently_available, 88);
    }
}

//! One shop's bucket of cost points, as its own answers describe it. Shared by all workers of the shop.
//!
//! Nothing about plans is written down here: sizes, rates and prices of requests come from the answers.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Deserialize;
use tokio::time::Instant;

use crate::storefront::shopify::normalise::Amount;

/// `extensions.cost` of an answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    pub requested_query_cost: Option<Amount>,
    pub throttle_status: Option<ThrottleStatus>,
}

/// `extensions.cost.throttleStatus`: points.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThrottleStatus {
    pub maximum_available: Amount,
    pub currently_available: Amount,
    pub restore_rate: Amount,
}

/// The shortest wait after the shop has said "throttled".
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait that is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// See the module.
#[derive(Debug, Default)]
pub struct Limiter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    bucket: Option<Bucket>,
    closed_until: Option<Instant>,
    /// What each operation asked for when it was last sent.
    prices: HashMap<&'static str, Decimal>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    available: Decimal,
    maximum: Decimal,
    per_second: Decimal,
    at: Instant,
}

impl Limiter {
    /// Takes an operation's points from the bucket, or says how long to wait before asking again. An operation that was never
    /// sent costs nothing yet, and a bucket that was never seen holds enough.
    pub fn take(&self, operation: &'static str, now: Instant) -> Result<(), Duration> {
        let mut state = self.state();
        if let Some(until) = state.closed_until {
            if until > now {
                return Err(until - now);
            }
            state.closed_until = None;
        }
        let price = state.prices.get(operation).copied().unwrap_or_default();
        let Some(bucket) = &mut state.bucket else { return Ok(()) };
        bucket.fill_up(now);
        // A price above the bucket's size could never be paid; the shop shall say so itself.
        if bucket.available >= price.min(bucket.maximum) {
            bucket.available -= price;
            return Ok(());
        }
        Err(time_for(price.min(bucket.maximum) - bucket.available, bucket.per_second))
    }

    /// Learns from an answer.
    pub fn learn(&self, operation: &'static str, cost: &Cost, now: Instant) {
        let mut state = self.state();
        if let Some(price) = cost.requested_query_cost {
            state.prices.insert(operation, price.0);
        }
        if let Some(status) = cost.throttle_status {
            state.bucket = Some(Bucket {
                available: status.currently_available.0,
                maximum: status.maximum_available.0,
                per_second: status.restore_rate.0,
                at: now,
            });
        }
    }

    /// How long to wait after the shop has refused an operation for want of points.
    pub fn wait_after_refusal(&self, operation: &'static str) -> Duration {
        let state = self.state();
        let price = state.prices.get(operation).copied().unwrap_or_default();
        let wait = state.bucket.map(|bucket| time_for(price - bucket.available, bucket.per_second));
        wait.unwrap_or(SHORTEST_WAIT).clamp(SHORTEST_WAIT, LONGEST_WAIT)
    }

    /// Holds everybody back until then, because the shop said so without points (429).
    pub fn close_for(&self, wait: Duration, now: Instant) -> Duration {
        let wait = wait.clamp(SHORTEST_WAIT, LONGEST_WAIT);
        let mut state = self.state();
        state.closed_until = Some(state.closed_until.unwrap_or(now).max(now + wait));
        wait
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Bucket {
    fn fill_up(&mut self, now: Instant) {
        let millis = Decimal::from(u64::try_from(now.duration_since(self.at).as_millis()).unwrap_or(u64::MAX));
        let restored = self.per_second.checked_mul(millis / Decimal::ONE_THOUSAND).unwrap_or(self.maximum);
        self.available = self.available.checked_add(restored).unwrap_or(self.maximum).min(self.maximum);
        self.at = now;
    }
}

/// Whole seconds, rounded up, until so many points have come back.
fn time_for(points: Decimal, per_second: Decimal) -> Duration {
    let seconds = if points <= Decimal::ZERO {
        Decimal::ZERO
    } else {
        points.checked_div(per_second).unwrap_or(Decimal::MAX).ceil()
    };
    seconds.to_u64().map_or(LONGEST_WAIT, Duration::from_secs).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(requested: i64, available: i64) -> Cost {
        let points = |count: i64| Amount(Decimal::from(count));
        Cost {
            requested_query_cost: Some(points(requested)),
            throttle_status: Some(ThrottleStatus {
                maximum_available: points(2000),
                currently_available: points(available),
                restore_rate: points(100),
            }),
        }
    }

    #[test]
    fn an_unknown_bucket_holds_nobody_back() {
        assert_eq!(Limiter::default().take("SetStock", Instant::now()), Ok(()));
    }

    #[test]
    fn a_request_waits_until_the_bucket_can_pay_what_it_cost_last_time() {
        let (limiter, start) = (Limiter::default(), Instant::now());
        limiter.learn("SetStock", &cost(350, 100), start);
        assert_eq!(limiter.take("SetStock", start), Err(Duration::from_secs(3)), "250 points at 100 a second");
        assert_eq!(limiter.take("SetStock", start + Duration::from_secs(3)), Ok(()));
        assert_eq!(
            limiter.take("SetStock", start + Duration::from_secs(3)),
            Err(Duration::from_secs(3)),
            "50 are left"
        );
        assert_eq!(limiter.take("DescribeShop", start + Duration::from_secs(3)), Ok(()), "its price is not known");
    }

    #[test]
    fn the_bucket_never_holds_more_than_its_size() {
        let (limiter, start) = (Limiter::default(), Instant::now());
        limiter.learn("SetStock", &cost(1500, 2000), start);
        let later = start + Duration::from_secs(86_400);
        assert_eq!(limiter.take("SetStock", later), Ok(()));
        assert_eq!(limiter.take("SetStock", later), Err(Duration::from_secs(10)), "500 are left of 2000");
    }

    #[test]
    fn a_refusal_waits_for_the_missing_points_and_at_least_a_second() {
        let (limiter, start) = (Limiter::default(), Instant::now());
        limiter.learn("SetStock", &cost(1000, 50), start);
        assert_eq!(limiter.wait_after_refusal("SetStock"), Duration::from_secs(10), "950 points, rounded up");
        limiter.learn("SetStock", &cost(10, 2000), start);
        assert_eq!(limiter.wait_after_refusal("SetStock"), Duration::from_secs(1));
    }

    #[test]
    fn a_closed_door_holds_everybody_back() {
        let (limiter, start) = (Limiter::default(), Instant::now());
        assert_eq!(limiter.close_for(Duration::from_secs(20), start), Duration::from_secs(20));
        assert_eq!(limiter.take("DescribeShop", start), Err(Duration::from_secs(20)));
        assert_eq!(limiter.take("DescribeShop", start + Duration::from_secs(20)), Ok(()));
    }

    #[test]
    fn absurd_figures_are_survived() {
        let (limiter, start) = (Limiter::default(), Instant::now());
        let mut absurd = cost(1000, 0);
        if let Some(status) = &mut absurd.throttle_status {
            status.restore_rate = Amount(Decimal::ZERO);
        }
        limiter.learn("SetStock", &absurd, start);
        assert_eq!(limiter.take("SetStock", start), Err(LONGEST_WAIT));
        assert_eq!(limiter.close_for(Duration::MAX, start), LONGEST_WAIT);
    }
}

//! One shop's bucket of cost points, as its own answers describe it. Shared by all workers of the shop in this process.
//!
//! Nothing about plans is written down here: sizes, rates and prices of requests come from the answers. So does what others take who
//! use the same token, such as further processes: what an answer shows to be missing, beside what this process took, they have taken,
//! and as much of what comes back is left to them. Where several want more than there is, each finds its share, and how many they are says
//! what nobody leaves to others.

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

/// How long is looked at what others take before it is believed.
const WINDOW: Duration = Duration::from_secs(1);
/// A window changes what is believed by one part in so many: faster, and those who share a bucket would chase each other.
const BELIEVED_AFTER: i64 = 4;
/// One part in so many of what comes back is never left to others, where it is not known how many they are.
const OWN_PART: i64 = 10;

/// See the module.
#[derive(Debug, Default)]
pub struct Limiter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    bucket: Option<Bucket>,
    closed_until: Option<Instant>,
    /// What each operation asked for when it was last sent.
    prices: HashMap<&'static str, Decimal>,
    /// Operations that were sent and not answered, with what was taken for all of them: an answer to another may show it or not.
    on_their_way: HashMap<&'static str, (u32, Decimal)>,
    /// How many processes share the bucket, as far as is known.
    processes: usize,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// What is left for us.
    available: Decimal,
    /// What would be left if nobody else took anything.
    untouched: Decimal,
    maximum: Decimal,
    per_second: Decimal,
    at: Instant,
    others: Others,
    /// One part in so many is never left to others.
    own_part: Decimal,
}

/// What others take of the same bucket.
#[derive(Debug, Clone, Copy)]
struct Others {
    per_second: Decimal,
    /// What they have taken since then.
    taken: Decimal,
    since: Instant,
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
        if let Some(bucket) = &mut state.bucket {
            bucket.fill_up(now);
            // A price above the bucket's size could never be paid; the shop shall say so itself.
            if bucket.available < price.min(bucket.maximum) {
                return Err(time_for(price.min(bucket.maximum) - bucket.available, bucket.for_us()));
            }
            bucket.available -= price;
            bucket.untouched -= price;
        }
        let (count, points) = state.on_their_way.entry(operation).or_default();
        (*count, *points) = (*count + 1, *points + price);
        Ok(())
    }

    /// One of an operation's calls is not on its way any more, however it ended. Comes before what its answer tells is learnt.
    pub fn ended(&self, operation: &'static str) {
        let mut state = self.state();
        if let Some((count, points)) = state.on_their_way.get_mut(operation).filter(|(count, _)| *count > 0) {
            *points -= *points / Decimal::from(*count);
            *count -= 1;
        }
    }

    /// Learns from an answer.
    pub fn learn(&self, operation: &'static str, cost: &Cost, now: Instant) {
        let mut state = self.state();
        if let Some(price) = cost.requested_query_cost {
            state.prices.insert(operation, price.0);
        }
        if let Some(status) = cost.throttle_status {
            let available = status.currently_available.0;
            let others = match state.bucket {
                Some(mut bucket) => {
                    bucket.fill_up(now);
                    bucket.others.learn(bucket.untouched - available, status.restore_rate.0, now)
                }
                None => Others { per_second: Decimal::ZERO, taken: Decimal::ZERO, since: now },
            };
            let on_their_way: Decimal = state.on_their_way.values().map(|(_, points)| *points).sum();
            let mut bucket = Bucket {
                available,
                untouched: available - on_their_way,
                maximum: status.maximum_available.0,
                per_second: status.restore_rate.0,
                at: now,
                others,
                own_part: own_part(state.processes),
            };
            // What is there is there for everybody: the same part of it is ours.
            let part = bucket.for_us().checked_div(bucket.per_second).unwrap_or(Decimal::ONE);
            bucket.available = available.checked_mul(part).unwrap_or(available);
            state.bucket = Some(bucket);
        }
    }

    /// Keeps to the part of one of so many processes, where all of them want more than there is.
    pub fn shared_by(&self, processes: usize) {
        let mut state = self.state();
        state.processes = processes;
        if let Some(bucket) = &mut state.bucket {
            bucket.own_part = own_part(processes);
        }
    }

    /// Learns that an operation was refused for want of points: what was taken for it is still there.
    pub fn refused(&self, operation: &'static str) {
        let mut state = self.state();
        let price = state.prices.get(operation).copied().unwrap_or_default();
        if let Some(bucket) = &mut state.bucket {
            bucket.untouched += price;
        }
    }

    /// How long to wait after the shop has refused an operation for want of points.
    pub fn wait_after_refusal(&self, operation: &'static str) -> Duration {
        let state = self.state();
        let price = state.prices.get(operation).copied().unwrap_or_default();
        let wait = state.bucket.map(|bucket| time_for(price - bucket.available, bucket.for_us()));
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
        let restored =
            |per_second: Decimal| per_second.checked_mul(millis / Decimal::ONE_THOUSAND).unwrap_or(self.maximum);
        let filled = |from: Decimal, by: Decimal| from.checked_add(by).unwrap_or(self.maximum).min(self.maximum);
        self.available = filled(self.available, restored(self.for_us()));
        self.untouched = filled(self.untouched, restored(self.per_second));
        self.at = now;
    }

    /// What comes back in a second and is left to us.
    fn for_us(&self) -> Decimal {
        (self.per_second - self.others.per_second).max(self.per_second / self.own_part)
    }
}

impl Others {
    /// Adds what is missing in an answer. What was believed fades with each window, so that who stops is soon not waited for any more;
    /// nobody takes more for long than comes back.
    fn learn(mut self, missing: Decimal, restored: Decimal, now: Instant) -> Self {
        self.taken = self.taken.checked_add(missing.max(Decimal::ZERO)).unwrap_or(self.taken);
        let window = now.duration_since(self.since);
        if window < WINDOW {
            return self;
        }
        let millis = Decimal::from(u64::try_from(window.as_millis()).unwrap_or(u64::MAX));
        let per_second = self.taken.checked_mul(Decimal::ONE_THOUSAND).unwrap_or(self.taken) / millis;
        let measured = per_second.min(restored.max(Decimal::ZERO));
        Self {
            per_second: self.per_second + (measured - self.per_second) / Decimal::from(BELIEVED_AFTER),
            taken: Decimal::ZERO,
            since: now,
        }
    }
}

/// A process that is alone may still share the token with other programs.
fn own_part(processes: usize) -> Decimal {
    if processes < 2 { Decimal::from(OWN_PART) } else { Decimal::from(processes) }
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
mod tests;

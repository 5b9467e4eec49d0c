//! From a failed call to the one consequence its class has, the same for every handler.

use std::time::Duration;

use crate::domain::CallError;
use crate::journal::{Claim, JournalError, Lack, Outcome, Settlement};

use super::Desk;

/// First wait; it doubles with every failure.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// How long work of a channel without access rests before it looks whether the channel was resumed.
const PAUSED_WAIT: Duration = Duration::from_secs(60);

/// What follows from a failed call. Pauses the channel when access was refused.
pub(super) async fn after_failure(desk: &Desk<'_>, claim: &Claim, error: &CallError) -> Outcome {
    match error {
        CallError::Throttled { wait, reason } => Outcome::Retry { after: *wait, reason: reason.clone(), counts: false },
        CallError::Transient(_) | CallError::InDoubt(_) | CallError::Conflict(_) => {
            try_again(claim.failures, error.to_string())
        }
        CallError::Rejected(_) => Outcome::Dead {
            reason: error.to_string(),
            action: "mend what the other side objects to, then `tillbridge dead retry`".into(),
            lacks: None,
        },
        // What a person adds is in the configuration more often than not; where it is at a side, a start does no harm.
        CallError::Unmapped { fix, .. } => Outcome::Dead {
            reason: error.to_string(),
            action: format!("{fix}, then `tillbridge dead retry`"),
            lacks: Some(Lack::Mapping),
        },
        CallError::Unauthorised(reason) => {
            let channel = &desk.channel.name;
            tracing::error!(%channel, reason, "access refused: the channel is paused");
            metrics::counter!("tillbridge_access_refused_total", "channel" => channel.to_string()).increment(1);
            let reason = format!("{reason}; then `tillbridge resume {channel}`");
            if let Err(error) = desk.journal.pause(channel, &reason).await {
                tracing::error!(channel = %desk.channel.name, %error, "the channel could not be paused");
            }
            Outcome::Retry { after: PAUSED_WAIT, reason: error.to_string(), counts: false }
        }
    }
}

/// What follows for every claim of a batch from a call that was made for all of them.
pub(super) async fn all_failed(desk: &Desk<'_>, batch: &[Claim], error: &CallError) -> Vec<Settlement> {
    let mut settled = Vec::with_capacity(batch.len());
    for claim in batch {
        settled.push(Settlement::of(claim, after_failure(desk, claim, error).await));
    }
    settled
}

/// Exponential back-off with full jitter. Whether patience is at its end is decided where the attempt is settled, by whether the
/// other side answers anybody ([`crate::flow`]).
pub(super) fn try_again(failures: u32, reason: String) -> Outcome {
    let ceiling = FIRST_WAIT.saturating_mul(1 << failures.min(10)).min(LONGEST_WAIT);
    // A quarter is certain, the rest is chance.
    let spread = u64::try_from((ceiling * 3 / 4).as_millis()).unwrap_or(u64::MAX).max(1);
    let after = ceiling / 4 + Duration::from_millis(rand::random_range(0..spread));
    Outcome::Retry { after, reason, counts: true }
}

/// The journal could not be asked: every claim of the batch is tried again, without counting an attempt.
pub(super) fn journal_failed(batch: &[Claim], error: &JournalError) -> Vec<Settlement> {
    let wait = Duration::from_secs(2);
    let outcome = Outcome::Retry { after: wait, reason: error.to_string(), counts: false };
    batch.iter().map(|claim| Settlement::of(claim, outcome.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        for failures in 0..40 {
            let Outcome::Retry { after, counts, .. } = try_again(failures, "down".into()) else {
                panic!("attempt {failures} must be tried again")
            };
            assert!(counts && after <= LONGEST_WAIT && after >= FIRST_WAIT / 4);
        }
    }
}

//! `storefront.left` → the channel is paused with what to do about it, instead of knocking at a door that is shut.
//!
//! The word may come late or twice, and the app may be installed again by then: so the storefront is asked, and only one
//! that refuses is left alone. Writes to neither side.

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::{CallError, EventType, Fact};
use crate::journal::{Claim, Outcome, Settlement};

use super::outcome::{after_failure, journal_failed};
use super::{Desk, Handler, Policy};

const POLICY: Policy = Policy {
    name: "departure",
    consumes: &[EventType::StorefrontLeft],
    batch: 16,
    linger: Duration::ZERO,
    workers: 1,
    needs: &[],
};

/// Pauses channels whose storefront has left.
pub(super) struct NoteDeparture;

#[async_trait]
impl Handler for NoteDeparture {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement> {
        let answer = desk.storefront.describe().await;
        let mut settled = Vec::with_capacity(batch.len());
        for claim in batch {
            let outcome = match &answer {
                Ok(_) => Outcome::Ignored("the storefront lets us in: the app was installed again since".into()),
                Err(CallError::Unauthorised(_)) => {
                    let reason = reason(desk, claim);
                    tracing::error!(channel = %desk.channel.name, reason, "the storefront has left: the channel is paused");
                    if let Err(error) = desk.journal.pause(&desk.channel.name, &reason).await {
                        return journal_failed(batch, &error);
                    }
                    Outcome::Done(reason)
                }
                Err(error) => after_failure(desk, claim, error).await,
            };
            settled.push(Settlement::of(claim, outcome));
        }
        settled
    }
}

fn reason(desk: &Desk<'_>, claim: &Claim) -> String {
    let when = match &claim.event.draft.fact {
        Fact::StorefrontLeft(left) => left.left_at,
        _ => claim.event.draft.time,
    };
    let channel = &desk.channel.name;
    format!(
        "the app was removed from the storefront at {when}: install it again, set its new token and `tillbridge resume \
         {channel}`, or take the channel out of the configuration"
    )
}

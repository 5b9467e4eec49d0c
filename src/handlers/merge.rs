//! `customer.merged` → cross-references that led to the account that is gone lead to the one that is left, here and in the office.
//!
//! Where each account had a customer of its own, the office keeps both: its papers are under both numbers, and joining them is a
//! person's decision. The account that is left stays with its customer; the other is found to be the same person when it changes.

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::{CustomerMerged, EventType, Fact, Side};
use crate::journal::{Claim, Link, LinkKind, Outcome, Settlement};

use super::outcome::{after_failure, journal_failed};
use super::{Desk, Handler, Policy};

const POLICY: Policy = Policy {
    name: "merge",
    consumes: &[EventType::CustomerMerged],
    batch: 16,
    linger: Duration::ZERO,
    workers: 1,
    needs: &[Side::Office],
};

/// Follows merges of accounts.
pub(super) struct FollowMerge;

#[async_trait]
impl Handler for FollowMerge {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement> {
        let mut settled = Vec::new();
        for claim in batch {
            let Fact::CustomerMerged(merge) = &claim.event.draft.fact else { continue };
            settled.push(follow(desk, claim, merge).await);
        }
        settled
    }
}

async fn follow(desk: &Desk<'_>, claim: &Claim, merge: &CustomerMerged) -> Settlement {
    let ids = [&merge.gone, &merge.kept].map(|id| desk.storefront.account_id(id));
    let held = match desk.journal.links_back(&desk.channel.name, LinkKind::Customer, &ids).await {
        Ok(held) => held,
        Err(error) => return journal_failed(std::slice::from_ref(claim), &error).remove(0),
    };
    let [gone_key, kept_key] =
        [&merge.gone, &merge.kept].map(|id| format!("{}/customer:{id}", desk.channel.storefront));
    let number = match desk.office.adopt_key(&gone_key, &kept_key).await {
        Ok(number) => number,
        Err(error) => return Settlement::of(claim, after_failure(desk, claim, &error).await),
    };
    let [gone, kept] = ids;
    let (of_gone, of_kept) = (held[0].clone(), held[1].clone());
    match (of_gone, of_kept) {
        (Some(moved), None) => {
            let what = format!("customer {moved} has the account {kept} now, in place of {gone}");
            let mut settlement = Settlement::of(claim, Outcome::Done(what));
            settlement.links.push(Link { kind: LinkKind::Customer, key: moved, other: kept });
            settlement
        }
        (Some(other), Some(stays)) if other != stays => {
            let what = format!(
                "customers {stays} and {other} of the office are one person at the storefront: join them there"
            );
            Settlement::of(claim, Outcome::Done(what))
        }
        _ => match number {
            Some(number) => {
                Settlement::of(claim, Outcome::Done(format!("customer {number} is found by the account {kept}")))
            }
            None => Settlement::of(claim, Outcome::Ignored("neither account is known here".into())),
        },
    }
}

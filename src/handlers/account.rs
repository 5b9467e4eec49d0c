//! `account.changed` → the customer in the office (F-345), where the channel does not leave that to the first document (F-335).
//!
//! Newest wins. The office finds the customer by key, then by e-mail, else makes one. A write of ours that comes back says what the
//! office says already and changes nothing there.

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::{EventType, Fact, Side};
use crate::journal::{Claim, Effect, JournalError, Link, LinkKind, Outcome, Settlement};
use crate::office::DocumentCustomer;
use crate::policy::ReceiveCustomers;

use super::outcome::after_failure;
use super::state::{Fresh, WriteState, wrote};
use super::{Desk, Policy};

const POLICY: Policy = Policy {
    name: "account",
    consumes: &[EventType::AccountChanged],
    batch: 32,
    linger: Duration::from_millis(100),
    workers: 1,
    needs: &[Side::Office],
};

/// Takes accounts over into the office.
pub(super) struct TakeAccount;

#[async_trait]
impl WriteState for TakeAccount {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn write(&self, desk: &Desk<'_>, fresh: Fresh<'_>) -> Result<Vec<Settlement>, JournalError> {
        let Fresh { claims, mut settled } = fresh;
        if desk.channel.customers.receive == ReceiveCustomers::WithDocuments {
            let reason = "an account becomes a customer with its first invoice or credit note";
            settled.extend(claims.iter().map(|(claim, _)| Settlement::of(claim, Outcome::Ignored(reason.into()))));
            return Ok(settled);
        }
        for (claim, _) in claims {
            let Fact::AccountChanged(account) = &claim.event.draft.fact else { continue };
            if account.profile.is_erased() {
                let reason = "what is kept of the account was erased at the person's request".to_owned();
                settled.push(Settlement::of(claim, Outcome::Ignored(reason)));
                continue;
            }
            let key = format!("{}/customer:{}", desk.channel.storefront, account.id);
            let customer = DocumentCustomer { key, has_account: true, profile: account.profile.clone() };
            settled.push(match desk.office.put_customer(&customer).await {
                Ok(number) => taken(desk, claim, &account.id, number).await,
                Err(error) => Settlement::of(claim, after_failure(desk, claim, &error).await),
            });
        }
        Ok(settled)
    }
}

/// Keeps the cross-reference, unless the customer has another account here already.
async fn taken(desk: &Desk<'_>, claim: &Claim, id: &str, number: String) -> Settlement {
    let mut settlement = wrote(claim, Outcome::Done(format!("customer {number}")), String::new());
    let account = desk.storefront.account_id(id);
    let channel = &desk.channel.name;
    let there = desk.journal.links(channel, LinkKind::Customer, std::slice::from_ref(&number)).await;
    let holder = desk.journal.links_back(channel, LinkKind::Customer, std::slice::from_ref(&account)).await;
    if let (Ok(there), Ok(holder)) = (there, holder)
        && there.first().is_some_and(Option::is_none)
        && holder.first().is_some_and(Option::is_none)
    {
        settlement.links.push(Link { kind: LinkKind::Customer, key: number.clone(), other: account });
    }
    let key = format!("office customer {}", claim.event.draft.source_document);
    settlement.effects.push(Effect { key, kind: "office customer", result: number });
    settlement
}

//! `customer.changed` → the account at the storefront (F-341). Newest wins; what is already so is not written again.
//!
//! Which account: the cross-reference, else the one the office's own keys name, else the e-mail address, else a new one. Of several
//! customers with one e-mail the one that speaks for it (F-032) is sent, the others are not. Guests and customers who are not for
//! the web stay in the office unless the channel says otherwise.

use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};

use crate::domain::{Customer, CustomerProfile, EventType, Fact, Side};
use crate::journal::{Claim, Effect, JournalError, Link, LinkKind, Outcome, Settlement, Written};
use crate::policy::SendCustomers;
use crate::storefront::{CustomerWrite, KnownAddress};

use super::outcome::{after_failure, journal_failed};
use super::state::{Fresh, WriteState, wrote};
use super::{Desk, Policy};

const POLICY: Policy = Policy {
    name: "customer",
    consumes: &[EventType::CustomerChanged],
    batch: 16,
    linger: Duration::from_millis(100),
    workers: 2,
    needs: &[Side::Storefront],
};
/// The office's two addresses.
const KINDS: [&str; 2] = ["billing", "shipping"];

/// Writes customers.
pub(super) struct WriteCustomer;

#[async_trait]
impl WriteState for WriteCustomer {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn write(&self, desk: &Desk<'_>, fresh: Fresh<'_>) -> Result<Vec<Settlement>, JournalError> {
        let Fresh { claims, mut settled } = fresh;
        for (claim, last) in claims {
            let Fact::CustomerChanged(customer) = &claim.event.draft.fact else { continue };
            match write(desk, claim, customer, last).await {
                Ok(settlement) => settled.push(settlement),
                Err(error) => settled.extend(journal_failed(std::slice::from_ref(claim), &error)),
            }
        }
        Ok(settled)
    }
}

/// Why a customer is not for this storefront.
fn not_sent(desk: &Desk<'_>, customer: &Customer, is_linked: bool) -> Option<String> {
    let number = &customer.number;
    if customer.profile.is_erased() {
        return Some(format!("what is kept of customer {number} was erased at their request"));
    }
    match desk.channel.customers.send {
        SendCustomers::None => return Some("this channel does not send customers".into()),
        SendCustomers::Web if !customer.web_customer => {
            return Some(format!("customer {number} is not a web customer; guests stay in the office"));
        }
        SendCustomers::Web | SendCustomers::All => {}
    }
    if !is_linked && customer.profile.email.is_none() {
        return Some(format!("customer {number} has no e-mail address, which an account needs"));
    }
    (!customer.speaks).then(|| format!("another customer with the e-mail address of {number} speaks for it"))
}

async fn write(
    desk: &Desk<'_>,
    claim: &Claim,
    customer: &Customer,
    last: Option<Written>,
) -> Result<Settlement, JournalError> {
    let channel = &desk.channel.name;
    let number = customer.number.clone();
    let link = desk.journal.links(channel, LinkKind::Customer, std::slice::from_ref(&number)).await?.remove(0);
    if let Some(reason) = not_sent(desk, customer, link.is_some()) {
        return Ok(Settlement::of(claim, Outcome::Ignored(reason)));
    }
    let value = fingerprint(customer);
    if link.is_some() && last.is_some_and(|last| last.value == value) {
        return Ok(wrote(claim, Outcome::Ignored("the storefront has it so already".into()), value));
    }
    let prefix = format!("{}/customer:", desk.channel.storefront);
    let named = customer.keys.iter().filter_map(|key| key.strip_prefix(&prefix)).map(str::to_owned);
    let known: Vec<String> = link.iter().cloned().chain(named).collect();
    let keys = KINDS.map(|kind| format!("{number}/{kind}"));
    let addresses = desk.journal.links(channel, LinkKind::CustomerAddress, &keys).await?;
    let addresses = KINDS.into_iter().zip(addresses).filter_map(|(kind, id)| Some(KnownAddress { kind, id: id? }));
    let order = CustomerWrite {
        known,
        profile: customer.profile.clone(),
        consent: customer.consent.clone().filter(|_| desk.channel.customers.consent),
        owners: desk.channel.customers.owners,
        addresses: addresses.collect(),
    };
    let written = match desk.storefront.write_customer(&order).await {
        Ok(written) => written,
        Err(error) => return Ok(Settlement::of(claim, after_failure(desk, claim, &error).await)),
    };
    // Two customers of the office may turn out to be one account, as after a merge: the one that has it keeps it.
    let holder =
        desk.journal.links_back(channel, LinkKind::Customer, std::slice::from_ref(&written.id)).await?.remove(0);
    if let Some(holder) = holder.filter(|holder| *holder != number) {
        let reason = format!("the account is that of customer {holder}; both are one person at the storefront");
        return Ok(Settlement::of(claim, Outcome::Ignored(reason)));
    }
    let notes = if written.notes.is_empty() { String::new() } else { format!("; {}", written.notes.join("; ")) };
    let outcome = if written.changed {
        Outcome::Done(format!("{}{notes}", written.id))
    } else {
        Outcome::Ignored(format!("the storefront has it so already{notes}"))
    };
    let mut settlement = wrote(claim, outcome, value);
    settlement.links.push(Link { kind: LinkKind::Customer, key: number.clone(), other: written.id.clone() });
    let mut linked = Vec::new();
    for address in &written.addresses {
        // One address may serve as both; it is linked once.
        if !linked.contains(&&address.id) {
            linked.push(&address.id);
            let key = format!("{number}/{}", address.kind);
            settlement.links.push(Link { kind: LinkKind::CustomerAddress, key, other: address.id.clone() });
        }
    }
    if written.changed {
        settlement.effects.push(Effect {
            key: format!("storefront customer {}", claim.event.draft.source_document),
            kind: "storefront customer",
            result: written.id,
        });
    }
    Ok(settlement)
}

/// What is kept as written: a digest, since the journal is to hold as little of a person as can be.
fn fingerprint(customer: &Customer) -> String {
    let Customer { profile, consent, .. } = customer;
    let CustomerProfile { first_name, last_name, email, phone, billing, shipping } = profile;
    let text = format!("{first_name:?}{last_name:?}{email:?}{phone:?}{billing:?}{shipping:?}{consent:?}");
    let digest = Sha256::digest(text.as_bytes());
    uuid::Uuid::from_slice(&digest[..16]).unwrap_or_default().simple().to_string()
}

//! `privacy.requested` → what is kept of a person is listed for export or erased, and a record proves it.
//!
//! Erasing goes through everything that is kept, page by page, each page with its counts and the place it ends at in one
//! transaction: an attempt that dies or runs out of time is taken up where it stood. The request itself, which names the person,
//! goes last. The books are not touched: the office keeps its papers by law, so the record names the customer's numbers there
//! for a person to treat. A later change of such a customer in the office is not sent to the storefront again.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use uuid::Uuid;

use crate::domain::{CallError, EventType, Fact, Person, PrivacyRequest, PrivacyWish, Side, Version, erase};
use crate::journal::{
    Claim, Effect, JournalError, KeptDocument, KeptPlan, NewPrivacyRecord, Outcome, Place, PrivacyRecord, Replacements,
    Settlement, Written,
};

use crate::policy::Channel;

use super::outcome::{after_failure, journal_failed};
use super::paper::guest_key;
use super::{Desk, Handler, Policy};

const POLICY: Policy = Policy {
    name: "privacy",
    consumes: &[EventType::PrivacyRequested],
    batch: 1,
    linger: Duration::ZERO,
    workers: 1,
    needs: &[Side::Office],
};
/// Documents looked at in one page.
const PAGE: usize = 200;
/// How long one attempt looks; well within its lease.
const ATTEMPT: Duration = Duration::from_secs(5);
/// Who signs the audit trail.
const WHO: &str = "tillbridge";
/// What is kept as written for a customer who was forgotten: newer than any change to come.
pub(super) const FORGOTTEN: &str = "the person asked to be forgotten";

/// Carries out requests about personal data.
pub(super) struct CarryOutPrivacy;

#[async_trait]
impl Handler for CarryOutPrivacy {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement> {
        let mut settled = Vec::new();
        for claim in batch {
            let Fact::PrivacyRequested(request) = &claim.event.draft.fact else { continue };
            match carry_out(desk, claim, request).await {
                Ok(settlement) => settled.push(settlement),
                Err(Stopped::Journal(error)) => settled.extend(journal_failed(std::slice::from_ref(claim), &error)),
                Err(Stopped::Office(error)) => {
                    settled.push(Settlement::of(claim, after_failure(desk, claim, &error).await));
                }
            }
        }
        settled
    }
}

enum Stopped {
    Journal(JournalError),
    Office(CallError),
}

impl From<JournalError> for Stopped {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

async fn carry_out(desk: &Desk<'_>, claim: &Claim, request: &PrivacyRequest) -> Result<Settlement, Stopped> {
    let record = begin(desk, claim, request).await?;
    let id = record.id;
    if request.wish == PrivacyWish::Export {
        tracing::warn!(channel = %desk.channel.name, record = id, "a customer asks what is kept of them: `tillbridge privacy list`");
        let what =
            format!("waits for `tillbridge privacy export {id} --to FILE`; the shop wants an answer within 30 days");
        return Ok(Settlement::of(claim, Outcome::Done(what)));
    }
    // A second attempt may find the request itself erased: the numbers were kept with the record.
    let person = Person { numbers: record.office_numbers.clone(), ..request.person.clone() };
    if !erase_all(desk, claim, &person, request.wish, &record).await? {
        let reason = "goes on looking through what is kept".to_owned();
        return Ok(Settlement::of(claim, Outcome::Retry { after: Duration::ZERO, reason, counts: false }));
    }
    desk.journal.finish_privacy(id, WHO, None).await?;
    let numbers = &record.office_numbers;
    let office = match numbers.as_slice() {
        [] => "the office knows no such customer".to_owned(),
        numbers => format!("the office keeps customer {} by law: see to it there", numbers.join(", ")),
    };
    let what = format!("erased, see `tillbridge privacy show {id}`; {office}");
    let mut settlement = Settlement::of(claim, Outcome::Done(what));
    settlement.written = numbers.iter().map(|number| forgotten(number)).collect();
    settlement.effects.push(Effect { key: format!("privacy {id}"), kind: "erasure", result: format!("record {id}") });
    Ok(settlement)
}

fn forgotten(number: &str) -> Written {
    Written { entity: format!("customer:{number}"), version: Version(i64::MAX), value: FORGOTTEN.to_owned() }
}

/// The record of the request, with the office's numbers of the customer looked up before it is kept.
async fn begin(desk: &Desk<'_>, claim: &Claim, request: &PrivacyRequest) -> Result<PrivacyRecord, Stopped> {
    let person = &request.person;
    let shop = &desk.channel.storefront;
    let emails: Vec<String> = person.email.iter().cloned().collect();
    let account = person.id.iter().map(|id| format!("{shop}/customer:{id}"));
    let keys: Vec<String> = account.chain(emails.iter().map(|email| guest_key(shop, email))).collect();
    let office_numbers = desk.office.customer_numbers(&keys, &emails).await.map_err(Stopped::Office)?;
    let record = NewPrivacyRecord {
        channel: desk.channel.name.clone(),
        delivery: claim.event.delivery,
        wish: request.wish,
        customer: person.id.clone().unwrap_or_default(),
        number: request.number.clone().unwrap_or_default(),
        asked_at: request.asked_at,
        office_numbers,
    };
    Ok(desk.journal.begin_privacy(&record).await?)
}

/// Looks through everything after the record's place. Answers whether the end was reached.
async fn erase_all(
    desk: &Desk<'_>,
    claim: &Claim,
    person: &Person,
    wish: PrivacyWish,
    record: &PrivacyRecord,
) -> Result<bool, Stopped> {
    let until = Instant::now() + ATTEMPT;
    let mut place = record.place.clone();
    let (own_delivery, own_event) = (claim.event.delivery.0, claim.event.id.0);
    while place != Place::End {
        if Instant::now() > until {
            return Ok(false);
        }
        let page = desk.journal.kept(place.clone(), PAGE).await?;
        let of_events = matches!(place, Place::Events(_));
        let wanted = |document: &&KeptDocument| {
            let own = document.id == own_delivery || document.id == own_event;
            !own && concerns(desk.channel, person, wish, document, of_events)
        };
        let erased = |document: &KeptDocument| Some((document.id, erase(&document.body)?));
        let mut found: Vec<(Uuid, Vec<u8>)> = page.documents.iter().filter(wanted).filter_map(erased).collect();
        let mut replacements = Replacements::default();
        if of_events { &mut replacements.events } else { &mut replacements.deliveries }.append(&mut found);
        replacements.plans.extend(page.plans.iter().filter_map(|plan| forget(desk.channel, person, wish, plan)));
        if page.next == Place::End {
            // The request names the person: without it a later attempt could not tell whom to look for, so it goes last.
            own_papers(desk, claim, &mut replacements).await?;
        }
        if !desk.journal.replace_kept(record.id, &place, &page.next, replacements).await? {
            // Somebody else with an older lease was here; the next attempt reads where things stand.
            return Ok(false);
        }
        place = page.next;
    }
    Ok(true)
}

/// A plan of the channel's that names the person, without what is personal: what is to be booked, and under which keys, stays.
fn forget(channel: &Channel, person: &Person, wish: PrivacyWish, kept: &KeptPlan) -> Option<KeptPlan> {
    let of_channel = kept.channel == channel.name.as_str();
    let is_theirs = wish == PrivacyWish::EraseStorefront || person.is_in("plan", kept.plan.as_bytes());
    let plan = erase(kept.plan.as_bytes()).filter(|_| of_channel && is_theirs)?;
    Some(KeptPlan { plan: String::from_utf8_lossy(&plan).into_owned(), ..kept.clone() })
}

/// The delivery and the event of the request itself.
async fn own_papers(desk: &Desk<'_>, claim: &Claim, replacements: &mut Replacements) -> Result<(), JournalError> {
    let before = |id: Uuid| Uuid::from_u128(id.as_u128().saturating_sub(1));
    for (place, id) in [
        (Place::Deliveries(before(claim.event.delivery.0)), claim.event.delivery.0),
        (Place::Events(before(claim.event.id.0)), claim.event.id.0),
    ] {
        let of_events = matches!(place, Place::Events(_));
        let kept = if of_events { &mut replacements.events } else { &mut replacements.deliveries };
        for document in desk.journal.kept(place, 1).await?.documents.into_iter().filter(|document| document.id == id) {
            kept.extend(erase(&document.body).map(|erased| (id, erased)));
        }
    }
    Ok(())
}

/// Whether a document is the storefront's or its channel's, and about the person; of a storefront that wants to be forgotten
/// everything is.
#[must_use]
pub fn concerns(
    channel: &Channel,
    person: &Person,
    wish: PrivacyWish,
    document: &KeptDocument,
    is_event: bool,
) -> bool {
    let of_shop = document.origin == format!("storefront/{}", channel.storefront);
    let of_channel = is_event && document.origin == channel.name.as_str();
    let of_office =
        !is_event && document.about == "customers" && document.origin == format!("office/{}", channel.office);
    (of_shop || of_channel || of_office)
        && (wish == PrivacyWish::EraseStorefront || person.is_in(&document.about, &document.body))
}

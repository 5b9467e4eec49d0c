//! `document.hinted` → the document is read at the storefront and journalled as deliveries of its own, joined with what it needs.
//!
//! Whoever calls us is believed only so far: amounts come from what is read. What was read before is a duplicate and changes
//! nothing, so a hint may come twice, late, or never; asking for changes finds the rest ([`crate::flow::reconcile`]). A document
//! that is not there yet was hinted at before its transaction was committed, and is asked for again for a while.
//! Next in the flow: [`crate::flow::normalise`] says what was read means.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

use crate::domain::{CallError, DocumentHinted, EventType, Fact, Side};
use crate::journal::{Claim, JournalError, Outcome, PolledPage, Settlement};
use crate::storefront::{Documents, SalesWay};

use super::outcome::{after_failure, journal_failed, try_again};
use super::{Desk, Handler, Policy};

const POLICY: Policy = Policy {
    name: "read",
    consumes: &[EventType::DocumentHinted],
    batch: 32,
    // One action of a merchant is told by several hints; one reading serves them all.
    linger: Duration::from_millis(100),
    // What was read is committed under one cursor: a second worker would only be told to come again.
    workers: 1,
    needs: &[Side::Storefront],
};
/// Documents that are read at the same time.
const AT_ONCE: usize = 4;
/// How often a document is asked for that is not there: with growing waits, for some minutes.
const MOST_LOOKS: u32 = 9;

/// Reads documents.
pub(super) struct ReadDocument;

#[async_trait]
impl Handler for ReadDocument {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement> {
        let mut wanted: BTreeMap<(crate::domain::HintedKind, &str), (&DocumentHinted, Vec<&Claim>)> = BTreeMap::new();
        for claim in batch {
            if let Fact::DocumentHinted(hint) = &claim.event.draft.fact {
                wanted.entry((hint.kind, &hint.id)).or_insert((hint, Vec::new())).1.push(claim);
            }
        }
        let SalesWay::Documents(documents) = desk.storefront.abilities().sales else {
            let why = "this storefront has no documents of its own".to_owned();
            return batch.iter().map(|claim| Settlement::of(claim, Outcome::Ignored(why.clone()))).collect();
        };
        let wanted: Vec<(&DocumentHinted, Vec<&Claim>)> = wanted.into_values().collect();
        let mut settled = Vec::with_capacity(batch.len());
        for some in wanted.chunks(AT_ONCE) {
            match read(desk, documents, some).await {
                Ok(ended) => settled.extend(ended),
                Err(error) => {
                    let claims: Vec<Claim> =
                        some.iter().flat_map(|(_, claims)| claims).map(|one| (*one).clone()).collect();
                    settled.extend(journal_failed(&claims, &error));
                }
            }
        }
        settled
    }
}

async fn read(
    desk: &Desk<'_>,
    documents: &dyn Documents,
    wanted: &[(&DocumentHinted, Vec<&Claim>)],
) -> Result<Vec<Settlement>, JournalError> {
    let task = format!("hints/{}", desk.channel.name);
    let from = desk.journal.cursor(&task).await?;
    let mut readings = Vec::with_capacity(wanted.len());
    for (hint, _) in wanted {
        readings.push(documents.read(hint));
    }
    let readings = futures::future::join_all(readings).await;
    let deliveries: Vec<_> = readings.iter().flatten().flatten().flatten().cloned().collect();
    if !deliveries.is_empty() {
        let to = uuid::Uuid::now_v7().to_string();
        match desk.journal.append_polled(PolledPage { task, from, to, deliveries }).await {
            Ok(_) => {}
            Err(JournalError::CursorMoved) => {
                let reason = "another process was journalling what it read".to_owned();
                let again = Outcome::Retry { after: Duration::from_millis(200), reason, counts: false };
                let claims = wanted.iter().flat_map(|(_, claims)| claims);
                return Ok(claims.map(|claim| Settlement::of(claim, again.clone())).collect());
            }
            Err(error) => return Err(error),
        }
    }
    let mut settled = Vec::new();
    for ((hint, claims), reading) in wanted.iter().zip(readings) {
        for claim in claims {
            settled.push(Settlement::of(claim, outcome(desk, claim, hint, &reading).await));
        }
    }
    Ok(settled)
}

async fn outcome(
    desk: &Desk<'_>,
    claim: &Claim,
    hint: &DocumentHinted,
    reading: &Result<Option<Vec<crate::domain::NewDelivery>>, CallError>,
) -> Outcome {
    let name = format!("{} {}", hint.kind.as_str(), hint.id);
    match reading {
        Ok(Some(read)) if read.is_empty() => {
            Outcome::Ignored(format!("{name} is of a website that this storefront does not speak for"))
        }
        Ok(Some(_)) => Outcome::Done(format!("{name} was read")),
        Ok(None) if claim.failures + 1 < MOST_LOOKS => try_again(claim.failures, format!("{name} is not there yet")),
        Ok(None) => {
            Outcome::Ignored(format!("there is no {name}: whatever it was saved with was undone, or it was deleted"))
        }
        Err(error) => after_failure(desk, claim, error).await,
    }
}

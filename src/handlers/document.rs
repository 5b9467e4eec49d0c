//! What invoice and credit note share: intent → look up where in doubt → book → record (P2).
//!
//! A document goes to the office under an external reference of its own. Before the write its intent is committed; after a
//! crash, or when the outcome of a call is unknown, the reference is looked up and never written blindly again.

use std::collections::BTreeMap;

use crate::domain::{BranchCode, CallError, DocumentRef, Sku};
use crate::journal::{Claim, Effect, Intent, Link, LinkKind, Outcome, Pieces, Settlement, Standing, Written};
use crate::office::{Booked, Document, DocumentKind};

use super::Desk;
use super::outcome::{after_failure, journal_failed, try_again};

/// A claim with the document it wants booked.
pub(super) struct Wanted<'a> {
    /// The claim.
    pub claim: &'a Claim,
    /// The reference within the channel: the link's key.
    pub reference: DocumentRef,
    /// The document.
    pub document: Document,
    /// What later documents need to know of this one, as JSON; empty for nothing.
    pub remember: String,
}

/// The reference under which the office knows a document: unique over all storefronts that share the office.
pub(super) fn external(desk: &Desk<'_>, reference: &DocumentRef) -> String {
    format!("{}/{reference}", desk.channel.storefront)
}

/// Books documents of one kind and answers how each ended.
pub(super) async fn book(desk: &Desk<'_>, kind: DocumentKind, wanted: Vec<Wanted<'_>>) -> Vec<Settlement> {
    let intents = wanted.iter().map(|want| Intent {
        key: effect_key(kind, &want.document.reference),
        handling: want.claim.handling,
        channel: desk.channel.name.clone(),
        order: want.claim.event.draft.entity.clone(),
        pieces: pieces(&want.document),
    });
    let standings = match desk.journal.intend(intents.collect()).await {
        Ok(standings) => standings,
        Err(error) => {
            return wanted.iter().flat_map(|want| journal_failed(std::slice::from_ref(want.claim), &error)).collect();
        }
    };
    let mut settled = Vec::with_capacity(wanted.len());
    let mut to_write = Vec::new();
    let mut in_doubt = Vec::new();
    for (want, standing) in wanted.into_iter().zip(standings) {
        match standing {
            Standing::Fresh => to_write.push(want),
            Standing::InDoubt => in_doubt.push(want),
            Standing::Done(number) => {
                let note = format!("{number} was booked before");
                settled.push(Settlement::of(want.claim, Outcome::Ignored(note)));
            }
        }
    }
    settle_doubts(desk, kind, in_doubt, &mut to_write, &mut settled).await;
    let documents: Vec<Document> = to_write.iter().map(|want| want.document.clone()).collect();
    if documents.is_empty() {
        return settled;
    }
    let answers = desk.office.book(&documents).await;
    let mut unknown = Vec::new();
    for (want, answer) in to_write.into_iter().zip(answers) {
        match answer {
            Ok(booked) => settled.push(record(kind, &want, &booked)),
            Err(CallError::InDoubt(_)) => unknown.push(want),
            Err(error) => settled.push(Settlement::of(want.claim, after_failure(desk, want.claim, &error).await)),
        }
    }
    let mut not_there = Vec::new();
    settle_doubts(desk, kind, unknown, &mut not_there, &mut settled).await;
    for want in not_there {
        let reason = "the office did not take the document; it is not in the books".to_owned();
        settled.push(Settlement::of(want.claim, try_again(want.claim.failures, reason)));
    }
    settled
}

/// Looks up documents whose outcome is unknown: what is in the books is recorded, what is not goes to `absent`.
async fn settle_doubts<'a>(
    desk: &Desk<'_>,
    kind: DocumentKind,
    doubtful: Vec<Wanted<'a>>,
    absent: &mut Vec<Wanted<'a>>,
    settled: &mut Vec<Settlement>,
) {
    if doubtful.is_empty() {
        return;
    }
    let references: Vec<String> = doubtful.iter().map(|want| want.document.reference.clone()).collect();
    match desk.office.find(kind, &references).await {
        Ok(found) => {
            for (want, found) in doubtful.into_iter().zip(found) {
                match found {
                    Some(booked) => settled.push(record(kind, &want, &booked)),
                    None => absent.push(want),
                }
            }
        }
        Err(error) => {
            for want in doubtful {
                settled.push(Settlement::of(want.claim, after_failure(desk, want.claim, &error).await));
            }
        }
    }
}

/// The settlement of a document that is in the books.
fn record(kind: DocumentKind, want: &Wanted<'_>, booked: &Booked) -> Settlement {
    let word = effect_kind(kind);
    let mut settlement = Settlement::of(want.claim, Outcome::Done(format!("{word} {}", booked.number)));
    let key = want.reference.to_string();
    settlement.links.push(Link { kind: link_kind(kind), key: key.clone(), other: booked.number.clone() });
    let effect = Effect { key: effect_key(kind, &want.document.reference), kind: word, result: booked.number.clone() };
    settlement.effects.push(effect);
    if !want.remember.is_empty() {
        let version = want.claim.event.draft.version;
        settlement.written.push(Written { entity: key, version, value: want.remember.clone() });
    }
    settlement
}

/// The pieces an invoice takes off stock. A credit note gives back what its order never held, or what came back on the shelf;
/// neither changes what web orders hold.
fn pieces(document: &Document) -> Vec<Pieces> {
    if document.kind != DocumentKind::Invoice {
        return Vec::new();
    }
    let mut pieces: BTreeMap<(&Sku, &BranchCode), i64> = BTreeMap::new();
    for line in document.lines.iter().filter(|line| line.moves_stock) {
        let Some(sku) = &line.sku else { continue };
        *pieces.entry((sku, line.branch.as_ref().unwrap_or(&document.branch))).or_default() += line.quantity;
    }
    let pieces = pieces.into_iter();
    pieces.map(|((sku, branch), count)| Pieces { sku: sku.clone(), branch: branch.clone(), count }).collect()
}

/// The kind and external reference of the document whose effect has this key.
pub(super) fn booked_as(effect: &str) -> Option<(DocumentKind, &str)> {
    [DocumentKind::Invoice, DocumentKind::CreditNote]
        .into_iter()
        .find_map(|kind| Some((kind, effect.strip_prefix(effect_kind(kind))?.strip_prefix(' ')?)))
}

fn effect_key(kind: DocumentKind, reference: &str) -> String {
    format!("{} {reference}", effect_kind(kind))
}

fn effect_kind(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Invoice => "invoice",
        DocumentKind::CreditNote => "credit_note",
    }
}

fn link_kind(kind: DocumentKind) -> LinkKind {
    match kind {
        DocumentKind::Invoice => LinkKind::Invoice,
        DocumentKind::CreditNote => LinkKind::CreditNote,
    }
}

//! What invoice and credit note share: intent → look up where in doubt → book → record (P2).
//!
//! A document goes to the office under an external reference of its own. Before the write its intent is committed together with
//! the whole document; after a crash, or when the outcome of a call is unknown, the reference is looked up, and what is not in
//! the books is booked exactly as it was planned, whatever has happened at the storefront since. The difference that made is
//! reckoned by the next attempt.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{BranchCode, CallError, DocumentRef, Entry, Sku};
use crate::journal::{Claim, Effect, Intent, Link, LinkKind, Outcome, Pieces, Settlement, Standing};
use crate::office::{Booked, Document, DocumentKind};

use super::Desk;
use super::books::Ledgers;
use super::outcome::{after_failure, journal_failed, try_again};

/// What claims of one order want booked.
pub(super) struct Job<'a> {
    /// The claims; the first stands for all.
    pub claims: Vec<&'a Claim>,
    /// The order, by its first invoice's reference.
    pub order: DocumentRef,
    /// The documents, an invoice before its credit notes.
    pub papers: Vec<Paper>,
    /// How the claims end once all of them are booked; `None`: done.
    pub then: Option<Outcome>,
    /// Cross-references learnt besides the documents' own.
    pub links: Vec<Link>,
}

/// A document and what it adds to the order's books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Paper {
    /// The reference within the channel: the link's key.
    pub reference: DocumentRef,
    /// The document.
    pub document: Document,
    /// Its entry.
    pub entry: Entry,
    /// The order whose pieces it takes off stock, where that is not the one whose ledger it is entered in.
    #[serde(default)]
    pub of: Option<DocumentRef>,
}

/// The reference under which the office knows a document: unique over all storefronts that share the office.
pub(super) fn external(desk: &Desk<'_>, reference: &DocumentRef) -> String {
    format!("{}/{reference}", desk.channel.storefront)
}

/// The key of the effect that books a document.
pub(super) fn effect_key(kind: DocumentKind, external: &str) -> String {
    format!("{} {external}", effect_kind(kind))
}

/// The documents among these effects that were about to be booked when an attempt was cut short.
pub(super) fn planned(plan: Option<&String>) -> Option<Paper> {
    plan.and_then(|plan| serde_json::from_str(plan).ok())
}

/// How one document stands.
enum Fate {
    Booked(Booked),
    Before(String),
    Failed(CallError),
    NotTaken,
}

/// One document of one job on its way.
struct Errand {
    job: usize,
    paper: Paper,
    /// Whether it is another document than this attempt would have booked.
    older: bool,
    fate: Option<Fate>,
}

/// Books documents and answers how each claim ended.
pub(super) async fn carry_out(desk: &Desk<'_>, ledgers: &mut Ledgers, jobs: Vec<Job<'_>>) -> Vec<Settlement> {
    let mut errands = match intend(desk, &jobs).await {
        Ok(errands) => errands,
        Err(error) => {
            let claims: Vec<Claim> = jobs.iter().flat_map(|job| &job.claims).map(|claim| (*claim).clone()).collect();
            return journal_failed(&claims, &error);
        }
    };
    settle_doubts(desk, &mut errands, |errand| errand.fate.is_none() && errand.older).await;
    let waiting: Vec<usize> = (0..errands.len()).filter(|at| is_to_book(&errands[*at])).collect();
    let documents: Vec<Document> = waiting.iter().map(|at| errands[*at].paper.document.clone()).collect();
    if !documents.is_empty() {
        for (at, answer) in waiting.into_iter().zip(desk.office.book(&documents).await) {
            errands[at].fate = Some(answer.map_or_else(Fate::Failed, Fate::Booked));
        }
    }
    settle_doubts(desk, &mut errands, |errand| matches!(errand.fate, Some(Fate::Failed(CallError::InDoubt(_))))).await;
    let mut settled = Vec::new();
    for (number, job) in jobs.iter().enumerate() {
        let own: Vec<&Errand> = errands.iter().filter(|errand| errand.job == number).collect();
        settled.extend(settle(desk, ledgers, job, &own).await);
    }
    settled
}

fn is_to_book(errand: &Errand) -> bool {
    matches!(errand.fate, None | Some(Fate::NotTaken))
}

async fn intend(desk: &Desk<'_>, jobs: &[Job<'_>]) -> Result<Vec<Errand>, crate::journal::JournalError> {
    let (mut intents, mut wanted) = (Vec::new(), Vec::new());
    for (number, job) in jobs.iter().enumerate() {
        for paper in &job.papers {
            let Some(claim) = job.claims.first() else { continue };
            intents.push(Intent {
                key: effect_key(paper.document.kind, &paper.document.reference),
                handling: claim.handling,
                channel: desk.channel.name.clone(),
                plan: serde_json::to_string(paper).ok(),
                order: paper.of.as_ref().unwrap_or(&job.order).to_string(),
                pieces: pieces(&paper.document),
            });
            wanted.push((number, paper));
        }
    }
    if intents.is_empty() {
        return Ok(Vec::new());
    }
    let standings = desk.journal.intend(intents).await?;
    let errands = wanted.into_iter().zip(standings).map(|((job, paper), standing)| match standing {
        Standing::Fresh => Errand { job, paper: paper.clone(), older: false, fate: None },
        Standing::Done(number) => Errand { job, paper: paper.clone(), older: false, fate: Some(Fate::Before(number)) },
        // A lost plan leaves what is wanted now; the look-up says whether it is there.
        Standing::InDoubt { plan } => {
            let paper = planned(plan.as_ref()).unwrap_or_else(|| paper.clone());
            Errand { job, paper, older: true, fate: None }
        }
    });
    Ok(errands.collect())
}

/// Looks up documents whose outcome is unknown; what is not in the books is to be booked, or was not taken.
async fn settle_doubts(desk: &Desk<'_>, errands: &mut [Errand], is_doubtful: impl Fn(&Errand) -> bool) {
    for kind in [DocumentKind::Invoice, DocumentKind::CreditNote] {
        let of_kind = |errand: &Errand| errand.paper.document.kind == kind && is_doubtful(errand);
        let doubtful: Vec<usize> = (0..errands.len()).filter(|at| of_kind(&errands[*at])).collect();
        let references: Vec<String> = doubtful.iter().map(|at| errands[*at].paper.document.reference.clone()).collect();
        if references.is_empty() {
            continue;
        }
        match desk.office.find(kind, &references).await {
            Ok(found) => {
                for (at, found) in doubtful.into_iter().zip(found) {
                    let had_answer = errands[at].fate.is_some();
                    errands[at].fate = match found {
                        Some(booked) => Some(Fate::Booked(booked)),
                        // After a call whose answer was lost the next attempt tries again; before one it is booked now.
                        None if had_answer => {
                            let reason = "the office did not take the document; it is not in the books".to_owned();
                            Some(Fate::Failed(CallError::Transient(reason)))
                        }
                        None => Some(Fate::NotTaken),
                    };
                }
            }
            Err(error) => {
                for at in doubtful {
                    errands[at].fate = Some(Fate::Failed(error.clone()));
                }
            }
        }
    }
}

/// The settlements of a job's claims.
async fn settle(desk: &Desk<'_>, ledgers: &mut Ledgers, job: &Job<'_>, errands: &[&Errand]) -> Vec<Settlement> {
    let Some((lead, others)) = job.claims.split_first() else { return Vec::new() };
    let mut settlement = Settlement::of(lead, Outcome::Done(String::new()));
    settlement.links.extend(job.links.iter().cloned());
    let (mut notes, mut before, mut failure, mut again) = (Vec::new(), Vec::new(), None, false);
    for errand in errands {
        match &errand.fate {
            Some(Fate::Booked(booked)) => {
                let document = &errand.paper.document;
                match ledgers.enter(&job.order, document.currency, &errand.paper.entry) {
                    Ok(written) => settlement.written.push(written),
                    Err(error) => failure = failure.or(Some(CallError::Rejected(error.to_string()))),
                }
                record(&mut settlement, &errand.paper, booked);
                notes.push(format!("{} {}", effect_kind(document.kind), booked.number));
                again |= errand.older && !job.papers.contains(&errand.paper);
            }
            Some(Fate::Before(number)) => before.push(number.clone()),
            Some(Fate::Failed(error)) => failure = failure.or_else(|| Some(error.clone())),
            Some(Fate::NotTaken) | None => {
                failure = failure.or_else(|| Some(CallError::Transient("the office gave no answer".into())));
            }
        }
    }
    settlement.outcome = match failure {
        Some(CallError::Transient(reason)) => try_again(lead.failures, reason),
        Some(error) => after_failure(desk, lead, &error).await,
        None if again => {
            let reason = format!("{} as planned before; the rest is reckoned anew", notes.join(", "));
            Outcome::Retry { after: std::time::Duration::ZERO, reason, counts: false }
        }
        None => match &job.then {
            Some(then) => then.clone(),
            None if notes.is_empty() && !before.is_empty() => {
                Outcome::Ignored(format!("{} was booked before", before.join(", ")))
            }
            None => Outcome::Done(notes.join(", ")),
        },
    };
    let of_lead = match &settlement.outcome {
        Outcome::Done(note) => Outcome::Ignored(format!("settled together with another of the same order: {note}")),
        other => other.clone(),
    };
    let mut settled = vec![settlement];
    settled.extend(others.iter().map(|claim| Settlement::of(claim, of_lead.clone())));
    settled
}

/// Keeps a document that is in the books.
fn record(settlement: &mut Settlement, paper: &Paper, booked: &Booked) {
    let kind = paper.document.kind;
    let link = Link { kind: link_kind(kind), key: paper.reference.to_string(), other: booked.number.clone() };
    settlement.links.push(link);
    settlement.effects.push(Effect {
        key: effect_key(kind, &paper.document.reference),
        kind: effect_kind(kind),
        result: booked.number.clone(),
    });
}

/// The pieces an invoice takes off stock, and those a credit note puts back because they never left: their order holds them no
/// more, and what it still holds is not booked by the invoice that booked them. What came back on the shelf changes nothing in
/// what web orders hold.
fn pieces(document: &Document) -> Vec<Pieces> {
    let is_invoice = document.kind == DocumentKind::Invoice;
    let mut pieces: BTreeMap<(&Sku, &BranchCode), i64> = BTreeMap::new();
    for line in document.lines.iter().filter(|line| line.moves_stock && (is_invoice || line.never_left)) {
        let Some(sku) = &line.sku else { continue };
        let count = if is_invoice { line.quantity } else { -line.quantity };
        *pieces.entry((sku, line.branch.as_ref().unwrap_or(&document.branch))).or_default() += count;
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

//! Books a batch of documents in one transaction.
//!
//! What comes in: documents. What goes out: a number or a typed refusal for each. The batch is first booked as a whole; if
//! the office refuses any of it, each document is booked on a savepoint of its own, so a bad one does not hold up its
//! neighbours. It keeps P2: references are held against other writers, then looked up, and only then written.
//! Idempotent by reference. Next in the flow: the handler records the number, or settles what is in doubt with `find`.

use std::collections::HashMap;

use super::customers;
use super::database::{Database, Session, Written, on};
use super::find::{find, word};
use super::refusals;
use super::staging::stage_and_post;
use crate::domain::CallError;
use crate::office::{Booked, Document, DocumentKind};

type Outcome = Result<Booked, CallError>;

/// Invoices before the credit notes that may give them back.
const ORDER: [DocumentKind; 2] = [DocumentKind::Invoice, DocumentKind::CreditNote];

/// Answers one entry per document, in order.
pub(super) async fn book(database: &Database, documents: &[Document]) -> Vec<Outcome> {
    // A reference that is there twice is booked once; the others are told that it was in the books already.
    let mut seen: HashMap<(&str, &str), usize> = HashMap::new();
    let mut unique: Vec<Document> = Vec::new();
    let places: Vec<(usize, bool)> = documents
        .iter()
        .map(|document| {
            let next = unique.len();
            let place = *seen.entry((word(document.kind), &document.reference)).or_insert(next);
            if place == next {
                unique.push(document.clone());
            }
            (place, place != next)
        })
        .collect();
    let count = unique.len();
    let outcomes: Vec<Outcome> = if count == 0 {
        Vec::new()
    } else {
        match database.write(on(move |session| Box::pin(book_unique(session, unique)))).await {
            Ok(Written::Committed(outcomes)) => outcomes,
            Ok(Written::Unknown(outcomes, reason)) => outcomes
                .into_iter()
                .map(|outcome| match outcome {
                    Ok(Booked { already: false, .. }) => Err(CallError::InDoubt(reason.clone())),
                    known => known,
                })
                .collect(),
            Err(error) => vec![Err(error); count],
        }
    };
    let repeated = |(place, again): (usize, bool)| {
        outcomes[place].clone().map(|booked| Booked { already: booked.already || again, ..booked })
    };
    places.into_iter().map(repeated).collect()
}

async fn book_unique(session: &mut dyn Session, documents: Vec<Document>) -> Result<Vec<Outcome>, CallError> {
    let mut outcomes: Vec<Option<Outcome>> =
        documents.iter().map(|document| refusals::own(document).map(Err)).collect();
    session.hold(&names(&documents, &outcomes)).await?;
    for kind in ORDER {
        let asked: Vec<usize> = open(&outcomes).filter(|place| documents[*place].kind == kind).collect();
        let references = asked.iter().map(|place| documents[*place].reference.clone()).collect();
        for (place, booked) in asked.into_iter().zip(find(session, kind, references).await?) {
            outcomes[place] = booked.map(Ok);
        }
    }
    let asked: Vec<usize> = open(&outcomes).collect();
    let fresh: Vec<&Document> = asked.iter().map(|place| &documents[*place]).collect();
    for (place, unmapped) in asked.into_iter().zip(refusals::unmapped(session, &fresh).await?) {
        outcomes[place] = unmapped.map(Err);
    }
    book_open(session, &documents, &mut outcomes).await?;
    let missing =
        || Err(CallError::Rejected("the office posted the document but does not list it in ci_document".into()));
    Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(missing)).collect())
}

fn open(outcomes: &[Option<Outcome>]) -> impl Iterator<Item = usize> + '_ {
    outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_none()).map(|(place, _)| place)
}

/// Everything another writer must not be creating at the same moment.
fn names(documents: &[Document], outcomes: &[Option<Outcome>]) -> Vec<String> {
    let mut names = Vec::new();
    for document in open(outcomes).map(|place| &documents[place]) {
        names.push(format!("{} {}", word(document.kind), document.reference));
        if let Some(customer) = &document.customer {
            names.push(format!("customer {}", customer.key));
            names.extend(customers::email(&customer.profile).map(|email| format!("email {email}")));
        }
    }
    names
}

async fn book_open(
    session: &mut dyn Session,
    documents: &[Document],
    outcomes: &mut [Option<Outcome>],
) -> Result<(), CallError> {
    let mut waiting: Vec<usize> = open(outcomes).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    waiting.sort_by_key(|place| ORDER.iter().position(|kind| *kind == documents[*place].kind));
    let all: Vec<&Document> = waiting.iter().map(|place| &documents[*place]).collect();
    match on_savepoint(session, &all).await? {
        Ok(booked) => {
            for (place, booked) in waiting.into_iter().zip(booked) {
                outcomes[place] = booked.map(Ok);
            }
        }
        Err(refusal) if all.len() == 1 => outcomes[waiting[0]] = Some(Err(refusal)),
        Err(_) => {
            for place in waiting {
                outcomes[place] = match on_savepoint(session, &[&documents[place]]).await? {
                    Ok(mut booked) => booked.pop().flatten().map(Ok),
                    Err(refusal) => Some(Err(refusal)),
                };
            }
        }
    }
    Ok(())
}

/// The outer error ends the transaction; the inner one is the office's refusal, with nothing of the attempt left.
async fn on_savepoint(
    session: &mut dyn Session,
    documents: &[&Document],
) -> Result<Result<Vec<Option<Booked>>, CallError>, CallError> {
    session.rows("SAVEPOINT documents", &[]).await?;
    let outcome = match attempt(session, documents).await {
        Ok(booked) => Ok(booked),
        Err(refusal @ CallError::Rejected(_)) => {
            session.rows("ROLLBACK TO SAVEPOINT documents", &[]).await?;
            Err(refusal)
        }
        Err(error) => return Err(error),
    };
    session.rows("RELEASE SAVEPOINT documents", &[]).await?;
    Ok(outcome)
}

/// Books documents that are sorted by kind, all or none.
async fn attempt(session: &mut dyn Session, documents: &[&Document]) -> Result<Vec<Option<Booked>>, CallError> {
    let mut all = Vec::with_capacity(documents.len());
    for documents in documents.chunk_by(|one, next| one.kind == next.kind) {
        let kind = documents[0].kind;
        let by_key = customers::resolve(session, documents).await?;
        let of_invoice = customers_of_invoices(session, documents).await?;
        let mut payers = HashMap::new();
        for document in documents {
            let payer = match &document.customer {
                Some(customer) => by_key.get(&customer.key),
                None => document.credits.as_ref().and_then(|invoice| of_invoice.get(invoice)),
            };
            payers.extend(payer.map(|payer| (document.reference.as_str(), *payer)));
        }
        stage_and_post(session, documents, &payers).await?;
        let references = documents.iter().map(|document| document.reference.clone()).collect();
        let booked = find(session, kind, references).await?;
        all.extend(booked.into_iter().map(|booked| booked.map(|booked| Booked { already: false, ..booked })));
    }
    Ok(all)
}

/// A credit note without a customer goes to its invoice's.
async fn customers_of_invoices(
    session: &mut dyn Session,
    documents: &[&Document],
) -> Result<HashMap<String, i64>, CallError> {
    let without = documents.iter().filter(|document| document.customer.is_none());
    let invoices: Vec<String> = without.filter_map(|document| document.credits.clone()).collect();
    let found = find(session, DocumentKind::Invoice, invoices.clone()).await?;
    let number = |(invoice, booked): (String, Option<Booked>)| Some((invoice, booked?.customer.parse().ok()?));
    Ok(invoices.into_iter().zip(found).filter_map(number).collect())
}

//! `order.changed` → whatever the books lack: the order is read anew, what should be booked is compared with what is, and the
//! difference becomes the next invoice or credit note. Everything in which money decides comes through here.
//!
//! Reading and reckoning may be repeated at any time; what makes the documents unique are their references and the order's
//! turn, which one worker holds at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;

use crate::domain::{
    self, Books, CallError, DocumentRef, EventType, Fact, Imbalance, Open, OrderState, Reckoned, Side, Step,
};
use crate::journal::{Claim, Link, LinkKind, Outcome, Settlement};
use crate::office::DocumentKind;
use crate::storefront::SalesWay;

use super::books::Ledgers;
use super::document::{Job, Paper, carry_out, effect_key, external, planned};
use super::items::{Items, Wanted};
use super::outcome::{after_failure, journal_failed};
use super::paper::{self, Refused};
use super::{Desk, Handler, Policy};

const POLICY: Policy = Policy {
    name: "reckoning",
    consumes: &[EventType::OrderChanged],
    batch: 16,
    // One action of a merchant is told in several deliveries; one reading serves them all.
    linger: Duration::from_millis(200),
    workers: 2,
    needs: &[Side::Storefront, Side::Office],
};
/// How long a credit note waits for its invoice, or for its money, before a person is asked.
const PATIENCE: Duration = Duration::from_secs(14 * 24 * 3600);
/// How soon something that waits looks again by itself; then after as long as it has waited, up to the longest.
const FIRST_LOOK: Duration = Duration::from_secs(15);
const LONGEST_LOOK: Duration = Duration::from_secs(6 * 3600);

/// Orders that are read at the same time: a batch is done long before its lease ends, however slowly a shop answers.
const AT_ONCE: usize = 4;

/// Reckons orders.
pub(super) struct Reckon;

#[async_trait]
impl Handler for Reckon {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement> {
        let changes = batch.iter().filter_map(|claim| match &claim.event.draft.fact {
            Fact::OrderChanged(change) => Some((claim, change)),
            _ => None,
        });
        let changes: Vec<_> = changes.collect();
        let mut ledgers = match Ledgers::read(desk, changes.iter().map(|(_, change)| &change.sale)).await {
            Ok(ledgers) => ledgers,
            Err(error) => return journal_failed(batch, &error),
        };
        let (mut settled, mut subjects) = (Vec::new(), Vec::new());
        for (claim, change) in changes {
            let known = change.transaction.as_ref();
            if known.is_some_and(|id| ledgers.of(&change.sale).is_some_and(|books| books.knows_transaction(id))) {
                let why = "the transaction is part of a credit note already".to_owned();
                settled.push(Settlement::of(claim, Outcome::Ignored(why)));
            } else {
                subjects.push(Subject::new(claim, change.sale.clone()));
            }
        }
        settled.extend(reckon(desk, &mut ledgers, subjects).await);
        settled
    }
}

/// A claim about an order that has to be read.
pub(super) struct Subject<'a> {
    claim: &'a Claim,
    order: DocumentRef,
}

impl<'a> Subject<'a> {
    pub(super) fn new(claim: &'a Claim, order: DocumentRef) -> Self {
        Self { claim, order }
    }
}

/// Reads the orders and books what their books lack. Claims of one order are served by one reading.
pub(super) async fn reckon(desk: &Desk<'_>, ledgers: &mut Ledgers, subjects: Vec<Subject<'_>>) -> Vec<Settlement> {
    let mut orders: BTreeMap<DocumentRef, Vec<&Claim>> = BTreeMap::new();
    for subject in subjects {
        orders.entry(subject.order).or_default().push(subject.claim);
    }
    let (mut settled, mut jobs) = (Vec::new(), Vec::new());
    let orders: Vec<(DocumentRef, Vec<&Claim>)> = orders.into_iter().collect();
    let mut read = Vec::with_capacity(orders.len());
    for some in orders.chunks(AT_ONCE) {
        let mut readings = Vec::with_capacity(some.len());
        for (order, claims) in some {
            readings.push(one(desk, ledgers, order, claims));
        }
        read.extend(futures::future::join_all(readings).await);
    }
    for ((order, claims), read) in orders.into_iter().zip(read) {
        match read {
            Ok(mut job) => {
                job.claims = claims;
                jobs.extend(split(job));
            }
            Err(refused) => {
                let unbooked = ledgers.of(&order).is_none();
                for claim in claims {
                    let outcome = match &refused {
                        // What the shop does not show may still be invoiced from its own delivery.
                        Refused::Call(CallError::Unmapped { what, .. }) if unbooked && waits(claim) => wait(
                            desk,
                            &[claim],
                            LinkKind::Invoice,
                            order.to_string(),
                            format!("waits for the invoice of {what}"),
                        ),
                        Refused::Dead { reason, action, lacks } => {
                            Outcome::Dead { reason: reason.clone(), action: action.clone(), lacks: lacks.clone() }
                        }
                        Refused::Call(error) => after_failure(desk, claim, error).await,
                        Refused::Unclear => Outcome::Ignored("nothing can be said of it".into()),
                    };
                    settled.push(Settlement::of(claim, outcome));
                }
            }
        }
    }
    settled.extend(carry_out(desk, ledgers, jobs).await);
    settled
}

/// A refund waits for what is open; other news of the order has been dealt with.
fn split(job: Job<'_>) -> Vec<Job<'_>> {
    let Some(Outcome::Wait { reason, .. }) = &job.then else { return vec![job] };
    let reason = reason.clone();
    let (refunds, others): (Vec<&Claim>, Vec<&Claim>) = job.claims.iter().partition(|claim| waits(claim));
    let mut jobs = Vec::new();
    let (first, second) = if refunds.is_empty() { (others, refunds) } else { (refunds, others) };
    let is_refund = first.first().is_some_and(|claim| waits(claim));
    let told = Outcome::Ignored(reason);
    let then = if is_refund { job.then.clone() } else { Some(told.clone()) };
    jobs.push(Job { claims: first, then, ..job });
    if !second.is_empty() {
        let order = jobs[0].order.clone();
        jobs.push(Job { claims: second, order, papers: Vec::new(), then: Some(told), links: Vec::new() });
    }
    jobs
}

/// Whether a claim is about something that is not done before its credit note is written.
fn waits(claim: &Claim) -> bool {
    match &claim.event.draft.fact {
        Fact::SaleCredited(_) => true,
        Fact::OrderChanged(change) => change.refund.is_some(),
        _ => false,
    }
}

async fn one<'a>(
    desk: &Desk<'_>,
    ledgers: &Ledgers,
    order: &DocumentRef,
    claims: &[&'a Claim],
) -> Result<Job<'a>, Refused> {
    let SalesWay::Orders(orders) = desk.storefront.abilities().sales else {
        let what = external(desk, order);
        let fix = "compare it with the office's, book the difference by hand".to_owned();
        return Err(Refused::Call(CallError::Unmapped { what, fix }));
    };
    let state = orders.order(order).await.map_err(Refused::Call)?;
    let empty = Books::empty(state.currency);
    let books = ledgers.of(order).unwrap_or(&empty);
    let job = |papers, then, links| Job { claims: Vec::new(), order: order.clone(), papers, then, links };
    if books.invoices == 0
        && let Some(why) = desk.channel.sale.skips(state.placed)
    {
        return Ok(job(Vec::new(), Some(Outcome::Ignored(why.to_owned())), Vec::new()));
    }
    // What an earlier attempt was about to book comes first, as it was planned; the rest is reckoned after it.
    let unfinished = unfinished(desk, &state, books).await?;
    if !unfinished.is_empty() {
        let reason = "what was begun before is finished first".to_owned();
        let again = Outcome::Retry { after: Duration::ZERO, reason, counts: false };
        return Ok(job(unfinished, Some(again), Vec::new()));
    }
    let Reckoned { steps, open } =
        domain::reckon(&state, books, desk.channel.sale.when).map_err(|imbalance| contradiction(&imbalance))?;
    let papers = papers(desk, &state, &steps).await?;
    let (then, links) = end(desk, order, claims, &open, papers.is_empty());
    Ok(job(papers, then, links))
}

fn contradiction(imbalance: &Imbalance) -> Refused {
    Refused::unbalanced(imbalance, "order")
}

/// Documents of the order that were planned and whose outcome is not known.
async fn unfinished(desk: &Desk<'_>, order: &OrderState, books: &Books) -> Result<Vec<Paper>, Refused> {
    let mut references = vec![(DocumentKind::Invoice, next(&order.sale, books.invoices))];
    for one in &order.returns {
        let notes = books.returned(&one.reference).map_or(0, |known| known.notes);
        references.push((DocumentKind::CreditNote, next(&one.reference, notes)));
    }
    let key = |(kind, reference): &(DocumentKind, String)| match DocumentRef::parse(reference) {
        Ok(reference) => effect_key(*kind, &external(desk, &reference)),
        Err(_) => reference.clone(),
    };
    let keys: Vec<String> = references.iter().map(key).collect();
    let plans = desk.journal.in_doubt(&desk.channel.name, &keys).await;
    let plans = plans.map_err(|error| Refused::Call(CallError::Transient(error.to_string())))?;
    Ok(plans.iter().filter_map(|plan| planned(plan.as_ref())).collect())
}

/// The reference of the next document after so many.
fn next(first: &DocumentRef, so_far: u32) -> String {
    if so_far == 0 { first.to_string() } else { format!("{first}/{}", so_far + 1) }
}

async fn papers(desk: &Desk<'_>, order: &OrderState, steps: &[Step]) -> Result<Vec<Paper>, Refused> {
    if steps.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<Wanted> = steps
        .iter()
        .flat_map(|step| match step {
            Step::Invoice(sale) => sale.lines.iter().map(Wanted::from).collect::<Vec<_>>(),
            Step::Credit(credit) => credit.lines.iter().map(Wanted::from).collect(),
        })
        .collect();
    let items = Items::read(desk, &wanted).await.map_err(Refused::Call)?;
    let paper = |step: &Step| match step {
        Step::Invoice(sale) => paper::invoice(desk, sale, &items, true),
        Step::Credit(credit) => paper::credit_note(desk, credit, order.tax_included, &order.number, &items, true),
    };
    steps.iter().map(paper).collect()
}

/// Waiting for a link, ever longer between looks, and in the end a dead letter.
fn wait(desk: &Desk<'_>, claims: &[&Claim], kind: LinkKind, key: String, reason: String) -> Outcome {
    let now = desk.journal.now();
    let waited = claims.iter().map(|claim| now.duration_since(claim.raised_at)).max();
    let waited = waited.and_then(|waited| Duration::try_from(waited).ok()).unwrap_or_default();
    if waited > PATIENCE {
        return Outcome::Dead {
            reason: format!("{reason}, for {} days now", PATIENCE.as_secs() / 86400),
            action: "see what became of the order at the storefront; then retry, or discard".into(),
            lacks: None,
        };
    }
    Outcome::Wait { kind, key, look_again: waited.clamp(FIRST_LOOK, LONGEST_LOOK), reason }
}

/// How claims end when the documents are booked, and what the journal learns besides.
fn end(
    desk: &Desk<'_>,
    order: &DocumentRef,
    claims: &[&Claim],
    open: &Open,
    nothing_booked: bool,
) -> (Option<Outcome>, Vec<Link>) {
    let wait = |kind, key: String, reason: String| wait(desk, claims, kind, key, reason);
    match open {
        Open::Nothing if nothing_booked => {
            (Some(Outcome::Ignored("the books have everything the order says".into())), Vec::new())
        }
        Open::Nothing => (None, Vec::new()),
        Open::Ended => {
            let link = Link { kind: LinkKind::Cancelled, key: order.to_string(), other: order.to_string() };
            let why = "the order ended before it was invoiced, so there is nothing to book".to_owned();
            (Some(Outcome::Ignored(why)), vec![link])
        }
        Open::NotYet(why) => (Some(wait(LinkKind::Invoice, order.to_string(), format!("waits: {why}"))), Vec::new()),
        Open::Unpaid(missing) => {
            let why = format!("waits: {missing} of {} is still to be paid", external(desk, order));
            (Some(wait(LinkKind::Invoice, order.to_string(), why)), Vec::new())
        }
        Open::Pending { refund, amount } => {
            let why = format!("waits: {amount} is on its way back to the buyer and has not moved yet");
            (Some(wait(LinkKind::CreditNote, refund.to_string(), why)), Vec::new())
        }
    }
}

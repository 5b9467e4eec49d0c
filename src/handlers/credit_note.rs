//! `sale.credited` → one credit note with its refund on account, after its invoice (F-338, F-339, F-347).
//!
//! The ordinary case: the refund adds up by itself and its order is invoiced as a whole. Everything else — no invoice yet, money
//! that did not move, an order invoiced in parts — goes to [`super::reckoning`].

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::{Books, Credit, EventType, Fact, SaleMoment, Side};
use crate::journal::{Claim, LinkKind, Outcome, Settlement};
use crate::storefront::SalesWay;

use super::books::Ledgers;
use super::document::{Job, Paper, carry_out};
use super::items::{Items, Wanted};
use super::outcome::{all_failed, journal_failed};
use super::paper::{self, Refused};
use super::reckoning::{Subject, reckon};
use super::{Desk, Handler, Policy};

const POLICY: Policy = Policy {
    name: "credit_note",
    consumes: &[EventType::SaleCredited],
    batch: 64,
    linger: Duration::ZERO,
    workers: 1,
    needs: &[Side::Office],
};

/// Writes credit notes.
pub(super) struct WriteCreditNote;

#[async_trait]
impl Handler for WriteCreditNote {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement> {
        let credits: Vec<(&Claim, &Credit)> = batch
            .iter()
            .filter_map(|claim| match &claim.event.draft.fact {
                Fact::SaleCredited(credit) => Some((claim, credit)),
                _ => None,
            })
            .collect();
        let sales: Vec<String> = credits.iter().map(|(_, credit)| credit.sale.to_string()).collect();
        let read = async {
            let ledgers = Ledgers::read(desk, credits.iter().map(|(_, credit)| &credit.sale)).await?;
            let ended = desk.journal.links(&desk.channel.name, LinkKind::Cancelled, &sales).await?;
            Ok((ledgers, ended))
        };
        let (mut ledgers, ended) = match read.await {
            Ok(read) => read,
            Err(error) => return journal_failed(batch, &error),
        };
        let wanted: Vec<Wanted> = credits.iter().flat_map(|(_, credit)| &credit.lines).map(Wanted::from).collect();
        let items = match Items::read(desk, &wanted).await {
            Ok(items) => items,
            Err(error) => return all_failed(desk, batch, &error).await,
        };
        let (mut settled, mut jobs, mut unclear) = (Vec::new(), Vec::new(), Vec::new());
        for ((claim, credit), ended) in credits.into_iter().zip(ended) {
            let Some(books) = ledgers.of(&credit.sale) else {
                if ended.is_some() {
                    let why = "the order ended before it was invoiced, so there is nothing to credit".to_owned();
                    settled.push(Settlement::of(claim, Outcome::Ignored(why)));
                } else {
                    unclear.push(Subject::new(claim, credit.sale.clone()));
                }
                continue;
            };
            if books.returned(&credit.reference).is_some() {
                let why = format!("{} was booked before", credit.reference);
                settled.push(Settlement::of(claim, Outcome::Ignored(why)));
                continue;
            }
            match document(desk, credit, books, &items) {
                Ok(paper) => jobs.push(Job {
                    claims: vec![claim],
                    order: credit.sale.clone(),
                    papers: vec![paper],
                    then: None,
                    links: Vec::new(),
                }),
                Err(Refused::Unclear) => unclear.push(Subject::new(claim, credit.sale.clone())),
                Err(refused) => settled.push(Settlement::of(claim, refused.outcome(desk, claim).await)),
            }
        }
        settled.extend(carry_out(desk, &mut ledgers, jobs).await);
        settled.extend(reckon(desk, &mut ledgers, unclear).await);
        settled
    }
}

fn document(desk: &Desk<'_>, credit: &Credit, books: &Books, items: &Items) -> Result<Paper, Refused> {
    let in_parts = desk.channel.sale.when == SaleMoment::EachFulfilment;
    let adds_up = credit.pending.is_zero() && credit.check_balance(books.tax_included).is_ok();
    // Where the storefront writes documents of its own there is nothing more to be found out about one.
    let is_all = matches!(desk.storefront.abilities().sales, SalesWay::Documents(_));
    if (in_parts || !adds_up) && !is_all {
        return Err(Refused::Unclear);
    }
    let tax_included = credit.tax_included.unwrap_or(books.tax_included);
    paper::credit_note(desk, credit, tax_included, &books.order_number, items, is_all)
}

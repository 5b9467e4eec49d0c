//! `sale.invoiced` → one fully paid invoice in the office, its customer found or created (F-335, F-358 to F-361).
//!
//! The ordinary case: the delivery says all there is to book. What is booked already and has changed since, and what the
//! delivery leaves unclear, goes to [`super::reckoning`].

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::{EventType, Fact, Payments, Sale, Side};
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
    name: "invoice",
    consumes: &[EventType::SaleInvoiced],
    batch: 64,
    linger: Duration::ZERO,
    workers: 2,
    needs: &[Side::Office],
};

/// Writes invoices.
pub(super) struct WriteInvoice;

#[async_trait]
impl Handler for WriteInvoice {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement> {
        let sales: Vec<(&Claim, &Sale)> = batch
            .iter()
            .filter_map(|claim| match &claim.event.draft.fact {
                Fact::SaleInvoiced(sale) => Some((claim, sale)),
                _ => None,
            })
            .collect();
        let references: Vec<String> = sales.iter().map(|(_, sale)| sale.reference.to_string()).collect();
        let read = async {
            let ledgers = Ledgers::read(desk, sales.iter().map(|(_, sale)| &sale.reference)).await?;
            let ended = desk.journal.links(&desk.channel.name, LinkKind::Cancelled, &references).await?;
            Ok((ledgers, ended))
        };
        let (mut ledgers, ended) = match read.await {
            Ok(read) => read,
            Err(error) => return journal_failed(batch, &error),
        };
        let wanted: Vec<Wanted> = sales.iter().flat_map(|(_, sale)| &sale.lines).map(Wanted::from).collect();
        let items = match Items::read(desk, &wanted).await {
            Ok(items) => items,
            Err(error) => return all_failed(desk, batch, &error).await,
        };
        let (mut settled, mut jobs, mut unclear) = (Vec::new(), Vec::new(), Vec::new());
        let mut taken = std::collections::HashSet::new();
        for ((claim, sale), ended) in sales.into_iter().zip(ended) {
            let order = sale.reference.clone();
            match ledgers.of(&order) {
                Some(books) if books.cover(sale) => {
                    let why = "what it sells was booked before".to_owned();
                    settled.push(Settlement::of(claim, Outcome::Ignored(why)));
                    continue;
                }
                // Two accounts of one order, or one that is booked and has changed: the shop has to say.
                Some(_) => {
                    unclear.push(Subject::new(claim, order));
                    continue;
                }
                // News that is older than the order's end, whose refunds wait for no invoice any more.
                None if ended.is_some() || !taken.insert(order.clone()) => {
                    unclear.push(Subject::new(claim, order));
                    continue;
                }
                None => {}
            }
            match document(desk, sale, &items).await {
                Ok(paper) => {
                    jobs.push(Job { claims: vec![claim], order, papers: vec![paper], then: None, links: Vec::new() });
                }
                Err(Refused::Unclear) => unclear.push(Subject::new(claim, order)),
                Err(refused) => settled.push(Settlement::of(claim, refused.outcome(desk, claim).await)),
            }
        }
        settled.extend(carry_out(desk, &mut ledgers, jobs).await);
        settled.extend(reckon(desk, &mut ledgers, unclear).await);
        settled
    }
}

async fn document(desk: &Desk<'_>, sale: &Sale, items: &Items) -> Result<Paper, Refused> {
    let mut sale = sale.clone();
    if let Payments::AskStorefront { order, .. } = &sale.payments {
        let SalesWay::Orders(orders) = desk.storefront.abilities().sales else { return Err(Refused::Unclear) };
        let payments = orders.payments(order).await.map_err(Refused::Call)?;
        sale.payments = Payments::Each { payments };
        // They are read later than the delivery was written: money that moved in between belongs to what came after it.
        if sale.check_balance().is_err() {
            return Err(Refused::Unclear);
        }
    }
    // Where the storefront writes documents of its own there is nothing more to be found out about one.
    let is_all = matches!(desk.storefront.abilities().sales, SalesWay::Documents(_));
    paper::invoice(desk, &sale, items, is_all)
}

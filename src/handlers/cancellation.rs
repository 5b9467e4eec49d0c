//! `order.cancelled` → a note in the journal that nothing will be booked, so that refunds of the order stop waiting for an
//! invoice. Writes to neither side.

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::{EventType, Fact};
use crate::journal::{Claim, Link, LinkKind, Outcome, Settlement};

use super::outcome::journal_failed;
use super::{Desk, Handler, Policy};

const POLICY: Policy = Policy {
    name: "cancellation",
    consumes: &[EventType::OrderCancelled],
    batch: 64,
    linger: Duration::ZERO,
    workers: 1,
    needs: &[],
};

/// Notes orders that ended before they were invoiced.
pub(super) struct NoteCancellation;

#[async_trait]
impl Handler for NoteCancellation {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement> {
        let sale = |claim: &Claim| match &claim.event.draft.fact {
            Fact::OrderCancelled(order) => order.sale.to_string(),
            _ => claim.event.draft.entity.clone(),
        };
        let sales: Vec<String> = batch.iter().map(sale).collect();
        let invoices = match desk.journal.links(&desk.channel.name, LinkKind::Invoice, &sales).await {
            Ok(invoices) => invoices,
            Err(error) => return journal_failed(batch, &error),
        };
        let settle = |((claim, sale), invoice): ((&Claim, String), Option<String>)| {
            if let Some(number) = invoice {
                let reason = format!("invoice {number} was booked already; its refunds become credit notes");
                return Settlement::of(claim, Outcome::Ignored(reason));
            }
            let note = "the order ended before it was invoiced; nothing is booked for it".to_owned();
            let mut settlement = Settlement::of(claim, Outcome::Done(note));
            settlement.links.push(Link { kind: LinkKind::Cancelled, key: sale.clone(), other: sale });
            settlement
        };
        batch.iter().zip(sales).zip(invoices).map(settle).collect()
    }
}

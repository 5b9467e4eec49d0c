//! `sale.credited` → one credit note with its refund on account, after its invoice (F-338, F-339, F-347).

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::{Credit, EventType, Fact, LineKind, Money};
use crate::journal::{Claim, JournalError, LinkKind, Outcome, Settlement, Written};
use crate::office::{Document, DocumentKind, DocumentLine};

use super::document::{Wanted, book, external};
use super::invoice::{BookedSale, KnownVariants, Refused, branch, item, pay_codes, unknown};
use super::outcome::{after_failure, journal_failed};
use super::{Desk, Handler, Policy};

const POLICY: Policy =
    Policy { name: "credit_note", consumes: &[EventType::SaleCredited], batch: 64, linger: Duration::ZERO, workers: 1 };
/// How long a credit note waits for its invoice before a person is asked.
const PATIENCE: Duration = Duration::from_secs(14 * 24 * 3600);
/// How often a waiting one looks whether its order was cancelled.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

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
        let known = match Known::read(desk, &credits).await {
            Ok(known) => known,
            Err(error) => return journal_failed(batch, &error),
        };
        let mut settled = Vec::new();
        let mut wanted = Vec::new();
        for (index, (claim, credit)) in credits.into_iter().enumerate() {
            if known.invoices[index].is_none() {
                settled.push(Settlement::of(claim, without_invoice(claim, credit, known.cancelled[index].is_some())));
                continue;
            }
            match document(desk, credit, known.sales[index].as_ref(), &known.variants) {
                Ok(document) => wanted.push(Wanted {
                    claim,
                    reference: credit.reference.clone(),
                    document,
                    remember: String::new(),
                }),
                Err(Refused::Dead { reason, action }) => {
                    settled.push(Settlement::of(claim, Outcome::Dead { reason, action }));
                }
                Err(Refused::Call(error)) => {
                    settled.push(Settlement::of(claim, after_failure(desk, claim, &error).await));
                }
            }
        }
        settled.extend(book(desk, DocumentKind::CreditNote, wanted).await);
        settled
    }
}

/// What the journal knows about the sales of a batch of credits, by the credits' order.
struct Known {
    invoices: Vec<Option<String>>,
    cancelled: Vec<Option<String>>,
    sales: Vec<Option<Written>>,
    variants: KnownVariants,
}

impl Known {
    async fn read(desk: &Desk<'_>, credits: &[(&Claim, &Credit)]) -> Result<Self, JournalError> {
        let channel = &desk.channel.name;
        let sales: Vec<String> = credits.iter().map(|(_, credit)| credit.sale.to_string()).collect();
        let lines = credits.iter().flat_map(|(_, credit)| &credit.lines);
        let variants: Vec<String> = lines.filter_map(|line| line.variant.clone()).collect();
        let invoices = desk.journal.links(channel, LinkKind::Invoice, &sales).await?;
        let cancelled = if invoices.iter().all(Option::is_some) {
            vec![None; sales.len()]
        } else {
            desk.journal.links(channel, LinkKind::Cancelled, &sales).await?
        };
        let skus = desk.journal.links_back(channel, LinkKind::Variant, &variants).await?;
        Ok(Self {
            invoices,
            cancelled,
            sales: desk.journal.written(channel, &sales).await?,
            variants: variants.into_iter().zip(skus).filter_map(|(variant, sku)| Some((variant, sku?))).collect(),
        })
    }
}

fn without_invoice(claim: &Claim, credit: &Credit, cancelled: bool) -> Outcome {
    if cancelled {
        return Outcome::Ignored("the order ended before it was invoiced, so there is nothing to credit".into());
    }
    let waited = jiff::Timestamp::now().duration_since(claim.raised_at);
    if Duration::try_from(waited).is_ok_and(|waited| waited > PATIENCE) {
        return Outcome::Dead {
            reason: format!("no invoice for {} came within {} days", credit.sale, PATIENCE.as_secs() / 86400),
            action: "see whether the order was ever shipped; retry after its invoice is booked, or discard".into(),
        };
    }
    Outcome::Wait {
        kind: LinkKind::Invoice,
        key: credit.sale.to_string(),
        look_again: LOOK_AGAIN,
        reason: format!("waits for the invoice of {}", credit.sale),
    }
}

fn document(
    desk: &Desk<'_>,
    credit: &Credit,
    sale: Option<&Written>,
    known: &KnownVariants,
) -> Result<Document, Refused> {
    if !credit.pending.is_zero() {
        return Err(Refused::dead(
            format!("{} of {} has not moved yet at the storefront", credit.pending, credit.reference),
            "book the credit note by hand when the money has moved, then discard this",
        ));
    }
    let sale: Option<BookedSale> = sale.and_then(|sale| serde_json::from_str(&sale.value).ok());
    let told = credit.tax_included.or(sale.as_ref().map(|sale| sale.tax_included));
    let tax_included = told.ok_or_else(|| {
        Refused::dead(
            format!("whether prices of {} contain tax is not known", credit.sale),
            "replay the order's events, then retry",
        )
    })?;
    credit.check_balance(tax_included).map_err(|imbalance| {
        let action =
            "compare the refund at the storefront; book it by hand and discard this, or retry once it is mended";
        Refused::dead(imbalance.to_string(), action)
    })?;
    let total = credit.total(tax_included).map_err(|error| Refused::dead(error.to_string(), "look at the amounts"))?;
    let mut lines = Vec::with_capacity(credit.lines.len());
    for line in &credit.lines {
        let sku =
            item(line.kind, line.variant.as_deref(), line.sku.as_ref(), known).map_err(|()| unknown(&line.title))?;
        lines.push(DocumentLine {
            line: line.line.clone(),
            kind: line.kind,
            moves_stock: line.kind == LineKind::Goods && line.restock,
            branch: branch(desk, line.location.as_deref()),
            sku,
            title: line.title.clone(),
            quantity: line.quantity,
            unit_price: each(line.amount, line.quantity),
            discount: Money::zero(credit.currency),
            amount: line.amount,
            tax: line.tax,
        });
    }
    Ok(Document {
        kind: DocumentKind::CreditNote,
        reference: external(desk, &credit.reference),
        credits: Some(external(desk, &credit.sale)),
        order_number: sale.map(|sale| sale.order_number).unwrap_or_default(),
        happened_at: credit.credited_at,
        // The money goes back to whoever was invoiced, so that the account nets to nothing.
        customer: None,
        branch: desk.channel.sale.branch.clone(),
        currency: credit.currency,
        tax_included,
        lines,
        payments: pay_codes(desk, &credit.refunds)?,
        total,
    })
}

/// What is credited for one piece, rounded: for the eye; the line's amount is what counts.
fn each(amount: Money, pieces: i64) -> Money {
    let pieces = rust_decimal::Decimal::from(pieces.max(1));
    Money::rounded(amount.amount() / pieces, amount.currency())
}

//! A refunded credit memo of the store, joined with its order and the order's other documents, as the credit note to be booked
//! (F-338, F-339).

use std::collections::BTreeMap;

use super::amount::Id;
use super::figures::{Figures, Row};
use super::released::{Papers, Released};
use super::sale::{self, DONE, order_key, payments};
use super::unclear::{Unclear, time};
use super::wire::{CreditMemoRead, Document, OrderItem};
use crate::domain::{Credit, CreditLine, DocumentRef, Draft, Fact, LineKind, Money, Normalised, Placed, Version};

pub(super) fn credited(read: &CreditMemoRead) -> Result<Normalised, Unclear> {
    let CreditMemoRead { order, creditmemo: memo, .. } = read;
    if memo.state.pieces() != Some(DONE) {
        return Ok(Normalised::Ignored("the credit memo is not refunded: it is booked once it is".into()));
    }
    if order.entity_id != memo.order_id {
        return Err(Unclear::Body("the credit memo was joined with another order than its own".into()));
    }
    let credit = credit(read)?;
    Ok(Normalised::Events(vec![Draft {
        source_document: credit.reference.to_string(),
        entity: order_key(order)?.to_string(),
        version: Version(0),
        time: credit.credited_at,
        fact: Fact::SaleCredited(credit),
    }]))
}

fn credit(read: &CreditMemoRead) -> Result<Credit, Unclear> {
    let CreditMemoRead { order, creditmemo: memo, .. } = read;
    let mut figures = Figures::of(order, memo)?;
    let currency = figures.currency;
    let adjustment = memo.base_adjustment_positive.0;
    figures.charge("adjustment-refund", LineKind::Adjustment, "Adjustment refund", adjustment, 0.into());
    let fee = -memo.base_adjustment_negative.0;
    figures.charge("adjustment-fee", LineKind::Adjustment, "Adjustment fee", fee, 0.into());
    let refunds = payments(order, memo, currency);
    let total = Money::sum(currency, refunds.iter().map(|one| one.amount))
        .map_err(|error| Unclear::Amount { what: "what went back", error })?;
    let tax = Money::rounded(memo.base_tax_amount.0 + sale::wrapping_tax(memo), currency);
    figures.settle_rounding(total, tax)?;
    let mut lines = Vec::with_capacity(figures.rows.len());
    for row in &figures.rows {
        lines.extend(self::lines(row, read)?);
    }
    Ok(Credit {
        reference: DocumentRef::parse(format!("creditmemo:{}", memo.entity_id))?,
        sale: sale::reference(invoice(read)?)?,
        order: Some(order_key(order)?),
        currency,
        credited_at: time("created_at", memo.created_at.as_deref())?,
        tax_included: Some(figures.tax_included),
        lines,
        refunds,
        pending: Money::zero(currency),
        placed: Some(Placed::default()),
    })
}

/// The invoice a credit memo gives back: the one it names, else the first that sold all of what it has, else the first there is.
fn invoice(read: &CreditMemoRead) -> Result<&Document, Unclear> {
    let memo = &read.creditmemo;
    let mut paid: Vec<&Document> =
        read.invoices.iter().filter(|one| one.state.pieces() == Some(DONE) && one.order_id == memo.order_id).collect();
    paid.sort_by_key(|one| one.entity_id);
    let named = paid.iter().find(|one| Some(one.entity_id) == memo.invoice_id);
    let sold = |invoice: &Document, row: Id| -> rust_decimal::Decimal {
        invoice.items.iter().filter(|item| item.order_item_id == row).map(|item| item.qty.0).sum()
    };
    let whole = paid.iter().find(|one| memo.items.iter().all(|item| sold(one, item.order_item_id) >= item.qty.0));
    named.or(whole).or(paid.first()).copied().ok_or(Unclear::NoInvoice)
}

/// A row in at most two parts: pieces that never left stay on the shelf, the others come back only when a person counts them in,
/// because the store does not say whether they did.
fn lines(row: &Row, read: &CreditMemoRead) -> Result<Vec<CreditLine>, Unclear> {
    let line = CreditLine {
        sku: row.sku.clone(),
        title: row.title.clone(),
        quantity: row.pieces,
        ..CreditLine::other(row.line.clone(), row.kind, &row.title, row.amount, row.tax)
    };
    let (Some(item), LineKind::Goods) = (row.order_item, row.kind) else { return Ok(vec![line]) };
    let stayed = stayed(read, item, row.pieces);
    let share = |of: Money, pieces: i64| {
        of.share(pieces, row.pieces).map_err(|error| Unclear::Amount { what: "the share of a row", error })
    };
    if stayed == 0 || stayed == row.pieces {
        return Ok(vec![CreditLine { restock: stayed > 0, never_left: stayed > 0, ..line }]);
    }
    let minus = |all: Money, part: Money| {
        all.minus(part).map_err(|error| Unclear::Amount { what: "the share of a row", error })
    };
    let (amount, tax) = (share(row.amount, stayed)?, share(row.tax, stayed)?);
    let first = CreditLine { restock: true, never_left: true, quantity: stayed, amount, tax, ..line.clone() };
    let second = CreditLine {
        line: format!("{}@returned", row.line),
        quantity: row.pieces - stayed,
        amount: minus(row.amount, amount)?,
        tax: minus(row.tax, tax)?,
        ..line
    };
    Ok(vec![first, second])
}

/// How many of a row's pieces never left.
fn stayed(read: &CreditMemoRead, row: Id, pieces: i64) -> i64 {
    let items: BTreeMap<Id, &OrderItem> = read.order.items.iter().map(|item| (item.item_id, item)).collect();
    let Some(item) = items.get(&row) else { return 0 };
    let papers = Papers { invoices: &read.invoices, shipments: &read.shipments, credit_memos: &read.creditmemos };
    Released::of(item, &items, papers).by(read.creditmemo.entity_id).min(pieces)
}

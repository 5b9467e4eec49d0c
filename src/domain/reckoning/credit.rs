//! The next credit note of a refund.

use crate::domain::books::BALANCE;
use crate::domain::{
    Books, Credit, CreditLine, DocumentRef, Imbalance, LineKind, Money, OrderReturn, OrderState, Payment,
};

use super::due::{booked, was_never_sold};

/// What comes next.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub(super) enum Next {
    /// This credit note.
    Credit(Credit),
    /// None: all of it is in the books, or nothing of it belongs there.
    Nothing,
    /// None while this much is on its way.
    Pending(Money),
    /// None before something else.
    NotYet(&'static str),
}

/// Reckons it.
pub(super) fn next(order: &OrderState, one: &OrderReturn, books: &Books) -> Result<Next, Imbalance> {
    if was_never_sold(order, books, one) {
        return Ok(Next::Nothing);
    }
    let known = books.returned(&one.reference);
    let (mut lines, refunds) = fresh(one, books);
    if lines.is_empty() && refunds.is_empty() {
        return Ok(if one.pending.is_zero() { Next::Nothing } else { Next::Pending(one.pending) });
    }
    if !one.pending.is_zero() {
        return Ok(Next::Pending(one.pending));
    }
    if books.invoices == 0 {
        return Ok(Next::NotYet("it is credited after its invoice"));
    }
    if known.is_none() && !all_invoiced(order, one, books) {
        return Ok(Next::NotYet("not all that is given back has been invoiced"));
    }
    let paid = Money::sum(order.currency, refunds.iter().map(|refund| refund.amount))?;
    let mut parts = Vec::with_capacity(lines.len());
    for line in &lines {
        parts.push(order.gross(line.amount, line.tax)?);
    }
    let owing = Money::sum(order.currency, parts.iter().copied())?.minus(paid)?;
    if !owing.is_zero() {
        if !explained(one, owing, books)? {
            if owing.is_negative() && !order.complete {
                return Ok(Next::NotYet("more was paid back than is owed before all of the order is invoiced"));
            }
            let arithmetic = parts.iter().map(|part| part.amount().to_string()).collect::<Vec<_>>().join(" + ");
            let arithmetic = if arithmetic.is_empty() { "0".to_owned() } else { arithmetic };
            let computed = Money::sum(order.currency, parts.iter().copied())?;
            return Err(Imbalance::Differs { what: "the refund", arithmetic, computed, stated: paid });
        }
        lines.push(balance(owing));
    }
    Ok(Next::Credit(Credit {
        reference: reference(one, known.map_or(1, |known| known.notes + 1)),
        sale: order.sale.clone(),
        order: None,
        currency: order.currency,
        credited_at: one.at,
        tax_included: Some(order.tax_included),
        lines,
        refunds,
        pending: Money::zero(order.currency),
        placed: Some(order.placed),
    }))
}

/// What of a refund no credit note has yet: what was given back, and the money.
fn fresh(one: &OrderReturn, books: &Books) -> (Vec<CreditLine>, Vec<Payment>) {
    let known = books.returned(&one.reference);
    let is_noted = |refund: &&Payment| {
        known.is_some_and(|known| known.transactions.iter().any(|id| refund.reference.as_ref() == Some(id)))
    };
    let lines = if known.is_some() { Vec::new() } else { one.lines.iter().map(|line| line.credit.clone()).collect() };
    (lines, one.refunds.iter().filter(|refund| !is_noted(refund)).cloned().collect())
}

/// What its next credit note will leave owing to the buyer; below zero: what it pays out of that. Nothing while money is on its
/// way.
pub(super) fn owing(order: &OrderState, one: &OrderReturn, books: &Books) -> Result<Money, Imbalance> {
    if !one.pending.is_zero() {
        return Ok(Money::zero(order.currency));
    }
    let (lines, refunds) = fresh(one, books);
    let mut parts = Vec::with_capacity(lines.len() + refunds.len());
    for line in &lines {
        parts.push(order.gross(line.amount, line.tax)?);
    }
    parts.extend(refunds.iter().map(|refund| refund.amount.negated()));
    Ok(Money::sum(order.currency, parts)?)
}

/// Whether goods and money may differ by so much: the buyer is owed it because a payment failed or none was made, or the
/// buyer was owed it and has it now.
fn explained(one: &OrderReturn, owing: Money, books: &Books) -> Result<bool, Imbalance> {
    if owing.is_negative() {
        return Ok(!books.owed.plus(owing)?.is_negative());
    }
    Ok(one.without_money || !one.failed.minus(owing)?.is_negative())
}

/// Whether the pieces that come back are on invoices.
fn all_invoiced(order: &OrderState, one: &OrderReturn, books: &Books) -> bool {
    let rows = one.lines.iter().filter_map(|row| row.of.as_ref());
    rows.filter_map(|id| order.lines.iter().find(|line| line.whole.line == *id)).all(|line| {
        let back: i64 = order
            .returns
            .iter()
            .filter(|other| other.reference == one.reference || books.returned(&other.reference).is_some())
            .flat_map(|other| &other.lines)
            .filter(|row| row.of.as_ref() == Some(&line.whole.line))
            .map(|row| row.credit.quantity)
            .sum();
        back <= booked(books, line)
    })
}

fn balance(owing: Money) -> CreditLine {
    let title = if owing.is_negative() { "Owed to the buyer, paid out" } else { "Owed to the buyer" };
    CreditLine {
        line: BALANCE.to_owned(),
        kind: LineKind::Adjustment,
        sku: None,
        variant: None,
        title: title.to_owned(),
        quantity: 1,
        amount: owing.negated(),
        tax: Money::zero(owing.currency()),
        restock: false,
        never_left: false,
        location: None,
        barcode: None,
    }
}

/// The first note of a refund has the refund's reference, each further one its number behind it.
fn reference(one: &OrderReturn, number: u32) -> DocumentRef {
    if number == 1 {
        return one.reference.clone();
    }
    DocumentRef::parse(format!("{}/{number}", one.reference)).unwrap_or_else(|_| one.reference.clone())
}

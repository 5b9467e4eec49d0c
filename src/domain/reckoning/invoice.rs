//! The next invoice of an order.

use std::collections::BTreeMap;

use crate::domain::books::{BALANCE, Sold, key};
use crate::domain::{
    Books, DocumentRef, Imbalance, LineKind, Money, OrderReturn, OrderState, Payment, Payments, Sale, SaleLine,
    SaleMoment,
};

use super::Open;
use super::credit::owing;
use super::due::{Due, due, never_sold};

/// What comes next.
#[allow(clippy::large_enum_variant, reason = "there is one at a time")]
pub(super) enum Next {
    /// This invoice.
    Sale(Sale),
    /// None, and why.
    Open(Open),
}

/// Reckons it.
pub(super) fn next(order: &OrderState, books: &Books, moment: SaleMoment) -> Result<Next, Imbalance> {
    let nothing = Money::zero(order.currency);
    let due = due(order, books, moment)?;
    let has_begun = order.complete || moment == SaleMoment::Paid || due.iter().any(|one| one.now > 0);
    if !has_begun {
        let why = match moment {
            SaleMoment::EachFulfilment => "nothing of the order has been shipped",
            _ => "not all of the order has been shipped",
        };
        return Ok(Next::Open(Open::NotYet(why)));
    }
    // With a first invoice comes what is charged for all of the order; later only once all that is sold is due too.
    let all_is_due = due.iter().all(Due::is_all);
    let charges_are_due = all_is_due || books.invoices == 0;
    let mut lines = Vec::new();
    for one in &due {
        lines.extend(pieces(one, books, order)?);
        lines.extend(correction(one, books, all_is_due)?);
    }
    if charges_are_due {
        lines.extend(charges(order, books)?);
    }
    let rounding = if all_is_due { order.cash_rounding.minus(books.rounding)? } else { nothing };
    let mut parts = vec![rounding];
    for line in &lines {
        parts.push(order.gross(line.amount()?, line.tax)?);
    }
    let mut needed = Money::sum(order.currency, parts)?;
    let at_hand = order.received()?.minus(books.received)?;
    if at_hand.is_negative() {
        return Err(Imbalance::Differs {
            what: "what was paid",
            arithmetic: order
                .payments
                .iter()
                .map(|one| one.amount.amount().to_string())
                .collect::<Vec<_>>()
                .join(" + "),
            computed: order.received()?,
            stated: books.received,
        });
    }
    let missing = needed.minus(at_hand)?.minus(credit(order, books)?)?;
    if !missing.is_zero() && !missing.is_negative() {
        if !(order.cancelled && order.shipped.is_empty()) {
            return Ok(Next::Open(Open::Unpaid(missing)));
        }
        // Nothing left and nobody will pay for it: of what is charged all the same, only what was paid is kept.
        let title = "Not collected: the order was cancelled";
        lines.push(other("uncollected".into(), LineKind::Adjustment, title, missing.negated(), nothing));
        needed = needed.minus(missing)?;
    }
    let all_is_over = order.complete && all_is_due;
    let paid = if all_is_over || (needed.amount() > at_hand.amount()) { at_hand } else { at_least(needed, nothing) };
    let over = paid.minus(needed)?;
    if !over.is_zero() {
        lines.push(balance(over));
    }
    if lines.is_empty() && rounding.is_zero() {
        return Ok(Next::Open(Open::Nothing));
    }
    if lines.is_empty() {
        lines.push(balance(nothing));
    }
    let sale = Sale {
        reference: reference(order, books.invoices + 1)?,
        order: None,
        number: order.number.clone(),
        currency: order.currency,
        sold_at: if books.invoices == 0 { order.sold_at } else { order.changed_at },
        buyer: order.buyer.clone(),
        tax_included: order.tax_included,
        stated_tax: Money::sum(order.currency, lines.iter().map(|line| line.tax))?,
        stated_total: paid.minus(rounding)?,
        cash_rounding: rounding,
        payments: Payments::Each { payments: payments(order, books.received, paid)? },
        lines,
        moment,
        placed: order.placed,
    };
    sale.check_balance()?;
    Ok(Next::Sale(sale))
}

/// What the shop owes the buyer and may be set off: by the books, and by credit notes that follow at once. Those are of pieces
/// given back without money, as in an exchange, or whose money failed to go back, less what was paid out of it since. Money
/// that went back beyond all of that is nothing the buyer has to pay; its credit note asks why.
fn credit(order: &OrderState, books: &Books) -> Result<Money, Imbalance> {
    let never_sold = never_sold(order, books);
    let is_sold = |one: &&OrderReturn| !never_sold.iter().any(|other| other.reference == one.reference);
    let parts = order.returns.iter().filter(is_sold).map(|one| owing(order, one, books));
    let to_come = Money::sum(order.currency, parts.collect::<Result<Vec<_>, _>>()?)?;
    let nothing = Money::zero(order.currency);
    Ok(at_least(books.owed.plus(to_come)?, if books.owed.is_negative() { books.owed } else { nothing }))
}

fn at_least(amount: Money, least: Money) -> Money {
    if amount.amount() < least.amount() { least } else { amount }
}

/// The first invoice has the order's reference, each further one its number behind it.
fn reference(order: &OrderState, number: u32) -> Result<DocumentRef, Imbalance> {
    if number == 1 {
        return Ok(order.sale.clone());
    }
    DocumentRef::parse(format!("{}/{number}", order.sale))
        .map_err(|_| Imbalance::Unaddable(crate::domain::MoneyError::TooLarge))
}

/// The pieces that are due and not invoiced, a line for each place they left from.
fn pieces(due: &Due<'_>, books: &Books, order: &OrderState) -> Result<Vec<SaleLine>, Imbalance> {
    let whole = &due.line.whole;
    let known = books.sold.get(key(whole.kind, &whole.line));
    let before = known.map_or(0, |sold| sold.pieces);
    let places = places(due, known, order);
    // What was taken off the price so far, so that what is due in all is what is due in all.
    let discount_before = match known {
        Some(sold) => whole.unit_price.times(sold.pieces)?.minus(sold.amount)?,
        None => Money::zero(order.currency),
    };
    let tax_before = known.map_or(Money::zero(order.currency), |sold| sold.tax);
    let discount = due.discount()?.minus(discount_before)?;
    let tax = due.tax()?.minus(tax_before)?;
    let line = SaleLine { quantity: due.now - before, discount, tax, ..whole.clone() };
    Ok(line.split(places)?)
}

/// How many of the pieces that are due now left from where. Those that never left count for the channel's branch.
fn places(due: &Due<'_>, known: Option<&Sold>, order: &OrderState) -> Vec<(Option<String>, i64)> {
    let mut left = due.now - known.map_or(0, |sold| sold.pieces);
    let mut unplaced = known.and_then(|sold| sold.from.get("")).copied().unwrap_or(0);
    let mut shipped: BTreeMap<Option<String>, i64> = BTreeMap::new();
    for row in order.shipped.iter().filter(|row| row.line == due.line.whole.line) {
        *shipped.entry(row.location.clone()).or_insert(0) += row.pieces;
    }
    let mut places = Vec::new();
    for (place, pieces) in shipped.into_iter().filter(|(place, _)| place.is_some()) {
        let booked = place.as_ref().and_then(|place| known?.from.get(place)).copied().unwrap_or(0);
        let fresh = (pieces - booked).max(0);
        let before = fresh.min(unplaced);
        unplaced -= before;
        let taken = (fresh - before).min(left);
        if taken > 0 {
            places.push((place, taken));
            left -= taken;
        }
    }
    if left > 0 {
        places.push((None, left));
    }
    places
}

/// A line whose price changed after it was invoiced, or whose last cents are left.
fn correction(due: &Due<'_>, books: &Books, all_is_due: bool) -> Result<Option<SaleLine>, Imbalance> {
    let whole = &due.line.whole;
    let Some(sold) = books.sold.get(key(whole.kind, &whole.line)) else { return Ok(None) };
    if !all_is_due || sold.pieces != due.now {
        return Ok(None);
    }
    let (amount, tax) = (due.amount()?.minus(sold.amount)?, due.tax()?.minus(sold.tax)?);
    let line = other(format!("{}@change", whole.line), LineKind::Adjustment, &whole.title, amount, tax);
    Ok((!(amount.is_zero() && tax.is_zero())).then_some(line))
}

/// What is charged for the whole order and is not invoiced yet.
fn charges(order: &OrderState, books: &Books) -> Result<Vec<SaleLine>, Imbalance> {
    let mut lines = Vec::new();
    for (kind, title) in
        [(LineKind::Shipping, "Shipping"), (LineKind::Duty, "Import duties"), (LineKind::Fee, "Additional fees")]
    {
        let charged = || order.lines.iter().map(|line| &line.whole).filter(|whole| whole.kind == kind);
        let Some(sold) = books.sold.get(key(kind, "")) else {
            lines.extend(charged().cloned());
            continue;
        };
        let amounts = charged().map(SaleLine::amount).collect::<Result<Vec<_>, _>>()?;
        let amount = Money::sum(order.currency, amounts)?.minus(sold.amount)?;
        let tax = Money::sum(order.currency, charged().map(|whole| whole.tax))?.minus(sold.tax)?;
        if !(amount.is_zero() && tax.is_zero()) {
            lines.push(other(format!("{}@change", kind.as_str()), kind, title, amount, tax));
        }
    }
    Ok(lines)
}

/// What the shop owes the buyer from now on (above zero), or owed and settles with this invoice (below).
fn balance(amount: Money) -> SaleLine {
    let title = if amount.is_negative() { "Owed to the buyer, settled" } else { "Owed to the buyer" };
    other(BALANCE.to_owned(), LineKind::Adjustment, title, amount, Money::zero(amount.currency()))
}

fn other(line: String, kind: LineKind, title: &str, amount: Money, tax: Money) -> SaleLine {
    SaleLine {
        line,
        kind,
        sku: None,
        variant: None,
        title: title.to_owned(),
        location: None,
        quantity: 1,
        unit_price: amount,
        discount: Money::zero(amount.currency()),
        tax,
        barcode: None,
    }
}

/// The payments that make up an amount, oldest first, after those that earlier invoices used.
fn payments(order: &OrderState, used: Money, wanted: Money) -> Result<Vec<Payment>, Imbalance> {
    let (mut used, mut wanted) = (used, wanted);
    let mut taken = Vec::new();
    for payment in &order.payments {
        let before = if used.amount() < payment.amount.amount() { used } else { payment.amount };
        used = used.minus(before)?;
        let rest = payment.amount.minus(before)?;
        let amount = if wanted.amount() < rest.amount() { wanted } else { rest };
        wanted = wanted.minus(amount)?;
        if !amount.is_zero() {
            taken.push(Payment { amount, ..payment.clone() });
        }
    }
    Ok(taken)
}

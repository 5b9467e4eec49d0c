//! What of an order is due to be invoiced, all documents together.

use std::collections::HashMap;

use crate::domain::books::key;
use crate::domain::{Books, Imbalance, LineKind, Money, OrderLine, OrderReturn, OrderState, SaleMoment};

/// What is due of one line: all of it that should be on invoices by now.
pub(super) struct Due<'a> {
    /// The line as ordered.
    pub line: &'a OrderLine,
    /// Pieces that will ever be sold: ordered, less what an edit took off before it was invoiced.
    pub pieces: i64,
    /// Discount on those.
    discount: Money,
    /// Tax on those.
    tax: Money,
    /// Pieces that are due by now.
    pub now: i64,
}

impl Due<'_> {
    /// The discount on what is due.
    pub fn discount(&self) -> Result<Money, Imbalance> {
        Ok(self.discount.share(self.now, self.pieces)?)
    }

    /// The tax on what is due.
    pub fn tax(&self) -> Result<Money, Imbalance> {
        Ok(self.tax.share(self.now, self.pieces)?)
    }

    /// What is due after discounts.
    pub fn amount(&self) -> Result<Money, Imbalance> {
        Ok(self.line.whole.unit_price.times(self.now)?.minus(self.discount()?)?)
    }

    /// Whether everything that will ever be sold of it is due.
    pub fn is_all(&self) -> bool {
        self.now == self.pieces
    }
}

/// Whether a charge of the whole order, not a line with pieces.
pub(super) fn is_charge(kind: LineKind) -> bool {
    matches!(kind, LineKind::Shipping | LineKind::Duty | LineKind::Fee)
}

/// Pieces of a line that are on invoices.
pub(super) fn booked(books: &Books, line: &OrderLine) -> i64 {
    books.sold.get(key(line.whole.kind, &line.whole.line)).map_or(0, |sold| sold.pieces)
}

/// The returns of pieces that were taken off the order before they left or were invoiced: no money moved for them, they stay on
/// the shelf, and they fit into what is not invoiced. Such pieces were never sold. Taken oldest first, so that the answer for
/// one of them does not change with those that come after it, nor with the invoice that leaves its pieces out.
pub(super) fn never_sold<'a>(order: &'a OrderState, books: &Books) -> Vec<&'a OrderReturn> {
    let open = |line: &'a OrderLine| (line.whole.line.as_str(), line.whole.quantity - booked(books, line));
    let mut open: HashMap<&str, i64> = order.lines.iter().map(open).collect();
    let may_be = |one: &&OrderReturn| {
        let only_pieces = !one.lines.is_empty() && one.lines.iter().all(|line| line.taken_off && line.of.is_some());
        only_pieces && one.without_money && books.returned(&one.reference).is_none()
    };
    let mut found = Vec::new();
    for one in order.returns.iter().filter(may_be) {
        let mut left = open.clone();
        let fits = one.lines.iter().all(|row| {
            let pieces = row.of.as_deref().and_then(|of| left.get_mut(of));
            pieces.is_some_and(|pieces| {
                *pieces -= row.credit.quantity;
                *pieces >= 0
            })
        });
        if fits {
            open = left;
            found.push(one);
        }
    }
    found
}

/// Whether a return is one of those.
pub(super) fn was_never_sold(order: &OrderState, books: &Books, one: &OrderReturn) -> bool {
    never_sold(order, books).iter().any(|other| other.reference == one.reference)
}

/// What is due of each line with pieces, at this moment of booking.
pub(super) fn due<'a>(order: &'a OrderState, books: &Books, moment: SaleMoment) -> Result<Vec<Due<'a>>, Imbalance> {
    let never_sold = never_sold(order, books);
    let mut all = Vec::new();
    for line in order.lines.iter().filter(|line| !is_charge(line.whole.kind)) {
        let whole = &line.whole;
        let off = || {
            let rows = never_sold.iter().flat_map(|one| &one.lines);
            rows.filter(|row| row.of.as_ref() == Some(&whole.line)).map(|row| &row.credit)
        };
        let pieces = whole.quantity - off().map(|row| row.quantity).sum::<i64>();
        let off_amount = Money::sum(order.currency, off().map(|row| row.amount))?;
        let off_tax = Money::sum(order.currency, off().map(|row| row.tax))?;
        let amount = whole.amount()?.minus(off_amount)?;
        let known = booked(books, line);
        let now = match moment {
            _ if order.complete || moment == SaleMoment::Paid => pieces,
            SaleMoment::EachFulfilment if order.shipped.is_empty() => known,
            SaleMoment::EachFulfilment if whole.kind == LineKind::Goods => {
                pieces - line.to_ship.clamp(0, pieces.max(0))
            }
            SaleMoment::EachFulfilment => pieces,
            _ => known,
        };
        all.push(Due {
            line,
            pieces,
            discount: whole.unit_price.times(pieces)?.minus(amount)?,
            tax: whole.tax.minus(off_tax)?,
            // What was invoiced once stays invoiced; it is credited when it comes back.
            now: now.max(known),
        });
    }
    Ok(all)
}

//! What should be in the books for an order, less what is in them: the next invoices and credit notes.
//!
//! What comes in: the order as the storefront has it, the books so far, and the channel's moment. What goes out: documents that
//! take the books to where they should be, or why there are none yet. Pure, and exact by construction:
//!
//! - A line that is invoiced in parts is shared by running totals, `share(all so far) - share(all before)`, so the parts add up
//!   to the whole and the rounding lands on the last.
//! - What is charged for the whole order stands on the first invoice; a later difference of it on a later one.
//! - Pieces that an edit took off before they were invoiced are not invoiced; what was invoiced and comes back is credited.
//! - Money counts when it has moved. Where goods and money part — a refund whose payment failed, an exchange, too much paid —
//!   a line of its own says what the shop owes the buyer, and the document that settles it takes it back. So after every
//!   document the books say: invoices less credit notes = money received less money refunded, as far as it is booked.
//! - An invoice is paid in full (F-359): what the buyer still has to pay is waited for.

mod credit;
mod due;
mod invoice;

use super::{Books, Credit, DocumentRef, Imbalance, Money, OrderState, Sale, SaleMoment};

/// The next document of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "there are few of them at a time")]
pub enum Step {
    /// An invoice, paid in full.
    Invoice(Sale),
    /// A credit note, refunded in full.
    Credit(Credit),
}

/// What is left when the documents are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open {
    /// Nothing: the books say what they should.
    Nothing,
    /// The moment has not come.
    NotYet(&'static str),
    /// The buyer has to pay so much more first.
    Unpaid(Money),
    /// Money is on its way back.
    Pending {
        /// With which refund.
        refund: DocumentRef,
        /// How much.
        amount: Money,
    },
    /// The order ended without anything to be booked.
    Ended,
}

/// The outcome of a reckoning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reckoned {
    /// The documents, in the order they are to be booked.
    pub steps: Vec<Step>,
    /// What is left.
    pub open: Open,
}

/// Reckons. See the module.
///
/// # Errors
/// [`Imbalance`] when the storefront's account contradicts itself, or a refund cannot be explained by what was given back.
pub fn reckon(order: &OrderState, books: &Books, moment: SaleMoment) -> Result<Reckoned, Imbalance> {
    order.check()?;
    let mut books = books.clone();
    let mut steps = Vec::new();
    if books.invoices == 0 && order.complete && order.shipped.is_empty() {
        let kept = order.received()?.minus(order.refunded()?)?;
        if kept.is_zero() && !order.has_pending() {
            return Ok(Reckoned { steps, open: Open::Ended });
        }
    }
    loop {
        let before = steps.len();
        let mut open = match invoice::next(order, &books, moment)? {
            invoice::Next::Sale(sale) => {
                books.enter(&super::Entry::of_sale(&sale)?)?;
                steps.push(Step::Invoice(sale));
                Open::Nothing
            }
            invoice::Next::Open(open) => open,
        };
        for one in &order.returns {
            match credit::next(order, one, &books)? {
                credit::Next::Credit(credit) => {
                    books.enter(&super::Entry::of_credit(&credit)?)?;
                    steps.push(Step::Credit(credit));
                }
                credit::Next::Pending(amount) if open == Open::Nothing => {
                    open = Open::Pending { refund: one.reference.clone(), amount };
                }
                credit::Next::NotYet(why) if open == Open::Nothing => open = Open::NotYet(why),
                _ => {}
            }
        }
        // What a credit note leaves owing may pay for the next invoice, as in an exchange.
        if steps.len() == before {
            return Ok(Reckoned { steps, open });
        }
    }
}

#[cfg(test)]
mod tests;

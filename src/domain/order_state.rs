//! An order as the storefront has it right now: everything that was ordered, shipped, paid and given back.
//!
//! What comes in: the storefront's answer, translated by its adapter. What goes out: the input of [`super::reckon`].
//! [`OrderState::check`] is P6 for a whole order: nothing is reckoned from figures that contradict each other.

use jiff::Timestamp;

use super::sale::agree;
use super::{Buyer, CreditLine, Currency, DocumentRef, Imbalance, Money, MoneyError, Payment, Placed, SaleLine};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderState {
    /// The reference of its first invoice.
    pub sale: DocumentRef,
    /// The number people use for it, such as `#1001`.
    pub number: String,
    /// Booking currency: the shop's.
    pub currency: Currency,
    /// When it was sold, UTC.
    pub sold_at: Timestamp,
    /// When anything about it last changed, UTC.
    pub changed_at: Timestamp,
    /// Who bought.
    pub buyer: Buyer,
    /// How it came about.
    pub placed: Placed,
    /// Whether prices contain their tax.
    pub tax_included: bool,
    /// Everything ordered and charged, what was taken off or given back since included.
    pub lines: Vec<OrderLine>,
    /// What has left, piece by piece.
    pub shipped: Vec<ShippedPieces>,
    /// Whether nothing more will be shipped: all of it was, or what was not has been taken off or cancelled.
    pub complete: bool,
    /// Whether it was cancelled: nobody will pay for it any more.
    pub cancelled: bool,
    /// Money that came in, oldest first: only what really moved, change that was given taken off.
    pub payments: Vec<Payment>,
    /// What cash rounding added to those payments, or took from them.
    pub cash_rounding: Money,
    /// What was given back or taken off, oldest first.
    pub returns: Vec<OrderReturn>,
    /// What the storefront says it comes to, before anything was given back.
    pub stated_total: Money,
    /// What the storefront says the taxes of that come to.
    pub stated_tax: Money,
    /// What the storefront says is left of it.
    pub stated_current: Money,
    /// What the storefront's list of the order's transactions says went back to the buyer.
    pub stated_refunded: Money,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// The whole line: all pieces ever ordered, with all their discounts and taxes.
    pub whole: SaleLine,
    /// Pieces that are left: neither taken off nor given back.
    pub current: i64,
    /// Pieces that are still to be shipped.
    pub to_ship: i64,
}

/// Pieces of one line that left from one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedPieces {
    /// Id of the line.
    pub line: String,
    /// The storefront's id of the place, where it says so.
    pub location: Option<String>,
    /// How many.
    pub pieces: i64,
}

/// A refund, or pieces that an edit took off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderReturn {
    /// The reference of its credit note.
    pub reference: DocumentRef,
    /// When, UTC.
    pub at: Timestamp,
    /// What is given back, each line with the id of the order's line it is of; differences the storefront states included.
    pub lines: Vec<ReturnedLine>,
    /// Money that went back.
    pub refunds: Vec<Payment>,
    /// Money that is promised but has not moved yet.
    pub pending: Money,
    /// Money that was to go back but did not.
    pub failed: Money,
    /// Whether it has no payments at all, in whatever state.
    pub without_money: bool,
}

/// One line of an [`OrderReturn`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedLine {
    /// The order's line, for pieces.
    pub of: Option<String>,
    /// What is given back.
    pub credit: CreditLine,
    /// Whether the pieces had not left and stay on the shelf.
    pub taken_off: bool,
}

impl OrderState {
    /// Money that came in.
    ///
    /// # Errors
    /// [`MoneyError`] when amounts do not fit together.
    pub fn received(&self) -> Result<Money, MoneyError> {
        Money::sum(self.currency, self.payments.iter().map(|payment| payment.amount))
    }

    /// Money that went back.
    ///
    /// # Errors
    /// [`MoneyError`] when amounts do not fit together.
    pub fn refunded(&self) -> Result<Money, MoneyError> {
        let refunds = self.returns.iter().flat_map(|one| &one.refunds);
        Money::sum(self.currency, refunds.map(|refund| refund.amount))
    }

    /// Whether money is on its way back.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        self.returns.iter().any(|one| !one.pending.is_zero())
    }

    /// An amount with its tax, whichever way prices are stated.
    pub(super) fn gross(&self, amount: Money, tax: Money) -> Result<Money, MoneyError> {
        if self.tax_included { Ok(amount) } else { amount.plus(tax) }
    }

    /// Checks the storefront's account against itself (P6): the lines come to the stated total and the stated tax; what was
    /// given back and the refunds that went through come to what is said to have gone back. An edited order may state its
    /// total as it was before the edit; then what is left has to come to the stated rest.
    ///
    /// # Errors
    /// [`Imbalance`] with the arithmetic.
    pub fn check(&self) -> Result<(), Imbalance> {
        let mut parts = Vec::with_capacity(self.lines.len() * 2);
        for line in &self.lines {
            parts.push(self.gross(line.whole.amount()?, line.whole.tax)?);
        }
        let taxes: Vec<Money> = self.lines.iter().map(|line| line.whole.tax).collect();
        let as_stated = agree("tax", self.currency, &taxes, self.stated_tax)
            .and_then(|()| agree("the total", self.currency, &parts, self.stated_total));
        if let Err(imbalance) = as_stated {
            let goods = self.returns.iter().flat_map(|one| &one.lines).filter(|line| !line.credit.is_difference());
            for line in goods {
                parts.push(self.gross(line.credit.amount, line.credit.tax)?.negated());
            }
            agree("what is left of the order", self.currency, &parts, self.stated_current).map_err(|_| imbalance)?;
        }
        let refunds: Vec<Money> = self.returns.iter().flat_map(|one| &one.refunds).map(|one| one.amount).collect();
        agree("what went back", self.currency, &refunds, self.stated_refunded)
    }
}

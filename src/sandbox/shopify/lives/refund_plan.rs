//! What is given back, before anything has an id.

use super::Minor;

/// One refund of an order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefundPlan {
    /// Whether it comes before the goods are shipped.
    pub before_fulfilment: bool,
    /// Goods, gift cards and tips given back.
    pub lines: Vec<RefundLinePlan>,
    /// Carriage given back: index into the order's carriage, amount and tax.
    pub shipping: Vec<(usize, Minor, Minor)>,
    /// Duty given back: index into the order's lines, and amount.
    pub duties: Vec<(usize, Minor)>,
    /// Additional fees given back.
    pub fees: Minor,
    /// Differences between what was reckoned and what was paid back.
    pub adjustments: Vec<AdjustmentPlan>,
    /// Money that goes back.
    pub payments: Vec<RefundPayment>,
    /// Remark of the merchant.
    pub note: Option<String>,
}

/// Some pieces of one line given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundLinePlan {
    /// Index into the order's lines.
    pub line: usize,
    /// Pieces.
    pub quantity: i64,
    /// What they come to after discounts, with tax where prices contain it.
    pub subtotal: Minor,
    /// Their tax.
    pub tax: Minor,
    /// Where the pieces go.
    pub restock: Restock,
}

/// Where refunded pieces go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restock {
    /// They had been shipped and come back to the location of that index; 0 is the one that serves online orders.
    Return {
        /// Index into the shop's locations.
        location: usize,
    },
    /// They had not been shipped and stay where they were.
    Cancel,
    /// They do not come back into stock.
    NoRestock,
}

/// Why a refund differs from what was reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdjustmentReason {
    /// The merchant paid another sum back than was reckoned.
    Discrepancy,
    /// The money has not moved yet.
    Pending,
}

/// A difference between reckoned and paid. Positive: the buyer gets less; negative: the buyer gets more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdjustmentPlan {
    /// How much, without its tax.
    pub amount: Minor,
    /// Tax of it.
    pub tax: Minor,
    /// Why.
    pub reason: AdjustmentReason,
}

/// Money that goes back by one way of paying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundPayment {
    /// Index into the order's payments.
    pub payment: usize,
    /// How much goes back.
    pub amount: Minor,
    /// What cash rounding adds to it, already within `amount`.
    pub rounding: Minor,
    /// Whether it is still under way.
    pub pending: bool,
    /// Whether it was tried and did not go through.
    pub failed: bool,
}

impl RefundPlan {
    /// What the parts come to: the money that is to move.
    #[must_use]
    pub fn reckoned(&self, taxes_included: bool) -> Minor {
        let with_tax = |amount: Minor, tax: Minor| if taxes_included { amount } else { amount + tax };
        self.lines.iter().map(|line| with_tax(line.subtotal, line.tax)).sum::<Minor>()
            + self.shipping.iter().map(|(_, amount, tax)| with_tax(*amount, *tax)).sum::<Minor>()
            + self.duties.iter().map(|(_, amount)| amount).sum::<Minor>()
            + self.fees
            - self.adjustments.iter().map(|row| row.amount + row.tax).sum::<Minor>()
    }

    /// Money that has moved back.
    #[must_use]
    pub fn paid_back(&self) -> Minor {
        self.payments.iter().filter(|payment| !payment.pending && !payment.failed).map(|payment| payment.amount).sum()
    }

    /// What cash rounding added to the money that goes back.
    #[must_use]
    pub fn rounding(&self) -> Minor {
        self.payments.iter().filter(|payment| !payment.failed).map(|payment| payment.rounding).sum()
    }
}

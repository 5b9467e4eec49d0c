//! Keeps count of what was already given back of an order, so that parts never add up to more than the whole.
//!
//! Pieces of a line share its amount by running totals: the refund of the last piece takes exactly what is left, to the
//! smallest unit.

use super::arithmetic::{share, to_five};
use super::{AdjustmentPlan, AdjustmentReason, LineSort, Minor, OrderPlan, RefundLinePlan, RefundPayment};
use super::{RefundPlan, Restock};

/// What of an order was given back so far.
#[derive(Debug, Clone)]
pub struct RefundLedger<'plan> {
    order: &'plan OrderPlan,
    pieces: Vec<i64>,
    shipping: Vec<bool>,
    duties: Vec<bool>,
    fees: bool,
    money: Vec<Minor>,
}

impl<'plan> RefundLedger<'plan> {
    /// Nothing given back yet.
    #[must_use]
    pub fn new(order: &'plan OrderPlan) -> Self {
        Self {
            pieces: vec![0; order.lines.len()],
            shipping: vec![false; order.shipping.len()],
            duties: vec![false; order.lines.len()],
            fees: false,
            money: vec![0; order.payments.len()],
            order,
        }
    }

    /// The state after some refunds.
    #[must_use]
    pub fn after<'refund>(order: &'plan OrderPlan, refunds: impl IntoIterator<Item = &'refund RefundPlan>) -> Self {
        let mut ledger = Self::new(order);
        for refund in refunds {
            ledger.record(refund);
        }
        ledger
    }

    /// Counts a refund in.
    pub fn record(&mut self, refund: &RefundPlan) {
        for line in &refund.lines {
            self.pieces[line.line] += line.quantity;
        }
        for (carriage, ..) in &refund.shipping {
            self.shipping[*carriage] = true;
        }
        for (line, _) in &refund.duties {
            self.duties[*line] = true;
        }
        self.fees |= refund.fees != 0;
        for payment in refund.payments.iter().filter(|payment| !payment.failed) {
            self.money[payment.payment] += payment.amount;
        }
    }

    /// Pieces of a line that can still be given back.
    #[must_use]
    pub fn pieces_left(&self, line: usize) -> i64 {
        self.order.lines[line].quantity - self.pieces[line]
    }

    /// Money that can still go back.
    #[must_use]
    pub fn money_left(&self) -> Minor {
        self.order.payments.iter().zip(&self.money).map(|(paid, back)| paid.amount - back).sum()
    }

    /// Some pieces of one line, at their exact share.
    #[must_use]
    pub fn pieces_of(&self, line: usize, quantity: i64, restock: Restock) -> RefundLinePlan {
        let plan = &self.order.lines[line];
        let before = self.pieces[line];
        let part =
            |amount: Minor| share(amount, before + quantity, plan.quantity) - share(amount, before, plan.quantity);
        let tax = plan.taxes.iter().map(|tax| part(tax.amount)).sum();
        RefundLinePlan { line, quantity, subtotal: part(plan.amount()), tax, restock }
    }

    /// Carriage that was not given back yet.
    #[must_use]
    pub fn shipping_left(&self) -> Vec<(usize, Minor, Minor)> {
        let open = self.order.shipping.iter().enumerate().filter(|(index, _)| !self.shipping[*index]);
        open.map(|(index, carriage)| (index, carriage.amount(), carriage.tax())).collect()
    }

    /// Duty of lines that a refund gives back to the last piece.
    #[must_use]
    pub fn duties_of(&self, lines: &[RefundLinePlan]) -> Vec<(usize, Minor)> {
        let last = lines.iter().filter(|line| self.pieces_left(line.line) == line.quantity);
        last.map(|line| (line.line, self.order.lines[line.line].duty))
            .filter(|(line, duty)| *duty > 0 && !self.duties[*line])
            .collect()
    }

    /// Everything that is left, as when an order is cancelled.
    #[must_use]
    pub fn everything(&self, restock: Restock) -> RefundPlan {
        let lines: Vec<RefundLinePlan> = (0..self.order.lines.len())
            .filter(|line| self.pieces_left(*line) > 0)
            .map(|line| {
                let goods = self.order.lines[line].sort == LineSort::Goods;
                self.pieces_of(line, self.pieces_left(line), if goods { restock } else { Restock::NoRestock })
            })
            .collect();
        let refund = RefundPlan {
            before_fulfilment: restock == Restock::Cancel,
            duties: self.duties_of(&lines),
            lines,
            shipping: self.shipping_left(),
            fees: if self.fees { 0 } else { self.order.fees },
            ..RefundPlan::default()
        };
        self.paid(refund)
    }

    /// Adds the payments of a refund: newest way of paying first, never more than was paid. What cannot go back because it
    /// was already given away becomes an adjustment.
    #[must_use]
    pub fn paid(&self, mut refund: RefundPlan) -> RefundPlan {
        let reckoned = refund.reckoned(self.order.taxes_included);
        let in_cash = self.order.payments.len() == 1 && self.order.payments[0].gateway == "cash";
        let mut owed = if in_cash { to_five(reckoned) } else { reckoned };
        owed = owed.clamp(0, self.money_left());
        let rounding = if in_cash { owed - reckoned } else { 0 };
        if !in_cash && owed != reckoned {
            let amount = reckoned - owed;
            refund.adjustments.push(AdjustmentPlan { amount, tax: 0, reason: AdjustmentReason::Discrepancy });
        }
        for (payment, paid) in self.order.payments.iter().enumerate().rev() {
            let amount = owed.min(paid.amount - self.money[payment]);
            if amount > 0 {
                refund.payments.push(RefundPayment { payment, amount, rounding, pending: false, failed: false });
                owed -= amount;
            }
        }
        refund
    }
}

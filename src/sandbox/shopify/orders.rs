//! Orders as the shop keeps them: a plan with ids, what was shipped, what was given back.
//!
//! What comes in: an [`OrderPlan`]. What goes out: [`OrderRecord`]s for [`super::bodies`] to write and for the API to show.
//! Next in the flow: [`super::counter`] moves stock and raises the webhooks.

use jiff::Timestamp;

use super::ids::Ids;
use super::lives::{LineSort, Minor, OrderPlan, RefundLedger, RefundPlan, Restock};

/// An order that was placed.
#[derive(Debug, Clone)]
pub(super) struct OrderRecord {
    /// Id.
    pub id: u64,
    /// Number people use, without the `#`.
    pub number: u64,
    /// What was ordered.
    pub plan: OrderPlan,
    /// Ids of the lines, in order.
    pub lines: Vec<u64>,
    /// Ids of the duties, one for each line.
    pub duties: Vec<u64>,
    /// Ids of the carriage.
    pub shipping: Vec<u64>,
    /// Ids of the payments.
    pub payments: Vec<u64>,
    /// What was given back.
    pub refunds: Vec<RefundRecord>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When anything about it last changed.
    pub updated_at: Timestamp,
    /// Its shipment, once everything left was shipped.
    pub fulfilment: Option<Fulfilment>,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
}

/// A shipment of everything that was left of an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fulfilment {
    /// Id.
    pub id: u64,
    /// From where.
    pub location: u64,
    /// When.
    pub at: Timestamp,
}

/// A refund that was made.
#[derive(Debug, Clone)]
pub(super) struct RefundRecord {
    /// Id.
    pub id: u64,
    /// What was given back.
    pub plan: RefundPlan,
    /// Ids of its lines, each with the location its pieces went to.
    pub lines: Vec<(u64, Option<u64>)>,
    /// Ids of carriage given back.
    pub shipping: Vec<u64>,
    /// Ids of adjustments.
    pub adjustments: Vec<u64>,
    /// Ids of payments back.
    pub payments: Vec<u64>,
    /// When it was made.
    pub at: Timestamp,
}

impl OrderRecord {
    /// Gives ids to everything on a plan.
    pub(super) fn new(plan: OrderPlan, number: u64, ids: &mut Ids, now: Timestamp) -> Self {
        Self {
            id: ids.next(),
            number,
            lines: ids.take(plan.lines.len()),
            duties: ids.take(plan.lines.len()),
            shipping: ids.take(plan.shipping.len()),
            payments: ids.take(plan.payments.len()),
            refunds: Vec::new(),
            placed_at: now,
            updated_at: now,
            fulfilment: None,
            cancelled_at: None,
            plan,
        }
    }

    /// Records a refund. `locations` are the shop's, the one that serves online orders first.
    pub(super) fn refund(&mut self, plan: RefundPlan, locations: &[u64], ids: &mut Ids, now: Timestamp) -> usize {
        let location = |restock| match restock {
            Restock::Return { location } => locations.get(location).or(locations.first()).copied(),
            Restock::Cancel => locations.first().copied(),
            Restock::NoRestock => None,
        };
        self.refunds.push(RefundRecord {
            id: ids.next(),
            lines: plan.lines.iter().map(|line| (ids.next(), location(line.restock))).collect(),
            shipping: ids.take(plan.shipping.len()),
            adjustments: ids.take(plan.adjustments.len()),
            payments: ids.take(plan.payments.len()),
            at: now,
            plan,
        });
        self.updated_at = now;
        self.refunds.len() - 1
    }

    /// What was given back so far.
    pub(super) fn ledger(&self) -> RefundLedger<'_> {
        RefundLedger::after(&self.plan, self.refunds.iter().map(|refund| &refund.plan))
    }

    /// Pieces of a line that were not given back.
    pub(super) fn current_quantity(&self, line: usize) -> i64 {
        let back: i64 = self.refunded_lines().filter(|row| row.line == line).map(|row| row.quantity).sum();
        self.plan.lines[line].quantity - back
    }

    /// Pieces of a line that are still to be shipped.
    pub(super) fn fulfillable_quantity(&self, line: usize) -> i64 {
        let ships = self.plan.lines[line].sort == LineSort::Goods;
        if ships && self.fulfilment.is_none() { self.current_quantity(line) } else { 0 }
    }

    /// Every line of every refund.
    pub(super) fn refunded_lines(&self) -> impl Iterator<Item = &super::lives::RefundLinePlan> {
        self.refunds.iter().flat_map(|refund| &refund.plan.lines)
    }

    /// Money that came in.
    pub(super) fn captured(&self) -> Minor {
        self.plan.payments.iter().map(|payment| payment.amount).sum()
    }

    /// Money that went back.
    pub(super) fn refunded(&self) -> Minor {
        self.refunds.iter().map(|refund| refund.plan.paid_back()).sum()
    }

    /// The state of its money, in the words of webhook bodies.
    pub(super) fn financial_status(&self) -> &'static str {
        match self.refunded() {
            0 => "paid",
            back if back >= self.captured() => "refunded",
            _ => "partially_refunded",
        }
    }
}

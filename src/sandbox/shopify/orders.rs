//! Orders as the shop keeps them: a plan with ids, what was paid, shipped, given back and changed by edits.
//!
//! What comes in: an [`OrderPlan`]. What goes out: [`OrderRecord`]s for [`super::bodies`] to write and for the API to show.
//! An edit that takes pieces off is kept as the real shop keeps it, as a refund without payments; one that adds a line adds it
//! at the end. Next in the flow: [`super::counter`] moves stock and raises the webhooks.

use jiff::Timestamp;

use super::ids::Ids;
use super::lives::{LinePlan, LineSort, Minor, OrderPlan, PaymentPlan, RefundLedger, RefundPlan, Restock};

/// An order that was placed.
#[derive(Debug, Clone)]
pub(super) struct OrderRecord {
    /// Id.
    pub id: u64,
    /// Number people use, without the `#`.
    pub number: u64,
    /// What was ordered, with every edit, and the payments that were made.
    pub plan: OrderPlan,
    /// Ids of the lines, in order.
    pub lines: Vec<u64>,
    /// Ids of the duties, one for each line.
    pub duties: Vec<u64>,
    /// Ids of the carriage.
    pub shipping: Vec<u64>,
    /// Ids of the payments.
    pub payments: Vec<u64>,
    /// What was given back or taken off.
    pub refunds: Vec<RefundRecord>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When anything about it last changed.
    pub updated_at: Timestamp,
    /// Its shipments.
    pub shipments: Vec<Shipment>,
    /// Edits so far.
    pub edits: u32,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
}

/// A shipment of some pieces from one place.
#[derive(Debug, Clone)]
pub(super) struct Shipment {
    /// Id.
    pub id: u64,
    /// From where.
    pub location: u64,
    /// When.
    pub at: Timestamp,
    /// Line and pieces.
    pub pieces: Vec<(usize, i64)>,
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
    /// How many pieces of each line had not been shipped.
    pub unshipped: Vec<i64>,
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
            shipments: Vec::new(),
            edits: 0,
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
        let unshipped = |row: &super::lives::RefundLinePlan| match row.restock {
            Restock::Return { .. } => 0,
            Restock::Cancel => row.quantity,
            // What nobody shipped goes first, as nothing has to come back for it.
            Restock::NoRestock => row.quantity.min(self.fulfillable_quantity(row.line)),
        };
        self.refunds.push(RefundRecord {
            id: ids.next(),
            lines: plan.lines.iter().map(|line| (ids.next(), location(line.restock))).collect(),
            unshipped: plan.lines.iter().map(unshipped).collect(),
            shipping: ids.take(plan.shipping.len()),
            adjustments: ids.take(plan.adjustments.len()),
            payments: ids.take(plan.payments.len()),
            at: now,
            plan,
        });
        self.updated_at = now;
        self.refunds.len() - 1
    }

    /// Adds a line, as an edit does.
    pub(super) fn add_line(&mut self, line: LinePlan, ids: &mut Ids) -> usize {
        self.plan.lines.push(line);
        self.lines.push(ids.next());
        self.duties.push(ids.next());
        self.lines.len() - 1
    }

    /// Takes a payment.
    pub(super) fn pay(&mut self, payment: PaymentPlan, ids: &mut Ids) -> usize {
        self.plan.payments.push(payment);
        self.payments.push(ids.next());
        self.payments.len() - 1
    }

    /// Ships everything that is left from one place.
    pub(super) fn ship_all(&mut self, id: u64, location: u64, at: Timestamp) {
        let open = (0..self.lines.len()).map(|line| (line, self.fulfillable_quantity(line)));
        let pieces = open.filter(|(_, pieces)| *pieces > 0).collect();
        self.shipments.push(Shipment { id, location, at, pieces });
        self.updated_at = at;
    }

    /// What was given back so far.
    pub(super) fn ledger(&self) -> RefundLedger<'_> {
        RefundLedger::after(&self.plan, self.refunds.iter().map(|refund| &refund.plan))
    }

    /// Pieces of a line that were neither given back nor taken off.
    pub(super) fn current_quantity(&self, line: usize) -> i64 {
        let back: i64 = self.refunded_lines().filter(|row| row.line == line).map(|row| row.quantity).sum();
        self.plan.lines[line].quantity - back
    }

    /// Pieces of a line that were shipped.
    pub(super) fn shipped_quantity(&self, line: usize) -> i64 {
        self.shipments.iter().flat_map(|one| &one.pieces).filter(|(of, _)| *of == line).map(|(_, pieces)| pieces).sum()
    }

    /// Pieces of a line that were shipped and have not come back.
    pub(super) fn with_buyer(&self, line: usize) -> i64 {
        let rows = self.refunds.iter().flat_map(|refund| refund.plan.lines.iter().zip(&refund.unshipped));
        let back: i64 = rows.filter(|(row, _)| row.line == line).map(|(row, unshipped)| row.quantity - unshipped).sum();
        self.shipped_quantity(line) - back
    }

    /// Pieces of a line that are still to be shipped.
    pub(super) fn fulfillable_quantity(&self, line: usize) -> i64 {
        if self.plan.lines[line].sort != LineSort::Goods {
            return 0;
        }
        let rows = self.refunds.iter().flat_map(|refund| refund.plan.lines.iter().zip(&refund.unshipped));
        let off: i64 = rows.filter(|(row, _)| row.line == line).map(|(_, unshipped)| *unshipped).sum();
        self.plan.lines[line].quantity - self.shipped_quantity(line) - off
    }

    /// Whether nothing is left to be shipped.
    pub(super) fn nothing_to_ship(&self) -> bool {
        (0..self.lines.len()).all(|line| self.fulfillable_quantity(line) == 0)
    }

    /// Whether something was shipped and nothing is left to be.
    pub(super) fn is_fulfilled(&self) -> bool {
        !self.shipments.is_empty() && self.nothing_to_ship()
    }

    /// The state of its shipping, in the words of webhook bodies.
    pub(super) fn fulfillment_status(&self) -> Option<&'static str> {
        match (self.shipments.is_empty(), self.nothing_to_ship()) {
            (true, _) => None,
            (false, true) => Some("fulfilled"),
            (false, false) => Some("partial"),
        }
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

    /// What is left of its total after edits and refunds, as the shop states it: without differences and rounding.
    pub(super) fn current_total(&self) -> Minor {
        let included = self.plan.taxes_included;
        let back =
            |refund: &RefundRecord| RefundPlan { adjustments: Vec::new(), ..refund.plan.clone() }.reckoned(included);
        self.plan.totals().total - self.refunds.iter().map(back).sum::<Minor>()
    }

    /// What it comes to after edits and refunds, differences the merchant kept or gave counted in.
    pub(super) fn worth(&self) -> Minor {
        let back = |refund: &RefundRecord| refund.plan.reckoned(self.plan.taxes_included) + refund.plan.rounding();
        let back: Minor = self.refunds.iter().map(back).sum();
        self.plan.totals().to_pay - back
    }

    /// What the buyer still has to pay; below zero: what the shop owes the buyer.
    pub(super) fn outstanding(&self) -> Minor {
        self.worth() - (self.captured() - self.refunded())
    }

    /// The state of its money, in the words of webhook bodies.
    pub(super) fn financial_status(&self) -> &'static str {
        let (captured, back) = (self.captured(), self.refunded());
        match back {
            0 if captured == 0 && self.cancelled_at.is_some() => "voided",
            0 if captured == 0 && self.outstanding() > 0 => "pending",
            _ if self.outstanding() > 0 && self.cancelled_at.is_none() => "partially_paid",
            0 => "paid",
            back if back >= captured => "refunded",
            _ => "partially_refunded",
        }
    }
}

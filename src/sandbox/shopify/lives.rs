//! Invented lives of orders: what was bought, how it was paid, what came back.
//!
//! What comes in: a seed, a currency, whether prices contain tax, and a catalogue. What goes out: a [`Life`] — an
//! [`OrderPlan`], up to three [`RefundPlan`]s and the totals that must be found in the books afterwards. All arithmetic is on
//! whole smallest units and shares nothing with the adapters, so that agreement between the two proves something.
//! Next in the flow: [`super::ShopSandbox::place_order`] plays a plan in a running shop; [`Life::order_fulfilled_body`] and
//! [`Life::refund_bodies`] write the webhook bodies without one.

mod arithmetic;
mod edit_plan;
mod expected;
mod generate;
mod order_plan;
mod refund_ledger;
mod refund_plan;
mod refunds;
mod render;

pub use edit_plan::EditPlan;
pub(super) use expected::money;
pub use expected::{Expected, GoodsMoved};
pub use generate::invented_catalogue;
pub(super) use order_plan::minor;
pub use order_plan::{
    BuyerPlan, Carriage, DiscountMethod, DiscountPlan, LineIds, LinePlan, LineSort, Minor, OrderPlan, PaymentPlan,
    SkuInfo, TaxPlan, Totals,
};
pub use refund_ledger::RefundLedger;
pub use refund_plan::{AdjustmentPlan, AdjustmentReason, RefundLinePlan, RefundPayment, RefundPlan, Restock};

use crate::domain::Currency;
use crate::sandbox::dice::Dice;

/// One order from its placing to its last refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// Where the randomness came from; the same seed gives the same life.
    pub seed: u64,
    /// What is ordered and how it is paid.
    pub order: OrderPlan,
    /// What is given back, in order; those with [`RefundPlan::before_fulfilment`] come first.
    pub refunds: Vec<RefundPlan>,
}

impl Life {
    /// Invents a life. An empty catalogue gives an order of a tip alone.
    #[must_use]
    pub fn generate(seed: u64, currency: Currency, taxes_included: bool, catalogue: &[SkuInfo]) -> Self {
        let mut dice = Dice::new(seed);
        let order = generate::order(&mut dice, currency, taxes_included, catalogue);
        let refunds = refunds::refunds(&mut dice, &order);
        Self { seed, order, refunds }
    }

    /// What must be found in the books when the life is over.
    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected::of(self)
    }
}

#[cfg(test)]
mod tests;

//! What must be found in the books when a life is over.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{Life, LineSort, Minor, Restock};
use crate::domain::{Currency, Money};

/// Totals of one life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Money that came in.
    pub captured: Money,
    /// Money that went back.
    pub refunded: Money,
    /// Goods by SKU.
    pub goods: BTreeMap<String, GoodsMoved>,
}

/// What became of the pieces of one SKU. A shelf changes by `restocked - ordered`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GoodsMoved {
    /// Pieces sold.
    pub ordered: i64,
    /// Pieces that left the shop; those cancelled before shipping did not.
    pub shipped: i64,
    /// Pieces that a refund put back, whether they came back or never left.
    pub restocked: i64,
}

impl Expected {
    pub(super) fn of(life: &Life) -> Self {
        let mut goods: BTreeMap<String, GoodsMoved> = BTreeMap::new();
        let sku = |line: usize| {
            let line = &life.order.lines[line];
            if line.sort == LineSort::Goods { line.sku.clone() } else { None }
        };
        for (index, line) in life.order.lines.iter().enumerate() {
            if let Some(sku) = sku(index) {
                let moved = goods.entry(sku).or_default();
                moved.ordered += line.quantity;
                moved.shipped += line.quantity;
            }
        }
        for refund in &life.refunds {
            for line in &refund.lines {
                if let Some(moved) = sku(line.line).and_then(|sku| goods.get_mut(&sku)) {
                    if line.restock != Restock::NoRestock {
                        moved.restocked += line.quantity;
                    }
                    if refund.before_fulfilment {
                        moved.shipped -= line.quantity;
                    }
                }
            }
        }
        let currency = life.order.currency;
        Self {
            captured: money(life.order.payments.iter().map(|payment| payment.amount).sum(), currency),
            refunded: money(life.refunds.iter().map(super::RefundPlan::paid_back).sum(), currency),
            goods,
        }
    }
}

/// Smallest units as money.
pub(in super::super) fn money(amount: Minor, currency: Currency) -> Money {
    Money::rounded(Decimal::new(amount, currency.decimals()), currency)
}

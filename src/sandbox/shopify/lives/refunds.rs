//! Invents what is given back: some pieces, carriage, everything; more or less money than reckoned.

use super::generate::least_price;
use super::{AdjustmentPlan, AdjustmentReason, LineSort, OrderPlan, RefundLedger, RefundLinePlan, RefundPlan, Restock};
use crate::sandbox::dice::Dice;

/// Invents up to three refunds; each moves some money.
pub(super) fn refunds(dice: &mut Dice, order: &OrderPlan) -> Vec<RefundPlan> {
    let wanted = match dice.between(0, 9) {
        0..=3 => 0,
        4..=6 => 1,
        7 | 8 => 2,
        _ => 3,
    };
    let mut ledger = RefundLedger::new(order);
    let mut refunds = Vec::new();
    for turn in 0..wanted {
        let before_fulfilment = turn == 0 && dice.one_in(5);
        let refund = one_refund(dice, order, &ledger, before_fulfilment);
        if refund.payments.is_empty() {
            break;
        }
        ledger.record(&refund);
        refunds.push(refund);
    }
    refunds
}

fn one_refund(dice: &mut Dice, order: &OrderPlan, ledger: &RefundLedger<'_>, before_fulfilment: bool) -> RefundPlan {
    if !before_fulfilment && dice.one_in(4) {
        let restock = after_shipping(dice);
        return ledger.everything(restock);
    }
    let mut refund = RefundPlan {
        before_fulfilment,
        lines: some_pieces(dice, order, ledger, before_fulfilment),
        note: dice.one_in(3).then(|| "Arrived damaged".to_owned()),
        ..RefundPlan::default()
    };
    refund.duties = ledger.duties_of(&refund.lines);
    if dice.one_in(3) {
        refund.shipping = ledger.shipping_left();
    }
    let reckoned = refund.reckoned(order.taxes_included);
    if let Some(amount) = difference(dice, order, reckoned) {
        refund.adjustments.push(AdjustmentPlan { amount, tax: 0, reason: AdjustmentReason::Discrepancy });
    }
    ledger.paid(refund)
}

/// Now and then the merchant keeps something back, or gives something on top.
fn difference(dice: &mut Dice, order: &OrderPlan, reckoned: i64) -> Option<i64> {
    match dice.between(0, 5) {
        0 if reckoned > 1 => Some(dice.between(1, reckoned / 2)),
        1 => Some(-dice.between(1, least_price(order))),
        _ => None,
    }
}

fn some_pieces(
    dice: &mut Dice,
    order: &OrderPlan,
    ledger: &RefundLedger<'_>,
    before_fulfilment: bool,
) -> Vec<RefundLinePlan> {
    let goods = |line: &usize| order.lines[*line].sort == LineSort::Goods && ledger.pieces_left(*line) > 0;
    let open: Vec<usize> = (0..order.lines.len()).filter(goods).collect();
    let mut lines = Vec::new();
    for (turn, line) in open.iter().enumerate() {
        if turn > 0 && !dice.one_in(3) {
            continue;
        }
        let restock = if before_fulfilment { Restock::Cancel } else { after_shipping(dice) };
        let left = ledger.pieces_left(*line);
        // Something must remain to be shipped, or the order would be cancelled instead.
        let most = if before_fulfilment { left - 1 } else { left };
        if most > 0 {
            lines.push(ledger.pieces_of(*line, dice.between(1, most), restock));
        }
    }
    lines
}

fn after_shipping(dice: &mut Dice) -> Restock {
    match dice.between(0, 4) {
        0 | 1 => Restock::Return { location: 0 },
        2 => Restock::Return { location: 1 },
        _ => Restock::NoRestock,
    }
}

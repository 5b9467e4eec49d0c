//! Refunds, and pieces that an edit took off, which the shop keeps as refunds without payments.

use jiff::Timestamp;

use super::super::graphql::{number, read_refund};
use super::movements::gateway;
use super::{shop, unreadable};
use crate::domain::{
    CallError, CreditLine, Currency, DocumentRef, LineKind, Money, OrderLine, OrderReturn, Payment, ReturnedLine,
};

/// A refund with all of its lines; what is left has everything else.
pub(super) struct Found {
    pub lines: Vec<read_refund::ReadRefundRefundRefundLineItemsNodes>,
    pub rest: read_refund::ReadRefundRefund,
}

/// One refund of an order with these lines.
pub(super) fn one(
    id: &str,
    at: Timestamp,
    found: Found,
    order: &[OrderLine],
    currency: Currency,
) -> Result<OrderReturn, CallError> {
    let Found { lines: rows, rest } = found;
    let mut lines = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        lines.push(goods(row, place, order, currency)?);
    }
    for row in &rest.refund_shipping_lines.nodes {
        let (amount, tax) = (shop!(row.subtotal_amount_set, currency)?, shop!(row.tax_amount_set, currency)?);
        lines.push(other(format!("shipping:{}", number(&row.id)), LineKind::Shipping, "Shipping", amount, tax));
    }
    for (place, row) in rest.duties.iter().flatten().enumerate() {
        let duty = row.original_duty.as_ref().map_or_else(|| place.to_string(), |duty| number(&duty.id).to_owned());
        let amount = shop!(row.amount_set, currency)?;
        lines.push(other(format!("duty:{duty}"), LineKind::Duty, "Import duty", amount, Money::zero(currency)));
    }
    for row in &rest.order_adjustments.nodes {
        use read_refund::OrderAdjustmentDiscrepancyReason as Reason;
        // It stands for money that is still on its way, which the transactions say themselves.
        if row.reason == Some(Reason::PENDING_REFUND_DISCREPANCY) {
            continue;
        }
        let (amount, tax) = (shop!(row.amount_set, currency)?, shop!(row.tax_amount_set, currency)?);
        let line = format!("adjustment:{}", number(&row.id));
        lines.push(other(line, LineKind::Adjustment, "Refund adjustment", amount.negated(), tax.negated()));
    }
    lines.retain(|line| line.of.is_some() || !(line.credit.amount.is_zero() && line.credit.tax.is_zero()));
    let mut money = RefundMoney::new(currency);
    for row in &rest.transactions.nodes {
        money.sort(row, currency)?;
    }
    if !money.rounding.is_zero() {
        lines.push(other(
            "rounding".into(),
            LineKind::Adjustment,
            "Cash rounding",
            money.rounding,
            Money::zero(currency),
        ));
    }
    let reference = DocumentRef::parse(format!("refund:{}", number(id))).map_err(|error| unreadable(&error))?;
    Ok(OrderReturn {
        reference,
        at,
        lines,
        refunds: money.refunds,
        pending: money.pending,
        failed: money.failed,
        without_money: rest.transactions.nodes.is_empty(),
    })
}

/// Gives the fees that went back to the refunds they went back with: the API says only how much it was in all, and a refund's
/// other lines say how much of its money they do not explain.
pub(super) fn share_fees(refunds: &mut [OrderReturn], fees: Money, tax_included: bool) -> Result<(), CallError> {
    let mut left = fees;
    for one in refunds.iter_mut() {
        if left.is_zero() || left.is_negative() {
            break;
        }
        let unexplained = unexplained(one, left, tax_included).map_err(|error| unreadable(&error))?;
        if unexplained.is_negative() || unexplained.is_zero() {
            continue;
        }
        let part = if unexplained.amount() < left.amount() { unexplained } else { left };
        left = left.minus(part).map_err(|error| unreadable(&error))?;
        one.lines.push(other("fees".into(), LineKind::Fee, "Additional fees", part, Money::zero(part.currency())));
    }
    Ok(())
}

/// A refund's money, moved or not, less what its lines come to.
fn unexplained(one: &OrderReturn, like: Money, tax_included: bool) -> Result<Money, crate::domain::MoneyError> {
    let mut rest = one.pending.plus(one.failed)?.plus(Money::zero(like.currency()))?;
    for refund in &one.refunds {
        rest = rest.plus(refund.amount)?;
    }
    for line in &one.lines {
        rest = rest.minus(line.credit.amount)?;
        if !tax_included {
            rest = rest.minus(line.credit.tax)?;
        }
    }
    Ok(rest)
}

/// A refund's money by how far it has come.
struct RefundMoney {
    refunds: Vec<Payment>,
    rounding: Money,
    pending: Money,
    failed: Money,
}

impl RefundMoney {
    fn new(currency: Currency) -> Self {
        let nothing = Money::zero(currency);
        Self { refunds: Vec::new(), rounding: nothing, pending: nothing, failed: nothing }
    }

    fn sort(&mut self, row: &read_refund::Movement, currency: Currency) -> Result<(), CallError> {
        use read_refund::{OrderTransactionKind as Kind, OrderTransactionStatus as Status};
        if row.kind != Kind::REFUND {
            return Ok(());
        }
        let rounding = row.amount_rounding_set.as_ref().map(|set| shop!(set, currency)).transpose()?;
        let rounding = rounding.unwrap_or(Money::zero(currency));
        let add = |one: Money, other: Money| one.plus(other).map_err(|error| unreadable(&error));
        let stated = shop!(row.amount_set, currency)?;
        let amount = add(stated, rounding)?;
        match row.status {
            Status::SUCCESS => {
                self.rounding = add(self.rounding, rounding)?;
                if !amount.is_zero() {
                    self.refunds.push(Payment {
                        reference: Some(number(&row.id).to_owned()),
                        gateway: gateway(row.gateway.as_ref()),
                        amount,
                    });
                }
            }
            Status::PENDING | Status::AWAITING_RESPONSE => self.pending = add(self.pending, amount)?,
            // Cash that did not go back was not rounded either: all of it is still owed.
            _ => self.failed = add(self.failed, stated)?,
        }
        Ok(())
    }
}

fn goods(
    row: &read_refund::ReadRefundRefundRefundLineItemsNodes,
    place: usize,
    order: &[OrderLine],
    currency: Currency,
) -> Result<ReturnedLine, CallError> {
    use read_refund::RefundLineItemRestockType as Restock;
    let of = number(&row.line_item.id).to_owned();
    let taken_off = row.restock_type == Restock::CANCEL;
    let sold = order.iter().find(|line| line.whole.line == of).map(|line| &line.whole);
    Ok(ReturnedLine {
        credit: CreditLine {
            line: row.id.as_deref().map_or_else(|| format!("line:{place}"), |id| number(id).to_owned()),
            kind: sold.map_or(LineKind::Goods, |sold| sold.kind),
            sku: sold.and_then(|sold| sold.sku.clone()),
            variant: sold.and_then(|sold| sold.variant.clone()),
            title: sold.map_or_else(|| "Returned goods".into(), |sold| sold.title.clone()),
            quantity: row.quantity,
            amount: shop!(row.subtotal_set, currency)?,
            tax: shop!(row.total_tax_set, currency)?,
            restock: matches!(row.restock_type, Restock::RETURN | Restock::CANCEL | Restock::LEGACY_RESTOCK),
            never_left: taken_off,
            // What was cancelled before it left goes back to where it was booked, whichever place would have shipped it.
            location: row.location.as_ref().filter(|_| !taken_off).map(|location| number(&location.id).to_owned()),
            barcode: sold.and_then(|sold| sold.barcode.clone()),
        },
        of: Some(of),
        taken_off,
    })
}

fn other(line: String, kind: LineKind, title: &str, amount: Money, tax: Money) -> ReturnedLine {
    ReturnedLine { of: None, credit: CreditLine::other(line, kind, title, amount, tax), taken_off: false }
}

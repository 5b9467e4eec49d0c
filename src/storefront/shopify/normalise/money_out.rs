//! The money of a refund, in the shop's currency: what went out, and what is still on its way.
//!
//! A transaction states one currency, the one the buyer paid in. Where that is not the shop's, the amount in the shop's
//! currency is known only if the refund's lines come to exactly the same sum in the buyer's: then what they come to in the
//! shop's currency is what was paid out. No exchange rate is guessed.

use rust_decimal::Decimal;

use super::ledger::{Ledger, Unclear};
use super::wire::{Cash, MoneySet, OrderAdjustment, Refund, Rounding, Transaction};
use crate::domain::{CreditLine, Currency, LineKind, Money, Payment};

/// See the module.
#[derive(Debug)]
pub(super) struct MoneyOut {
    pub refunds: Vec<Payment>,
    pub pending: Money,
    rounding: Money,
}

impl MoneyOut {
    /// Cash is rounded when it is handed out, which a transaction states beside its amount; the lines do not know, so the
    /// difference is a line of its own.
    pub fn rounding_line(&self, ledger: Ledger) -> Option<CreditLine> {
        let nothing = ledger.zero();
        let line = CreditLine::other("rounding".into(), LineKind::Adjustment, "Cash rounding", self.rounding, nothing);
        (!self.rounding.is_zero()).then_some(line)
    }
}

/// Sorts a refund's transactions by whether their money has moved.
pub(super) fn money_out(ledger: Ledger, refund: &Refund) -> Result<MoneyOut, Unclear> {
    let refunds = refund.transactions.iter().filter(|one| one.kind.as_deref() == Some("refund"));
    let (mut moved, mut pending) = (Vec::new(), Vec::new());
    for transaction in refunds {
        match transaction.status.as_deref() {
            Some("success") => moved.push(transaction),
            Some("pending" | "awaiting_response") => pending.push(transaction),
            _ => {}
        }
    }
    let all: Vec<&Transaction> = moved.iter().chain(&pending).copied().collect();
    let amounts = in_shop_currency(ledger, refund, &all)?;
    let (moved_amounts, pending_amounts) = amounts.split_at(moved.len());
    let mut money = MoneyOut {
        refunds: Vec::new(),
        pending: ledger.sum("pending refunds", pending_amounts.iter().copied())?,
        rounding: ledger.zero(),
    };
    for (transaction, amount) in moved.iter().zip(moved_amounts) {
        let rounding = match &transaction.amount_rounding {
            Some(Rounding::Plain(rounding)) if foreign(ledger, transaction)?.is_none() => {
                ledger.money("`amount_rounding`", *rounding)?
            }
            Some(Rounding::Set(set)) => ledger.or_zero("`amount_rounding`", Some(set), None)?,
            _ => ledger.zero(),
        };
        let paid = ledger.sum("a refund with its rounding", [*amount, rounding])?;
        money.rounding = ledger.sum("cash rounding", [money.rounding, rounding])?;
        if !paid.is_zero() {
            money.refunds.push(Payment {
                reference: transaction.id.as_ref().map(ToString::to_string),
                gateway: transaction
                    .gateway
                    .clone()
                    .filter(|name| !name.is_empty())
                    .unwrap_or_else(|| "unknown".into()),
                amount: paid,
            });
        }
    }
    Ok(money)
}

/// The currency of a transaction, if it is not the shop's.
fn foreign(ledger: Ledger, transaction: &Transaction) -> Result<Option<Currency>, Unclear> {
    let Some(code) = transaction.currency.as_deref().filter(|code| !code.is_empty()) else { return Ok(None) };
    let currency =
        Currency::parse(code).map_err(|error| Unclear::Amount { what: "`currency` of a transaction", error })?;
    Ok((currency != ledger.currency).then_some(currency))
}

fn in_shop_currency(ledger: Ledger, refund: &Refund, transactions: &[&Transaction]) -> Result<Vec<Money>, Unclear> {
    let mut abroad = None;
    for transaction in transactions {
        abroad = abroad.or(foreign(ledger, transaction)?);
    }
    let stated = |one: &&Transaction| one.amount.ok_or(Unclear::Missing("transactions[].amount"));
    let stated = transactions.iter().map(stated).collect::<Result<Vec<_>, _>>()?;
    let Some(currency) = abroad else {
        return stated.into_iter().map(|amount| ledger.money("`amount` of a transaction", amount)).collect();
    };
    let paid = sum(stated.iter().map(|amount| amount.0))?;
    let unknown = Unclear::ForeignMoney { paid, currency, shop: ledger.currency };
    let Some(home) = home_total(ledger, refund, currency, paid)? else { return Err(unknown) };
    // One transaction takes all of it; of several each takes its share, and the last what is left.
    let mut left = home;
    let mut amounts = Vec::with_capacity(stated.len());
    for (at, amount) in stated.iter().enumerate() {
        let share = if at + 1 == stated.len() {
            left
        } else {
            let share = amount.0.checked_div(paid).and_then(|part| part.checked_mul(home.amount()));
            Money::rounded(share.unwrap_or_default(), ledger.currency)
        };
        left = ledger.sum("shares of a refund", [left, share.negated()])?;
        amounts.push(share);
    }
    Ok(amounts)
}

/// What the refund's lines come to in the shop's currency, if they come to `paid` in the buyer's: with or without their taxes,
/// with or without the adjustments (which stand in for money that is still on its way).
fn home_total(ledger: Ledger, refund: &Refund, abroad: Currency, paid: Decimal) -> Result<Option<Money>, Unclear> {
    let lines = || refund.refund_line_items.iter();
    let carriage = || refund.refund_shipping_lines.iter();
    let kept = || refund.order_adjustments.iter();
    let amounts: Vec<Option<&MoneySet>> = lines()
        .map(|line| line.subtotal_set.as_ref())
        .chain(carriage().map(|line| line.subtotal_amount_set.as_ref()))
        .chain([refund.total_duties_set.as_ref(), refund.total_additional_fees_set.as_ref()])
        .collect();
    let taxes: Vec<Option<&MoneySet>> = lines()
        .map(|line| line.total_tax_set.as_ref())
        .chain(carriage().map(|line| line.tax_amount_set.as_ref()))
        .collect();
    let kept_amounts: Vec<_> = kept().map(|one: &OrderAdjustment| one.amount_set.as_ref()).collect();
    let kept_taxes: Vec<_> = kept().map(|one| one.tax_amount_set.as_ref()).collect();
    for (with_taxes, with_kept) in [(false, true), (true, true), (false, false), (true, false)] {
        let mut parts: Vec<(Option<&MoneySet>, Decimal)> = amounts.iter().map(|set| (*set, Decimal::ONE)).collect();
        if with_taxes {
            parts.extend(taxes.iter().map(|set| (*set, Decimal::ONE)));
        }
        if with_kept {
            parts.extend(kept_amounts.iter().map(|set| (*set, Decimal::NEGATIVE_ONE)));
        }
        if with_kept && with_taxes {
            parts.extend(kept_taxes.iter().map(|set| (*set, Decimal::NEGATIVE_ONE)));
        }
        let there = side_total(&parts, abroad, |set| set.presentment_money.as_ref())?;
        if there == Some(paid)
            && let Some(home) = side_total(&parts, ledger.currency, |set| set.shop_money.as_ref())?
        {
            let home = Money::new(home, ledger.currency);
            return home.map(Some).map_err(|error| Unclear::Amount { what: "the refund's lines", error });
        }
    }
    Ok(None)
}

/// The sum of one side of these sets, if all of them are in that currency.
fn side_total(
    parts: &[(Option<&MoneySet>, Decimal)],
    currency: Currency,
    side: fn(&MoneySet) -> Option<&Cash>,
) -> Result<Option<Decimal>, Unclear> {
    let cash: Vec<(&Cash, Decimal)> = parts.iter().filter_map(|(set, sign)| Some((side((*set)?)?, *sign))).collect();
    if cash.iter().any(|(cash, _)| Currency::parse(&cash.currency_code) != Ok(currency)) {
        return Ok(None);
    }
    let signed = cash.iter().map(|(cash, sign)| cash.amount.0 * sign);
    sum(signed).map(Some)
}

fn sum(amounts: impl IntoIterator<Item = Decimal>) -> Result<Decimal, Unclear> {
    let add = |total: Decimal, amount| total.checked_add(amount);
    let error = crate::domain::MoneyError::TooLarge;
    amounts.into_iter().try_fold(Decimal::ZERO, add).ok_or(Unclear::Amount { what: "a refund's sum", error })
}

//! An order's transactions: what came in, what went back.

use super::super::graphql::{number, read_order};
use super::{shop, unreadable};
use crate::domain::{CallError, Currency, Money, Payment};

type Movement = read_order::Movement;

/// Money of an order that moved.
pub(super) struct Moved {
    /// Payments, change that was given taken off.
    pub payments: Vec<Payment>,
    /// Cash rounding within them.
    pub rounding: Money,
    /// All that went back.
    pub refunded: Money,
}

/// Sorts transactions that went through.
pub(super) fn sort(transactions: &[Movement], currency: Currency) -> Result<Moved, CallError> {
    use read_order::{OrderTransactionKind as Kind, OrderTransactionStatus as Status};
    let nothing = Money::zero(currency);
    let mut moved = Moved { payments: Vec::new(), rounding: nothing, refunded: nothing };
    let mut change = Vec::new();
    for transaction in transactions.iter().filter(|one| one.status == Status::SUCCESS) {
        // The amount is stated before cash was rounded, and the rounding beside it.
        let rounding = transaction.amount_rounding_set.as_ref().map(|set| shop!(set, currency)).transpose()?;
        let rounding = rounding.unwrap_or(nothing);
        let amount = shop!(transaction.amount_set, currency)?.plus(rounding).map_err(|error| unreadable(&error))?;
        match transaction.kind {
            Kind::SALE | Kind::CAPTURE => {
                moved.rounding = moved.rounding.plus(rounding).map_err(|error| unreadable(&error))?;
                moved.payments.push(Payment {
                    reference: Some(number(&transaction.id).to_owned()),
                    gateway: gateway(transaction.gateway.as_ref()),
                    amount,
                });
            }
            Kind::CHANGE => change.push((transaction, amount)),
            Kind::REFUND => moved.refunded = moved.refunded.plus(amount).map_err(|error| unreadable(&error))?,
            _ => {}
        }
    }
    for (transaction, amount) in change {
        let parent = transaction.parent_transaction.as_ref().map(|parent| number(&parent.id).to_owned());
        let of_parent = moved.payments.iter().position(|payment| parent.is_some() && payment.reference == parent);
        let of_gateway =
            moved.payments.iter().position(|payment| Some(&payment.gateway) == transaction.gateway.as_ref());
        let Some(at) = of_parent.or(of_gateway) else {
            return Err(CallError::Rejected(format!("change of {amount} was given, but no payment in cash is known")));
        };
        moved.payments[at].amount = moved.payments[at].amount.minus(amount).map_err(|error| unreadable(&error))?;
    }
    moved.payments.retain(|payment| !payment.amount.is_zero());
    Ok(moved)
}

/// The shop's word for a way of paying.
pub(super) fn gateway(name: Option<&String>) -> String {
    name.filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| "unknown".into())
}

//! Reads amounts of one document in the shop's currency.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::amount::Amount;
use super::wire::{Cash, MoneySet, TaxLine};
use crate::domain::{BadName, Currency, Money, MoneyError};

/// Why a body cannot become a document. Never carries personal data.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unclear {
    /// The JSON cannot be read.
    #[error("{0}")]
    Body(String),
    /// A field that is needed is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A time is not one.
    #[error("`{0}` is not a time with an offset")]
    Time(&'static str),
    /// Amounts do not fit the currency or each other.
    #[error("{what}: {error}")]
    Amount {
        /// Which amount.
        what: &'static str,
        /// What is wrong.
        error: MoneyError,
    },
    /// A reference cannot be made.
    #[error(transparent)]
    Name(#[from] BadName),
    /// Money moved in the buyer's currency, and what that is in the shop's cannot be told.
    #[error(
        "the refund paid out {paid} {currency}, but its lines come to another sum in that currency, so the amount in {shop} \
         is not known: write the credit note by hand"
    )]
    ForeignMoney {
        /// What was paid out.
        paid: Decimal,
        /// In which currency.
        currency: Currency,
        /// The shop's currency.
        shop: Currency,
    },
}

/// Reads amounts in one currency.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ledger {
    pub currency: Currency,
}

impl Ledger {
    /// For a document in the currency of that code.
    pub fn new(code: &str) -> Result<Self, Unclear> {
        let currency = Currency::parse(code).map_err(|error| Unclear::Amount { what: "`currency`", error })?;
        Ok(Self { currency })
    }

    pub fn zero(self) -> Money {
        Money::zero(self.currency)
    }

    /// An amount in the shop's currency.
    pub fn money(self, what: &'static str, amount: Amount) -> Result<Money, Unclear> {
        Money::new(amount.0, self.currency).map_err(|error| Unclear::Amount { what, error })
    }

    /// The set's shop money, else the plain amount, which is in the shop's currency too; else nothing.
    pub fn either(
        self,
        what: &'static str,
        set: Option<&MoneySet>,
        plain: Option<Amount>,
    ) -> Result<Option<Money>, Unclear> {
        match set.and_then(|set| set.shop_money.as_ref()) {
            Some(cash) => self.cash(what, cash).map(Some),
            None => plain.map(|amount| self.money(what, amount)).transpose(),
        }
    }

    /// As [`Ledger::either`], nothing being zero.
    pub fn or_zero(self, what: &'static str, set: Option<&MoneySet>, plain: Option<Amount>) -> Result<Money, Unclear> {
        Ok(self.either(what, set, plain)?.unwrap_or_else(|| self.zero()))
    }

    /// An amount that says its currency, which has to be the document's.
    pub fn cash(self, what: &'static str, cash: &Cash) -> Result<Money, Unclear> {
        let money = Currency::parse(&cash.currency_code)
            .and_then(|currency| Money::new(cash.amount.0, currency))
            .and_then(|money| self.zero().plus(money));
        money.map_err(|error| Unclear::Amount { what, error })
    }

    /// The sum of amounts.
    pub fn sum(self, what: &'static str, amounts: impl IntoIterator<Item = Money>) -> Result<Money, Unclear> {
        Money::sum(self.currency, amounts).map_err(|error| Unclear::Amount { what, error })
    }

    /// All taxes of a line. Taxes that a marketplace pays in are part of the order's stated tax too, so they count.
    pub fn taxes(self, lines: &[TaxLine]) -> Result<Money, Unclear> {
        let each = lines.iter().map(|line| self.or_zero("a tax line", line.price_set.as_ref(), line.price));
        let each = each.collect::<Result<Vec<_>, _>>()?;
        self.sum("the taxes of a line", each)
    }
}

/// The first of these times that is there.
pub(super) fn time(candidates: &[(&'static str, Option<&String>)]) -> Result<Timestamp, Unclear> {
    let (name, text) = candidates
        .iter()
        .find_map(|(name, text)| text.map(|text| (*name, text)))
        .ok_or(Unclear::Missing("created_at"))?;
    text.parse().map_err(|_| Unclear::Time(name))
}

/// A text without blanks around it, or nothing.
pub(super) fn text(text: Option<&String>) -> Option<String> {
    let trimmed = text?.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

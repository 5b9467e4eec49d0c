//! What every body is made of: amounts, price sets, moments.

use jiff::Timestamp;
use jiff::tz::Offset;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::super::lives::{Minor, TaxPlan};
use crate::domain::Currency;

/// How one shop writes: its currency and its offset from UTC.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Stationery {
    /// The shop's currency.
    pub currency: Currency,
    /// Hours the shop's clock is ahead of UTC.
    pub utc_offset: i8,
}

/// An amount in shop and buyer currency, which are the same here.
#[derive(Serialize)]
pub(super) struct PriceSet {
    shop_money: Amount,
    presentment_money: Amount,
}

#[derive(Serialize)]
struct Amount {
    amount: String,
    currency_code: String,
}

/// The same with the key that transactions use.
#[derive(Serialize)]
pub(super) struct UnsettledSet {
    presentment_money: UnsettledAmount,
    shop_money: UnsettledAmount,
}

#[derive(Serialize)]
struct UnsettledAmount {
    amount: String,
    currency: String,
}

/// A decimal written as a JSON number, digit for digit.
pub(super) struct Number(String);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.clone()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// One tax in a body.
#[derive(Serialize)]
pub(super) struct TaxLine {
    channel_liable: bool,
    price: String,
    price_set: PriceSet,
    rate: Number,
    title: String,
}

impl Stationery {
    fn decimal(self, amount: Minor) -> Decimal {
        Decimal::new(amount, self.currency.decimals())
    }

    /// `12.30`, or `1200` for yen.
    pub(in super::super) fn text(self, amount: Minor) -> String {
        self.decimal(amount).to_string()
    }

    /// The same as a number.
    pub(super) fn number(self, amount: Minor) -> Number {
        Number(self.decimal(amount).normalize().to_string())
    }

    /// The amount in both currencies.
    pub(super) fn set(self, amount: Minor) -> PriceSet {
        let one = || Amount { amount: self.text(amount), currency_code: self.currency.code().to_owned() };
        PriceSet { shop_money: one(), presentment_money: one() }
    }

    /// The amount in both currencies, or nothing for zero.
    pub(super) fn set_unless_zero(self, amount: Minor) -> Option<PriceSet> {
        (amount != 0).then(|| self.set(amount))
    }

    /// Nothing left to settle.
    pub(super) fn settled(self) -> UnsettledSet {
        let one = || UnsettledAmount { amount: "0.0".to_owned(), currency: self.currency.code().to_owned() };
        UnsettledSet { presentment_money: one(), shop_money: one() }
    }

    /// A moment by the shop's clock, to the second.
    pub(super) fn moment(self, at: Timestamp) -> String {
        let seconds = Timestamp::from_second(at.as_second()).unwrap_or(at);
        let offset = Offset::from_hours(self.utc_offset).unwrap_or(Offset::UTC);
        seconds.display_with_offset(offset).to_string()
    }

    /// Taxes of one thing.
    pub(super) fn taxes(self, taxes: &[TaxPlan]) -> Vec<TaxLine> {
        taxes.iter().map(|tax| self.tax(tax)).collect()
    }

    /// One tax.
    pub(super) fn tax(self, tax: &TaxPlan) -> TaxLine {
        TaxLine {
            channel_liable: false,
            price: self.text(tax.amount),
            price_set: self.set(tax.amount),
            rate: Number(Decimal::new(tax.rate, 5).normalize().to_string()),
            title: tax.title.clone(),
        }
    }
}

//! Money: an exact decimal amount that knows its currency.
//!
//! Amounts of two currencies never meet unnoticed, and an amount never carries more digits than its currency has.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// What can go wrong with money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The code is not three letters.
    #[error("`{0}` is not a currency code of three letters")]
    NotACurrency(String),
    /// The text is not a decimal number.
    #[error("`{0}` is not a decimal amount")]
    NotAnAmount(String),
    /// The amount has more digits than the currency's smallest coin.
    #[error("{amount} is finer than the smallest unit of {currency}")]
    TooFine {
        /// The amount as given.
        amount: Decimal,
        /// Its currency.
        currency: Currency,
    },
    /// Two amounts of different currencies were put together.
    #[error("{0} and {1} cannot be put together")]
    TwoCurrencies(Currency, Currency),
    /// The result does not fit.
    #[error("the amount is too large")]
    TooLarge,
}

impl Currency {
    /// Reads a three-letter code, in any case.
    ///
    /// # Errors
    /// [`MoneyError::NotACurrency`] when it is not three ASCII letters.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        match code.trim().as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|letter| letter.is_ascii_alphabetic()) => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase(), c.to_ascii_uppercase()]))
            }
            _ => Err(MoneyError::NotACurrency(code.chars().take(16).collect())),
        }
    }

    /// The code in upper case.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Digits after the decimal point of the smallest unit, by ISO 4217.
    #[must_use]
    pub fn decimals(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(code: String) -> Result<Self, MoneyError> {
        Self::parse(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl schemars::JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Z]{3}$" })
    }
}

/// An exact amount in one currency. The amount always has exactly the currency's number of decimals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "MoneyText")]
pub struct Money {
    /// Decimal amount as text.
    amount: Decimal,
    /// ISO 4217 code.
    currency: Currency,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[schemars(rename = "Money")]
struct MoneyText {
    /// Decimal amount as text.
    amount: Decimal,
    /// ISO 4217 code.
    currency: Currency,
}

impl TryFrom<MoneyText> for Money {
    type Error = MoneyError;
    fn try_from(text: MoneyText) -> Result<Self, MoneyError> {
        Self::new(text.amount, text.currency)
    }
}

impl Money {
    /// An amount in a currency; trailing zeros beyond the currency's smallest unit are dropped, other digits refused.
    ///
    /// # Errors
    /// [`MoneyError::TooFine`] when rounding would change the value.
    pub fn new(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let mut fitted = amount;
        fitted.rescale(currency.decimals());
        if fitted != amount {
            return Err(MoneyError::TooFine { amount, currency });
        }
        if fitted.scale() != currency.decimals() {
            return Err(MoneyError::TooLarge);
        }
        Ok(Self { amount: fitted, currency })
    }

    /// Reads a decimal text, such as `12.30`.
    ///
    /// # Errors
    /// [`MoneyError::NotAnAmount`] or [`MoneyError::TooFine`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let amount =
            Decimal::from_str(text.trim()).map_err(|_| MoneyError::NotAnAmount(text.chars().take(32).collect()))?;
        Self::new(amount, currency)
    }

    /// Rounds half away from zero to the currency's smallest unit, for figures that sources keep finer than money.
    #[must_use]
    pub fn rounded(amount: Decimal, currency: Currency) -> Self {
        let mut fitted =
            amount.round_dp_with_strategy(currency.decimals(), rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        fitted.rescale(currency.decimals());
        Self { amount: fitted, currency }
    }

    /// Nothing, in that currency.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self::rounded(Decimal::ZERO, currency)
    }

    /// The decimal amount.
    #[must_use]
    pub fn amount(self) -> Decimal {
        self.amount
    }

    /// The currency.
    #[must_use]
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Whether the amount is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.amount.is_zero()
    }

    /// Whether the amount is below nothing.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.amount < Decimal::ZERO
    }

    /// Sum of two amounts.
    ///
    /// # Errors
    /// [`MoneyError::TwoCurrencies`] or [`MoneyError::TooLarge`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.same(other)?;
        let amount = self.amount.checked_add(other.amount).ok_or(MoneyError::TooLarge)?;
        Self::new(amount, self.currency)
    }

    /// Difference of two amounts.
    ///
    /// # Errors
    /// As [`Money::plus`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.plus(other.negated())
    }

    /// The amount with its sign turned.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { amount: if self.amount.is_zero() { self.amount } else { -self.amount }, currency: self.currency }
    }

    /// The amount of that many pieces.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when it does not fit.
    pub fn times(self, pieces: i64) -> Result<Self, MoneyError> {
        let amount = self.amount.checked_mul(Decimal::from(pieces)).ok_or(MoneyError::TooLarge)?;
        Self::new(amount, self.currency)
    }

    /// What the first `pieces` of `of` pieces share of the amount, rounded; the whole when they are all of them.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] when it does not fit.
    pub fn share(self, pieces: i64, of: i64) -> Result<Self, MoneyError> {
        if pieces == of || of == 0 {
            return Ok(self);
        }
        Ok(Self::rounded(self.times(pieces)?.amount / Decimal::from(of), self.currency))
    }

    /// Sum of many amounts in one currency.
    ///
    /// # Errors
    /// As [`Money::plus`].
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }

    fn same(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::TwoCurrencies(self.currency, other.currency))
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount, self.currency)
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nzd() -> Currency {
        Currency::parse("nzd").unwrap()
    }

    #[test]
    fn an_amount_takes_its_currencys_digits() {
        assert_eq!(Money::parse("12.3", nzd()).unwrap().to_string(), "12.30 NZD");
        let yen = Currency::parse("JPY").unwrap();
        assert_eq!(Money::parse("1200.0", yen).unwrap().to_string(), "1200 JPY");
        assert!(matches!(Money::parse("1200.5", yen), Err(MoneyError::TooFine { .. })));
        assert!(matches!(Money::parse("12.345", nzd()), Err(MoneyError::TooFine { .. })));
    }

    #[test]
    fn two_currencies_never_meet() {
        let dollars = Money::parse("1", nzd()).unwrap();
        let euros = Money::parse("1", Currency::parse("EUR").unwrap()).unwrap();
        assert!(matches!(dollars.plus(euros), Err(MoneyError::TwoCurrencies(..))));
    }

    #[test]
    fn huge_amounts_are_refused_not_rounded() {
        let huge = Money::new(Decimal::MAX, Currency::parse("JPY").unwrap()).unwrap();
        assert_eq!(huge.plus(huge), Err(MoneyError::TooLarge));
        assert!(Money::new(Decimal::MAX, nzd()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn adding_and_taking_away_is_exact(a in -1_000_000_000i64..1_000_000_000, b in -1_000_000_000i64..1_000_000_000) {
            let left = Money::new(Decimal::new(a, 2), nzd()).unwrap();
            let right = Money::new(Decimal::new(b, 2), nzd()).unwrap();
            proptest::prop_assert_eq!(left.plus(right).unwrap().minus(right).unwrap(), left);
            let text = serde_json::to_string(&left).unwrap();
            proptest::prop_assert_eq!(serde_json::from_str::<Money>(&text).unwrap(), left);
        }
    }
}

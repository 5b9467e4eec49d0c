//! Numbers on the wire: exact decimals and ids, whether they come as JSON strings or as JSON numbers.
//!
//! Shopify writes money as strings in most places and as numbers in some, and ids beyond what a float holds. Both are read
//! from the raw text, so no digit is lost.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A decimal amount, from `"89.97"` or `89.97`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::storefront::shopify) struct Amount(pub Decimal);

/// An id: digits, from `5900000000001` or `"5900000000001"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::storefront::shopify) struct Id(String);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text of a JSON string or number; anything else is not understood.
fn scalar(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    match text.as_bytes().first()? {
        b'"' => serde_json::from_str::<String>(text).ok().map(Cow::Owned),
        b'-' | b'0'..=b'9' => Some(Cow::Borrowed(text)),
        _ => None,
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = scalar(&raw).ok_or_else(|| D::Error::custom("an amount is neither a text nor a number"))?;
        let text = text.trim();
        let amount =
            if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { Decimal::from_str_exact(text) };
        amount.map(Self).map_err(|_| D::Error::custom("an amount is not a decimal number that fits"))
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = scalar(&raw).ok_or_else(|| D::Error::custom("an id is neither a number nor a text"))?;
        match u64::from_str(&text) {
            Ok(number) if number > 0 => Ok(Self(number.to_string())),
            _ => Err(D::Error::custom("an id is not a whole number above zero that fits 64 bits")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(json: &str) -> Option<String> {
        serde_json::from_str::<Amount>(json).ok().map(|amount| amount.0.to_string())
    }

    #[test]
    fn amounts_are_exact_whether_text_or_number() {
        assert_eq!(amount("\"89.97\"").as_deref(), Some("89.97"));
        assert_eq!(amount("143.97").as_deref(), Some("143.97"));
        assert_eq!(amount("-0.02").as_deref(), Some("-0.02"));
        assert_eq!(amount("0.1000000000000000055").as_deref(), Some("0.1000000000000000055"));
        assert_eq!(amount("1e3").as_deref(), Some("1000"));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for bad in
            ["null", "true", "[]", "{}", "\"\"", "\"12,50\"", "\"NaN\"", "1e99", "\"99999999999999999999999999999999\""]
        {
            assert_eq!(amount(bad), None, "{bad}");
        }
    }

    #[test]
    fn ids_keep_all_their_digits() {
        let id = |json: &str| serde_json::from_str::<Id>(json).ok().map(|id| id.0);
        assert_eq!(id("18446744073709551615").as_deref(), Some("18446744073709551615"));
        assert_eq!(id("\"820982911946154508\"").as_deref(), Some("820982911946154508"));
        for bad in ["1.5", "-1", "0", "\"gid://shopify/Order/1\"", "null", "18446744073709551616"] {
            assert_eq!(id(bad), None, "{bad}");
        }
    }
}

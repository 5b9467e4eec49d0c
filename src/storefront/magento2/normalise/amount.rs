//! Numbers as Magento writes them: JSON numbers of PHP, decimal texts, or null.

use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// How finely Magento keeps amounts and pieces.
const PLACES: u32 = 4;

/// A decimal. Read from the text of the number, never through a float; what PHP's floats add beyond the fourth place is noise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount(pub Decimal);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get().trim().trim_matches('"').trim();
        if text.is_empty() || text == "null" {
            return Ok(Self::default());
        }
        let number = if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { Decimal::from_str(text) };
        let number = number.map_err(|_| D::Error::custom("a number is expected"))?;
        Ok(Self(number.round_dp_with_strategy(PLACES, RoundingStrategy::MidpointAwayFromZero).normalize()))
    }
}

impl Amount {
    /// Whole pieces; `None` where it is a part of one, or too many.
    pub fn pieces(self) -> Option<i64> {
        self.0.is_integer().then(|| i64::try_from(self.0).ok()).flatten()
    }
}

/// An id: a number, or a text with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        raw.get().trim().trim_matches('"').parse().map(Self).map_err(|_| D::Error::custom("an id is expected"))
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(json: &str) -> String {
        serde_json::from_str::<Amount>(json).unwrap().0.to_string()
    }

    #[test]
    fn the_noise_of_floats_is_no_money() {
        assert_eq!(amount("29.949999999999999"), "29.95");
        assert_eq!(amount("3.55e-15"), "0");
        assert_eq!(amount("\"3.000000\""), "3");
        assert_eq!(amount("-0.0000"), "0");
        assert_eq!(amount("null"), "0");
        assert_eq!(amount("9007199254740993.01"), "9007199254740993.01");
        assert!(serde_json::from_str::<Amount>("\"many\"").is_err());
        assert!(serde_json::from_str::<Amount>("{}").is_err());
    }

    #[test]
    fn ids_come_as_numbers_and_as_texts() {
        assert_eq!(serde_json::from_str::<Id>("\"14\"").unwrap(), Id(14));
        assert_eq!(serde_json::from_str::<Id>("18446744073709551615").unwrap(), Id(u64::MAX));
        assert!(serde_json::from_str::<Id>("-1").is_err());
    }

    #[test]
    fn half_a_piece_is_no_piece() {
        assert_eq!(serde_json::from_str::<Amount>("2.0000").unwrap().pieces(), Some(2));
        assert_eq!(serde_json::from_str::<Amount>("0.5").unwrap().pieces(), None);
    }
}

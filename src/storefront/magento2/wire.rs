//! Numbers and keys as Magento writes them. Pure.
//!
//! What comes in and goes out: JSON. Amounts travel as decimal text inside a JSON number, so that no binary fraction touches
//! them; ids come as numbers or as texts; what is empty may come as `[]` where an object is meant, because PHP has one kind of
//! array for both.

use rust_decimal::Decimal;
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Places of an amount that are kept of what is read; the rest is noise of floating point.
const PLACES: u32 = 4;

/// An amount or a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub Decimal);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get().trim_matches('"');
        let read = Decimal::from_scientific(text).or_else(|_| text.parse());
        let amount: Decimal = read.map_err(|_| D::Error::custom("a number was expected"))?;
        Ok(Self(amount.round_dp(PLACES).normalize()))
    }
}

/// A database id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u64);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        whole(&value).map(Self).ok_or_else(|| D::Error::custom("an id was expected"))
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A whole number from a number or a text.
pub fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Reads an object that comes as `[]` or `null` where it is empty.
pub fn or_nothing<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(deserializer: D) -> Result<T, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(T::default()),
        Value::Array(items) if items.is_empty() => Ok(T::default()),
        value => serde_json::from_value(value).map_err(D::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_digits_and_lose_the_noise_of_floating_point() {
        let read = |text: &str| serde_json::from_str::<Amount>(text).unwrap().0.to_string();
        assert_eq!(read("29.949999999999999"), "29.95");
        assert_eq!(read("3.55e-15"), "0");
        assert_eq!(read("\"40.0000\""), "40");
        assert_eq!(read("100"), "100");
        assert!(serde_json::from_str::<Amount>("\"many\"").is_err());
        assert_eq!(serde_json::to_string(&Amount("39.90".parse().unwrap())).unwrap(), "39.90");
    }

    #[test]
    fn ids_come_as_numbers_or_as_texts() {
        let read = |text: &str| serde_json::from_str::<Id>(text).ok().map(|id| id.0);
        assert_eq!((read("7"), read("\"7\""), read("\"id_7\"")), (Some(7), Some(7), None));
    }

    #[test]
    fn what_is_empty_may_come_as_a_list() {
        #[derive(Debug, Default, PartialEq, Deserialize)]
        struct Holder {
            #[serde(default, deserialize_with = "or_nothing")]
            inside: std::collections::BTreeMap<String, u32>,
        }
        let read = |text: &str| serde_json::from_str::<Holder>(text).unwrap();
        assert_eq!(read(r#"{"inside":[]}"#), Holder::default());
        assert_eq!(read(r#"{"inside":{"a":1}}"#).inside["a"], 1);
    }
}

//! A delivery: one thing that came in from outside, kept byte for byte.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The number of a delivery (UUIDv7: ordered by time of receipt).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct DeliveryId(pub Uuid);

impl std::fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Which side something came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// A web shop.
    Storefront,
    /// A back office.
    Office,
}

impl Side {
    /// The word kept in the journal.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Storefront => "storefront",
            Self::Office => "office",
        }
    }

    /// Reads the word kept in the journal.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "storefront" => Some(Self::Storefront),
            "office" => Some(Self::Office),
            _ => None,
        }
    }
}

/// Where a delivery came from: a storefront or office by its name in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// Which kind of system.
    pub side: Side,
    /// Its name in the configuration.
    pub name: String,
}

impl Origin {
    /// A storefront by name.
    #[must_use]
    pub fn storefront(name: impl Into<String>) -> Self {
        Self { side: Side::Storefront, name: name.into() }
    }

    /// An office by name.
    #[must_use]
    pub fn office(name: impl Into<String>) -> Self {
        Self { side: Side::Office, name: name.into() }
    }
}

/// A delivery that has not been journalled yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDelivery {
    /// Where it came from.
    pub origin: Origin,
    /// What it is about, in the sender's words, such as `orders/fulfilled`.
    pub topic: String,
    /// What makes it the same delivery when it comes again; unique per origin.
    pub dedupe_key: String,
    /// A second such key, for senders that may give one fact two numbers; unique per origin where present.
    pub fold_key: Option<String>,
    /// The headers worth keeping; never credentials or signatures.
    pub headers: BTreeMap<String, String>,
    /// The bytes as they came.
    pub body: Bytes,
}

/// A journalled delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: DeliveryId,
    /// When it was received, UTC.
    pub received_at: Timestamp,
    /// What came.
    pub content: NewDelivery,
}

/// Something whose sender has proved who it is. Only a storefront's verifier makes one (a test watches that), so nothing
/// unverified can reach the journal through the webhook door.
#[derive(Debug, Clone)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    /// Vouches for a value after its signature was checked. For `src/storefront` alone.
    pub(crate) fn by_signature(value: T) -> Self {
        Self(value)
    }

    /// The value.
    #[must_use]
    pub fn get(&self) -> &T {
        &self.0
    }

    /// Takes the value out.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

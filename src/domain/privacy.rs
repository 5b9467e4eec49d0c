//! What a person may ask about what is kept of them, and how their traces are found and erased in stored JSON.
//!
//! What comes in: a request of a storefront. What goes out: whether a stored document concerns the person, and the document without
//! what is personal. Numbers, amounts, ids and dates stay, byte for byte, so the books balance and keys still tell what was done.

mod erase;
mod find;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use erase::{ERASED, erase};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrivacyWish {
    /// A customer wants to know what is kept of them.
    Export,
    /// A customer wants to be forgotten.
    EraseCustomer,
    /// The storefront wants everything of its customers forgotten.
    EraseStorefront,
}

impl PrivacyWish {
    /// The word kept in the journal.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::EraseCustomer => "erase_customer",
            Self::EraseStorefront => "erase_storefront",
        }
    }

    /// Reads the word kept in the journal.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Export, Self::EraseCustomer, Self::EraseStorefront].into_iter().find(|wish| wish.as_str() == word)
    }
}

/// A request about personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PrivacyRequest {
    /// What is asked.
    pub wish: PrivacyWish,
    /// The storefront's number of the request, where it has one.
    pub number: Option<String>,
    /// Whom it is about; nobody in particular when the whole storefront is meant.
    pub person: Person,
    /// When it was made, UTC.
    #[schemars(with = "String")]
    pub asked_at: Timestamp,
}

/// A person as the two sides know them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Person {
    /// The storefront's id of the account.
    pub id: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number as given.
    pub phone: Option<String>,
    /// The storefront's ids of orders that are theirs.
    pub orders: Vec<String>,
    /// The office's numbers of them.
    pub numbers: Vec<String>,
}

impl Person {
    /// Whether a stored document concerns them. `about`: the topic of a delivery or the kind of an event.
    #[must_use]
    pub fn is_in(&self, about: &str, document: &[u8]) -> bool {
        find::is_in(self, about, document)
    }
}

#[cfg(test)]
mod tests;

//! A hint that there is a document to be read: some storefronts tell that something happened, not what.

use serde::{Deserialize, Serialize};

/// What is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HintedKind {
    /// An order, for what it takes from stock.
    Order,
    /// An invoice of the storefront's own.
    Invoice,
    /// A refund of the storefront's own.
    Refund,
    /// An account.
    Account,
}

impl HintedKind {
    /// Every kind there is, in the order in which they are asked for: what an order takes from stock is known before what is booked
    /// of it.
    pub const ALL: [Self; 4] = [Self::Order, Self::Invoice, Self::Refund, Self::Account];

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Invoice => "invoice",
            Self::Refund => "refund",
            Self::Account => "account",
        }
    }
}

/// Something happened to a document, which is to be read at the storefront. Telling it twice, or late, does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DocumentHinted {
    /// What it is.
    pub kind: HintedKind,
    /// The storefront's id of it.
    pub id: String,
}

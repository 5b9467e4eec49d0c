//! What happens to an order besides its being sold: news that it has changed, and that it ended.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::DocumentRef;

/// When a web sale goes to the office. The channel chooses one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SaleMoment {
    /// When everything has been shipped (F-358).
    #[default]
    Fulfilled,
    /// When it has been paid in full.
    Paid,
    /// With each shipment, for what is in it.
    EachFulfilment,
}

impl SaleMoment {
    /// Every moment there is.
    pub const ALL: [Self; 3] = [Self::Fulfilled, Self::Paid, Self::EachFulfilment];

    /// The word used in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fulfilled => "fulfilled",
            Self::Paid => "paid",
            Self::EachFulfilment => "each_fulfilment",
        }
    }
}

/// How an order came about, as far as channels treat orders differently for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Placed {
    /// At the storefront's own point of sale, whose till may have booked it already.
    pub at_till: bool,
    /// As a test, with money that is none.
    pub test: bool,
}

/// An order is not what it was: what its books should say is to be reckoned from the storefront's own account of it. Says that
/// something happened, not what: telling it twice, or late, does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OrderChanged {
    /// The reference of its first invoice.
    pub sale: DocumentRef,
    /// The storefront's id of the order.
    pub order: String,
    /// What happened, for people.
    pub cause: String,
    /// At which moments of booking this matters.
    pub matters_at: Vec<SaleMoment>,
    /// The refund it is about, where it is about one: it is not dealt with before its credit note is written.
    pub refund: Option<DocumentRef>,
    /// The transaction that was made, where it was one: books that know it need not be reckoned.
    pub transaction: Option<String>,
    /// How the order came about, where the delivery says so.
    pub placed: Option<Placed>,
}

/// An order that was cancelled at the storefront before any of it was invoiced. Nothing is to be booked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OrderCancelled {
    /// The reference its invoice would have had.
    pub sale: DocumentRef,
    /// When it was cancelled, UTC.
    #[schemars(with = "String")]
    pub cancelled_at: Timestamp,
}

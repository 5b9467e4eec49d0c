//! An order that will never be shipped.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::DocumentRef;

/// An order that was cancelled at the storefront before any of it was invoiced. Nothing is to be booked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OrderCancelled {
    /// The reference its invoice would have had.
    pub sale: DocumentRef,
    /// When it was cancelled, UTC.
    #[schemars(with = "String")]
    pub cancelled_at: Timestamp,
}

//! How much of one thing lies at one place.

use serde::{Deserialize, Serialize};

use super::{BranchCode, Sku};

/// The office's figure for one SKU at one branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StockLevel {
    /// What is counted.
    pub sku: Sku,
    /// Where it lies.
    pub branch: BranchCode,
    /// Whole pieces; may be negative when more was sold than was booked in.
    pub on_hand: i64,
}

impl StockLevel {
    /// The entity whose figure it is: what is written of it is kept under this name, and the newest version wins.
    #[must_use]
    pub fn entity(sku: &Sku, branch: &BranchCode) -> String {
        format!("stock:{sku}@{branch}")
    }
}

/// A figure the storefront was seen to show where another was to be expected. Whoever saw it had asked for every sale first,
/// so no sale that is still untold explains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StockSeen {
    /// What is counted.
    pub sku: Sku,
    /// Where it lies.
    pub branch: BranchCode,
    /// The figure the channel writes, as the storefront shows it.
    pub shown: i64,
}

/// A place whose figure at the storefront may have been put right on the strength of old news: an order tells that pieces of it
/// were given back or taken off. Says that somebody should look, not what is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StockDoubted {
    /// What is counted.
    pub sku: Sku,
    /// Where it lies.
    pub branch: BranchCode,
}

//! A place of the office that holds stock.

use serde::{Deserialize, Serialize};

use super::BranchCode;

/// A shop, warehouse or other branch, as the office knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Branch {
    /// The office's code.
    pub code: BranchCode,
    /// Its name.
    pub name: String,
    /// Street and number.
    pub line1: Option<String>,
    /// Town.
    pub city: Option<String>,
    /// Postal code.
    pub postcode: Option<String>,
    /// Country, ISO 3166 alpha-2.
    pub country: Option<String>,
    /// Whether it was closed for good.
    pub closed: bool,
}

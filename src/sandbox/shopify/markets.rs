//! Collections, price lists and the background writing of large products: what a shop has beside its products.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::catalogue::Metafield;
use super::lives::Minor;
use crate::domain::Currency;

/// A collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopCollection {
    /// Id.
    pub id: u64,
    /// Title.
    pub title: String,
    /// Metafields.
    pub metafields: Vec<Metafield>,
    /// Publications it is visible in.
    pub published_on: BTreeSet<u64>,
}

/// A price list of a market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopPriceList {
    /// Id.
    pub id: u64,
    /// Name.
    pub name: String,
    /// Its currency.
    pub currency: Currency,
    /// Fixed prices by variant: what is paid and what is struck through, in smallest units.
    pub fixed: BTreeMap<u64, (Minor, Option<Minor>)>,
}

/// Whether metafields carry a value under an identifying key.
pub(super) fn carries(fields: &[Metafield], namespace: &str, key: &str, value: &str) -> bool {
    let is_it = |field: &Metafield| {
        field.kind == "id" && field.namespace == namespace && field.key == key && field.value == value
    };
    fields.iter().any(is_it)
}

/// A product that is written in the background.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    /// When it is done.
    pub due: Timestamp,
    /// When it was asked for.
    pub begun: Timestamp,
    /// What came of it: the product, or why there is none (code, field, message).
    pub outcome: Result<u64, (String, Vec<String>, String)>,
}

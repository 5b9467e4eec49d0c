//! The bodies of deliveries: changed records as JSON, every figure kept as the text the office showed.
//!
//! Nothing is judged here, so nothing the office shows is lost before it is journalled; [`super::normalise`] judges.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::Address;

/// A style, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProductRecord {
    pub style: String,
    pub title: String,
    pub description: Option<String>,
    pub brand: Option<String>,
    pub category: Option<String>,
    #[serde(default)]
    pub category_key: Option<String>,
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    pub internet_active: bool,
    pub deleted: bool,
    pub marker: i64,
    pub changed_at: String,
    /// Currency of the prices.
    pub currency: String,
    pub variants: Vec<VariantRecord>,
    pub images: Vec<ImageRecord>,
}

/// One colour and size, with its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct VariantRecord {
    pub sku: String,
    pub colour: Option<String>,
    pub size: Option<String>,
    pub barcode: Option<String>,
    #[serde(flatten)]
    pub price: PriceFigures,
}

/// What a SKU costs, as decimal texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PriceFigures {
    pub retail: Option<String>,
    pub sale: Option<String>,
    pub sale_from: Option<String>,
    pub sale_until: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub levels: BTreeMap<String, LevelFigure>,
}

/// The price of a further level, as decimal text in a currency of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LevelFigure {
    pub amount: String,
    pub currency: String,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ImageRecord {
    pub url: String,
    pub alt: Option<String>,
    #[serde(default)]
    pub hash: Option<String>,
}

/// The price of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PriceRecord {
    pub sku: String,
    pub style: String,
    pub currency: String,
    #[serde(flatten)]
    pub price: PriceFigures,
    pub internet_active: bool,
    pub deleted: bool,
    pub marker: i64,
    pub changed_at: String,
}

/// The stock of one SKU at one branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StockRecord {
    pub sku: String,
    pub branch: String,
    pub style: String,
    pub on_hand: String,
    pub internet_active: bool,
    pub deleted: bool,
    pub marker: i64,
    pub changed_at: String,
}

/// A customer, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CustomerRecord {
    pub marker: i64,
    pub number: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub email_consent: Option<String>,
    pub email_consent_at: Option<String>,
    pub changed_at: String,
    pub web_customer: bool,
    pub deleted: bool,
    pub speaks: bool,
    pub billing: Option<Address>,
    pub shipping: Option<Address>,
    /// Keys of storefronts.
    pub keys: Vec<String>,
}

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BranchRecord {
    pub branch: String,
    pub name: String,
    pub line1: Option<String>,
    pub city: Option<String>,
    pub postcode: Option<String>,
    pub country: Option<String>,
    pub deleted: bool,
    pub marker: i64,
    pub changed_at: String,
}

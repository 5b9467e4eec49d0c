//! A product as the office knows it, ready to be shown on the web.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Money, Sku, StyleCode};

/// A style with the colours and sizes that exist of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Product {
    /// The office's key.
    pub style: StyleCode,
    /// Name.
    pub title: String,
    /// Initial long text, HTML; later edits at the storefront are kept.
    pub description: Option<String>,
    /// Maker or label.
    pub brand: Option<String>,
    /// Stock group or internet category.
    pub category: Option<String>,
    /// Colours and sizes that exist; at least one. A style without colour and size has exactly one.
    pub variants: Vec<Variant>,
    /// Pictures, in order.
    pub images: Vec<Image>,
}

/// One colour and size of a style.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Variant {
    /// The office's key.
    pub sku: Sku,
    /// Colour, where the style has colours.
    pub colour: Option<String>,
    /// Size, where the style has sizes.
    pub size: Option<String>,
    /// Barcode.
    pub barcode: Option<String>,
    /// What it costs.
    pub price: Price,
}

/// What one SKU costs at retail, and on sale where there is a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Price {
    /// The SKU.
    pub sku: Sku,
    /// The style it belongs to.
    pub style: StyleCode,
    /// Regular price.
    pub retail: Money,
    /// Sale price, if there is one.
    pub sale: Option<Money>,
    /// When the sale begins, UTC; `None`: it has begun.
    #[schemars(with = "Option<String>")]
    pub sale_from: Option<Timestamp>,
    /// When the sale ends, UTC; `None`: it does not end.
    #[schemars(with = "Option<String>")]
    pub sale_until: Option<Timestamp>,
}

impl Price {
    /// What the buyer pays at that moment, and the struck-through former price while a sale is on.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> (Money, Option<Money>) {
        let begun = self.sale_from.is_none_or(|from| from <= now);
        let over = self.sale_until.is_some_and(|until| until <= now);
        match self.sale {
            Some(sale) if begun && !over && sale.amount() < self.retail.amount() => (sale, Some(self.retail)),
            _ => (self.retail, None),
        }
    }
}

/// A picture of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Image {
    /// Public address it can be fetched from.
    pub url: String,
    /// Text for those who cannot see it.
    pub alt: Option<String>,
}

/// A product that is no longer to be shown on the web: its internet flag was taken away or it was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProductArchived {
    /// The office's key.
    pub style: StyleCode,
}

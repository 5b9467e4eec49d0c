//! A product as the office knows it, ready to be shown on the web.

use std::collections::BTreeMap;

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
    /// Name of its stock group or internet category.
    pub category: Option<String>,
    /// The office's key of that category, which stays when its name changes.
    #[serde(default)]
    pub category_key: Option<String>,
    /// Further texts the office keeps of it, by the office's name: information tabs (`tab:Care`) and any other field. A
    /// channel says which of them are shown, and where.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
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
    /// Prices of the office's further price levels, by level; a level may have a currency of its own.
    #[serde(default)]
    pub levels: BTreeMap<String, Money>,
}

impl Price {
    /// The entity whose price it is: what is written of it is kept under this name, and the newest version wins.
    #[must_use]
    pub fn entity(sku: &Sku) -> String {
        format!("price:{sku}")
    }

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

    /// The next moment after `now` at which [`Price::at`] answers anew: a sale begins or ends by itself.
    #[must_use]
    pub fn changes_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.sale.filter(|sale| sale.amount() < self.retail.amount())?;
        [self.sale_from, self.sale_until].into_iter().flatten().filter(|moment| *moment > now).min()
    }
}

/// A picture of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Image {
    /// Public address it can be fetched from.
    pub url: String,
    /// Text for those who cannot see it.
    pub alt: Option<String>,
    /// What tells one content from another, such as a hash of the file; without it the address does.
    #[serde(default)]
    pub hash: Option<String>,
}

impl Image {
    /// What makes it this picture and no other: its content where that is known, else its address.
    #[must_use]
    pub fn identity(&self) -> &str {
        self.hash.as_deref().unwrap_or(&self.url)
    }
}

/// A product that is no longer to be shown on the web: its internet flag was taken away or it was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProductArchived {
    /// The office's key.
    pub style: StyleCode,
    /// Whether the office has deleted it for good.
    #[serde(default)]
    pub deleted: bool,
}

/// A product the storefront was seen not to show as it is to be shown, with how it is to be. Says that the storefront's is to be
/// looked at again whatever was written there last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProductSeen {
    /// The office's key.
    pub style: StyleCode,
    /// How it is to be; `None`: off the web.
    pub product: Option<Product>,
    /// Whether the office has deleted it for good.
    pub deleted: bool,
    /// The storefront's id of what was seen, where anything was.
    pub at: Option<String>,
    /// What was found, in words that name no value.
    pub found: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Currency;

    #[test]
    fn a_price_changes_by_itself_when_its_sale_begins_and_ends() {
        let moment = |second| Timestamp::from_second(second).unwrap();
        let amount = |text| Money::parse(text, Currency::parse("NZD").unwrap()).unwrap();
        let price = Price {
            sku: Sku::parse("TEE-S").unwrap(),
            style: StyleCode::parse("TEE").unwrap(),
            retail: amount("39.90"),
            sale: Some(amount("30.00")),
            sale_from: Some(moment(10)),
            sale_until: Some(moment(20)),
            levels: BTreeMap::new(),
        };
        let next = |price: &Price, now| price.changes_after(moment(now));
        assert_eq!(
            [9, 10, 19, 20].map(|now| next(&price, now)),
            [Some(moment(10)), Some(moment(20)), Some(moment(20)), None]
        );
        let dearer = Price { sale: Some(amount("39.90")), ..price.clone() };
        assert_eq!(next(&dearer, 9), None, "what is no cheaper is no sale");
        assert_eq!(next(&Price { sale: None, ..price }, 9), None);
    }
}

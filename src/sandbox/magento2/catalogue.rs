//! What the shop sells: products with values per store view, attributes with options, attribute sets, categories.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;

/// Scope 0: what holds everywhere.
pub(super) const EVERYWHERE: u64 = 0;

/// Everything that is for sale and how it is ordered.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalogue {
    pub products: BTreeMap<u64, Product>,
    pub attributes: BTreeMap<String, Attribute>,
    /// Attribute sets: id and name.
    pub sets: BTreeMap<u64, String>,
    pub categories: BTreeMap<u64, Category>,
}

/// A product.
#[derive(Debug, Clone)]
pub(super) struct Product {
    pub id: u64,
    pub sku: String,
    pub kind: String,
    pub set: u64,
    pub price: Option<Decimal>,
    pub weight: Option<Decimal>,
    pub websites: Vec<u64>,
    /// Values by scope and attribute: `name`, `status`, `visibility` and the custom ones.
    pub values: BTreeMap<u64, BTreeMap<String, Value>>,
    /// Category and position.
    pub categories: BTreeMap<u64, i64>,
    pub media: Vec<Media>,
    pub specials: Vec<Special>,
    pub links: Vec<Value>,
    pub tier_prices: Vec<Value>,
    pub options: Vec<SuperOption>,
    /// Ids of a configurable's children.
    pub children: Vec<u64>,
    pub stock_item: BTreeMap<String, Value>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Media {
    pub id: u64,
    pub label: Option<String>,
    pub position: i64,
    pub disabled: bool,
    pub types: Vec<String>,
    pub file: String,
    /// SHA-256 of the content in hexadecimal.
    pub hash: String,
}

/// A special price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Special {
    pub store: u64,
    pub price: Decimal,
    pub from: Option<String>,
    pub to: Option<String>,
}

/// One thing a configurable's children differ in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SuperOption {
    pub id: u64,
    pub attribute: u64,
    pub label: String,
    pub position: i64,
    pub values: Vec<u64>,
}

/// An attribute of products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    pub id: u64,
    pub code: String,
    pub input: String,
    pub label: String,
    /// `global`, `website` or `store`.
    pub scope: String,
    /// Sets it is in.
    pub sets: Vec<u64>,
    /// Id, label and order of each option.
    pub options: Vec<(u64, String, i64)>,
}

/// A category.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Category {
    pub id: u64,
    pub parent: u64,
    pub name: String,
    pub active: bool,
    pub position: i64,
    pub in_menu: bool,
    pub attributes: BTreeMap<String, Value>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Product {
    /// A value as a store view sees it.
    pub(super) fn value(&self, store: u64, attribute: &str) -> Option<&Value> {
        let at = |scope: u64| self.values.get(&scope).and_then(|values| values.get(attribute));
        at(store).or_else(|| at(EVERYWHERE)).filter(|value| !value.is_null())
    }

    /// The same as text.
    pub(super) fn text(&self, store: u64, attribute: &str) -> Option<String> {
        self.value(store, attribute).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }

    /// Whether it is enabled.
    pub(super) fn is_enabled(&self, store: u64) -> bool {
        self.text(store, "status").is_none_or(|status| status == "1")
    }

    /// The option it has of an attribute.
    pub(super) fn option_of(&self, attribute: &str) -> Option<u64> {
        self.text(EVERYWHERE, attribute).and_then(|value| value.parse().ok())
    }
}

impl Catalogue {
    /// The product of a SKU; the database does not tell upper from lower case.
    pub(super) fn by_sku(&self, sku: &str) -> Option<&Product> {
        self.products.values().find(|product| product.sku.eq_ignore_ascii_case(sku))
    }

    pub(super) fn by_sku_mut(&mut self, sku: &str) -> Option<&mut Product> {
        self.products.values_mut().find(|product| product.sku.eq_ignore_ascii_case(sku))
    }

    pub(super) fn attribute_by_id(&self, id: u64) -> Option<&Attribute> {
        self.attributes.values().find(|attribute| attribute.id == id)
    }

    /// Whether another product has this URL key in that scope.
    pub(super) fn url_key_is_taken(&self, key: &str, by_other_than: u64) -> bool {
        let has_it = |product: &Product| product.value(EVERYWHERE, "url_key").and_then(Value::as_str) == Some(key);
        self.products.values().any(|product| product.id != by_other_than && has_it(product))
    }

    /// Ids from the root down to a category.
    pub(super) fn path(&self, category: u64) -> Vec<u64> {
        let mut path = vec![category];
        let mut at = category;
        while let Some(found) = self.categories.get(&at).filter(|found| found.parent != 0 && path.len() < 64) {
            at = found.parent;
            path.push(at);
        }
        path.reverse();
        path
    }
}

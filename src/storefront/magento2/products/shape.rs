//! A product as the store has it. Pure.

use serde::Deserialize;
use serde_json::Value;

use super::super::wire::{Id, or_nothing, whole};

/// See the module.
#[derive(Debug, Clone, Deserialize)]
pub struct ShopProduct {
    pub id: Id,
    pub sku: String,
    #[serde(default)]
    pub name: Option<String>,
    pub attribute_set_id: Id,
    #[serde(default)]
    pub status: Option<u8>,
    #[serde(default)]
    pub visibility: Option<u8>,
    #[serde(default)]
    pub type_id: String,
    #[serde(default, deserialize_with = "or_nothing")]
    pub extension_attributes: Extension,
    #[serde(default)]
    custom_attributes: Vec<Attribute>,
}

/// What belongs to a product beside its attributes.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Extension {
    #[serde(default)]
    pub category_links: Vec<CategoryLink>,
    #[serde(default)]
    pub configurable_product_options: Vec<SuperOption>,
    #[serde(default)]
    pub configurable_product_links: Vec<Id>,
}

/// A category a product is in.
#[derive(Debug, Clone, Deserialize)]
pub struct CategoryLink {
    #[serde(default)]
    pub position: i64,
    pub category_id: Id,
}

/// An option of a configurable product.
#[derive(Debug, Clone, Deserialize)]
pub struct SuperOption {
    #[serde(default)]
    pub id: Option<Id>,
    pub attribute_id: Id,
    #[serde(default)]
    pub label: String,
    #[serde(default)]
    pub position: i64,
    #[serde(default)]
    pub values: Vec<OptionValue>,
}

/// One value of such an option.
#[derive(Debug, Clone, Deserialize)]
pub struct OptionValue {
    pub value_index: Id,
}

#[derive(Debug, Clone, Deserialize)]
struct Attribute {
    attribute_code: String,
    #[serde(default)]
    value: Value,
}

impl ShopProduct {
    /// The text of an attribute.
    pub fn text(&self, code: &str) -> Option<&str> {
        self.attribute(code)?.as_str()
    }

    /// The option an attribute names.
    pub fn option(&self, code: &str) -> Option<Id> {
        whole(self.attribute(code)?).map(Id)
    }

    fn attribute(&self, code: &str) -> Option<&Value> {
        self.custom_attributes.iter().find(|attribute| attribute.attribute_code == code).map(|found| &found.value)
    }
}

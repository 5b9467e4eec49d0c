//! Requests that write products: what is `None` or empty is not sent, and what is not sent stays as the shop has it. Pure.

use serde::Serialize;
use serde_json::Value;

use super::super::wire::{Amount, Id};

/// The body of `POST /V1/products` and `PUT /V1/products/{sku}`.
#[derive(Debug, Serialize)]
pub struct Body {
    pub product: Input,
}

/// Fields of a product.
#[derive(Debug, Default, Serialize)]
pub struct Input {
    pub sku: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attribute_set_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub type_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u8>,
    #[serde(skip_serializing_if = "ExtensionInput::is_empty")]
    pub extension_attributes: ExtensionInput,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub custom_attributes: Vec<AttributeInput>,
}

/// What belongs to a product beside its attributes. Categories, options and children are stated whole or not at all.
#[derive(Debug, Default, Serialize)]
pub struct ExtensionInput {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub website_ids: Vec<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category_links: Option<Vec<CategoryInput>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configurable_product_options: Option<Vec<SuperOptionInput>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configurable_product_links: Option<Vec<Id>>,
}

impl ExtensionInput {
    fn is_empty(&self) -> bool {
        self.website_ids.is_empty()
            && self.category_links.is_none()
            && self.configurable_product_options.is_none()
            && self.configurable_product_links.is_none()
    }
}

/// A category a product is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CategoryInput {
    pub position: i64,
    pub category_id: String,
}

/// An option of a configurable product; one that is there already keeps its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuperOptionInput {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Id>,
    pub attribute_id: String,
    pub label: String,
    pub position: i64,
    pub values: Vec<OptionValueInput>,
}

/// One value of such an option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OptionValueInput {
    pub value_index: Id,
}

/// An attribute with its value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttributeInput {
    pub attribute_code: String,
    pub value: Value,
}

impl AttributeInput {
    /// An attribute that holds a text.
    pub fn text(code: &str, value: impl Into<String>) -> Self {
        Self { attribute_code: code.to_owned(), value: Value::String(value.into()) }
    }
}

impl Input {
    /// Whether there is anything to write.
    pub fn says_something(&self) -> bool {
        self.name.is_some()
            || self.status.is_some()
            || self.visibility.is_some()
            || !self.extension_attributes.is_empty()
            || !self.custom_attributes.is_empty()
    }
}

//! Arguments as types. A key that is left out, null, and a value are three different things where the API says so.

use apollo_compiler::resolvers::FieldError;
use apollo_compiler::response::{JsonValue, serde_json_bytes};
use rust_decimal::Decimal;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::super::ids::read_gid;
use super::super::lives::{Minor, minor};
use super::desk::Desk;
use super::object::Ask;
use super::variant_rules::{id_metafield_missing, namespace_of};
use crate::domain::{Currency, Money};

/// Reads one argument.
pub(super) fn read<T: DeserializeOwned>(desk: &Desk<'_>, ask: &Ask<'_>, name: &str) -> Result<T, FieldError> {
    let value = ask.arguments.get(name).cloned().unwrap_or(JsonValue::Null);
    serde_json_bytes::from_value(value)
        .map_err(|problem| desk.refuse("INVALID_VARIABLE", format!("Argument {name} is invalid: {problem}")))
}

/// A decimal amount as text, as the scalar `Money` wants it.
#[derive(Debug, Clone, Copy)]
pub(super) struct MoneyText(Decimal);

impl MoneyText {
    /// In smallest units, rounded as the shop does.
    pub(super) fn minor(self, currency: Currency) -> Minor {
        minor(Money::rounded(self.0, currency))
    }
}

impl<'de> Deserialize<'de> for MoneyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| D::Error::custom("not a decimal amount"))
    }
}

/// A key that may be left out, null, or a value.
#[derive(Debug, Clone, Default)]
pub(super) enum Given<T> {
    /// Left out.
    #[default]
    Absent,
    /// Null or a value.
    Here(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Here)
    }
}

impl<T: Clone> Given<T> {
    /// Puts the value where it belongs, when the key is there.
    pub(super) fn set(&self, place: &mut Option<T>) {
        if let Self::Here(value) = self {
            place.clone_from(value);
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomId {
    pub namespace: Option<String>,
    pub key: String,
    pub value: String,
}

/// Exactly one of three ways to name a product; the schema's `@oneOf` sees to that for literals, this for variables.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProductIdentifier {
    pub id: Option<String>,
    pub handle: Option<String>,
    pub custom_id: Option<CustomId>,
}

impl ProductIdentifier {
    /// The id of the product it names, if there is one.
    pub(super) fn find(&self, desk: &Desk<'_>) -> Result<Option<u64>, FieldError> {
        let state = desk.state();
        match (&self.id, &self.handle, &self.custom_id) {
            (Some(id), None, None) => {
                let product = read_gid("Product", id).and_then(|id| state.catalogue.product(id));
                Ok(product.map(|product| product.id))
            }
            (None, Some(handle), None) => {
                Ok(state.catalogue.products().find(|product| product.handle == *handle).map(|product| product.id))
            }
            (None, None, Some(custom)) => {
                let namespace = namespace_of(custom.namespace.as_deref());
                if !state.identifies("PRODUCT", &namespace, &custom.key) {
                    return Err(id_metafield_missing(desk));
                }
                let product = state.catalogue.by_metafield(&namespace, &custom.key, &custom.value);
                Ok(product.map(|product| product.id))
            }
            _ => Err(desk.refuse("INVALID_FIELD_ARGUMENTS", "Exactly one key of the identifier must be given.")),
        }
    }
}

/// A custom id or an id; of handles this shop knows nothing here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identifier {
    pub id: Option<String>,
    pub custom_id: Option<CustomId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DefinitionIdentifier {
    pub owner_type: String,
    pub namespace: Option<String>,
    pub key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DefinitionInput {
    pub owner_type: String,
    pub namespace: Option<String>,
    pub key: String,
    pub r#type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SetQuantities {
    pub name: String,
    pub reason: String,
    pub reference_document_uri: Option<String>,
    pub quantities: Vec<Quantity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the API's names")]
pub(super) struct Quantity {
    pub inventory_item_id: String,
    pub location_id: String,
    pub quantity: i64,
    #[serde(default)]
    pub change_from_quantity: Given<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProductInput {
    pub title: Option<String>,
    #[serde(default)]
    pub description_html: Given<String>,
    pub vendor: Option<String>,
    pub product_type: Option<String>,
    pub status: Option<String>,
    pub product_options: Option<Vec<OptionInput>>,
    pub variants: Option<Vec<VariantInput>>,
    pub files: Option<Vec<FileInput>>,
    pub metafields: Option<Vec<MetafieldInput>>,
    pub collections: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct OptionInput {
    pub name: Option<String>,
    pub values: Option<Vec<OptionValue>>,
}

#[derive(Deserialize)]
pub(super) struct OptionValue {
    pub name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileInput {
    pub id: Option<String>,
    pub original_source: Option<String>,
    pub alt: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct MetafieldInput {
    pub namespace: Option<String>,
    pub key: Option<String>,
    pub r#type: Option<String>,
    pub value: Option<String>,
}

/// A variant, as `productSet` and the bulk mutations take it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VariantInput {
    pub id: Option<String>,
    #[serde(default)]
    pub sku: Given<String>,
    #[serde(default)]
    pub barcode: Given<String>,
    pub price: Option<MoneyText>,
    #[serde(default)]
    pub compare_at_price: Given<MoneyText>,
    pub option_values: Option<Vec<VariantOption>>,
    pub inventory_item: Option<ItemInput>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VariantOption {
    pub option_name: Option<String>,
    pub name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ItemInput {
    #[serde(default)]
    pub sku: Given<String>,
    pub tracked: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProductUpdate {
    pub id: Option<String>,
    pub title: Option<String>,
    #[serde(default)]
    pub description_html: Given<String>,
    pub collections_to_join: Option<Vec<String>>,
    pub collections_to_leave: Option<Vec<String>>,
    pub vendor: Option<String>,
    pub product_type: Option<String>,
    pub status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PublicationInput {
    pub publication_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct SubscriptionInput {
    pub uri: Option<String>,
    pub format: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomerIdentifier {
    pub id: Option<String>,
    pub email_address: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct CustomerNamed {
    pub id: Option<String>,
    pub email: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileCreate {
    pub original_source: String,
    pub filename: Option<String>,
    pub alt: Option<String>,
    pub duplicate_resolution_mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CustomerInput {
    pub id: Option<String>,
    pub email: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub phone: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileUpdate {
    pub id: String,
    pub references_to_add: Option<Vec<String>>,
    pub references_to_remove: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct CollectionCreate {
    pub title: String,
    pub metafields: Option<Vec<MetafieldInput>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AddressInput {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub address1: Option<String>,
    pub address2: Option<String>,
    pub city: Option<String>,
    pub province_code: Option<String>,
    pub zip: Option<String>,
    pub country_code: Option<String>,
    pub phone: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OwnedMetafield {
    pub owner_id: String,
    pub namespace: Option<String>,
    pub key: String,
    pub r#type: Option<String>,
    pub value: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConsentInput {
    pub customer_id: String,
    pub email_marketing_consent: ConsentState,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListPrice {
    pub variant_id: String,
    pub price: MoneyIn,
    pub compare_at_price: Option<MoneyIn>,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct MoneyIn {
    pub amount: MoneyText,
    pub currency_code: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConsentState {
    pub marketing_state: String,
    pub consent_updated_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LocationAdd {
    pub name: String,
    pub metafields: Option<Vec<MetafieldInput>>,
}

#[derive(Deserialize)]
pub(super) struct LocationEdit {
    pub name: Option<String>,
}

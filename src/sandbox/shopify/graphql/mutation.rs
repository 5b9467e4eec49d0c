//! Changes: the fields of `Mutation`, one file for each kind.

mod bulk;
mod collections;
mod customers;
mod files;
mod locations;
mod metafields;
mod price_lists;
mod publish;
mod set_product;
mod set_stock;
mod small;
mod variants;

use apollo_compiler::resolvers::FieldError;

use super::desk::Desk;
use super::object::{Object, Val, leaf, many, text};

/// The most rows one list of input takes.
const MOST_ROWS: usize = 250;

/// The root of changes.
pub(super) fn root<'s>(desk: &'s Desk<'_>) -> Object<'s> {
    Object::fallible("Mutation", move |ask| {
        let payload = match ask.name {
            "customerAddressCreate" => customers::create_address(desk, ask)?,
            "customerAddressUpdate" => customers::update_address(desk, ask)?,
            "customerEmailMarketingConsentUpdate" => customers::consent(desk, ask)?,
            "customerSet" => customers::set(desk, ask)?,
            "customerUpdate" => customers::update(desk, ask)?,
            "bulkOperationRunMutation" => bulk::run(desk, ask)?,
            "stagedUploadsCreate" => bulk::stage(desk, ask)?,
            "collectionCreate" => collections::create(desk, ask)?,
            "fileCreate" => files::create(desk, ask)?,
            "fileUpdate" => files::update(desk, ask)?,
            "inventorySetQuantities" => set_stock::set_quantities(desk, ask)?,
            "locationAdd" => locations::add(desk, ask)?,
            "locationEdit" => locations::edit(desk, ask)?,
            "metafieldsDelete" => metafields::delete(desk, ask)?,
            "metafieldsSet" => metafields::set(desk, ask)?,
            "priceListFixedPricesAdd" => price_lists::add(desk, ask)?,
            "priceListFixedPricesDelete" => price_lists::delete(desk, ask)?,
            "metafieldDefinitionCreate" => small::create_definition(desk, ask)?,
            "productSet" => set_product::set_product(desk, ask)?,
            "productUpdate" => small::update_product(desk, ask)?,
            "productVariantsBulkCreate" => variants::create(desk, ask)?,
            "productVariantsBulkDelete" => variants::delete(desk, ask)?,
            "productVariantsBulkUpdate" => variants::update(desk, ask)?,
            "publishablePublish" => publish::publish(desk, ask)?,
            "webhookSubscriptionCreate" => small::subscribe(desk, ask)?,
            _ => return Ok(None),
        };
        Ok(Some(Val::Object(payload)))
    })
}

/// A business error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct UserError {
    /// Code, for the payloads that have one.
    pub code: String,
    /// Path to what is wrong.
    pub field: Vec<String>,
    /// What is wrong.
    pub message: String,
}

impl UserError {
    pub(super) fn new(code: &str, field: &[&str], message: &str) -> Self {
        Self {
            code: code.to_owned(),
            field: field.iter().map(|part| (*part).to_owned()).collect(),
            message: message.to_owned(),
        }
    }

    /// An error of one row of a list.
    pub(super) fn of_row(code: &str, list: &str, row: usize, field: &str, message: &str) -> Self {
        Self::new(code, &[list, &row.to_string(), field], message)
    }
}

/// A list of business errors.
pub(super) fn errors<'s>(kind: &'static str, errors: &[UserError]) -> Option<Val<'s>> {
    many(errors.iter().cloned().map(move |error| {
        Object::new(kind, move |ask| match ask.name {
            "code" => leaf(error.code.as_str()),
            "message" => leaf(error.message.as_str()),
            "field" if error.field.is_empty() => text(None),
            "field" => Some(Val::List(error.field.iter().filter_map(|part| leaf(part.as_str())).collect())),
            _ => None,
        })
    }))
}

/// A list of input that is too long.
pub(super) fn too_many(desk: &Desk<'_>, rows: usize) -> FieldError {
    desk.refuse(
        "MAX_INPUT_SIZE_EXCEEDED",
        format!("The input array size of {rows} is greater than the maximum allowed of {MOST_ROWS}."),
    )
}

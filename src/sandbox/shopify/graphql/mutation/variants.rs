//! `productVariantsBulkCreate`, `…Update` and `…Delete`: many variants of one product, all or none.

use std::collections::HashSet;

use apollo_compiler::resolvers::FieldError;
use apollo_compiler::response::JsonValue;

use super::super::super::catalogue::{Product, Variant};
use super::super::super::ids::{gid, read_gid};
use super::super::super::state::State;
use super::super::desk::Desk;
use super::super::inputs::{VariantInput, read};
use super::super::nodes;
use super::super::object::{Ask, Object, Val, many, maybe};
use super::super::variant_rules::{
    MOST_VARIANTS, OptionProblem, blank_variant, has_twins, option_values, put, write_fields,
};
use super::{MOST_ROWS, UserError, errors, too_many};

type Written = Result<(u64, Vec<u64>), Vec<UserError>>;

/// Creates variants.
pub(super) fn create<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let (product, rows) = product_and_rows(desk, ask)?;
    let strategy = ask.text("strategy").unwrap_or("DEFAULT");
    let written = created(&mut desk.state(), product, &rows, strategy);
    let kinds = ("ProductVariantsBulkCreatePayload", "ProductVariantsBulkCreateUserError");
    Ok(payload(desk, kinds, written))
}

/// Updates variants.
pub(super) fn update<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let (product, rows) = product_and_rows(desk, ask)?;
    let partially = ask.arguments.get("allowPartialUpdates").and_then(JsonValue::as_bool).unwrap_or(false);
    if partially {
        return Err(desk.refuse("BAD_REQUEST", "This simulated shop updates all variants or none."));
    }
    let written = updated(&mut desk.state(), product, &rows);
    let kinds = ("ProductVariantsBulkUpdatePayload", "ProductVariantsBulkUpdateUserError");
    Ok(payload(desk, kinds, written))
}

/// Deletes variants.
pub(super) fn delete<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let product = read::<String>(desk, ask, "productId")?;
    let ids = read::<Vec<String>>(desk, ask, "variantsIds")?;
    if ids.len() > MOST_ROWS {
        return Err(too_many(desk, ids.len()));
    }
    let written = deleted(&mut desk.state(), read_gid("Product", &product), &ids);
    let kinds = ("ProductVariantsBulkDeletePayload", "ProductVariantsBulkDeleteUserError");
    Ok(payload(desk, kinds, written))
}

fn product_and_rows(desk: &Desk<'_>, ask: &Ask<'_>) -> Result<(Option<u64>, Vec<VariantInput>), FieldError> {
    let product = read::<String>(desk, ask, "productId")?;
    let rows = read::<Vec<VariantInput>>(desk, ask, "variants")?;
    if rows.len() > MOST_ROWS {
        return Err(too_many(desk, rows.len()));
    }
    Ok((read_gid("Product", &product), rows))
}

fn payload<'s>(desk: &'s Desk<'_>, kinds: (&'static str, &'static str), written: Written) -> Object<'s> {
    Object::new(kinds.0, move |ask| match (ask.name, &written) {
        ("product", Ok((product, _))) => maybe(nodes::product(desk, *product)),
        ("productVariants", Ok((_, variants))) => many(variants.iter().filter_map(|id| nodes::variant(desk, *id))),
        ("product" | "productVariants", Err(_)) => Some(Val::Leaf(JsonValue::Null)),
        ("userErrors", written) => errors(kinds.1, written.as_ref().err().map_or(&[], Vec::as_slice)),
        _ => None,
    })
}

fn known_product(state: &State, id: Option<u64>) -> Result<Product, Vec<UserError>> {
    let product = id.and_then(|id| state.catalogue.product(id)).cloned();
    product.ok_or_else(|| vec![UserError::new("PRODUCT_DOES_NOT_EXIST", &["productId"], "Product does not exist")])
}

fn row_error(row: usize, field: &str, code: &str, text: &str) -> UserError {
    UserError::of_row(code, "variants", row, field, text)
}

fn created(state: &mut State, product: Option<u64>, rows: &[VariantInput], strategy: &str) -> Written {
    let mut product = known_product(state, product)?;
    let now = state.now();
    let currency = state.options.currency;
    let mut found = Vec::new();
    let mut fresh: Vec<Variant> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        if row.id.is_some() {
            found.push(row_error(index, "id", "INVALID_INPUT", "A variant that is created has no id yet."));
            continue;
        }
        let options = match option_values(&product.options, row) {
            Ok(options) => options,
            Err(OptionProblem::NoSuchOption) => {
                let text = "The option does not exist.";
                found.push(row_error(index, "optionValues", "OPTION_VALUES_FOR_NUMBER_OF_UNKNOWN_OPTIONS", text));
                continue;
            }
            Err(OptionProblem::Missing) => {
                let text = "A variant needs one value for each option.";
                found.push(row_error(index, "optionValues", "NEED_TO_ADD_OPTION_VALUES", text));
                continue;
            }
        };
        let mut variant = blank_variant(&mut state.ids, options, now);
        if !write_fields(&mut variant, row, currency, now) {
            let text = "Price must be greater than or equal to 0.";
            found.push(row_error(index, "price", "NEGATIVE_PRICE_VALUE", text));
        }
        if product.variants.iter().chain(&fresh).any(|known| known.options == variant.options) {
            let text = "The variant already exists. Please change at least one option value.";
            found.push(row_error(index, "optionValues", "VARIANT_ALREADY_EXISTS", text));
        }
        fresh.push(variant);
    }
    if product.variants.len() + fresh.len() > MOST_VARIANTS {
        let text = format!("The number of variants can't be higher than {MOST_VARIANTS}.");
        found.push(UserError::new("INVALID_INPUT", &["variants"], &text));
    }
    if !found.is_empty() {
        return Err(found);
    }
    let standalone = product.variants.len() == 1;
    let is_default = standalone && product.variants[0].option("Title") == Some("Default Title");
    if standalone && (strategy == "REMOVE_STANDALONE_VARIANT" || (strategy == "DEFAULT" && is_default)) {
        product.variants.clear();
    }
    let ids = fresh.iter().map(|variant| variant.id).collect();
    product.variants.extend(fresh);
    Ok((save(state, product, "productVariantsBulkCreate"), ids))
}

fn updated(state: &mut State, product: Option<u64>, rows: &[VariantInput]) -> Written {
    let mut product = known_product(state, product)?;
    let now = state.now();
    let currency = state.options.currency;
    let options = product.options.clone();
    let mut found = Vec::new();
    let mut ids = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let Some(id) = &row.id else {
            let text = "Product variant is missing ID attribute";
            found.push(row_error(index, "id", "PRODUCT_VARIANT_ID_MISSING", text));
            continue;
        };
        let id = read_gid("ProductVariant", id);
        let Some(variant) = product.variants.iter_mut().find(|variant| Some(variant.id) == id) else {
            let text = "Product variant does not exist";
            found.push(row_error(index, "id", "PRODUCT_VARIANT_DOES_NOT_EXIST", text));
            continue;
        };
        if row.option_values.is_some() {
            match option_values(&options, row) {
                Ok(values) => variant.options = values,
                Err(OptionProblem::NoSuchOption) => {
                    let text = "Option does not exist";
                    found.push(row_error(index, "optionValues", "OPTION_DOES_NOT_EXIST", text));
                }
                Err(OptionProblem::Missing) => {
                    let text = "A variant needs one value for each option.";
                    found.push(row_error(index, "optionValues", "NEED_TO_ADD_OPTION_VALUES", text));
                }
            }
        }
        if !write_fields(variant, row, currency, now) {
            let text = "Price must be greater than or equal to 0";
            found.push(row_error(index, "price", "NEGATIVE_PRICE_VALUE", text));
        }
        ids.push(variant.id);
    }
    if has_twins(&product.variants) {
        let text = "The variant already exists. Please change at least one option value.";
        found.push(UserError::new("VARIANT_ALREADY_EXISTS", &["variants"], text));
    }
    if found.is_empty() { Ok((save(state, product, "productVariantsBulkUpdate"), ids)) } else { Err(found) }
}

fn deleted(state: &mut State, product: Option<u64>, ids: &[String]) -> Written {
    let mut product = known_product(state, product)?;
    let wanted: HashSet<Option<u64>> = ids.iter().map(|id| read_gid("ProductVariant", id)).collect();
    let strangers = wanted.iter().any(|id| id.is_none_or(|id| product.variant(id).is_none()));
    if strangers {
        let text = "At least one variant does not belong to the product";
        let code = "AT_LEAST_ONE_VARIANT_DOES_NOT_BELONG_TO_THE_PRODUCT";
        return Err(vec![UserError::new(code, &["variantsIds"], text)]);
    }
    product.variants.retain(|variant| !wanted.contains(&Some(variant.id)));
    if product.variants.is_empty() {
        let text = "Cannot delete the last variant";
        return Err(vec![UserError::new("CANNOT_DELETE_LAST_VARIANT", &["variantsIds"], text)]);
    }
    Ok((save(state, product, "productVariantsBulkDelete"), Vec::new()))
}

/// Puts the product back, if anything about it changed.
fn save(state: &mut State, mut product: Product, what: &'static str) -> u64 {
    let id = product.id;
    if state.catalogue.product(id) == Some(&product) {
        return id;
    }
    product.updated_at = state.now();
    put(state, product);
    state.wrote(what, gid("Product", id));
    if state.echoes {
        state.notify_product("products/update", id);
    }
    id
}

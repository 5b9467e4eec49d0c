//! `productSet`: creates or updates a product as a whole. Lists replace lists; a variant left out is deleted.

use std::collections::HashSet;

use apollo_compiler::resolvers::FieldError;
use apollo_compiler::response::JsonValue;
use jiff::Timestamp;

use super::super::super::catalogue::{Image, Metafield, Product, ProductOption, Variant};
use super::super::super::ids::{gid, read_gid};
use super::super::super::markets::Operation;
use super::super::super::state::State;
use super::super::desk::Desk;
use super::super::inputs::{CustomId, OptionInput, ProductIdentifier, ProductInput, VariantInput, read};
use super::super::nodes;
use super::super::object::{Ask, Object, maybe};
use super::super::variant_rules::{
    MOST_OPTIONS, MOST_VARIANTS, OptionProblem, blank_variant, has_twins, namespace_of, option_values, put,
    write_fields,
};
use super::metafields::typed;
use super::{UserError, errors};

pub(super) fn set_product<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let identifier = read::<Option<ProductIdentifier>>(desk, ask, "identifier")?;
    let input = read::<ProductInput>(desk, ask, "input")?;
    let existing = identifier.as_ref().map(|identifier| identifier.find(desk)).transpose()?.flatten();
    let outcome = write(&mut desk.state(), identifier.as_ref(), existing, &input);
    let in_bulk = desk.is_bulk();
    let synchronous = ask.arguments.get("synchronous").and_then(JsonValue::as_bool).unwrap_or(true) || in_bulk;
    if !synchronous {
        let operation = begin(&mut desk.state(), outcome);
        return Ok(Object::new("ProductSetPayload", move |ask| match ask.name {
            "product" => maybe(None),
            "productSetOperation" => maybe(nodes::operation(desk, operation)),
            "userErrors" => errors("ProductSetUserError", &[]),
            _ => None,
        }));
    }
    let (written, found) = match outcome {
        Ok(id) => (Some(id), Vec::new()),
        Err(error) => (None, vec![error]),
    };
    Ok(Object::new("ProductSetPayload", move |ask| match ask.name {
        "productSetOperation" => maybe(None),
        "product" => maybe(written.and_then(|id| nodes::product(desk, id))),
        "userErrors" => errors("ProductSetUserError", &found),
        _ => None,
    }))
}

/// Keeps what came of a product that is said to be written in the background; it is told when the time is up.
fn begin(state: &mut State, outcome: Result<u64, UserError>) -> u64 {
    let (id, begun) = (state.ids.next(), state.now());
    let due = begun.checked_add(state.options.operation_time).unwrap_or(begun);
    let outcome = outcome.map_err(|error| (error.code, error.field, error.message));
    state.operations.insert(id, Operation { due, begun, outcome });
    id
}

fn write(
    state: &mut State,
    identifier: Option<&ProductIdentifier>,
    existing: Option<u64>,
    input: &ProductInput,
) -> Result<u64, UserError> {
    let now = state.now();
    let before = existing.and_then(|id| state.catalogue.product(id)).cloned();
    if before.is_none() && identifier.is_some_and(|identifier| identifier.id.is_some()) {
        return Err(UserError::new("PRODUCT_DOES_NOT_EXIST", &["identifier", "id"], "Product does not exist"));
    }
    let mut product = match &before {
        Some(product) => product.clone(),
        None => blank_product(state, input, now)?,
    };
    write_texts(&mut product, input);
    write_metafields(state, &mut product, identifier.and_then(|named| named.custom_id.as_ref()), input)?;
    write_variants(state, &mut product, input, now)?;
    write_files(state, &mut product, input, now)?;
    write_collections(state, &mut product, input)?;
    let (id, created) = (product.id, before.is_none());
    if before.as_ref() != Some(&product) {
        product.updated_at = now;
    }
    put(state, product);
    state.wrote("productSet", gid("Product", id));
    if state.echoes {
        state.notify_product(if created { "products/create" } else { "products/update" }, id);
    }
    Ok(id)
}

fn blank_product(state: &mut State, input: &ProductInput, now: Timestamp) -> Result<Product, UserError> {
    let Some(title) = input.title.clone().filter(|title| !title.trim().is_empty()) else {
        return Err(UserError::new("INVALID_INPUT", &["input", "title"], "Title can't be blank"));
    };
    let id = state.ids.next();
    let options = vec![("Title".to_owned(), "Default Title".to_owned())];
    Ok(Product {
        id,
        handle: format!("{}-{id}", title.to_lowercase().replace(|letter: char| !letter.is_alphanumeric(), "-")),
        title,
        description: None,
        vendor: state.options.name.clone(),
        product_type: String::new(),
        status: "ACTIVE".to_owned(),
        options: vec![ProductOption { id: state.ids.next(), name: "Title".to_owned() }],
        variants: vec![blank_variant(&mut state.ids, options, now)],
        images: Vec::new(),
        metafields: Vec::new(),
        collections: std::collections::BTreeSet::new(),
        published_on: std::collections::BTreeSet::new(),
        created_at: now,
        updated_at: now,
    })
}

fn write_texts(product: &mut Product, input: &ProductInput) {
    for (given, place) in [
        (&input.title, &mut product.title),
        (&input.vendor, &mut product.vendor),
        (&input.product_type, &mut product.product_type),
        (&input.status, &mut product.status),
    ] {
        if let Some(given) = given {
            place.clone_from(given);
        }
    }
    input.description_html.set(&mut product.description);
}

/// The list replaces the old one, and must carry the identifying value the product is named by.
fn write_metafields(
    state: &State,
    product: &mut Product,
    named: Option<&CustomId>,
    input: &ProductInput,
) -> Result<(), UserError> {
    if let Some(given) = &input.metafields {
        let mut fields = Vec::new();
        for (index, field) in given.iter().enumerate() {
            let Metafield { namespace, key, kind, value } = typed(state, "PRODUCT", field)
                .map_err(|(_, text)| UserError::of_row("INVALID_METAFIELD", "metafields", index, "value", text))?;
            let holder = state.catalogue.by_metafield(&namespace, &key, &value);
            if kind == "id" && holder.is_some_and(|holder| holder.id != product.id) {
                let text = "The value is in use for another product.";
                return Err(UserError::of_row("DUPLICATED_METAFIELD_VALUE", "metafields", index, "value", text));
            }
            fields.push(Metafield { namespace, key, kind, value });
        }
        product.metafields = fields;
    }
    let carries = |named: &CustomId| {
        let namespace = namespace_of(named.namespace.as_deref());
        let is_it =
            |field: &Metafield| field.namespace == namespace && field.key == named.key && field.value == named.value;
        product.metafields.iter().any(is_it)
    };
    if named.is_some_and(|named| !carries(named)) {
        let text = "The custom id of the identifier does not match the metafields of the input.";
        return Err(UserError::new("METAFIELD_MISMATCH", &["identifier", "customId"], text));
    }
    Ok(())
}

fn write_variants(
    state: &mut State,
    product: &mut Product,
    input: &ProductInput,
    now: Timestamp,
) -> Result<(), UserError> {
    let (options, rows) = match (&input.product_options, &input.variants) {
        (None, None) => return Ok(()),
        (None, Some(_)) => {
            let text = "Product options must be given when variants are.";
            return Err(UserError::new("PRODUCT_OPTIONS_INPUT_MISSING", &["input", "productOptions"], text));
        }
        (Some(_), None) => {
            let text = "Variants must be given when product options are.";
            return Err(UserError::new("VARIANTS_INPUT_MISSING", &["input", "variants"], text));
        }
        (Some(options), Some(rows)) => (options, rows),
    };
    if rows.is_empty() {
        return Err(UserError::new("VARIANTS_INPUT_MISSING", &["input", "variants"], "Variants can't be empty."));
    }
    if rows.len() > MOST_VARIANTS {
        let text = format!("The number of variants can't be higher than {MOST_VARIANTS}.");
        return Err(UserError::new("VARIANTS_OVER_LIMIT", &["input", "variants"], &text));
    }
    let values = check_options(options)?;
    product.options = named_options(state, product, options);
    let mut variants = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        variants.push(variant_of(state, product, &values, index, row, now)?);
    }
    if has_twins(&variants) {
        let text = "Two variants have the same option values.";
        return Err(UserError::new("INVALID_VARIANT", &["input", "variants"], text));
    }
    product.variants = variants;
    Ok(())
}

type Values = HashSet<(String, String)>;

fn check_options(options: &[OptionInput]) -> Result<Values, UserError> {
    let error = |code, index: usize, text| Err(UserError::of_row(code, "productOptions", index, "name", text));
    if options.len() > MOST_OPTIONS {
        let text = format!("A product can't have more than {MOST_OPTIONS} options.");
        return Err(UserError::new("OPTIONS_OVER_LIMIT", &["input", "productOptions"], &text));
    }
    let mut names = HashSet::new();
    let mut values = Values::new();
    for (index, option) in options.iter().enumerate() {
        let Some(name) = option.name.as_deref().filter(|name| !name.is_empty()) else {
            return error("INVALID_INPUT", index, "An option needs a name.");
        };
        if !names.insert(name) {
            return error("DUPLICATED_OPTION_NAME", index, "Two options have the same name.");
        }
        let given = option.values.as_deref().unwrap_or_default();
        if given.is_empty() {
            return error("OPTION_VALUES_MISSING", index, "An option needs values.");
        }
        for value in given {
            let Some(value) = value.name.clone().filter(|value| !value.is_empty()) else {
                return error("INVALID_INPUT", index, "An option's value needs a name.");
            };
            if !values.insert((name.to_owned(), value)) {
                return error("DUPLICATED_OPTION_VALUE", index, "Two values of an option have the same name.");
            }
        }
    }
    Ok(values)
}

fn named_options(state: &mut State, product: &Product, options: &[OptionInput]) -> Vec<ProductOption> {
    let mut named = Vec::new();
    for name in options.iter().filter_map(|option| option.name.clone()) {
        let known = product.options.iter().find(|option| option.name == name);
        let id = known.map_or_else(|| state.ids.next(), |option| option.id);
        named.push(ProductOption { id, name });
    }
    named
}

fn variant_of(
    state: &mut State,
    product: &Product,
    values: &Values,
    index: usize,
    row: &VariantInput,
    now: Timestamp,
) -> Result<Variant, UserError> {
    let error = |code, field: &str, text| Err(UserError::of_row(code, "variants", index, field, text));
    let options = match option_values(&product.options, row) {
        Ok(options) => options,
        Err(OptionProblem::NoSuchOption) => {
            return error("OPTION_DOES_NOT_EXIST", "optionValues", "The option does not exist.");
        }
        Err(OptionProblem::Missing) => {
            return error("INVALID_VARIANT", "optionValues", "A variant needs one value for each option.");
        }
    };
    if options.iter().any(|value| !values.contains(value)) {
        return error("OPTION_VALUE_DOES_NOT_EXIST", "optionValues", "The option value does not exist.");
    }
    let mut variant = match &row.id {
        Some(id) => {
            let known = read_gid("ProductVariant", id).and_then(|id| product.variant(id)).cloned();
            let Some(known) = known else {
                return error("PRODUCT_VARIANT_DOES_NOT_EXIST", "id", "The product variant does not exist.");
            };
            known
        }
        None => match product.variants.iter().find(|variant| variant.options == options) {
            Some(known) => known.clone(),
            None => blank_variant(&mut state.ids, options.clone(), now),
        },
    };
    variant.options = options;
    if !write_fields(&mut variant, row, state.options.currency, now) {
        return error("INVALID_VARIANT", "price", "Price must be greater than or equal to 0.");
    }
    Ok(variant)
}

/// The list replaces the old one; a picture that is sent again by its address is fetched again and gets a new id.
fn write_files(
    state: &mut State,
    product: &mut Product,
    input: &ProductInput,
    now: Timestamp,
) -> Result<(), UserError> {
    let Some(files) = &input.files else { return Ok(()) };
    let mut images = Vec::new();
    for (index, file) in files.iter().enumerate() {
        if let Some(id) = &file.id {
            let known = read_gid("MediaImage", id).and_then(|id| state.files.get(id));
            let Some(known) = known.filter(|known| known.status(now, state.options.picture_time) != "FAILED") else {
                let text = "The file does not exist or has failed.";
                return Err(UserError::of_row("INVALID_INPUT", "files", index, "id", text));
            };
            images.push(Image { id: known.id, source: known.source.clone(), alt: known.alt.clone() });
            continue;
        }
        let Some(source) = file.original_source.clone().filter(|source| !source.is_empty()) else {
            let text = "A file needs an original source.";
            return Err(UserError::of_row("INVALID_INPUT", "files", index, "originalSource", text));
        };
        let State { files, ids, .. } = &mut *state;
        let id = files.add(ids, None, &source, file.alt.clone(), now);
        images.push(Image { id, source, alt: file.alt.clone() });
    }
    product.images = images;
    Ok(())
}

/// The list replaces the old one.
fn write_collections(state: &State, product: &mut Product, input: &ProductInput) -> Result<(), UserError> {
    let Some(collections) = &input.collections else { return Ok(()) };
    let mut joined = std::collections::BTreeSet::new();
    for (index, id) in collections.iter().enumerate() {
        let known = read_gid("Collection", id).filter(|id| state.collections.contains_key(id));
        let Some(known) = known else {
            let text = "Collection does not exist";
            return Err(UserError::of_row("INVALID_INPUT", "collections", index, "id", text));
        };
        joined.insert(known);
    }
    product.collections = joined;
    Ok(())
}

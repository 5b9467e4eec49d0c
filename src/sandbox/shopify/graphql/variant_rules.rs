//! Rules that every way of writing variants shares.

use apollo_compiler::resolvers::FieldError;
use jiff::Timestamp;

use super::super::catalogue::{Product, ProductOption, Variant};
use super::super::ids::Ids;
use super::super::state::State;
use super::desk::Desk;
use super::inputs::{Given, VariantInput};
use crate::domain::Currency;

/// The most variants a product has.
pub(super) const MOST_VARIANTS: usize = 2_048;

/// The most options a product has.
pub(super) const MOST_OPTIONS: usize = 3;

/// Namespace of metafields that belong to the app alone, when none is given.
const APP_NAMESPACE: &str = "$app";

/// The namespace that is meant.
pub(super) fn namespace_of(given: Option<&str>) -> String {
    given.unwrap_or(APP_NAMESPACE).to_owned()
}

/// The top-level error for a custom id that no definition of type `id` allows.
pub(super) fn id_metafield_missing(desk: &Desk<'_>) -> FieldError {
    desk.refuse("NOT_FOUND", "Metafield definition of type 'id' is required when using custom ids.")
}

/// A variant that has no fields yet.
pub(super) fn blank_variant(ids: &mut Ids, options: Vec<(String, String)>, now: Timestamp) -> Variant {
    Variant {
        id: ids.next(),
        inventory_item: ids.next(),
        sku: None,
        barcode: None,
        price: 0,
        compare_at: None,
        options,
        tracked: true,
        created_at: now,
        updated_at: now,
    }
}

/// Why option values do not fit a product's options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OptionProblem {
    /// An option the product does not have.
    NoSuchOption,
    /// An option without a value.
    Missing,
}

/// Values in the order of the product's options.
pub(super) fn option_values(
    options: &[ProductOption],
    input: &VariantInput,
) -> Result<Vec<(String, String)>, OptionProblem> {
    let given = input.option_values.as_deref().unwrap_or_default();
    let known = |name: Option<&str>| name.is_some_and(|name| options.iter().any(|option| option.name == name));
    if given.iter().any(|value| !known(value.option_name.as_deref())) {
        return Err(OptionProblem::NoSuchOption);
    }
    let value_of = |option: &ProductOption| {
        let mut values = given.iter().filter(|value| value.option_name.as_deref() == Some(&option.name));
        let name = values.next()?.name.clone().filter(|name| !name.is_empty())?;
        values.next().is_none().then(|| (option.name.clone(), name))
    };
    options.iter().map(|option| value_of(option).ok_or(OptionProblem::Missing)).collect()
}

/// Writes the given fields into a variant. `false` when the price is below nothing, and nothing is written then.
pub(super) fn write_fields(variant: &mut Variant, input: &VariantInput, currency: Currency, now: Timestamp) -> bool {
    let price = input.price.map(|price| price.minor(currency));
    let compare_at = match &input.compare_at_price {
        Given::Absent => variant.compare_at,
        Given::Here(amount) => amount.map(|amount| amount.minor(currency)),
    };
    if price.is_some_and(|price| price < 0) || compare_at.is_some_and(|amount| amount < 0) {
        return false;
    }
    let before = variant.clone();
    variant.price = price.unwrap_or(variant.price);
    variant.compare_at = compare_at;
    input.barcode.set(&mut variant.barcode);
    input.sku.set(&mut variant.sku);
    if let Some(item) = &input.inventory_item {
        item.sku.set(&mut variant.sku);
        variant.tracked = item.tracked.unwrap_or(variant.tracked);
    }
    if *variant != before {
        variant.updated_at = now;
    }
    true
}

/// Whether two variants have the same values.
pub(super) fn has_twins(variants: &[Variant]) -> bool {
    let mut seen = std::collections::HashSet::new();
    !variants.iter().all(|variant| seen.insert(&variant.options))
}

/// Puts a changed product into the catalogue: forgets the stock of variants that are gone, begins that of new ones at the
/// location that serves online orders.
pub(super) fn put(state: &mut State, product: Product) {
    let items: Vec<u64> = product.variants.iter().map(|variant| variant.inventory_item).collect();
    for gone in state.catalogue.put(product) {
        state.stock.forget(gone);
    }
    let online = state.online_location();
    for item in items {
        state.stock.stock_at(item, online);
    }
}

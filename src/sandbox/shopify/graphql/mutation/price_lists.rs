//! `priceListFixedPricesAdd` and `…Delete`: fixed prices of variants in a list, in its currency; all or none.

use apollo_compiler::resolvers::FieldError;

use super::super::super::ids::{gid, read_gid};
use super::super::super::state::State;
use super::super::desk::Desk;
use super::super::inputs::{ListPrice, read};
use super::super::object::{Ask, Object, Val, leaf};
use super::{MOST_ROWS, UserError, errors, too_many};

const ERROR: &str = "PriceListPriceUserError";

pub(super) fn add<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let list = read::<String>(desk, ask, "priceListId")?;
    let prices = read::<Vec<ListPrice>>(desk, ask, "prices")?;
    if prices.len() > MOST_ROWS {
        return Err(too_many(desk, prices.len()));
    }
    let found = added(&mut desk.state(), &list, &prices).err().unwrap_or_default();
    Ok(Object::new("PriceListFixedPricesAddPayload", move |ask| match ask.name {
        "userErrors" => errors(ERROR, &found),
        _ => None,
    }))
}

fn no_list() -> Vec<UserError> {
    vec![UserError::new("PRICE_LIST_NOT_FOUND", &["priceListId"], "Price list not found.")]
}

fn added(state: &mut State, list: &str, prices: &[ListPrice]) -> Result<(), Vec<UserError>> {
    let id = read_gid("PriceList", list).filter(|id| state.price_lists.contains_key(id)).ok_or_else(no_list)?;
    let currency = state.price_lists[&id].currency;
    let (mut found, mut rows) = (Vec::new(), Vec::new());
    for (index, price) in prices.iter().enumerate() {
        let mut object = |code, field, text| found.push(UserError::of_row(code, "prices", index, field, text));
        let amounts = [Some(&price.price), price.compare_at_price.as_ref()].into_iter().flatten();
        if amounts.clone().any(|amount| amount.currency_code != currency.code()) {
            object("PRICE_LIST_CURRENCY_MISMATCH", "price", "The currency must be the price list's.");
        }
        match read_gid("ProductVariant", &price.variant_id).filter(|id| state.catalogue.variant(*id).is_some()) {
            Some(variant) => {
                let compare_at = price.compare_at_price.as_ref().map(|amount| amount.amount.minor(currency));
                rows.push((variant, (price.price.amount.minor(currency), compare_at)));
            }
            None => object("VARIANT_NOT_FOUND", "variantId", "Variant not found."),
        }
    }
    if !found.is_empty() {
        return Err(found);
    }
    for (variant, prices) in rows {
        if let Some(list) = state.price_lists.get_mut(&id) {
            list.fixed.insert(variant, prices);
        }
        state.wrote("priceListFixedPricesAdd", gid("ProductVariant", variant));
    }
    Ok(())
}

pub(super) fn delete<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let list = read::<String>(desk, ask, "priceListId")?;
    let variants = read::<Vec<String>>(desk, ask, "variantIds")?;
    if variants.len() > MOST_ROWS {
        return Err(too_many(desk, variants.len()));
    }
    let found = deleted(&mut desk.state(), &list, &variants).err().unwrap_or_default();
    Ok(Object::new("PriceListFixedPricesDeletePayload", move |ask| match ask.name {
        "deletedFixedPriceVariantIds" => {
            Some(Val::List(variants.iter().filter(|_| found.is_empty()).filter_map(|id| leaf(id.as_str())).collect()))
        }
        "userErrors" => errors(ERROR, &found),
        _ => None,
    }))
}

fn deleted(state: &mut State, list: &str, variants: &[String]) -> Result<(), Vec<UserError>> {
    let id = read_gid("PriceList", list).ok_or_else(no_list)?;
    let ids: Vec<Option<u64>> = variants.iter().map(|id| read_gid("ProductVariant", id)).collect();
    let list = state.price_lists.get_mut(&id).ok_or_else(no_list)?;
    let fixed = |id: &Option<u64>| id.is_some_and(|id| list.fixed.contains_key(&id));
    if let Some(index) = ids.iter().position(|id| !fixed(id)) {
        let error =
            UserError::of_row("PRICE_NOT_FIXED", "variantIds", index, "id", "Only fixed prices can be deleted.");
        return Err(vec![error]);
    }
    for id in ids.into_iter().flatten() {
        list.fixed.remove(&id);
    }
    Ok(())
}

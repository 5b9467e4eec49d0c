//! `metafieldsSet` and `metafieldsDelete` for products: typed by their definitions, all or none.

use apollo_compiler::resolvers::FieldError;

use super::super::super::catalogue::{Metafield, Product};
use super::super::super::ids::{gid, read_gid};
use super::super::super::state::State;
use super::super::desk::Desk;
use super::super::inputs::{MetafieldInput, OwnedMetafield, read};
use super::super::object::{Ask, Object, many};
use super::super::variant_rules::namespace_of;
use super::{UserError, errors};

/// The most metafields one call takes.
const MOST: usize = 25;

/// A metafield's value in its type, or the code and words against it.
pub(super) fn typed(
    state: &State,
    owner: &str,
    field: &MetafieldInput,
) -> Result<Metafield, (&'static str, &'static str)> {
    let (Some(key), Some(value)) = (field.key.clone(), field.value.clone()) else {
        return Err(("BLANK", "A metafield needs a key and a value."));
    };
    let namespace = namespace_of(field.namespace.as_deref());
    let defined = state.definition(owner, &namespace, &key).map(|known| known.kind.clone());
    let kind = match (&field.r#type, defined) {
        (Some(given), Some(defined)) if *given != defined => {
            return Err(("INVALID_TYPE", "The type differs from its definition's."));
        }
        (Some(given), _) => given.clone(),
        (None, Some(defined)) => defined,
        (None, None) => return Err(("INVALID_TYPE", "The type is missing, and there is no definition.")),
    };
    let fits = match kind.as_str() {
        "single_line_text_field" | "id" => !value.contains('\n'),
        "number_integer" => value.parse::<i64>().is_ok(),
        "boolean" => matches!(value.as_str(), "true" | "false"),
        "url" => value.starts_with("https://") || value.starts_with("http://"),
        _ => true,
    };
    match () {
        () if value.trim().is_empty() => Err(("BLANK", "Value can't be blank.")),
        () if !fits => Err(("INVALID_VALUE", "The value does not fit its type.")),
        () => Ok(Metafield { namespace, key, kind, value }),
    }
}

pub(super) fn set<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let fields = read::<Vec<OwnedMetafield>>(desk, ask, "metafields")?;
    if fields.len() > MOST {
        let text = format!("Exceeded the maximum metafields input limit of {MOST}.");
        return Err(desk.refuse("MAX_INPUT_SIZE_EXCEEDED", text));
    }
    let found = written(&mut desk.state(), &fields).err().unwrap_or_default();
    Ok(Object::new("MetafieldsSetPayload", move |ask| match ask.name {
        "metafields" => many([]),
        "userErrors" => errors("MetafieldsSetUserError", &found),
        _ => None,
    }))
}

fn written(state: &mut State, fields: &[OwnedMetafield]) -> Result<(), Vec<UserError>> {
    let mut products: Vec<Product> = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let error = |code, part, text| vec![UserError::of_row(code, "metafields", index, part, text)];
        let at = owner(state, &mut products, &field.owner_id)
            .ok_or_else(|| error("INVALID", "ownerId", "Owner does not exist."))?;
        let input = MetafieldInput {
            namespace: field.namespace.clone(),
            key: Some(field.key.clone()),
            r#type: field.r#type.clone(),
            value: field.value.clone(),
        };
        let value = typed(state, "PRODUCT", &input).map_err(|(code, text)| error(code, "value", text))?;
        let holder = state.catalogue.by_metafield(&value.namespace, &value.key, &value.value);
        if value.kind == "id" && holder.is_some_and(|holder| holder.id != products[at].id) {
            return Err(error("TAKEN", "value", "Value has already been taken."));
        }
        let kept = &mut products[at].metafields;
        match kept.iter_mut().find(|one| one.namespace == value.namespace && one.key == value.key) {
            Some(known) => *known = value,
            None => kept.push(value),
        }
    }
    keep(state, products, "metafieldsSet");
    Ok(())
}

/// The place of an owner among the products at hand, fetched when it is not there yet.
fn owner(state: &State, products: &mut Vec<Product>, id: &str) -> Option<usize> {
    let id = read_gid("Product", id)?;
    if let Some(at) = products.iter().position(|product| product.id == id) {
        return Some(at);
    }
    products.push(state.catalogue.product(id)?.clone());
    Some(products.len() - 1)
}

fn keep(state: &mut State, products: Vec<Product>, what: &'static str) {
    for mut product in products {
        let id = product.id;
        if state.catalogue.product(id) == Some(&product) {
            continue;
        }
        product.updated_at = state.now();
        state.catalogue.put(product);
        state.wrote(what, gid("Product", id));
        if state.echoes {
            state.notify_product("products/update", id);
        }
    }
}

pub(super) fn delete<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let fields = read::<Vec<OwnedMetafield>>(desk, ask, "metafields")?;
    let found = {
        let mut state = desk.state();
        let mut products = Vec::new();
        let mut unknown = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            match owner(&state, &mut products, &field.owner_id) {
                Some(at) => {
                    let namespace = namespace_of(field.namespace.as_deref());
                    products[at].metafields.retain(|one| one.namespace != namespace || one.key != field.key);
                }
                None => unknown.push(UserError::of_row("", "metafields", index, "ownerId", "Owner does not exist.")),
            }
        }
        if unknown.is_empty() {
            keep(&mut state, products, "metafieldsDelete");
        }
        unknown
    };
    Ok(Object::new("MetafieldsDeletePayload", move |ask| match ask.name {
        "userErrors" => errors("UserError", &found),
        _ => None,
    }))
}

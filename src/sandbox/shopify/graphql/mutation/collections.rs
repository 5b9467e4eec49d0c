//! `collectionCreate`: a collection with its metafields.

use apollo_compiler::resolvers::FieldError;

use super::super::super::ids::gid;
use super::super::super::markets::{ShopCollection, carries};
use super::super::super::state::State;
use super::super::desk::Desk;
use super::super::inputs::{CollectionCreate, read};
use super::super::nodes;
use super::super::object::{Ask, Object, maybe};
use super::metafields::typed;
use super::{UserError, errors};

pub(super) fn create<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let input = read::<Option<CollectionCreate>>(desk, ask, "collection")?;
    let made = match &input {
        Some(input) => created(&mut desk.state(), input),
        None => Err(UserError::new("", &["collection"], "Collection input is missing.")),
    };
    let (made, found) = match made {
        Ok(made) => (Some(made), Vec::new()),
        Err(error) => (None, vec![error]),
    };
    Ok(Object::new("CollectionCreatePayload", move |ask| match ask.name {
        "collection" => maybe(made.as_ref().map(nodes::collection_of)),
        "userErrors" => errors("UserError", &found),
        _ => None,
    }))
}

fn created(state: &mut State, input: &CollectionCreate) -> Result<ShopCollection, UserError> {
    if input.title.trim().is_empty() {
        return Err(UserError::new("", &["collection", "title"], "Title can't be blank"));
    }
    let mut metafields = Vec::new();
    for field in input.metafields.iter().flatten() {
        let field = typed(state, "COLLECTION", field)
            .map_err(|(_, text)| UserError::new("", &["collection", "metafields"], text))?;
        let taken = state
            .collections
            .values()
            .any(|other| field.kind == "id" && carries(&other.metafields, &field.namespace, &field.key, &field.value));
        if taken {
            return Err(UserError::new("", &["collection", "metafields"], "Value has already been taken"));
        }
        metafields.push(field);
    }
    let id = state.ids.next();
    let published_on = std::collections::BTreeSet::new();
    let collection = ShopCollection { id, title: input.title.clone(), metafields, published_on };
    state.collections.insert(id, collection.clone());
    state.wrote("collectionCreate", gid("Collection", id));
    Ok(collection)
}

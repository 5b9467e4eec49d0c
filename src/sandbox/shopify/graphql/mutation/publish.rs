//! `publishablePublish`: makes a product visible in sales channels.

use apollo_compiler::resolvers::FieldError;

use super::super::super::ids::{gid, read_gid};
use super::super::super::state::State;
use super::super::desk::Desk;
use super::super::inputs::{PublicationInput, read};
use super::super::nodes;
use super::super::object::{Ask, Object, maybe, one};
use super::{UserError, errors};

pub(super) fn publish<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let id = read::<String>(desk, ask, "id")?;
    let input = read::<Vec<PublicationInput>>(desk, ask, "input")?;
    let found = write(desk, &id, &input);
    Ok(Object::new("PublishablePublishPayload", move |ask| match ask.name {
        "publishable" => maybe(nodes::node(desk, &id).filter(|_| found.is_empty())),
        "shop" => one(nodes::shop(desk)),
        "userErrors" => errors("UserError", &found),
        _ => None,
    }))
}

fn write(desk: &Desk<'_>, id: &str, input: &[PublicationInput]) -> Vec<UserError> {
    let mut state = desk.state();
    if let Some(collection) = read_gid("Collection", id).filter(|id| state.collections.contains_key(id)) {
        return publish_collection(&mut state, collection, input);
    }
    let product = read_gid("Product", id).and_then(|id| state.catalogue.product(id)).cloned();
    let Some(mut product) = product else {
        return vec![UserError::new("", &["id"], "Resource does not exist.")];
    };
    let mut changed = false;
    for (index, row) in input.iter().enumerate() {
        let publication = row.publication_id.as_deref().and_then(|id| read_gid("Publication", id));
        let known = publication.filter(|id| state.publications.iter().any(|place| place.id == *id));
        let Some(known) = known else {
            let field = ["input", &index.to_string(), "publicationId"];
            return vec![UserError::new("", &field, "Publication does not exist or is not publishable.")];
        };
        changed |= product.published_on.insert(known);
    }
    let id = product.id;
    if changed {
        product.updated_at = state.now();
        state.catalogue.put(product);
        state.wrote("publishablePublish", gid("Product", id));
        if state.echoes {
            state.notify_product("products/update", id);
        }
    }
    Vec::new()
}

fn publish_collection(state: &mut State, id: u64, input: &[PublicationInput]) -> Vec<UserError> {
    let mut publications = Vec::new();
    for (index, row) in input.iter().enumerate() {
        let publication = row.publication_id.as_deref().and_then(|id| read_gid("Publication", id));
        match publication.filter(|id| state.publications.iter().any(|place| place.id == *id)) {
            Some(known) => publications.push(known),
            None => {
                let field = ["input", &index.to_string(), "publicationId"];
                return vec![UserError::new("", &field, "Publication does not exist or is not publishable.")];
            }
        }
    }
    if let Some(collection) = state.collections.get_mut(&id) {
        collection.published_on.extend(publications);
        state.wrote("publishablePublish", gid("Collection", id));
    }
    Vec::new()
}

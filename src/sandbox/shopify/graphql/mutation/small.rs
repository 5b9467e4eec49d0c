//! Changes of a few lines each: metafield definitions, fields of a product, webhook subscriptions.

use apollo_compiler::resolvers::FieldError;

use super::super::super::ids::{gid, read_gid};
use super::super::super::state::{Definition, State};
use super::super::super::webhooks::{ShopSubscription, is_address, topic_of};
use super::super::desk::Desk;
use super::super::inputs::{DefinitionInput, ProductUpdate, SubscriptionInput, read};
use super::super::nodes;
use super::super::object::{Ask, Object, maybe};
use super::super::variant_rules::namespace_of;
use super::{UserError, errors};

/// Types of metafields this shop knows.
const KINDS: [&str; 8] = [
    "boolean",
    "id",
    "multi_line_text_field",
    "number_decimal",
    "number_integer",
    "rich_text_field",
    "single_line_text_field",
    "url",
];

/// `metafieldDefinitionCreate`.
pub(super) fn create_definition<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let input = read::<DefinitionInput>(desk, ask, "definition")?;
    let (created, found) = match define(&mut desk.state(), input) {
        Ok(definition) => (Some(definition), Vec::new()),
        Err(error) => (None, vec![error]),
    };
    Ok(Object::new("MetafieldDefinitionCreatePayload", move |ask| match ask.name {
        "createdDefinition" => maybe(created.clone().map(nodes::definition)),
        "userErrors" => errors("MetafieldDefinitionCreateUserError", &found),
        _ => None,
    }))
}

fn define(state: &mut State, input: DefinitionInput) -> Result<Definition, UserError> {
    let error = |code, field, text| Err(UserError::new(code, &["definition", field], text));
    let namespace = namespace_of(input.namespace.as_deref());
    if input.key.len() < 2 || namespace.len() < 3 {
        return error("TOO_SHORT", "key", "Key or namespace is too short.");
    }
    if !KINDS.contains(&input.r#type.as_str()) {
        return error("INCLUSION", "type", "Type name is not a valid type.");
    }
    if state.definition(&input.owner_type, &namespace, &input.key).is_some() {
        return error("TAKEN", "key", "Key is in use for metafields of this owner on this namespace.");
    }
    let owner = input.owner_type;
    let definition = Definition { id: state.ids.next(), owner, namespace, key: input.key, kind: input.r#type };
    state.definitions.push(definition.clone());
    state.wrote("metafieldDefinitionCreate", gid("MetafieldDefinition", definition.id));
    Ok(definition)
}

/// `productUpdate`: fields of a product, never its variants.
pub(super) fn update_product<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let input = read::<Option<ProductUpdate>>(desk, ask, "product")?;
    let (updated, found) = match input.as_ref().map(|input| update(&mut desk.state(), input)) {
        Some(Ok(id)) => (Some(id), Vec::new()),
        Some(Err(error)) => (None, vec![error]),
        None => (None, vec![UserError::new("", &["product"], "Product input is missing.")]),
    };
    Ok(Object::new("ProductUpdatePayload", move |ask| match ask.name {
        "product" => maybe(updated.and_then(|id| nodes::product(desk, id))),
        "userErrors" => errors("UserError", &found),
        _ => None,
    }))
}

fn update(state: &mut State, input: &ProductUpdate) -> Result<u64, UserError> {
    let product = input.id.as_deref().and_then(|id| read_gid("Product", id));
    let Some(mut product) = product.and_then(|id| state.catalogue.product(id)).cloned() else {
        return Err(UserError::new("", &["id"], "Product does not exist"));
    };
    let before = product.clone();
    for (list, field) in
        [(&input.collections_to_join, "collectionsToJoin"), (&input.collections_to_leave, "collectionsToLeave")]
    {
        for id in list.iter().flatten() {
            let known = read_gid("Collection", id).filter(|id| state.collections.contains_key(id));
            let Some(known) = known else {
                return Err(UserError::new("", &[field], "Collection does not exist"));
            };
            if field == "collectionsToJoin" {
                product.collections.insert(known);
            } else {
                product.collections.remove(&known);
            }
        }
    }
    if input.title.as_deref().is_some_and(|title| title.trim().is_empty()) {
        return Err(UserError::new("", &["title"], "Title can't be blank"));
    }
    input.description_html.set(&mut product.description);
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
    let id = product.id;
    if product != before {
        product.updated_at = state.now();
        state.catalogue.put(product);
        state.wrote("productUpdate", gid("Product", id));
        if state.echoes {
            state.notify_product("products/update", id);
        }
    }
    Ok(id)
}

/// `webhookSubscriptionCreate`.
pub(super) fn subscribe<'s>(desk: &'s Desk<'_>, ask: &Ask<'_>) -> Result<Object<'s>, FieldError> {
    let word = read::<String>(desk, ask, "topic")?;
    let input = read::<SubscriptionInput>(desk, ask, "webhookSubscription")?;
    let (created, found) = match add(&mut desk.state(), &word, &input) {
        Ok(subscription) => (Some(subscription), Vec::new()),
        Err(error) => (None, vec![error]),
    };
    let version = desk.state().options.api_version.clone();
    Ok(Object::new("WebhookSubscriptionCreatePayload", move |ask| match ask.name {
        "webhookSubscription" => {
            maybe(created.clone().map(|subscription| nodes::subscription(subscription, version.clone())))
        }
        "userErrors" => errors("UserError", &found),
        _ => None,
    }))
}

fn add(state: &mut State, word: &str, input: &SubscriptionInput) -> Result<ShopSubscription, UserError> {
    let error = |text| Err(UserError::new("", &["webhookSubscription", "uri"], text));
    let Some(topic) = topic_of(word) else {
        return Err(UserError::new("", &["topic"], "Invalid topic specified."));
    };
    if input.format.as_deref() == Some("XML") {
        return Err(UserError::new("", &["webhookSubscription", "format"], "This shop writes JSON only."));
    }
    let Some(uri) = input.uri.as_deref().filter(|uri| is_address(uri)) else {
        return error("Address is invalid: it must be an HTTPS URL.");
    };
    let State { subscriptions, ids, .. } = state;
    match subscriptions.add(ids, topic, uri) {
        Some(subscription) => {
            state.wrote("webhookSubscriptionCreate", gid("WebhookSubscription", subscription.id));
            Ok(subscription)
        }
        None => error("Address for this topic has already been taken"),
    }
}

//! Files, collections, price lists and background operations.

use apollo_compiler::response::JsonValue;

use super::super::super::ids::{gid, read_gid};
use super::super::super::markets::ShopCollection;
use super::super::desk::Desk;
use super::super::mutation::{UserError, errors};
use super::super::object::{Object, leaf, many, maybe, text};

/// A file by id, as it stands at this moment.
pub(in super::super) fn file<'s>(desk: &Desk<'_>, id: u64) -> Option<Object<'s>> {
    let state = desk.state();
    let file = state.files.get(id)?.clone();
    let status = file.status(state.now(), state.options.picture_time);
    Some(Object::new("MediaImage", move |ask| match ask.name {
        "id" => leaf(gid("MediaImage", file.id)),
        "alt" => text(file.alt.as_deref()),
        "fileStatus" => leaf(status),
        "fileErrors" => many((status == "FAILED").then(|| {
            Object::new("FileError", |ask| match ask.name {
                "message" => leaf("The file could not be fetched from its address."),
                _ => None,
            })
        })),
        _ => None,
    }))
}

/// A collection.
pub(in super::super) fn collection_of<'s>(collection: &ShopCollection) -> Object<'s> {
    let collection = collection.clone();
    Object::new("Collection", move |ask| match ask.name {
        "id" => leaf(gid("Collection", collection.id)),
        "title" => leaf(collection.title.as_str()),
        "publishedOnPublication" => {
            let publication = read_gid("Publication", ask.text("publicationId")?);
            leaf(publication.is_some_and(|id| collection.published_on.contains(&id)))
        }
        _ => None,
    })
}

/// A bulk operation by id, as it stands at this moment.
pub(in super::super) fn bulk_operation<'s>(desk: &Desk<'_>, id: u64) -> Option<Object<'s>> {
    let state = desk.state();
    let operation = state.bulk.operations.get(&id)?;
    let (status, done) = (operation.status, operation.done.to_string());
    let url = (status == "COMPLETED").then(|| format!("{}/bulk/{id}/result.jsonl", state.bulk.base));
    Some(Object::new("BulkOperation", move |ask| match ask.name {
        "id" => leaf(gid("BulkOperation", id)),
        "status" => leaf(status),
        "errorCode" | "partialDataUrl" => text(None),
        "objectCount" | "rootObjectCount" => leaf(done.as_str()),
        "url" => text(url.as_deref()),
        _ => None,
    }))
}

/// A price list by id.
pub(in super::super) fn price_list<'s>(desk: &Desk<'_>, id: u64) -> Option<Object<'s>> {
    let list = desk.state().price_lists.get(&id)?.clone();
    Some(Object::new("PriceList", move |ask| match ask.name {
        "id" => leaf(gid("PriceList", list.id)),
        "name" => leaf(list.name.as_str()),
        "currency" => leaf(list.currency.code()),
        _ => None,
    }))
}

/// A background operation by id, as far as it has got by the clock.
pub(in super::super) fn operation<'s>(desk: &'s Desk<'_>, id: u64) -> Option<Object<'s>> {
    let (operation, now) = {
        let state = desk.state();
        (state.operations.get(&id)?.clone(), state.now())
    };
    let status = match () {
        () if now >= operation.due => "COMPLETE",
        () if now > operation.begun => "ACTIVE",
        () => "CREATED",
    };
    let complete = status == "COMPLETE";
    Some(Object::new("ProductSetOperation", move |ask| match ask.name {
        "id" => leaf(gid("ProductSetOperation", id)),
        "status" => leaf(status),
        "product" => {
            let written = operation.outcome.as_ref().ok().filter(|_| complete);
            maybe(written.and_then(|product| super::product(desk, *product)))
        }
        "userErrors" => {
            let refused = operation.outcome.as_ref().err().filter(|_| complete).cloned();
            let refused = refused.map(|(code, field, message)| UserError { code, field, message });
            errors("ProductSetUserError", refused.as_slice())
        }
        _ => None,
    }))
}

/// A metafield of a product.
pub(super) fn metafield<'s>(owner: u64, field: &super::super::super::catalogue::Metafield) -> Object<'s> {
    let field = field.clone();
    Object::new("Metafield", move |ask| match ask.name {
        "id" => leaf(JsonValue::from(format!("gid://shopify/Metafield/{owner}-{}-{}", field.namespace, field.key))),
        "namespace" => leaf(field.namespace.as_str()),
        "key" => leaf(field.key.as_str()),
        "type" => leaf(field.kind.as_str()),
        "value" => leaf(field.value.as_str()),
        _ => None,
    })
}

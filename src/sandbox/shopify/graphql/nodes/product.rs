//! Products, variants, inventory items and their levels.

use std::rc::Rc;

use apollo_compiler::response::JsonValue;

use super::super::super::catalogue::{Image, Metafield, Product, Variant};
use super::super::super::ids::{gid, read_gid};
use super::super::super::stock::Level;
use super::super::desk::Desk;
use super::super::object::{Ask, ConnectionKind, Object, Val, leaf, many, maybe, one, page, text};
use super::super::variant_rules::namespace_of;
use super::location;
use super::market::{file, metafield};
use super::order::moment;

/// A product by id, as it is at this moment.
pub(in super::super) fn product<'s>(desk: &'s Desk<'_>, id: u64) -> Option<Object<'s>> {
    let product = Rc::new(desk.state().catalogue.product(id)?.clone());
    Some(Object::new("Product", move |ask| match ask.name {
        "id" => leaf(gid("Product", product.id)),
        "updatedAt" => leaf(moment(product.updated_at)),
        "variantsCount" => one(count(product.variants.len())),
        "title" => leaf(product.title.as_str()),
        "descriptionHtml" => leaf(product.description.as_deref().unwrap_or_default()),
        "metafield" => {
            let (namespace, key) = (namespace_of(ask.text("namespace")), ask.text("key")?);
            let found = product.metafields.iter().find(|one| one.namespace == namespace && one.key == key);
            maybe(found.map(|found| metafield(product.id, found)))
        }
        "metafields" => metafields(&product, ask),
        "media" => {
            let show = |image: &Image| file(desk, image.id).unwrap_or_else(|| picture(image));
            page(ConnectionKind("MediaConnection"), ask, &product.images, |image| image.id, show)
        }
        "publishedOnPublication" => {
            let publication = read_gid("Publication", ask.text("publicationId")?);
            leaf(publication.is_some_and(|id| product.published_on.contains(&id)))
        }
        "vendor" => leaf(product.vendor.as_str()),
        "productType" => leaf(product.product_type.as_str()),
        "status" => leaf(product.status.as_str()),
        "options" => options(&product, ask),
        "variants" => {
            let show = |variant: &Variant| show_variant(desk, variant.clone());
            page(ConnectionKind("ProductVariantConnection"), ask, &product.variants, |variant| variant.id, show)
        }
        _ => None,
    }))
}

/// A product of a list.
pub(in super::super) fn known_product<'s>(desk: &'s Desk<'_>, id: u64) -> Object<'s> {
    product(desk, id).unwrap_or_else(|| Object::new("Product", |_| None))
}

fn count<'s>(count: usize) -> Object<'s> {
    Object::new("Count", move |ask| match ask.name {
        "count" => leaf(JsonValue::from(count)),
        _ => None,
    })
}

/// The metafields whose `namespace.key` is asked for; without such a list all of them.
fn metafields<'s>(product: &Product, ask: &Ask<'_>) -> Option<Val<'s>> {
    let keys = ask.arguments.get("keys").and_then(JsonValue::as_array);
    let asked = |field: &Metafield| {
        let name = format!("{}.{}", field.namespace, field.key);
        keys.is_none_or(|keys| keys.iter().any(|key| key.as_str() == Some(name.as_str())))
    };
    let shown: Vec<Metafield> = product.metafields.iter().filter(|field| asked(field)).cloned().collect();
    let owner = product.id;
    // Cursors are made of numbers; a place in the list is one.
    let numbered: Vec<(u64, Metafield)> = (1..).zip(shown).collect();
    page(ConnectionKind("MetafieldConnection"), ask, &numbered, |one| one.0, move |one| metafield(owner, &one.1))
}

/// A picture the merchant has put up himself.
fn picture<'s>(image: &Image) -> Object<'s> {
    let image = image.clone();
    Object::new("MediaImage", move |ask| match ask.name {
        "id" => leaf(gid("MediaImage", image.id)),
        "alt" => text(image.alt.as_deref()),
        "fileStatus" => leaf("READY"),
        "fileErrors" => many([]),
        _ => None,
    })
}

fn options<'s>(product: &Product, ask: &Ask<'_>) -> Option<Val<'s>> {
    let all = product.options.iter().enumerate().take(ask.first());
    many(all.map(|(index, option)| {
        let (id, name) = (option.id, option.name.clone());
        Object::new("ProductOption", move |ask| match ask.name {
            "id" => leaf(gid("ProductOption", id)),
            "name" => leaf(name.as_str()),
            "position" => leaf(JsonValue::Number((index + 1).into())),
            _ => None,
        })
    }))
}

/// A variant by id.
pub(in super::super) fn variant<'s>(desk: &'s Desk<'_>, id: u64) -> Option<Object<'s>> {
    let variant = desk.state().catalogue.variant(id)?.1.clone();
    Some(show_variant(desk, variant))
}

fn show_variant<'s>(desk: &'s Desk<'_>, variant: Variant) -> Object<'s> {
    let by = desk.state().stationery();
    Object::new("ProductVariant", move |ask| match ask.name {
        "id" => leaf(gid("ProductVariant", variant.id)),
        "sku" => text(variant.sku.as_deref()),
        "barcode" => text(variant.barcode.as_deref()),
        "price" => leaf(by.text(variant.price)),
        "compareAtPrice" => text(variant.compare_at.map(|amount| by.text(amount)).as_deref()),
        "inventoryItem" => one(show_item(desk, variant.clone())),
        "selectedOptions" => many(variant.options.clone().into_iter().map(|(name, value)| {
            Object::new("SelectedOption", move |ask| match ask.name {
                "name" => leaf(name.as_str()),
                "value" => leaf(value.as_str()),
                _ => None,
            })
        })),
        _ => None,
    })
}

/// An inventory item by id.
pub(in super::super) fn item<'s>(desk: &'s Desk<'_>, id: u64) -> Option<Object<'s>> {
    let variant = desk.state().catalogue.item(id)?.1.clone();
    Some(show_item(desk, variant))
}

fn show_item<'s>(desk: &'s Desk<'_>, variant: Variant) -> Object<'s> {
    Object::new("InventoryItem", move |ask| match ask.name {
        "id" => leaf(gid("InventoryItem", variant.inventory_item)),
        "sku" => text(variant.sku.as_deref()),
        "tracked" => leaf(variant.tracked),
        "inventoryLevel" => maybe(level(desk, variant.inventory_item, ask)),
        _ => None,
    })
}

fn level<'s>(desk: &'s Desk<'_>, item: u64, ask: &Ask<'_>) -> Option<Object<'s>> {
    let place = read_gid("Location", ask.text("locationId")?)?;
    let level = desk.state().stock.level(item, place)?;
    Some(Object::new("InventoryLevel", move |ask| match ask.name {
        "id" => leaf(format!("{}?inventory_item_id={item}", gid("InventoryLevel", place))),
        "location" => maybe(location(desk, place)),
        "quantities" => {
            let names = ask.arguments.get("names")?.as_array()?;
            many(names.iter().filter_map(JsonValue::as_str).filter_map(|name| quantity(level, name)))
        }
        _ => None,
    }))
}

fn quantity<'s>(level: Level, name: &str) -> Option<Object<'s>> {
    let figure = match name {
        "available" => level.available,
        "on_hand" => level.on_hand(),
        "committed" => level.committed,
        "incoming" | "reserved" | "damaged" | "safety_stock" | "quality_control" => 0,
        _ => return None,
    };
    let name = name.to_owned();
    Some(Object::new("InventoryQuantity", move |ask| match ask.name {
        "id" => leaf(format!("gid://shopify/InventoryQuantity/{name}")),
        "name" => leaf(name.as_str()),
        "quantity" => leaf(JsonValue::Number(figure.into())),
        _ => None,
    }))
}

//! Products, variants, inventory items and their levels.

use std::rc::Rc;

use apollo_compiler::response::JsonValue;

use super::super::super::catalogue::{Product, Variant};
use super::super::super::ids::{gid, read_gid};
use super::super::super::stock::Level;
use super::super::desk::Desk;
use super::super::object::{Ask, ConnectionKind, Object, Val, leaf, many, maybe, one, page, text};
use super::location;

/// A product by id, as it is at this moment.
pub(in super::super) fn product<'s>(desk: &'s Desk<'_>, id: u64) -> Option<Object<'s>> {
    let product = Rc::new(desk.state().catalogue.product(id)?.clone());
    Some(Object::new("Product", move |ask| match ask.name {
        "id" => leaf(gid("Product", product.id)),
        "title" => leaf(product.title.as_str()),
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

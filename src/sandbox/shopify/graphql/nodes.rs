//! The things of the shop as objects of the schema.

mod customer;
mod market;
mod movement;
mod order;
mod product;
mod refund;
mod shop;

pub(super) use customer::{address, customer, known_customer};
pub(super) use market::{bulk_operation, collection_of, file, operation, price_list};
pub(super) use order::{known_order, order, shipment};
pub(super) use product::{item, known_product, product, variant};
pub(super) use refund::refund;
pub(super) use shop::{app, definition, location, location_of, publication, shop, subscription};

use super::desk::Desk;
use super::object::Object;

use super::super::ids::read_gid;

/// The thing of a global id, whatever it is.
pub(super) fn node<'s>(desk: &'s Desk<'_>, id: &str) -> Option<Object<'s>> {
    let kind = id.strip_prefix("gid://shopify/")?.split('/').next()?;
    let number = read_gid(kind, id)?;
    match kind {
        "Product" => product(desk, number),
        "ProductVariant" => variant(desk, number),
        "InventoryItem" => item(desk, number),
        "Location" => location(desk, number),
        "Order" => order(desk, number),
        "MediaImage" => file(desk, number),
        "Collection" => desk.state().collections.get(&number).map(collection_of),
        _ => None,
    }
}

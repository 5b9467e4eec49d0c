//! Which address does what, and what an integration must be allowed to use it. One file for each family of addresses.
//!
//! What comes in: a [`Request`] whose caller is known. What goes out: the reply of the family's own work, or a refusal.

mod async_events;
mod attributes;
mod categories;
mod configurable;
mod customers;
mod documents;
mod media;
mod orders;
mod prices;
mod products;
mod stock;
mod store;

use super::request::{Refusal, Reply, Request};
use super::search::Criteria;
use super::state::State;

/// Method and address with everything left out that names one thing.
pub(super) fn operation(request: &Request) -> String {
    let word = |part: &String| part.chars().all(|c| c.is_ascii_lowercase() || c == '-') || is_fixed(part);
    let path: Vec<&str> =
        request.path.iter().enumerate().map(|(at, part)| if at == 0 || word(part) { part } else { "*" }).collect();
    format!("{} {}", request.method, path.join("/"))
}

fn is_fixed(part: &str) -> bool {
    matches!(part, "stockItems" | "storeConfigs" | "storeViews" | "taxClasses")
}

/// What the caller must be allowed to; an address that leads nowhere is refused before anybody asks.
pub(super) fn resource(request: &Request) -> Result<&'static str, Refusal> {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    let reads = request.method == "GET";
    Ok(match path.as_slice() {
        ["products", "attributes" | "attribute-sets", ..] | ["eav", ..] => {
            if path.contains(&"attribute-sets") {
                "Magento_Catalog::sets"
            } else {
                "Magento_Catalog::attributes_attributes"
            }
        }
        ["products", _, "stockItems", ..] | ["stockItems", ..] => "Magento_CatalogInventory::cataloginventory",
        ["products", _, "media", ..]
        | [
            "products",
            "base-prices"
            | "special-price"
            | "tier-prices"
            | "cost"
            | "special-price-delete"
            | "special-price-information"
            | "base-prices-information",
            ..,
        ] => "Magento_Catalog::catalog",
        ["products" | "configurable-products", ..] => "Magento_Catalog::products",
        ["categories", ..] => "Magento_Catalog::categories",
        ["inventory", "source-items", ..] if reads => "Magento_InventoryApi::source",
        ["inventory", "source-items" | "source-items-delete", ..] => "Magento_InventoryApi::stock_source_item_assign",
        ["inventory", "sources", ..] => {
            if reads {
                "Magento_InventoryApi::source"
            } else {
                "Magento_InventoryApi::source_edit"
            }
        }
        ["inventory", "stocks" | "stock-source-links" | "stock-resolver", ..] => "Magento_InventoryApi::stock",
        ["inventory", ..] => "Magento_InventorySalesApi::stock",
        ["customers" | "addresses", ..] => {
            if reads {
                "Magento_Customer::customer"
            } else {
                "Magento_Customer::manage"
            }
        }
        ["customerGroups", ..] => "Magento_Customer::group",
        ["order", _, "invoice"] | ["invoices", ..] => "Magento_Sales::sales_invoice",
        ["order", _, "ship"] | ["shipment" | "shipments", ..] => "Magento_Sales::shipment",
        ["order" | "invoice", _, "refund"] | ["creditmemo" | "creditmemos", ..] => "Magento_Sales::sales_creditmemo",
        ["orders", ..] => "Magento_Sales::actions_view",
        ["store", ..] => "Magento_Backend::store",
        ["modules"] => "Magento_Backend::admin",
        ["async_event" | "async_events", ..] => "MageOS_AsyncEvents::manage",
        ["taxClasses", ..] => "Magento_Tax::manage_tax",
        _ => return Err(Refusal::no_route()),
    })
}

/// Carries a call out.
pub(super) fn dispatch(state: &mut State, request: &Request) -> Reply {
    if !state.options.inventory && request.path.first().is_some_and(|first| first == "inventory") {
        return Err(Refusal::no_route());
    }
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match path.first().copied().unwrap_or_default() {
        "orders" | "order" => orders::call(state, request, &path),
        "invoices" | "invoice" | "creditmemo" | "creditmemos" | "shipment" | "shipments" => {
            documents::call(state, request, &path)
        }
        "customers" | "addresses" | "customerGroups" => customers::call(state, request, &path),
        "products" => match path.as_slice() {
            ["products", "attributes" | "attribute-sets", ..] => attributes::call(state, request, &path),
            ["products", _, "media", ..] => media::call(state, request, &path),
            ["products", _, "stockItems", ..] => stock::call(state, request, &path),
            ["products", prices, ..] if prices::is_one(prices) => prices::call(state, request, &path),
            _ => products::call(state, request, &path),
        },
        "eav" => attributes::call(state, request, &path),
        "configurable-products" => configurable::call(state, request, &path),
        "categories" => categories::call(state, request, &path),
        "inventory" | "stockItems" => stock::call(state, request, &path),
        "async_event" | "async_events" => async_events::call(state, request, &path),
        "store" | "modules" | "taxClasses" => store::call(state, request, &path),
        _ => Err(Refusal::no_route()),
    }
}

/// A number in an address.
fn number(part: &str) -> Result<u64, Refusal> {
    let wrong = || {
        let parameters = serde_json::json!({ "value": part, "type": "int" });
        let words = "The \"%value\" value's type is invalid. The \"%type\" type was expected. Verify and try again.";
        Refusal::bad_with(words, parameters)
    };
    part.parse().map_err(|_| wrong())
}

/// What a list is searched by.
fn criteria(state: &State, request: &Request) -> Result<Criteria, Refusal> {
    Criteria::read(&request.query, state.options.page_cap)
}

/// Refuses more list elements than the shop takes in one call.
fn bounded<'a>(state: &State, rows: &'a [serde_json::Value]) -> Result<&'a [serde_json::Value], Refusal> {
    match state.options.input_limit {
        Some(most) if rows.len() > most => {
            let parameters = serde_json::json!({ "type": "array", "max": most });
            Err(Refusal::bad_with("Maximum items of type \"%type\" is %max", parameters))
        }
        _ => Ok(rows),
    }
}

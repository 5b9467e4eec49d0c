//! `/V1/inventory/…` and the legacy stock items.

use serde_json::{Value, json};

use super::super::bodies::stock_item_body;
use super::super::request::{self, Refusal, Reply, Request};
use super::super::state::State;
use super::super::stock::{DEFAULT_SOURCE, Level};
use super::{bounded, criteria, number};

const ITEM_COLUMNS: &[&str] = &["sku", "source_code", "quantity", "status"];
const STOCK_ITEM: &str = "Magento\\CatalogInventory\\Api\\Data\\StockItemInterface";
const STOCK_ITEM_FIELDS: &[&str] = &[
    "item_id",
    "product_id",
    "stock_id",
    "qty",
    "is_in_stock",
    "is_qty_decimal",
    "show_default_notification_message",
    "use_config_min_qty",
    "min_qty",
    "use_config_min_sale_qty",
    "min_sale_qty",
    "use_config_max_sale_qty",
    "max_sale_qty",
    "use_config_backorders",
    "backorders",
    "use_config_notify_stock_qty",
    "notify_stock_qty",
    "use_config_qty_increments",
    "qty_increments",
    "use_config_enable_qty_inc",
    "enable_qty_increments",
    "use_config_manage_stock",
    "manage_stock",
    "low_stock_date",
    "is_decimal_divided",
    "stock_status_changed_auto",
    "extension_attributes",
];

pub(super) fn call(state: &mut State, request: &Request, path: &[&str]) -> Reply {
    match (request.method.as_str(), path) {
        ("GET", ["inventory", "source-items"]) => {
            let row = |((sku, source), level): (&(String, String), &Level)| json!({ "sku": sku, "source_code": source, "quantity": level.pieces, "status": level.status });
            let rows = state.stock.levels.iter().map(row).collect();
            criteria(state, request)?.page(rows, ITEM_COLUMNS)
        }
        ("POST", ["inventory", "source-items"]) => write_items(state, &request.body),
        ("POST", ["inventory", "source-items-delete"]) => delete_items(state, &request.body),
        ("GET", ["inventory", "sources"]) => {
            let row = |code: &String| {
                json!({
                    "source_code": code, "name": code, "enabled": true, "description": code, "latitude": 0,
                    "longitude": 0, "country_id": "NZ", "postcode": "0000", "use_default_carrier_config": true,
                    "carrier_links": [],
                })
            };
            let rows = state.stock.sources.iter().map(row).collect();
            criteria(state, request)?.page(rows, &["source_code", "name", "enabled", "country_id"])
        }
        ("POST", ["inventory", "sources"]) => {
            let wish = request::needed(&request.body, "source")?;
            for needed in ["name", "country_id", "postcode"] {
                request::needed_text(wish, needed)?;
            }
            let code = request::needed_text(wish, "source_code")?;
            if !state.stock.sources.contains(&code) {
                state.stock.sources.push(code.clone());
            }
            state.wrote("source", code);
            Ok(json!([]))
        }
        ("GET", ["inventory", "stocks"]) => criteria(state, request)?.page(stocks(state), &["stock_id", "name"]),
        ("GET", ["inventory", "stock-source-links"]) => {
            let stock = website_stock(state);
            let row = |source: &String| json!({ "stock_id": stock, "source_code": source, "priority": 1 });
            let rows = state.stock.sold_from.iter().map(row).collect();
            criteria(state, request)?.page(rows, &["stock_id", "source_code"])
        }
        ("GET", ["inventory", "stock-resolver", "website", "base"]) => {
            let stock = website_stock(state);
            stocks(state).into_iter().find(|row| row["stock_id"] == stock).ok_or_else(Refusal::missing)
        }
        ("GET", ["inventory", "get-product-salable-quantity", sku, _]) => {
            known(state, sku)?;
            Ok(state.stock.salable(sku).into())
        }
        ("GET", ["inventory", "is-product-salable", sku, _]) => Ok((state.stock.salable(sku) > 0).into()),
        ("GET", ["stockItems", sku]) => {
            let product = state.catalogue.by_sku(sku).ok_or_else(Refusal::no_product)?;
            Ok(stock_item_body(state, product))
        }
        ("PUT", ["products", sku, "stockItems", item]) => write_legacy(state, sku, number(item)?, &request.body),
        _ => Err(Refusal::no_route()),
    }
}

/// The stock the website sells from: the default one, or the one with the further sources.
fn website_stock(state: &State) -> u64 {
    if state.stock.sold_from == [DEFAULT_SOURCE] { 1 } else { 2 }
}

fn stocks(state: &State) -> Vec<Value> {
    let channels =
        |of: u64| if website_stock(state) == of { json!([{ "type": "website", "code": "base" }]) } else { json!([]) };
    let row = |id: u64, name: &str| json!({ "stock_id": id, "name": name, "extension_attributes": { "sales_channels": channels(id) } });
    let mut rows = vec![row(1, "Default Stock")];
    if website_stock(state) == 2 {
        rows.push(row(2, "Web Stock"));
    }
    rows
}

fn known(state: &State, sku: &str) -> Result<(), Refusal> {
    state.catalogue.by_sku(sku).map(|_| ()).ok_or_else(Refusal::no_product)
}

/// Sets absolute quantities; one bad row refuses all.
fn write_items(state: &mut State, body: &Value) -> Reply {
    let rows = bounded(state, request::list(body, "source_items")?)?;
    if rows.is_empty() {
        return Err(Refusal::bad("Input data is empty"));
    }
    let mut levels = Vec::new();
    for row in rows {
        request::only(
            row,
            "Magento\\InventoryApi\\Api\\Data\\SourceItemInterface",
            &[ITEM_COLUMNS, &["extension_attributes"]].concat(),
        )?;
        let (sku, source) = (request::needed_text(row, "sku")?, request::needed_text(row, "source_code")?);
        // The table knows no products: a SKU that does not exist is refused by the module's validator.
        if state.catalogue.by_sku(&sku).is_none() {
            return Err(Refusal::bad_with("Product with SKU \"%sku\" does not exist.", json!({ "sku": sku })));
        }
        if !state.stock.sources.contains(&source) {
            return Err(Refusal::bad_with("Source with code \"%code\" does not exist.", json!({ "code": source })));
        }
        let pieces = request::int(row, "quantity")?.ok_or_else(|| Refusal::required("quantity"))?;
        let status = request::int(row, "status")?.unwrap_or(1);
        if !(0..=1).contains(&status) {
            return Err(Refusal::bad("Validation Failed"));
        }
        levels.push((sku, source, Level { pieces, status: u8::from(status == 1) }));
    }
    for (sku, source, level) in levels {
        state.stock.set(&sku, &source, level);
        state.wrote("source item", format!("{sku} at {source}: {}", level.pieces));
    }
    Ok(json!([]))
}

fn delete_items(state: &mut State, body: &Value) -> Reply {
    for row in bounded(state, request::list(body, "source_items")?)? {
        let (sku, source) = (request::needed_text(row, "sku")?, request::needed_text(row, "source_code")?);
        state.stock.levels.remove(&(sku, source));
    }
    Ok(json!([]))
}

/// Sets the legacy stock item, which is the default source; settings count only where the shop's own do not.
fn write_legacy(state: &mut State, sku: &str, item: u64, body: &Value) -> Reply {
    let wish = request::needed(body, "stock_item")?;
    request::only(wish, STOCK_ITEM, STOCK_ITEM_FIELDS)?;
    let product = state.catalogue.by_sku_mut(sku).ok_or_else(Refusal::no_product)?;
    if product.id != item {
        return Err(Refusal::bad(format!("The \"{item}\" stock item doesn't exist for the product.")));
    }
    let sku = product.sku.clone();
    for (name, value) in wish.as_object().into_iter().flatten().filter(|(name, _)| *name != "qty" && *name != "item_id")
    {
        product.stock_item.insert(name.clone(), value.clone());
    }
    let allows = request::int(wish, "backorders")?.unwrap_or(0) > 0;
    let own = request::flag(wish, "use_config_backorders")? == Some(false);
    if allows && own {
        state.stock.backorders.insert(sku.clone());
    }
    if let Some(pieces) = request::int(wish, "qty")? {
        let status = u8::from(request::flag(wish, "is_in_stock")?.unwrap_or(pieces > 0));
        state.stock.set(&sku, DEFAULT_SOURCE, Level { pieces, status });
        state.wrote("stock item", format!("{sku}: {pieces}"));
    }
    Ok(item.into())
}

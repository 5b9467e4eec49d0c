//! `/V1/products`: list, read, save, delete, and the links of grouped products.

use serde_json::{Value, json};

use super::super::request::{self, Refusal, Reply, Request};
use super::super::state::State;
use super::{bounded, criteria};

const COLUMNS: &[&str] = &[
    "entity_id",
    "id",
    "sku",
    "name",
    "type_id",
    "attribute_set_id",
    "status",
    "visibility",
    "price",
    "url_key",
    "created_at",
    "updated_at",
];

pub(super) fn call(state: &mut State, request: &Request, path: &[&str]) -> Reply {
    let view = state.reads_as(&request.scope);
    match (request.method.as_str(), path) {
        ("GET", ["products"]) => {
            let criteria = criteria(state, request)?;
            let rows = state.catalogue.products.values().map(|product| {
                let mut body = state.product_body(product, view);
                (body["entity_id"], body["url_key"]) = (product.id.into(), json!(product.text(view, "url_key")));
                body
            });
            let mut page = criteria.page(rows.collect(), COLUMNS)?;
            for row in page["items"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                row.remove("entity_id");
                row.remove("url_key");
            }
            Ok(page)
        }
        ("GET", ["products", sku]) => {
            let product = state.catalogue.by_sku(sku).ok_or_else(Refusal::no_product)?;
            Ok(state.product_body(product, view))
        }
        ("POST", ["products"]) => {
            let wish = request::needed(&request.body, "product")?;
            let sku = request::needed_text(wish, "sku")?;
            save(state, request, &sku)
        }
        ("PUT", ["products", sku]) => save(state, request, sku),
        ("DELETE", ["products", sku]) => {
            let id = state.catalogue.by_sku(sku).ok_or_else(Refusal::no_product)?.id;
            state.catalogue.products.remove(&id);
            for product in state.catalogue.products.values_mut() {
                product.children.retain(|child| *child != id);
            }
            state.stock.forget(sku);
            state.wrote("product deleted", *sku);
            Ok(true.into())
        }
        ("POST", ["products", sku, "links"]) => {
            let rows = bounded(state, request::list(&request.body, "items")?)?;
            for row in rows {
                let linked = request::needed_text(row, "linked_product_sku")?;
                state.catalogue.by_sku(&linked).ok_or_else(Refusal::no_product)?;
            }
            let product = state.catalogue.by_sku_mut(sku).ok_or_else(Refusal::no_product)?;
            for row in rows {
                product.links.retain(|known| known["linked_product_sku"] != row["linked_product_sku"]);
                product.links.push(row.clone());
            }
            state.wrote("product link", *sku);
            Ok(true.into())
        }
        ("GET", ["products", sku, "links", kind]) => {
            let product = state.catalogue.by_sku(sku).ok_or_else(Refusal::no_product)?;
            Ok(product.links.iter().filter(|link| link["link_type"] == **kind).cloned().collect())
        }
        ("DELETE", ["products", sku, "links", kind, linked]) => {
            let product = state.catalogue.by_sku_mut(sku).ok_or_else(Refusal::no_product)?;
            let meant = |link: &Value| link["link_type"] == **kind && link["linked_product_sku"] == **linked;
            product.links.retain(|link| !meant(link));
            Ok(true.into())
        }
        _ => Err(Refusal::no_route()),
    }
}

fn save(state: &mut State, request: &Request, sku: &str) -> Reply {
    let wish = request::needed(&request.body, "product")?;
    let id = state.save_product(sku, wish, &request.scope)?;
    state.wrote("product", sku);
    let view = state.reads_as(&request.scope);
    let product = state.catalogue.products.get(&id).ok_or_else(Refusal::no_product)?;
    Ok(state.product_body(product, view))
}

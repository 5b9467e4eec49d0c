//! `/V1/configurable-products`: options and children, one at a time.

use super::super::bodies::option_body;
use super::super::request::{self, Refusal, Reply, Request};
use super::super::state::State;
use super::number;

pub(super) fn call(state: &mut State, request: &Request, path: &[&str]) -> Reply {
    match (request.method.as_str(), path) {
        ("GET", ["configurable-products", sku, "children"]) => {
            let view = state.reads_as(&request.scope);
            let parent = state.catalogue.by_sku(sku).ok_or_else(Refusal::no_product)?;
            let children = parent.children.iter().filter_map(|child| state.catalogue.products.get(child));
            Ok(children.map(|child| state.product_body(child, view)).collect())
        }
        ("GET", ["configurable-products", sku, "options", "all"]) => {
            let parent = state.catalogue.by_sku(sku).ok_or_else(Refusal::no_product)?;
            Ok(parent.options.iter().map(|option| option_body(parent, option)).collect())
        }
        ("POST", ["configurable-products", sku, "options"]) => {
            let option = state.super_option(request::needed(&request.body, "option")?)?;
            let id = option.id;
            let parent = state.catalogue.by_sku_mut(sku).ok_or_else(Refusal::no_product)?;
            if parent.options.iter().any(|known| known.attribute == option.attribute) {
                return Err(Refusal::bad("The option with this attribute exists already."));
            }
            parent.options.push(option);
            state.wrote("configurable option", *sku);
            Ok(id.into())
        }
        ("PUT", ["configurable-products", sku, "options", id]) => {
            let mut option = state.super_option(request::needed(&request.body, "option")?)?;
            option.id = number(id)?;
            let parent = state.catalogue.by_sku_mut(sku).ok_or_else(Refusal::no_product)?;
            let known = parent.options.iter_mut().find(|known| known.id == option.id);
            *known.ok_or_else(Refusal::missing)? = option;
            state.wrote("configurable option", *sku);
            Ok(id.parse::<u64>().map(Into::into).unwrap_or_default())
        }
        ("POST", ["configurable-products", sku, "child"]) => add_child(state, sku, request),
        ("DELETE", ["configurable-products", sku, "children", child]) => {
            let child_id = state.catalogue.by_sku(child).ok_or_else(Refusal::no_product)?.id;
            let parent = state.catalogue.by_sku_mut(sku).ok_or_else(Refusal::no_product)?;
            if !parent.children.contains(&child_id) {
                return Err(Refusal::bad("The requested option doesn't exist."));
            }
            parent.children.retain(|known| *known != child_id);
            state.wrote("configurable child removed", *child);
            Ok(true.into())
        }
        _ => Err(Refusal::no_route()),
    }
}

fn add_child(state: &mut State, sku: &str, request: &Request) -> Reply {
    let child = request::needed_text(&request.body, "child_sku")?;
    let child_id = state.catalogue.by_sku(&child).ok_or_else(Refusal::no_product)?.id;
    let mut parent = state.catalogue.by_sku(sku).ok_or_else(Refusal::no_product)?.clone();
    if parent.kind != "configurable" {
        return Err(Refusal::bad("The product type must be configurable."));
    }
    if parent.children.contains(&child_id) {
        return Err(Refusal::bad("The product is already attached."));
    }
    if parent.options.is_empty() {
        return Err(Refusal::bad("The parent product doesn't have configurable product options."));
    }
    parent.children.push(child_id);
    state.check_children(&parent)?;
    state.catalogue.products.insert(parent.id, parent);
    state.wrote("configurable child", child);
    Ok(true.into())
}

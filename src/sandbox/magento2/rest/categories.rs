//! `/V1/categories`: the tree, and what is in it.

use serde_json::{Value, json};

use super::super::catalogue::Category;
use super::super::request::{self, Refusal, Reply, Request};
use super::super::saving::slug;
use super::super::state::{Kind, State};
use super::{criteria, number};

/// Where new categories go when nobody says.
const DEFAULT_CATEGORY: u64 = 2;

pub(super) fn call(state: &mut State, request: &Request, path: &[&str]) -> Reply {
    match (request.method.as_str(), path) {
        ("GET", ["categories"]) => {
            let root = state.catalogue.categories.get(&DEFAULT_CATEGORY).ok_or_else(Refusal::missing)?;
            Ok(state.category_tree(root))
        }
        ("GET", ["categories", "list"]) => {
            let rows = state.catalogue.categories.values().map(|category| {
                let mut body = state.category_body(category);
                body["entity_id"] = category.id.into();
                body
            });
            let rows = rows.collect();
            criteria(state, request)?
                .page(rows, &["entity_id", "id", "parent_id", "name", "level", "path", "is_active"])
        }
        ("GET", ["categories", id]) => known(state, number(id)?).map(|category| state.category_body(category)),
        ("GET", ["categories", id, "products"]) => {
            let id = number(id)?;
            known(state, id)?;
            let inside = state.catalogue.products.values().filter_map(|product| {
                let position = product.categories.get(&id)?;
                Some(json!({ "sku": product.sku, "position": position, "category_id": id.to_string() }))
            });
            Ok(inside.collect())
        }
        ("POST", ["categories"]) => create(state, request::needed(&request.body, "category")?),
        ("PUT", ["categories", id]) => change(state, number(id)?, request::needed(&request.body, "category")?),
        ("PUT", ["categories", id, "move"]) => {
            let (id, parent) = (number(id)?, request::needed_int(&request.body, "parent_id")?);
            let parent = u64::try_from(parent).unwrap_or(0);
            known(state, parent)?;
            if state.catalogue.path(parent).contains(&id) {
                return Err(Refusal::bad(
                    "Operation do not allow to move a parent category to any of children category",
                ));
            }
            let category = state.catalogue.categories.get_mut(&id).ok_or_else(|| Refusal::no_such("id", id))?;
            category.parent = parent;
            state.wrote("category moved", id.to_string());
            Ok(true.into())
        }
        ("DELETE", ["categories", id]) => {
            let id = number(id)?;
            known(state, id)?;
            let gone: Vec<u64> = state.catalogue.categories.keys().copied().collect();
            let gone: Vec<u64> = gone.into_iter().filter(|one| state.catalogue.path(*one).contains(&id)).collect();
            state.catalogue.categories.retain(|one, _| !gone.contains(one));
            for product in state.catalogue.products.values_mut() {
                product.categories.retain(|one, _| !gone.contains(one));
            }
            state.wrote("category deleted", id.to_string());
            Ok(true.into())
        }
        ("POST" | "PUT", ["categories", id, "products"]) => {
            let id = number(id)?;
            known(state, id)?;
            let link = request::needed(&request.body, "product_link")?;
            let (sku, position) = (request::needed_text(link, "sku")?, request::int(link, "position")?.unwrap_or(0));
            let product = state.catalogue.by_sku_mut(&sku).ok_or_else(Refusal::no_product)?;
            product.categories.insert(id, position);
            state.wrote("category link", format!("{sku} in {id}"));
            Ok(true.into())
        }
        ("DELETE", ["categories", id, "products", sku]) => {
            let id = number(id)?;
            let product = state.catalogue.by_sku_mut(sku).ok_or_else(Refusal::no_product)?;
            if product.categories.remove(&id).is_none() {
                return Err(Refusal::bad("The category doesn't contain the specified product."));
            }
            state.wrote("category link removed", format!("{sku} in {id}"));
            Ok(true.into())
        }
        _ => Err(Refusal::no_route()),
    }
}

fn known(state: &State, id: u64) -> Result<&Category, Refusal> {
    state.catalogue.categories.get(&id).ok_or_else(|| Refusal::no_such("id", id))
}

fn create(state: &mut State, wish: &Value) -> Reply {
    let name = request::needed_text(wish, "name")?;
    let parent = request::int(wish, "parent_id")?.and_then(|id| u64::try_from(id).ok()).unwrap_or(DEFAULT_CATEGORY);
    known(state, parent)?;
    let at = state.now();
    let mut category = Category {
        id: 0,
        parent,
        name: name.clone(),
        active: true,
        position: 1,
        in_menu: true,
        attributes: [("url_key".to_owned(), slug(&name).into())].into(),
        created_at: at,
        updated_at: at,
    };
    take_fields(&mut category, wish)?;
    let key = |category: &Category| category.attributes.get("url_key").cloned();
    let siblings = state.catalogue.categories.values().filter(|other| other.parent == parent);
    if siblings.into_iter().any(|other| key(other) == key(&category)) {
        return Err(Refusal::bad("URL key for specified store already exists."));
    }
    category.id = state.next(Kind::Category);
    let id = category.id;
    state.catalogue.categories.insert(id, category);
    state.wrote("category", id.to_string());
    known(state, id).map(|category| state.category_body(category))
}

fn change(state: &mut State, id: u64, wish: &Value) -> Reply {
    let at = state.now();
    let category = state.catalogue.categories.get_mut(&id).ok_or_else(|| Refusal::no_such("id", id))?;
    take_fields(category, wish)?;
    category.updated_at = at;
    state.wrote("category", id.to_string());
    known(state, id).map(|category| state.category_body(category))
}

fn take_fields(category: &mut Category, wish: &Value) -> Result<(), Refusal> {
    if let Some(name) = request::text(wish, "name")? {
        category.name = name;
    }
    if let Some(active) = request::flag(wish, "is_active")? {
        category.active = active;
    }
    if let Some(in_menu) = request::flag(wish, "include_in_menu")? {
        category.in_menu = in_menu;
    }
    if let Some(position) = request::int(wish, "position")? {
        category.position = position;
    }
    for row in request::list(wish, "custom_attributes")? {
        let code = request::needed_text(row, "attribute_code")?;
        category.attributes.insert(code, row.get("value").cloned().unwrap_or_default());
    }
    Ok(())
}

//! `/V1/products/attributes`, its options, and the attribute sets.

use serde_json::{Value, json};

use super::super::catalogue::Attribute;
use super::super::request::{self, Refusal, Reply, Request};
use super::super::state::{Kind, State};
use super::{criteria, number};

pub(super) fn call(state: &mut State, request: &Request, path: &[&str]) -> Reply {
    match (request.method.as_str(), path) {
        ("GET", ["products", "attributes"]) => {
            let rows = state.catalogue.attributes.values().map(printed).collect();
            criteria(state, request)?.page(rows, &["attribute_id", "attribute_code", "frontend_input"])
        }
        ("GET", ["products", "attributes", code]) => known(state, code).map(printed),
        ("GET", ["products", "attributes", code, "options"]) => known(state, code).map(options),
        ("POST", ["products", "attributes", code, "options"]) => add_option(state, code, &request.body),
        ("POST", ["products", "attributes"]) => create(state, &request.body),
        ("GET", ["products", "attribute-sets", "sets", "list"] | ["eav", "attribute-sets", "list"]) => {
            let row = |(id, name): (&u64, &String)| json!({ "attribute_set_id": id, "attribute_set_name": name, "sort_order": 0, "entity_type_id": 4 });
            let rows = state.catalogue.sets.iter().map(row).collect();
            criteria(state, request)?.page(rows, &["attribute_set_id", "attribute_set_name", "entity_type_id"])
        }
        ("GET", ["products", "attribute-sets", set, "attributes"]) => {
            let set = set_of(state, set)?;
            let inside = state.catalogue.attributes.values().filter(|attribute| attribute.sets.contains(&set));
            Ok(inside.map(printed).collect())
        }
        ("GET", ["products", "attribute-sets", set]) => {
            let set = set_of(state, set)?;
            let name = state.catalogue.sets.get(&set);
            Ok(json!({ "attribute_set_id": set, "attribute_set_name": name, "sort_order": 0, "entity_type_id": 4 }))
        }
        _ => Err(Refusal::no_route()),
    }
}

fn set_of(state: &State, set: &str) -> Result<u64, Refusal> {
    let set = number(set)?;
    state.catalogue.sets.contains_key(&set).then_some(set).ok_or_else(|| Refusal::no_such("id", set))
}

fn known<'a>(state: &'a State, code: &str) -> Result<&'a Attribute, Refusal> {
    // By its code or by its number.
    let by_number = code.parse().ok().and_then(|id| state.catalogue.attribute_by_id(id));
    by_number.or_else(|| state.catalogue.attributes.get(code)).ok_or_else(|| Refusal {
        status: 404,
        ..Refusal::bad("The attribute with a \"%1\" attributeCode doesn't exist. Verify the attribute and try again.")
    })
}

fn printed(attribute: &Attribute) -> Value {
    json!({
        "attribute_id": attribute.id, "attribute_code": attribute.code, "frontend_input": attribute.input,
        "entity_type_id": "4", "is_required": false, "options": options(attribute), "is_user_defined": true,
        "default_frontend_label": attribute.label, "frontend_labels": [], "scope": attribute.scope,
        "backend_type": "int", "default_value": "", "is_unique": "0", "validation_rules": [],
    })
}

/// The first row is blank.
fn options(attribute: &Attribute) -> Value {
    let mut sorted: Vec<_> = attribute.options.iter().collect();
    sorted.sort_by_key(|(id, _, order)| (*order, *id));
    let rows = sorted.into_iter().map(|(id, label, _)| json!({ "label": label, "value": id.to_string() }));
    std::iter::once(json!({ "label": " ", "value": "" })).chain(rows).collect()
}

fn add_option(state: &mut State, code: &str, body: &Value) -> Reply {
    let code = known(state, code)?.code.clone();
    let wish = request::needed(body, "option")?;
    let label = request::needed_text(wish, "label")?;
    let order = request::int(wish, "sort_order")?.unwrap_or(0);
    let id = state.peek(Kind::Option);
    let Some(attribute) = state.catalogue.attributes.get_mut(&code) else { return Err(Refusal::missing()) };
    let is_same = |other: &str| other.trim().to_lowercase() == label.trim().to_lowercase();
    if attribute.options.iter().any(|(_, known, _)| is_same(known)) {
        return Err(Refusal::bad_with("Admin store attribute option label \"%1\" is already exists.", json!([label])));
    }
    // A label that is the number of another option is taken for that option.
    if attribute.options.iter().any(|(known, ..)| known.to_string() == label) {
        return Err(Refusal::bad_with("Attribute option with label \"%1\" already exists.", json!([label])));
    }
    attribute.options.push((id, label.clone(), order));
    state.next(Kind::Option);
    state.wrote("attribute option", format!("{code}: {label}"));
    Ok(id.to_string().into())
}

fn create(state: &mut State, body: &Value) -> Reply {
    let wish = request::needed(body, "attribute")?;
    let code = request::needed_text(wish, "attribute_code")?;
    if state.catalogue.attributes.contains_key(&code) {
        return Err(Refusal::bad_with("Attribute with the same code (%1) already exists.", json!([code])));
    }
    let input = request::needed_text(wish, "frontend_input")?;
    let scope = request::text(wish, "scope")?.unwrap_or_else(|| "store".to_owned());
    let label = request::text(wish, "default_frontend_label")?.unwrap_or_else(|| code.clone());
    let id = state.next(Kind::Attribute);
    // A new attribute is in no set.
    let attribute = Attribute { id, code: code.clone(), input, label, scope, sets: Vec::new(), options: Vec::new() };
    let answer = printed(&attribute);
    state.catalogue.attributes.insert(code.clone(), attribute);
    state.wrote("attribute", code);
    Ok(answer)
}

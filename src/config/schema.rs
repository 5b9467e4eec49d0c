//! The JSON Schema of the configuration, made from the declared keys. Kept in `schemas/config.json`; a test compares.

use serde_json::{Map, Value, json};

use super::keys;
use super::shape::{Key, Shape};

/// The JSON Schema of the configuration file, for editors.
#[must_use]
pub fn schema() -> Value {
    let mut schema = table(keys::ROOT);
    if let Some(root) = schema.as_object_mut() {
        root.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        root.insert("title".into(), json!("tillbridge configuration"));
        root.insert("$defs".into(), json!({ "secret": secret() }));
    }
    schema
}

fn table(keys: &[Key]) -> Value {
    let properties: Map<_, _> = keys.iter().map(|key| (key.name.to_owned(), documented(key))).collect();
    let required: Vec<_> = keys.iter().filter(|key| key.required.is_some()).map(|key| key.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn documented(key: &Key) -> Value {
    let mut value = shape(&key.shape);
    if let Some(object) = value.as_object_mut() {
        object.insert("description".into(), json!(key.doc));
    }
    value
}

fn shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text | Shape::Duration => json!({ "type": "string", "minLength": 1 }),
        Shape::Texts => json!({ "oneOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] }),
        Shape::Size => json!({ "type": ["string", "integer"] }),
        Shape::Number => json!({ "type": "integer", "minimum": 1 }),
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Secret => json!({ "$ref": "#/$defs/secret" }),
        Shape::Secrets => {
            let secret = json!({ "$ref": "#/$defs/secret" });
            json!({ "oneOf": [secret, { "type": "array", "minItems": 1, "items": secret }] })
        }
        Shape::OneOf(words) => json!({ "enum": words }),
        Shape::Section(keys) => table(keys),
        Shape::List(keys) => json!({ "type": "array", "minItems": 1, "items": table(keys) }),
        Shape::Map => json!({ "type": "object", "additionalProperties": { "type": ["string", "integer"] } }),
        Shape::NamedByKind(kinds) => {
            let kinds: Vec<_> = kinds.iter().map(|(_, keys)| of_kind(keys)).collect();
            json!({ "type": "object", "minProperties": 1, "additionalProperties": { "oneOf": kinds } })
        }
    }
}

fn of_kind(keys: &[Key]) -> Value {
    let mut value = table(keys);
    if let Some(required) = value["required"].as_array_mut() {
        required.insert(0, json!("kind"));
    }
    value
}

fn secret() -> Value {
    let by = |key: &str| {
        json!({
            "type": "object",
            "properties": { key: { "type": "string", "minLength": 1 } },
            "required": [key],
            "additionalProperties": false,
        })
    };
    json!({ "description": "a secret by reference, never the secret itself", "oneOf": [by("env"), by("file")] })
}

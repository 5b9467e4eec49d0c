//! A REST call taken apart, and what the shop answers when it refuses one.
//!
//! What comes in: method, path, query and body. What goes out: typed fields, or a [`Refusal`] in the shop's own words with its
//! placeholders left in. Field names are taken in snake case and in camel case, and numbers written as texts are numbers, as in
//! a real shop.

use serde_json::{Map, Value, json};

/// For which store view a call speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// `/rest/all`: the values that hold everywhere.
    All,
    /// `/rest/<code>`, by the view's id.
    View(u64),
    /// No code: whatever is the default view.
    Unsaid,
}

/// A call.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub method: String,
    pub scope: Scope,
    /// Path after `V1`, decoded, in parts.
    pub path: Vec<String>,
    /// Decoded pairs in order.
    pub query: Vec<(String, String)>,
    /// The body; null when there is none.
    pub body: Value,
}

/// Why a call was not carried out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub status: u16,
    pub message: String,
    pub parameters: Value,
}

/// What a call comes to.
pub(super) type Reply = Result<Value, Refusal>;

impl Refusal {
    /// Something is wrong with what was asked.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into(), parameters: Value::Null }
    }

    /// The same with placeholders to be filled in.
    pub(super) fn bad_with(message: &str, parameters: Value) -> Self {
        Self { status: 400, message: message.to_owned(), parameters }
    }

    /// There is no such thing.
    pub(super) fn missing() -> Self {
        Self {
            status: 404,
            message: "The entity that was requested doesn't exist. Verify the entity and try again.".to_owned(),
            parameters: Value::Null,
        }
    }

    /// There is no such product.
    pub(super) fn no_product() -> Self {
        let message = "The product that was requested doesn't exist. Verify the product and try again.".to_owned();
        Self { message, ..Self::missing() }
    }

    /// There is no such thing with that field.
    pub(super) fn no_such(field: &str, value: impl std::fmt::Display) -> Self {
        Self {
            status: 404,
            message: "No such entity with %fieldName = %fieldValue".to_owned(),
            parameters: json!({ "fieldName": field, "fieldValue": value.to_string() }),
        }
    }

    /// The address leads nowhere.
    pub(super) fn no_route() -> Self {
        Self { status: 404, message: "Request does not match any route.".to_owned(), parameters: Value::Null }
    }

    /// The consumer may not do that, or is not known at all: the shop says the same of both.
    pub(super) fn unauthorised(resource: &str) -> Self {
        Self {
            status: 401,
            message: "The consumer isn't authorized to access %resources.".to_owned(),
            parameters: json!({ "resources": resource }),
        }
    }

    /// A field must be there.
    pub(super) fn required(field: &str) -> Self {
        Self::bad_with("\"%fieldName\" is required. Enter and try again.", json!({ "fieldName": field }))
    }

    fn ill_typed(value: &Value, wanted: &str) -> Self {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Self::bad_with(
            "The \"%value\" value's type is invalid. The \"%type\" type was expected. Verify and try again.",
            json!({ "value": value, "type": wanted }),
        )
    }

    /// The body as it is sent.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({ "message": self.message });
        if !self.parameters.is_null() {
            body["parameters"] = self.parameters.clone();
        }
        body
    }
}

/// `attribute_set_id` → `attributeSetId`.
fn camel(name: &str) -> String {
    let mut up = false;
    name.chars().fold(String::new(), |mut text, c| {
        if c == '_' {
            up = true;
        } else if std::mem::take(&mut up) {
            text.extend(c.to_uppercase());
        } else {
            text.push(c);
        }
        text
    })
}

/// A field of an object, in either spelling; null counts as not there.
pub(super) fn field<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let found = object.get(name).or_else(|| object.get(camel(name)));
    found.filter(|value| !value.is_null())
}

/// A field that must be there.
pub(super) fn needed<'a>(object: &'a Value, name: &str) -> Result<&'a Value, Refusal> {
    field(object, name).ok_or_else(|| Refusal::required(name))
}

/// A text; numbers and truth values are texts too.
pub(super) fn text(object: &Value, name: &str) -> Result<Option<String>, Refusal> {
    match field(object, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(yes)) => Ok(Some(u8::from(*yes).to_string())),
        Some(other) => Err(Refusal::ill_typed(other, "string")),
    }
}

/// A text that must be there and say something.
pub(super) fn needed_text(object: &Value, name: &str) -> Result<String, Refusal> {
    text(object, name)?.filter(|text| !text.is_empty()).ok_or_else(|| Refusal::required(name))
}

/// A whole number, also from a text or a float without fraction.
pub(super) fn int(object: &Value, name: &str) -> Result<Option<i64>, Refusal> {
    field(object, name).map(|value| int_of(value).ok_or_else(|| Refusal::ill_typed(value, "int"))).transpose()
}

/// A whole number that must be there.
pub(super) fn needed_int(object: &Value, name: &str) -> Result<i64, Refusal> {
    int(object, name)?.ok_or_else(|| Refusal::required(name))
}

/// A number as a text of decimals.
pub(super) fn decimal(object: &Value, name: &str) -> Result<Option<rust_decimal::Decimal>, Refusal> {
    let Some(value) = field(object, name) else { return Ok(None) };
    let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let read = written.parse().or_else(|_| rust_decimal::Decimal::from_scientific(&written));
    read.map(Some).map_err(|_| Refusal::ill_typed(value, "float"))
}

/// A list; a missing one is empty.
pub(super) fn list<'a>(object: &'a Value, name: &str) -> Result<&'a [Value], Refusal> {
    match field(object, name) {
        None => Ok(&[]),
        Some(Value::Array(rows)) => Ok(rows),
        Some(other) => Err(Refusal::ill_typed(other, "array")),
    }
}

/// A truth value.
pub(super) fn flag(object: &Value, name: &str) -> Result<Option<bool>, Refusal> {
    match field(object, name) {
        None => Ok(None),
        Some(Value::Bool(yes)) => Ok(Some(*yes)),
        Some(value) => {
            int_of(value).map(|number| Some(number != 0)).ok_or_else(|| Refusal::ill_typed(value, "boolean"))
        }
    }
}

fn int_of(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let written = number.to_string();
            written.strip_suffix(".0").and_then(|whole| whole.parse().ok())
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Refuses fields the shop has no place for, as its own deserialiser does.
pub(super) fn only(object: &Value, class: &str, known: &[&str]) -> Result<(), Refusal> {
    let Some(fields) = object.as_object() else { return Err(Refusal::ill_typed(object, class)) };
    let stranger = fields.keys().find(|name| !known.iter().any(|known| *known == *name || camel(known) == **name));
    let Some(stranger) = stranger else { return Ok(()) };
    let name = camel(&format!("_{stranger}"));
    Err(Refusal::bad(format!("Property \"{name}\" does not have accessor method \"get{name}\" in class \"{class}\".")))
}

/// Trims a reply to what `fields=` asks for, such as `items[entity_id],total_count`.
pub(super) fn trimmed(value: Value, wanted: &str) -> Value {
    let parts = split_fields(wanted);
    match value {
        Value::Array(rows) => Value::Array(rows.into_iter().map(|row| trimmed(row, wanted)).collect()),
        Value::Object(mut fields) => {
            let mut kept = Map::new();
            for part in parts {
                let (name, inner) = match part.split_once('[') {
                    Some((name, inner)) => (name, inner.strip_suffix(']')),
                    None => (part, None),
                };
                if let Some(found) = fields.remove(name) {
                    kept.insert(name.to_owned(), inner.map_or(found.clone(), |inner| trimmed(found, inner)));
                }
            }
            Value::Object(kept)
        }
        other => other,
    }
}

fn split_fields(wanted: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_i32, 0);
    for (at, c) in wanted.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(wanted[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(wanted[from..].trim());
    parts
}

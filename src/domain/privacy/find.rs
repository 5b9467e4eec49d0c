//! Whether a stored document concerns a person: by their id, their orders, their office number, their e-mail or their telephone.

use serde_json::Value;

use super::Person;

/// Keys under which an e-mail address stands.
const EMAILS: [&str; 4] = ["email", "contact_email", "customer_email", "email_key"];

pub(super) fn is_in(person: &Person, about: &str, document: &[u8]) -> bool {
    let Ok(value) = serde_json::from_slice::<Value>(document) else {
        return is_in_text(person, &String::from_utf8_lossy(document));
    };
    // Of an event what counts is what happened, not its envelope.
    let top = value.get("data").filter(|_| value.get("specversion").is_some()).unwrap_or(&value);
    is_theirs(person, about, top) || anywhere(person, top)
}

/// What the document itself is: their account, one of their orders, something of one of their orders.
fn is_theirs(person: &Person, about: &str, top: &Value) -> bool {
    let is = |key: &str, wanted: &[String]| scalar(top.get(key)).is_some_and(|id| wanted.contains(&id));
    // Later documents of an order are named after it, as in order:1/2.
    let of_order = |key: &str| {
        let order = top.get(key).and_then(Value::as_str).and_then(|named| named.strip_prefix("order:"));
        order.and_then(|order| order.split('/').next()).is_some_and(|id| person.orders.iter().any(|own| own == id))
    };
    let own_id = person.id.clone().into_iter().collect::<Vec<_>>();
    ((about.starts_with("customers/") || about == "account.changed") && is("id", &own_id))
        || (about.starts_with("orders/") && is("id", &person.orders))
        || is("order_id", &person.orders)
        || of_order("reference")
        || of_order("sale")
        || ((about == "customers" || about == "customer.changed") && is("number", &person.numbers))
}

fn anywhere(person: &Person, value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, inner)| {
            let named = matches!(key.as_str(), "customer" | "buyer") && is_id(person, inner.get("id"));
            named
                || (key == "customer_id" && is_id(person, Some(inner)))
                || (key == "key" && is_their_key(person, inner))
                || at(person, key, inner)
                || anywhere(person, inner)
        }),
        Value::Array(items) => items.iter().any(|item| anywhere(person, item)),
        _ => false,
    }
}

fn is_id(person: &Person, found: Option<&Value>) -> bool {
    person.id.is_some() && scalar(found) == person.id
}

/// Whether it is the key the office knows their account by, as in kiwi-web/customer:7.
fn is_their_key(person: &Person, key: &Value) -> bool {
    let id = key.as_str().and_then(|key| key.split_once("/customer:")).map(|(_, id)| id);
    id.is_some() && id == person.id.as_deref()
}

fn at(person: &Person, key: &str, value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    if EMAILS.contains(&key) {
        let email = person.email.as_deref().map(str::trim).filter(|email| !email.is_empty());
        return email.is_some_and(|email| email.to_lowercase() == text.trim().to_lowercase());
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    key == "phone" && person.phone.as_deref().map(digits).is_some_and(|phone| phone.len() > 5 && phone == digits(text))
}

/// A document that is no JSON is searched as text; better one too many than one left.
fn is_in_text(person: &Person, text: &str) -> bool {
    let text = text.to_lowercase();
    let wanted = [&person.id, &person.email, &person.phone];
    wanted.into_iter().flatten().filter(|one| one.len() > 3).any(|one| text.contains(&one.to_lowercase()))
        || person.orders.iter().filter(|id| id.len() > 3).any(|id| text.contains(id.as_str()))
}

fn scalar(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

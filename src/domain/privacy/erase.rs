//! Takes what is personal out of a stored document. Everything else is copied byte for byte: numbers keep their digits, so
//! amounts and ids are what they were.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What stands where something personal stood.
pub const ERASED: &str = "[erased]";

/// Keys of people and places, whose contents are personal but for [`IMPERSONAL`].
const PERSONS: [&str; 14] = [
    "customer",
    "profile",
    "billing_address",
    "shipping_address",
    "default_address",
    "addresses",
    "billing",
    "shipping",
    "destination",
    "client_details",
    "payment_details",
    "receipt",
    "data_request",
    "person",
];
/// What is not personal within those: numbers of things, dates, states, and where tax is due.
const IMPERSONAL: [&str; 21] = [
    "id",
    "customer_id",
    "created_at",
    "updated_at",
    "currency",
    "state",
    "tax_exempt",
    "tax_exemptions",
    "verified_email",
    "admin_graphql_api_id",
    "default",
    "country",
    "country_code",
    "province_code",
    "region",
    "orders",
    "numbers",
    "consent",
    "kind",
    "position",
    "key",
];
/// Keys whose own value is personal wherever they stand.
const PERSONAL: [&str; 27] = [
    "email",
    "email_key",
    "contact_email",
    "customer_email",
    "phone",
    "first_name",
    "last_name",
    "company",
    "address1",
    "address2",
    "line1",
    "line2",
    "city",
    "zip",
    "postcode",
    "latitude",
    "longitude",
    "note",
    "browser_ip",
    "landing_site",
    "referring_site",
    "order_status_url",
    "multipass_identifier",
    "token",
    "cart_token",
    "checkout_token",
    "shop_owner",
];
/// Keys of lists of name and value, filled in by a buyer: the value is personal.
const ANSWERS: [&str; 2] = ["note_attributes", "properties"];

/// The document without what is personal; `None` when there is nothing personal in it. What is no JSON goes altogether.
#[must_use]
pub fn erase(document: &[u8]) -> Option<Vec<u8>> {
    let marker = || format!("\"{ERASED}\"");
    let Some(raw) = std::str::from_utf8(document).ok().and_then(|text| serde_json::from_str::<&RawValue>(text).ok())
    else {
        return Some(marker().into_bytes());
    };
    let mut out = String::with_capacity(document.len());
    if copy(raw.get(), How::Plain, &mut out).is_err() {
        return Some(marker().into_bytes());
    }
    (out.as_bytes() != document).then(|| out.into_bytes())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// Only what is personal wherever it stands.
    Plain,
    /// A person or place: everything but what is impersonal.
    Person,
    /// A list of name and value.
    Answers,
    /// All of it.
    Whole,
}

/// An object's fields in the order they came, values untouched.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<'de>, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

fn copy(raw: &str, how: How, out: &mut String) -> serde_json::Result<()> {
    match raw.as_bytes().first() {
        Some(b'{') => {
            let Fields(fields) = serde_json::from_str(raw)?;
            out.push('{');
            for (index, (key, value)) in fields.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(key)?);
                out.push(':');
                copy_value(value.get(), beneath(how, key), out)?;
            }
            out.push('}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw)?;
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                copy_value(item.get(), how, out)?;
            }
            out.push(']');
        }
        _ => out.push_str(raw),
    }
    Ok(())
}

fn copy_value(raw: &str, how: How, out: &mut String) -> serde_json::Result<()> {
    match raw.as_bytes().first() {
        Some(b'{' | b'[') => return copy(raw, how, out),
        Some(b'"') if matches!(how, How::Person | How::Whole) && raw != "\"\"" => {
            out.push('"');
            out.push_str(ERASED);
            out.push('"');
        }
        Some(b'-' | b'0'..=b'9') if matches!(how, How::Person | How::Whole) => out.push_str("null"),
        _ => out.push_str(raw),
    }
    Ok(())
}

fn beneath(how: How, key: &str) -> How {
    match how {
        How::Whole => How::Whole,
        How::Person if IMPERSONAL.contains(&key) => How::Plain,
        How::Person => How::Person,
        How::Answers if key == "value" => How::Whole,
        _ if PERSONAL.contains(&key) => How::Whole,
        _ if PERSONS.contains(&key) => How::Person,
        _ if ANSWERS.contains(&key) => How::Answers,
        How::Answers | How::Plain => How::Plain,
    }
}

//! An account with the office's values in it and everything else as it was. Pure.
//!
//! What comes in: the account as Magento gave it, and what is to be written. What goes out: the account to write back. Two that are
//! equal need no write.

use serde_json::{Map, Value, json};

use super::super::wire::{Id, whole};
use super::id;
use crate::domain::{Address, CustomerProfile};
use crate::storefront::{CustomerWrite, Owner};

/// What stands where Magento wants a name and nobody knows one.
const NO_NAME: &str = "-";

/// An account as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account(pub Map<String, Value>);

impl Account {
    /// An account that is not there yet.
    pub fn new(email: &str, website: Id, store: Id, write: &CustomerWrite) -> Self {
        let profile = &write.profile;
        let name = |name: &Option<String>| text(name).unwrap_or(NO_NAME).to_owned();
        let fields = json!({
            "email": email, "firstname": name(&profile.first_name), "lastname": name(&profile.last_name),
            "website_id": website.0, "store_id": store.0,
        });
        Self(fields.as_object().cloned().unwrap_or_default())
    }

    pub fn id(&self) -> Id {
        id(&self.0).unwrap_or(Id(0))
    }

    pub fn email(&self) -> &str {
        self.text("email").unwrap_or_default()
    }

    pub fn with_email(&self, email: &str) -> Self {
        let mut account = self.clone();
        account.0.insert("email".into(), email.into());
        account
    }

    pub fn addresses(&self) -> impl Iterator<Item = &Map<String, Value>> {
        self.0.get("addresses").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
    }

    /// The account without what was said about marketing mail: what is not sent stays, whatever it has become meanwhile.
    pub fn for_writing(&self) -> Map<String, Value> {
        let mut fields = self.0.clone();
        fields.remove("extension_attributes");
        fields
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field).and_then(Value::as_str)
    }
}

#[allow(clippy::ref_option, reason = "what is read are fields of a profile")]
fn text(part: &Option<String>) -> Option<&str> {
    part.as_deref().map(str::trim).filter(|part| !part.is_empty())
}

/// The account with the office's names and e-mail, where they are the office's to decide or empty at the shop.
pub fn with_fields(account: &Account, write: &CustomerWrite) -> Account {
    let (profile, owners) = (&write.profile, &write.owners);
    let mut merged = account.clone();
    let wanted = [
        ("firstname", &profile.first_name, owners.names),
        ("lastname", &profile.last_name, owners.names),
        ("email", &profile.email, owners.email),
    ];
    for (field, value, owner) in wanted {
        let there = account.text(field).map(str::trim).filter(|there| !there.is_empty() && *there != NO_NAME);
        let same = |value: &&str| there.is_some_and(|there| field == "email" && there.eq_ignore_ascii_case(value));
        if let Some(value) = text(value).filter(|value| !same(value))
            && (owner == Owner::Office || there.is_none())
        {
            merged.0.insert(field.into(), value.into());
        }
    }
    merged
}

/// The account with the office's addresses: one that is there is left as it is, one we added before is set, another is added.
/// The shop's own stay. The first addresses of an account are its defaults.
pub fn with_addresses(
    account: &Account,
    write: &CustomerWrite,
    office: &[(&'static str, Address, Map<String, Value>)],
) -> Account {
    let mut all: Vec<Map<String, Value>> = account.addresses().cloned().collect();
    let had_none = all.is_empty();
    let mut changed = false;
    for (kind, _, wanted) in office {
        let flag = format!("default_{kind}");
        if let Some(at) = all.iter().position(|there| is_same(there, wanted)) {
            if had_none {
                all[at].insert(flag, true.into());
            }
            continue;
        }
        if write.owners.addresses == Owner::Storefront && !had_none {
            continue;
        }
        changed = true;
        let before = write.addresses.iter().find(|known| known.kind == *kind).map(|known| known.id.as_str());
        let is_it = |there: &Map<String, Value>| id(there).is_some_and(|id| Some(id.to_string().as_str()) == before);
        match all.iter_mut().find(|there| is_it(there)) {
            Some(there) => {
                // A region of before says nothing of another address.
                for field in ["region", "region_id", "company"] {
                    there.remove(field);
                }
                there.extend(wanted.clone());
            }
            None => {
                let mut added = wanted.clone();
                if had_none {
                    added.insert(flag, true.into());
                }
                all.push(added);
            }
        }
    }
    let mut merged = account.clone();
    if changed {
        merged.0.insert("addresses".into(), all.into());
    }
    merged
}

/// An address in Magento's form, or the name of the part without which it refuses one.
pub fn address(
    address: &Address,
    profile: &CustomerProfile,
    region: Option<(String, Id, String)>,
) -> Result<Map<String, Value>, &'static str> {
    let name = |own: &Option<String>, person: &Option<String>| text(own).or(text(person)).unwrap_or(NO_NAME).to_owned();
    let mut street: Vec<&str> = vec![text(&address.line1).ok_or("street")?];
    street.extend(text(&address.line2));
    let telephone = text(&address.phone).or(text(&profile.phone)).ok_or("telephone number")?;
    let mut fields = Map::new();
    let mut put = |field: &str, value: Value| fields.insert(field.to_owned(), value);
    put("firstname", name(&address.first_name, &profile.first_name).into());
    put("lastname", name(&address.last_name, &profile.last_name).into());
    put("street", json!(street));
    put("city", text(&address.city).ok_or("city")?.into());
    put("country_id", text(&address.country).ok_or("country")?.to_uppercase().into());
    put("telephone", telephone.into());
    if let Some(postcode) = text(&address.postcode) {
        put("postcode", postcode.into());
    }
    if let Some(company) = text(&address.company) {
        put("company", company.into());
    }
    if let Some((code, id, name)) = region {
        put("region", json!({ "region_code": code, "region": name, "region_id": id.0 }));
        put("region_id", id.0.into());
    }
    Ok(fields)
}

/// Whether two addresses are one; the telephone does not tell, and the shop may know a region the office does not.
pub fn is_same(one: &Map<String, Value>, other: &Map<String, Value>) -> bool {
    let plain = |address: &Map<String, Value>, field: &str| match address.get(field) {
        Some(Value::String(text)) => text.trim().to_lowercase(),
        Some(Value::Array(lines)) => {
            let lines = lines.iter().filter_map(Value::as_str).map(|line| line.trim().to_lowercase());
            lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
        }
        Some(number) => whole(number).map(|number| number.to_string()).unwrap_or_default(),
        None => String::new(),
    };
    ["firstname", "lastname", "company", "street", "city", "postcode", "country_id"]
        .into_iter()
        .all(|field| plain(one, field) == plain(other, field))
}

#[cfg(test)]
mod tests;

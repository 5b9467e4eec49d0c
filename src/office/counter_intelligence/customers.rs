//! Finds or creates the customers of a batch of documents: by stored key, then by e-mail, then anew.
//!
//! Among several customers with one e-mail the lowest number among the web customers wins, else the lowest number (F-032).
//! The caller holds the names of all keys and e-mails, so nobody else creates the same person meanwhile.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use super::database::{Holds, Param, Session, flag, insert};
use super::staging::clean;
use crate::domain::{Address, CallError, CustomerProfile};
use crate::office::{Document, DocumentCustomer};

/// The longest address an e-mail can have; anything longer is no e-mail.
const LONGEST_EMAIL: usize = 320;

const PERSON: &[(&str, Holds)] = &[
    ("key", Holds::Text),
    ("has_account", Holds::Flag),
    ("first_name", Holds::Text),
    ("last_name", Holds::Text),
    ("email", Holds::Text),
    ("phone", Holds::Text),
];

const CHANGE: &[(&str, Holds)] = &[
    ("key", Holds::Text),
    ("first_name", Holds::Text),
    ("last_name", Holds::Text),
    ("email", Holds::Text),
    ("phone", Holds::Text),
];

const ADDRESS: &[(&str, Holds)] = &[
    ("key", Holds::Text),
    ("kind", Holds::Text),
    ("first_name", Holds::Text),
    ("last_name", Holds::Text),
    ("company", Holds::Text),
    ("line1", Holds::Text),
    ("line2", Holds::Text),
    ("city", Holds::Text),
    ("region", Holds::Text),
    ("postcode", Holds::Text),
    ("country", Holds::Text),
    ("phone", Holds::Text),
];

/// The e-mail as the contract compares it (ASCII letters in lower case), if there is a usable one.
pub(super) fn email(profile: &CustomerProfile) -> Option<String> {
    let email = profile.email.as_deref()?.trim().to_ascii_lowercase();
    let usable = email.contains('@') && email.len() <= LONGEST_EMAIL && !email.chars().any(char::is_control);
    usable.then_some(email)
}

/// The customer number for each of the documents that names a customer.
pub(super) async fn resolve(
    session: &mut dyn Session,
    documents: &[&Document],
) -> Result<HashMap<String, i64>, CallError> {
    let mut wanted: BTreeMap<&str, &DocumentCustomer> = BTreeMap::new();
    for customer in documents.iter().filter_map(|document| document.customer.as_ref()) {
        wanted.entry(&customer.key).or_insert(customer);
    }
    resolve_people(session, wanted).await
}

async fn resolve_people(
    session: &mut dyn Session,
    mut wanted: BTreeMap<&str, &DocumentCustomer>,
) -> Result<HashMap<String, i64>, CallError> {
    let mut known = by_key(session, wanted.keys().copied()).await?;
    wanted.retain(|key, _| !known.contains_key(*key));
    if wanted.is_empty() {
        return Ok(known);
    }

    let mut numbers = by_email(session, wanted.values().filter_map(|customer| email(&customer.profile))).await?;
    // Of several new keys with one new e-mail the first makes the customer, the others are linked to it.
    let mut new: Vec<&DocumentCustomer> = Vec::new();
    let mut first_of: HashMap<String, &str> = HashMap::new();
    for customer in wanted.values() {
        match email(&customer.profile) {
            Some(email) if numbers.contains_key(&email) || first_of.contains_key(&email) => {}
            Some(email) => {
                first_of.insert(email, &customer.key);
                new.push(customer);
            }
            None => new.push(customer),
        }
    }
    create(session, &new).await?;
    let created = by_key(session, new.iter().map(|customer| customer.key.as_str())).await?;
    for (email, key) in first_of {
        if let Some(number) = created.get(key) {
            numbers.insert(email, *number);
        }
    }
    let links: Vec<(&str, i64)> = wanted
        .iter()
        .filter(|(key, _)| !created.contains_key(**key))
        .filter_map(|(key, customer)| Some((*key, *numbers.get(&email(&customer.profile)?)?)))
        .collect();
    link(session, &links).await?;
    known.extend(created);
    known.extend(links.into_iter().map(|(key, number)| (key.to_owned(), number)));
    Ok(known)
}

/// Finds or creates one person, and lets one that was known take over what is told.
pub(super) async fn put(session: &mut dyn Session, customer: DocumentCustomer) -> Result<String, CallError> {
    session.hold(&held(&customer)).await?;
    let known = !by_key(session, std::iter::once(customer.key.as_str())).await?.is_empty();
    let numbers = resolve_people(session, BTreeMap::from([(customer.key.as_str(), &customer)])).await?;
    let number = numbers.get(&customer.key).ok_or_else(|| CallError::Rejected("the office took no customer".into()))?;
    if known {
        let profile = &customer.profile;
        let part = |part: &Option<String>| part.as_ref().map(clean);
        let row = json!({
            "key": customer.key, "first_name": part(&profile.first_name), "last_name": part(&profile.last_name),
            "email": email(profile), "phone": part(&profile.phone),
        });
        insert(session, "ci_in_customer_change", CHANGE, vec![row]).await?;
    }
    Ok(number.to_string())
}

/// The names a person is held by while they are looked for and made, as a booking holds them.
fn held(customer: &DocumentCustomer) -> Vec<String> {
    let address = email(&customer.profile).map(|email| format!("email {email}"));
    std::iter::once(format!("customer {}", customer.key)).chain(address).collect()
}

/// Lets one key lead where another leads.
pub(super) async fn adopt(session: &mut dyn Session, of: String, key: String) -> Result<Option<String>, CallError> {
    session.hold(&[format!("customer {of}"), format!("customer {key}")]).await?;
    let known = by_key(session, [of.as_str(), key.as_str()].into_iter()).await?;
    match (known.get(&key), known.get(&of)) {
        (Some(number), _) => Ok(Some(number.to_string())),
        (None, Some(number)) => {
            link(session, &[(&key, *number)]).await?;
            Ok(Some(number.to_string()))
        }
        (None, None) => Ok(None),
    }
}

/// The numbers of all customers that have one of these keys or e-mails.
pub(super) async fn numbers(
    session: &mut dyn Session,
    keys: Vec<String>,
    emails: Vec<String>,
) -> Result<Vec<String>, CallError> {
    let mut numbers: BTreeSet<i64> = by_key(session, keys.iter().map(String::as_str)).await?.into_values().collect();
    let asked: Vec<Value> = emails.iter().map(|email| json!({ "email": email.trim().to_ascii_lowercase() })).collect();
    if !asked.is_empty() {
        let rows = session.json_rows(&[("email", Holds::Text)]);
        let sql = format!(
            "SELECT DISTINCT CAST(c.number AS text) FROM {rows} JOIN ci_customer c ON c.email_key = rows.email WHERE NOT c.deleted"
        );
        for mut row in session.rows(&sql, &[Param::Text(&Value::from(asked).to_string())]).await? {
            numbers.insert(row.int(0)?);
        }
    }
    Ok(numbers.into_iter().map(|number| number.to_string()).collect())
}

async fn by_key(
    session: &mut dyn Session,
    keys: impl Iterator<Item = &str> + Send,
) -> Result<HashMap<String, i64>, CallError> {
    let asked: Vec<Value> = keys.map(|key| json!({ "key": key })).collect();
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = session.json_rows(&[("key", Holds::Text)]);
    let sql = format!("SELECT k.key, CAST(k.customer AS text) FROM {rows} JOIN ci_customer_key k ON k.key = rows.key");
    let found = session.rows(&sql, &[Param::Text(&Value::from(asked).to_string())]).await?;
    found.into_iter().map(|mut row| Ok((row.text(0)?, row.int(1)?))).collect()
}

async fn by_email(
    session: &mut dyn Session,
    emails: impl Iterator<Item = String> + Send,
) -> Result<HashMap<String, i64>, CallError> {
    let asked: Vec<Value> = emails.map(|email| json!({ "email": email })).collect();
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT rows.email, CAST(c.number AS text), {} \
         FROM {} JOIN ci_customer c ON c.email_key = rows.email WHERE NOT c.deleted",
        flag("c.web_customer"),
        session.json_rows(&[("email", Holds::Text)]),
    );
    let mut best: HashMap<String, (bool, i64)> = HashMap::new();
    for mut row in session.rows(&sql, &[Param::Text(&Value::from(asked).to_string())]).await? {
        let (email, rank) = (row.text(0)?, (row.int(1)?, row.flag(2)?));
        let rank = (!rank.1, rank.0);
        let held = best.entry(email).or_insert(rank);
        *held = rank.min(*held);
    }
    Ok(best.into_iter().map(|(email, (_, number))| (email, number)).collect())
}

async fn create(session: &mut dyn Session, new: &[&DocumentCustomer]) -> Result<(), CallError> {
    let (mut people, mut addresses) = (Vec::new(), Vec::new());
    for DocumentCustomer { key, has_account, profile } in new {
        let named = profile.billing.as_ref().or(profile.shipping.as_ref());
        let (first, last) = match (&profile.first_name, &profile.last_name) {
            (None, None) => (named.and_then(|n| n.first_name.as_ref()), named.and_then(|n| n.last_name.as_ref())),
            (first, last) => (first.as_ref(), last.as_ref()),
        };
        let phone = profile.phone.as_ref().or_else(|| named.and_then(|named| named.phone.as_ref()));
        people.push(json!({
            "key": key, "has_account": has_account, "first_name": first.map(clean), "last_name": last.map(clean),
            "email": email(profile), "phone": phone.map(clean),
        }));
        let billing = profile.billing.as_ref().map(|address| address_row(key, "billing", address));
        let shipping = profile.shipping.as_ref().map(|address| address_row(key, "shipping", address));
        addresses.extend(billing.into_iter().chain(shipping));
    }
    insert(session, "ci_in_customer", PERSON, people).await?;
    insert(session, "ci_in_address", ADDRESS, addresses).await
}

fn address_row(key: &str, kind: &str, address: &Address) -> Value {
    let part = |part: &Option<String>| part.as_ref().map(clean);
    json!({
        "key": key, "kind": kind,
        "first_name": part(&address.first_name), "last_name": part(&address.last_name),
        "company": part(&address.company), "line1": part(&address.line1), "line2": part(&address.line2),
        "city": part(&address.city), "region": part(&address.region), "postcode": part(&address.postcode),
        "country": part(&address.country), "phone": part(&address.phone),
    })
}

async fn link(session: &mut dyn Session, links: &[(&str, i64)]) -> Result<(), CallError> {
    let rows = links.iter().map(|(key, number)| json!({ "key": key, "customer": number })).collect();
    insert(session, "ci_customer_key", &[("key", Holds::Text), ("customer", Holds::Int)], rows).await
}

//! The statements that read changed customers: each whole, with addresses and the storefronts' keys.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::changes::{Change, Cursor};
use super::database::{Holds, Param, Session, flag};
use super::record::CustomerRecord;
use crate::domain::{Address, CallError};

/// Whether no other customer has a better claim to the e-mail: web customers first, then the lowest number (F-032).
const SPEAKS: &str = "NOT EXISTS (SELECT 1 FROM ci_customer o WHERE o.email_key = c.email_key AND NOT o.deleted AND \
    ((o.web_customer AND NOT c.web_customer) OR (o.web_customer = c.web_customer AND o.number < c.number)))";

/// Customers, oldest change first.
pub(super) async fn customers(session: &mut dyn Session, from: &Cursor, limit: i64) -> Result<Vec<Change>, CallError> {
    let sql = format!(
        "SELECT CAST(c.marker AS text), CAST(c.number AS text), c.first_name, c.last_name, c.email, c.phone, c.email_consent, \
         CAST(c.email_consent_at AS text), CAST(c.changed_at AS text), {}, {}, {} FROM ci_customer c \
         WHERE (c.marker, CAST(c.number AS text)) > ($1, $2) AND c.marker <= (SELECT settled FROM ci_horizon) \
         ORDER BY c.marker, CAST(c.number AS text) LIMIT $3",
        flag("c.web_customer"),
        flag("c.deleted"),
        flag(SPEAKS),
    );
    let after = [Param::Int(from.marker), Param::Text(&from.key[0]), Param::Int(limit)];
    let mut records = Vec::new();
    for mut row in session.rows(&sql, &after).await? {
        records.push(CustomerRecord {
            marker: row.int(0)?,
            number: row.text(1)?,
            first_name: row.optional(2),
            last_name: row.optional(3),
            email: row.optional(4),
            phone: row.optional(5),
            email_consent: row.optional(6),
            email_consent_at: row.optional(7),
            changed_at: row.text(8)?,
            web_customer: row.flag(9)?,
            deleted: row.flag(10)?,
            speaks: row.flag(11)?,
            billing: None,
            shipping: None,
            keys: Vec::new(),
        });
    }
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let numbers =
        records.iter().map(|record| record.number.parse::<i64>().ok().map(|number| json!({ "number": number })));
    let asked = json!(numbers.collect::<Option<Vec<Value>>>().unwrap_or_default()).to_string();
    let mut addresses = addresses(session, &asked).await?;
    let mut keys = keys(session, &asked).await?;
    let whole = |mut record: CustomerRecord| {
        for (kind, address) in addresses.remove(&record.number).unwrap_or_default() {
            if kind == "billing" { record.billing = Some(address) } else { record.shipping = Some(address) }
        }
        record.keys = keys.remove(&record.number).unwrap_or_default();
        Change::new(record.marker, &[&record.number], &record)
    };
    records.into_iter().map(whole).collect()
}

async fn addresses(
    session: &mut dyn Session,
    numbers: &str,
) -> Result<HashMap<String, Vec<(String, Address)>>, CallError> {
    let sql = format!(
        "SELECT CAST(a.customer AS text), a.kind, a.first_name, a.last_name, a.company, a.line1, a.line2, a.city, a.region, \
         a.postcode, a.country, a.phone FROM {} JOIN ci_address a ON a.customer = rows.number",
        session.json_rows(&[("number", Holds::Int)]),
    );
    let mut found: HashMap<String, Vec<(String, Address)>> = HashMap::new();
    for mut row in session.rows(&sql, &[Param::Text(numbers)]).await? {
        let (number, kind) = (row.text(0)?, row.text(1)?);
        let address = Address {
            first_name: row.optional(2),
            last_name: row.optional(3),
            company: row.optional(4),
            line1: row.optional(5),
            line2: row.optional(6),
            city: row.optional(7),
            region: row.optional(8),
            postcode: row.optional(9),
            country: row.optional(10),
            phone: row.optional(11),
        };
        found.entry(number).or_default().push((kind, address));
    }
    Ok(found)
}

async fn keys(session: &mut dyn Session, numbers: &str) -> Result<HashMap<String, Vec<String>>, CallError> {
    let sql = format!(
        "SELECT CAST(k.customer AS text), k.key FROM {} JOIN ci_customer_key k ON k.customer = rows.number ORDER BY k.key",
        session.json_rows(&[("number", Holds::Int)]),
    );
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for mut row in session.rows(&sql, &[Param::Text(numbers)]).await? {
        found.entry(row.text(0)?).or_default().push(row.text(1)?);
    }
    Ok(found)
}

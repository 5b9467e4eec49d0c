//! What keeps a document out of the books before the office is even asked, told so that a person knows what to map.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};

use super::database::{Holds, Param, Session};
use crate::domain::{CallError, Money};
use crate::office::Document;

/// What is wrong with a document by itself: staging would lose it or hide it.
pub(super) fn own(document: &Document) -> Option<CallError> {
    let codes =
        [Some(&document.reference), document.credits.as_ref(), document.customer.as_ref().map(|known| &known.key)];
    let codes = codes.into_iter().flatten().chain(document.payments.iter().map(|payment| &payment.pay_code));
    if codes.into_iter().any(|code| code.is_empty() || code.chars().any(char::is_control)) {
        return Some(CallError::Rejected(
            "a reference, customer key or pay code of the document is empty or has control characters".into(),
        ));
    }
    let amounts = document.lines.iter().flat_map(|line| [line.unit_price, line.discount, line.amount, line.tax]);
    let mut amounts = amounts.chain(document.payments.iter().map(|payment| payment.amount)).chain([document.total]);
    let foreign = |amount: &Money| amount.currency() != document.currency;
    amounts
        .find(foreign)
        .map(|amount| CallError::Rejected(format!("{amount} is on a document that is in {}", document.currency)))
}

/// The SKU, pay code or branch that each document names and the office does not have, if there is one.
pub(super) async fn unmapped(
    session: &mut dyn Session,
    documents: &[&Document],
) -> Result<Vec<Option<CallError>>, CallError> {
    let named: BTreeSet<(&str, &str)> = documents.iter().flat_map(|document| codes(document)).collect();
    let asked: Vec<Value> = named.iter().map(|(what, code)| json!({ "what": what, "code": code })).collect();
    let sql = format!(
        "SELECT rows.what, rows.code FROM {} \
         WHERE NOT EXISTS (SELECT 1 FROM ci_variant v WHERE rows.what = 'SKU' AND v.sku = rows.code AND NOT v.deleted) \
         AND NOT EXISTS (SELECT 1 FROM ci_pay_code p WHERE rows.what = 'pay code' AND p.pay_code = rows.code) \
         AND NOT EXISTS (SELECT 1 FROM ci_branch b WHERE rows.what = 'branch' AND b.branch = rows.code AND NOT b.deleted)",
        session.json_rows(&[("what", Holds::Text), ("code", Holds::Text)])
    );
    let mut unknown = HashSet::new();
    if !asked.is_empty() {
        for mut row in session.rows(&sql, &[Param::Text(&Value::from(asked).to_string())]).await? {
            unknown.insert((row.text(0)?, row.text(1)?));
        }
    }
    let lacks = |document: &&Document| {
        let mut codes = codes(document);
        codes.find(|(what, code)| unknown.contains(&((*what).to_owned(), (*code).to_owned()))).map(named_error)
    };
    Ok(documents.iter().map(lacks).collect())
}

fn codes(document: &Document) -> impl Iterator<Item = (&'static str, &str)> {
    let skus = document.lines.iter().filter_map(|line| line.sku.as_ref()).map(|sku| ("SKU", sku.as_str()));
    let pay_codes = document.payments.iter().map(|payment| ("pay code", payment.pay_code.as_str()));
    let branches = document.lines.iter().filter_map(|line| line.branch.as_ref()).chain([&document.branch]);
    skus.chain(pay_codes).chain(branches.map(|branch| ("branch", branch.as_str())))
}

fn named_error((what, code): (&str, &str)) -> CallError {
    let fix = match what {
        "SKU" => "add it to the office, or correct the SKU at the storefront, and retry",
        "pay code" => "add it to the office, or name another pay code under the channel's payments, and retry",
        _ => "add it to the office, or name another branch under the channel's sale rules, and retry",
    };
    CallError::Unmapped { what: format!("{what} {code}"), fix: fix.to_owned() }
}

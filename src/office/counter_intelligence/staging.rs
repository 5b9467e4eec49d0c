//! Writes finished documents into the staging tables, a statement per table, and posts them with one more.
//!
//! The office books all of them or, raising an error, none: the caller stands on a savepoint.

use std::collections::HashMap;

use serde_json::json;

use super::database::{Holds, Session, insert};
use super::find::word;
use crate::domain::CallError;
use crate::office::Document;

const DOCUMENT: &[(&str, Holds)] = &[
    ("kind", Holds::Text),
    ("reference", Holds::Text),
    ("credits", Holds::Text),
    ("order_number", Holds::Text),
    ("happened_at", Holds::Time),
    ("customer", Holds::Int),
    ("branch", Holds::Text),
    ("currency", Holds::Text),
    ("tax_included", Holds::Flag),
    ("total", Holds::Amount),
];

const LINE: &[(&str, Holds)] = &[
    ("kind", Holds::Text),
    ("reference", Holds::Text),
    ("position", Holds::Int),
    ("line", Holds::Text),
    ("line_kind", Holds::Text),
    ("sku", Holds::Text),
    ("title", Holds::Text),
    ("quantity", Holds::Int),
    ("unit_price", Holds::Amount),
    ("discount", Holds::Amount),
    ("amount", Holds::Amount),
    ("tax", Holds::Amount),
    ("moves_stock", Holds::Flag),
    ("branch", Holds::Text),
];

const PAYMENT: &[(&str, Holds)] = &[
    ("kind", Holds::Text),
    ("reference", Holds::Text),
    ("position", Holds::Int),
    ("pay_code", Holds::Text),
    ("external", Holds::Text),
    ("amount", Holds::Amount),
];

const POST: &[(&str, Holds)] = &[("kind", Holds::Text), ("reference", Holds::Text)];

/// A text as both databases can hold it: PostgreSQL has no place for NUL.
pub(super) fn clean(text: impl AsRef<str>) -> String {
    text.as_ref().replace('\0', "\u{fffd}")
}

/// Stages and posts documents of one kind. `customers` has the number of each document's customer, by its reference.
pub(super) async fn stage_and_post(
    session: &mut dyn Session,
    documents: &[&Document],
    customers: &HashMap<&str, i64>,
) -> Result<(), CallError> {
    let (mut heads, mut lines, mut payments, mut posts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for document in documents {
        let (kind, reference) = (word(document.kind), document.reference.as_str());
        heads.push(json!({
            "kind": kind, "reference": reference, "credits": document.credits,
            "order_number": clean(&document.order_number), "happened_at": document.happened_at.to_string(),
            "customer": customers.get(reference), "branch": document.branch.as_str(),
            "currency": document.currency.code(), "tax_included": document.tax_included,
            "total": session.amount_out(document.total)?,
        }));
        for (position, line) in document.lines.iter().enumerate() {
            lines.push(json!({
                "kind": kind, "reference": reference, "position": position + 1, "line": clean(&line.line),
                "line_kind": line.kind.as_str(), "sku": line.sku.as_ref().map(AsRef::<str>::as_ref),
                "title": clean(&line.title), "quantity": line.quantity,
                "unit_price": session.amount_out(line.unit_price)?, "discount": session.amount_out(line.discount)?,
                "amount": session.amount_out(line.amount)?, "tax": session.amount_out(line.tax)?,
                "moves_stock": line.moves_stock, "branch": line.branch.as_ref().map(AsRef::<str>::as_ref),
            }));
        }
        for (position, payment) in document.payments.iter().enumerate() {
            payments.push(json!({
                "kind": kind, "reference": reference, "position": position + 1, "pay_code": payment.pay_code,
                "external": payment.reference.as_ref().map(clean), "amount": session.amount_out(payment.amount)?,
            }));
        }
        posts.push(json!({ "kind": kind, "reference": reference }));
    }
    insert(session, "ci_in_document", DOCUMENT, heads).await?;
    insert(session, "ci_in_line", LINE, lines).await?;
    insert(session, "ci_in_payment", PAYMENT, payments).await?;
    insert(session, "ci_in_post", POST, posts).await
}

//! Looks documents up in the books by their external reference.

use std::collections::HashMap;

use serde_json::json;

use super::database::{Holds, Param, Session};
use crate::domain::CallError;
use crate::office::{Booked, DocumentKind};

/// The contract's word for a kind of document.
pub(super) fn word(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Invoice => "invoice",
        DocumentKind::CreditNote => "credit_note",
    }
}

/// Answers one entry per reference, in order.
pub(super) async fn find(
    session: &mut dyn Session,
    kind: DocumentKind,
    references: Vec<String>,
) -> Result<Vec<Option<Booked>>, CallError> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    let rows = session.json_rows(&[("reference", Holds::Text)]);
    let sql = format!(
        "SELECT rows.reference, d.number, CAST(d.customer AS text) \
         FROM {rows} JOIN ci_document d ON d.reference = rows.reference AND d.kind = $2"
    );
    // PostgreSQL holds no NUL in a text, so nothing with one in its name was ever booked.
    let asked = references.iter().filter(|reference| !reference.contains('\0'));
    let asked = json!(asked.map(|reference| json!({ "reference": reference })).collect::<Vec<_>>()).to_string();
    let mut booked = HashMap::new();
    for mut row in session.rows(&sql, &[Param::Text(&asked), Param::Text(word(kind))]).await? {
        booked.insert(row.text(0)?, Booked { number: row.text(1)?, customer: row.text(2)?, already: true });
    }
    Ok(references.iter().map(|reference| booked.get(reference).cloned()).collect())
}

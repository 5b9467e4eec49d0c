//! Which SKUs the office has, and which a barcode stands for.

use serde_json::{Value, json};

use super::database::{Holds, Param, Session};
use crate::domain::{CallError, Sku};
use crate::office::KnownItems;

/// Looks all of them up with one question.
pub(super) async fn items(
    session: &mut dyn Session,
    skus: Vec<Sku>,
    barcodes: Vec<String>,
) -> Result<KnownItems, CallError> {
    // PostgreSQL holds no NUL in a text, so nothing with one in its name is there.
    let codes =
        skus.iter().map(|sku| ("sku", sku.as_str())).chain(barcodes.iter().map(|code| ("barcode", code.as_str())));
    let codes = codes.filter(|(_, code)| !code.is_empty() && !code.contains('\0'));
    let asked: Vec<Value> = codes.map(|(what, code)| json!({ "what": what, "code": code })).collect();
    let mut known = KnownItems::default();
    if asked.is_empty() {
        return Ok(known);
    }
    let rows = session.json_rows(&[("what", Holds::Text), ("code", Holds::Text)]);
    let sql = format!(
        "SELECT rows.what, rows.code, v.sku FROM {rows} JOIN ci_variant v ON v.sku = rows.code \
         WHERE rows.what = 'sku' AND NOT v.deleted \
         UNION ALL SELECT rows.what, rows.code, v.sku FROM {rows} JOIN ci_variant v ON v.barcode = rows.code \
         WHERE rows.what = 'barcode' AND NOT v.deleted",
    );
    for mut row in session.rows(&sql, &[Param::Text(&Value::from(asked).to_string())]).await? {
        let (what, code, sku) = (row.text(0)?, row.text(1)?, row.text(2)?);
        let Ok(sku) = Sku::parse(&sku) else { continue };
        if what == "sku" {
            known.skus.insert(sku);
        } else {
            known.by_barcode.entry(code).or_default().push(sku);
        }
    }
    Ok(known)
}

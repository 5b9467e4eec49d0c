//! What belongs to a style or a SKU and is read with it: variants, pictures, further fields, further price levels.
//!
//! What comes in: the keys of one page, as JSON. What goes out: what each of them has, by key.

use std::collections::{BTreeMap, HashMap};

use super::database::{Holds, Param, Row, Session};
use super::record::{ImageRecord, LevelFigure, PriceFigures, VariantRecord};
use crate::domain::{CallError, Currency};

/// Variants by style, each with its price.
pub(super) async fn variants(
    session: &mut dyn Session,
    currency: Currency,
    styles: &str,
) -> Result<HashMap<String, Vec<VariantRecord>>, CallError> {
    let sql = format!(
        "SELECT v.style, v.sku, v.colour, v.size, v.barcode, CAST(p.retail AS text), CAST(p.sale AS text), \
         CAST(p.sale_from AS text), CAST(p.sale_until AS text) \
         FROM {} JOIN ci_variant v ON v.style = rows.style LEFT JOIN ci_price p ON p.sku = v.sku AND NOT p.deleted \
         WHERE NOT v.deleted ORDER BY v.style, v.position, v.sku",
        session.json_rows(&[("style", Holds::Text)]),
    );
    let mut of_style: HashMap<String, Vec<VariantRecord>> = HashMap::new();
    for mut row in session.rows(&sql, &[Param::Text(styles)]).await? {
        of_style.entry(row.text(0)?).or_default().push(VariantRecord {
            sku: row.text(1)?,
            colour: row.optional(2),
            size: row.optional(3),
            barcode: row.optional(4),
            price: figures(&*session, currency, &mut row, 5),
        });
    }
    Ok(of_style)
}

/// Pictures by style.
pub(super) async fn images(
    session: &mut dyn Session,
    styles: &str,
) -> Result<HashMap<String, Vec<ImageRecord>>, CallError> {
    let sql = format!(
        "SELECT i.style, i.url, i.alt, i.hash FROM {} JOIN ci_image i ON i.style = rows.style \
         WHERE NOT i.deleted ORDER BY i.style, i.position",
        session.json_rows(&[("style", Holds::Text)]),
    );
    let mut of_style: HashMap<String, Vec<ImageRecord>> = HashMap::new();
    for mut row in session.rows(&sql, &[Param::Text(styles)]).await? {
        of_style.entry(row.text(0)?).or_default().push(ImageRecord {
            url: row.text(1)?,
            alt: row.optional(2),
            hash: row.optional(3),
        });
    }
    Ok(of_style)
}

/// Further fields by style: information tabs and whatever else the office keeps.
pub(super) async fn fields(
    session: &mut dyn Session,
    styles: &str,
) -> Result<HashMap<String, BTreeMap<String, String>>, CallError> {
    let sql = format!(
        "SELECT f.style, f.field, f.value FROM {} JOIN ci_field f ON f.style = rows.style \
         WHERE NOT f.deleted AND f.value IS NOT NULL",
        session.json_rows(&[("style", Holds::Text)]),
    );
    let mut of_style: HashMap<String, BTreeMap<String, String>> = HashMap::new();
    for mut row in session.rows(&sql, &[Param::Text(styles)]).await? {
        of_style.entry(row.text(0)?).or_default().insert(row.text(1)?, row.text(2)?);
    }
    Ok(of_style)
}

/// Further price levels by SKU.
pub(super) async fn levels(
    session: &mut dyn Session,
    skus: &str,
) -> Result<HashMap<String, BTreeMap<String, LevelFigure>>, CallError> {
    let sql = format!(
        "SELECT l.sku, l.level, CAST(l.amount AS text), l.currency FROM {} \
         JOIN ci_level_price l ON l.sku = rows.sku WHERE NOT l.deleted",
        session.json_rows(&[("sku", Holds::Text)]),
    );
    let mut of_sku: HashMap<String, BTreeMap<String, LevelFigure>> = HashMap::new();
    for mut row in session.rows(&sql, &[Param::Text(skus)]).await? {
        let (sku, level, shown, currency) = (row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?);
        // A currency nobody knows is refused when the record is normalised.
        let amount = match Currency::parse(&currency) {
            Ok(known) => session.amount_in(shown, known),
            Err(_) => shown,
        };
        of_sku.entry(sku).or_default().insert(level, LevelFigure { amount, currency });
    }
    Ok(of_sku)
}

/// The four price columns that begin at `column`.
pub(super) fn figures(session: &dyn Session, currency: Currency, row: &mut Row, column: usize) -> PriceFigures {
    let mut amount = |column| row.optional(column).map(|shown| session.amount_in(shown, currency));
    let (retail, sale) = (amount(column), amount(column + 1));
    PriceFigures {
        retail,
        sale,
        sale_from: row.optional(column + 2),
        sale_until: row.optional(column + 3),
        levels: BTreeMap::new(),
    }
}

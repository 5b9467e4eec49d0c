//! The statements that read changed records, and the records made of their rows.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::changes::{Change, Cursor};
use super::database::{Holds, Param, Row, Session, flag};
use super::details::{fields, figures, images, levels, variants};
use super::record::{BranchRecord, PriceRecord, ProductRecord, StockRecord};
use crate::domain::{BranchCode, CallError, Currency, Sku, Version};
use crate::office::StockReading;

const SETTLED: &str = "(SELECT settled FROM ci_horizon)";

/// Styles, each whole: a style's marker covers its variants, its images, its further fields and its category's name.
pub(super) async fn products(
    session: &mut dyn Session,
    currency: Currency,
    from: &Cursor,
    limit: i64,
) -> Result<Vec<Change>, CallError> {
    let sql = format!(
        "SELECT CAST(p.marker AS text), p.style, p.title, p.description, p.brand, c.name, {}, {}, \
         CAST(p.changed_at AS text), c.category \
         FROM ci_product p LEFT JOIN ci_category c ON c.category = p.category AND NOT c.deleted \
         WHERE (p.marker, p.style) > ($1, $2) AND p.marker <= {SETTLED} ORDER BY p.marker, p.style LIMIT $3",
        flag("p.internet_active"),
        flag("p.deleted"),
    );
    let after = [Param::Int(from.marker), Param::Text(&from.key[0]), Param::Int(limit)];
    let styles = session.rows(&sql, &after).await?;
    let mut records = Vec::with_capacity(styles.len());
    for mut row in styles {
        records.push(ProductRecord {
            marker: row.int(0)?,
            style: row.text(1)?,
            title: row.text(2)?,
            description: row.optional(3),
            brand: row.optional(4),
            category: row.optional(5),
            internet_active: row.flag(6)?,
            deleted: row.flag(7)?,
            changed_at: row.text(8)?,
            currency: currency.to_string(),
            category_key: row.optional(9),
            fields: std::collections::BTreeMap::new(),
            variants: Vec::new(),
            images: Vec::new(),
        });
    }
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let asked =
        json!(records.iter().map(|record| json!({ "style": record.style })).collect::<Vec<Value>>()).to_string();
    let mut variants = variants(session, currency, &asked).await?;
    let mut images = images(session, &asked).await?;
    let mut fields = fields(session, &asked).await?;
    let whole = |mut record: ProductRecord| {
        record.variants = variants.remove(&record.style).unwrap_or_default();
        record.images = images.remove(&record.style).unwrap_or_default();
        record.fields = fields.remove(&record.style).unwrap_or_default();
        Change::new(record.marker, &[&record.style], &record)
    };
    records.into_iter().map(whole).collect()
}

/// Prices, one per SKU.
pub(super) async fn prices(
    session: &mut dyn Session,
    currency: Currency,
    from: &Cursor,
    limit: i64,
) -> Result<Vec<Change>, CallError> {
    let sql = format!(
        "SELECT CAST(marker AS text), sku, style, {}, {}, CAST(changed_at AS text), CAST(retail AS text), \
         CAST(sale AS text), CAST(sale_from AS text), CAST(sale_until AS text) \
         FROM ci_price WHERE (marker, sku) > ($1, $2) AND marker <= {SETTLED} ORDER BY marker, sku LIMIT $3",
        flag("internet_active"),
        flag("deleted"),
    );
    let after = [Param::Int(from.marker), Param::Text(&from.key[0]), Param::Int(limit)];
    let mut records = Vec::new();
    for mut row in session.rows(&sql, &after).await? {
        records.push(PriceRecord {
            marker: row.int(0)?,
            sku: row.text(1)?,
            style: row.text(2)?,
            internet_active: row.flag(3)?,
            deleted: row.flag(4)?,
            changed_at: row.text(5)?,
            currency: currency.to_string(),
            price: figures(&*session, currency, &mut row, 6),
        });
    }
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let asked = json!(records.iter().map(|record| json!({ "sku": record.sku })).collect::<Vec<Value>>()).to_string();
    let mut levels = levels(session, &asked).await?;
    let whole = |mut record: PriceRecord| {
        record.price.levels = levels.remove(&record.sku).unwrap_or_default();
        Change::new(record.marker, &[&record.sku], &record)
    };
    records.into_iter().map(whole).collect()
}

/// Stock, one per SKU and branch.
pub(super) async fn stock(session: &mut dyn Session, from: &Cursor, limit: i64) -> Result<Vec<Change>, CallError> {
    let sql = format!(
        "SELECT CAST(marker AS text), sku, branch, style, CAST(on_hand AS text), {}, {}, CAST(changed_at AS text) \
         FROM ci_stock WHERE (marker, sku, branch) > ($1, $2, $3) AND marker <= {SETTLED} \
         ORDER BY marker, sku, branch LIMIT $4",
        flag("internet_active"),
        flag("deleted"),
    );
    let [sku, branch] = [0, 1].map(|part| Param::Text(&from.key[part]));
    let rows = session.rows(&sql, &[Param::Int(from.marker), sku, branch, Param::Int(limit)]).await?;
    let change = |mut row: Row| {
        let record = StockRecord {
            marker: row.int(0)?,
            sku: row.text(1)?,
            branch: row.text(2)?,
            style: row.text(3)?,
            on_hand: row.text(4)?,
            internet_active: row.flag(5)?,
            deleted: row.flag(6)?,
            changed_at: row.text(7)?,
        };
        Change::new(record.marker, &[&record.sku, &record.branch], &record)
    };
    rows.into_iter().map(change).collect()
}

/// Branches.
pub(super) async fn branches(session: &mut dyn Session, from: &Cursor, limit: i64) -> Result<Vec<Change>, CallError> {
    let sql = format!(
        "SELECT CAST(marker AS text), branch, name, line1, city, postcode, country, {}, CAST(changed_at AS text) \
         FROM ci_branch WHERE (marker, branch) > ($1, $2) AND marker <= {SETTLED} ORDER BY marker, branch LIMIT $3",
        flag("deleted"),
    );
    let after = [Param::Int(from.marker), Param::Text(&from.key[0]), Param::Int(limit)];
    let rows = session.rows(&sql, &after).await?;
    let change = |mut row: Row| {
        let record = BranchRecord {
            marker: row.int(0)?,
            branch: row.text(1)?,
            name: row.text(2)?,
            line1: row.optional(3),
            city: row.optional(4),
            postcode: row.optional(5),
            country: row.optional(6),
            deleted: row.flag(7)?,
            changed_at: row.text(8)?,
        };
        Change::new(record.marker, &[&record.branch], &record)
    };
    rows.into_iter().map(change).collect()
}

/// Stock figures as they are now, whether their change may be listed yet or not. One entry per pair, in order.
///
/// A change that may not be listed yet counts as the newest that may: of two transactions that overlap, the one with the lower
/// marker may write last, and its figure must not be taken for older than what is read here.
pub(super) async fn stock_now(
    session: &mut dyn Session,
    wanted: Vec<(Sku, BranchCode)>,
) -> Result<Vec<Option<StockReading>>, CallError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT s.sku, s.branch, CAST(s.on_hand AS text), \
         CAST(CASE WHEN s.marker <= {SETTLED} THEN s.marker ELSE {SETTLED} END AS text) FROM {} \
         JOIN ci_stock s ON s.sku = rows.sku AND s.branch = rows.branch WHERE NOT s.deleted",
        session.json_rows(&[("sku", Holds::Text), ("branch", Holds::Text)]),
    );
    let asked = |(sku, branch): &(Sku, BranchCode)| json!({ "sku": sku.as_str(), "branch": branch.as_str() });
    let asked = json!(wanted.iter().map(asked).collect::<Vec<Value>>()).to_string();
    let mut found = HashMap::new();
    for mut row in session.rows(&sql, &[Param::Text(&asked)]).await? {
        let place = (row.text(0)?, row.text(1)?);
        found.insert(place, StockReading { on_hand: row.int(2)?, version: Version(row.int(3)?) });
    }
    let reading = |(sku, branch): (Sku, BranchCode)| found.get(&(sku.into(), branch.into())).copied();
    Ok(wanted.into_iter().map(reading).collect())
}

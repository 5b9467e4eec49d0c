//! What web orders take from stock, kept with the deliveries that tell it and the documents that book it.

use std::collections::HashMap;

use rusqlite::params;

use super::work::Work;
use crate::journal::plan::demand::{Count, OrderKey, Rows, Statement, all_are_held, movements, newest};
use crate::journal::{Intent, JournalError, text};

const ORDER: &str = "INSERT INTO web_order (channel, entity, version, left_out) VALUES (?1, ?2, ?3, ?4) \
    ON CONFLICT (channel, entity) DO UPDATE SET version = excluded.version, left_out = excluded.left_out \
    WHERE excluded.version >= web_order.version";
const SKU: &str = "SELECT key FROM link WHERE channel = ?1 AND kind = 'variant' AND other = ?2";
const PIECES: &str = "SELECT sku, branch, held, gone, back FROM web_piece WHERE channel = ?1 AND entity = ?2";
const CLEAR: &str = "DELETE FROM web_piece WHERE channel = ?1 AND entity = ?2";
const PUT: &str = "INSERT INTO web_piece (channel, entity, sku, branch, held, gone, back, live) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 2)";
const HAS_DOCUMENTS: &str = "SELECT 1 FROM web_booked WHERE channel = ?1 AND entity = ?2 LIMIT 1";
const MOVE: &str = "INSERT INTO web_moved (channel, sku, branch, available, on_hand) VALUES (?1, ?2, ?3, ?4, ?5) \
    ON CONFLICT (channel, sku, branch) DO UPDATE SET available = available + excluded.available, \
    on_hand = on_hand + excluded.on_hand";
/// What is to be known of pieces (migration 0013).
const LIVE: &str = "UPDATE web_piece SET live = n.live FROM ( \
    SELECT s.sku, CASE WHEN s.left_out = 1 OR (s.held <= 0 AND s.taken <= s.booked) THEN 0 \
    WHEN s.documents = 0 THEN 2 WHEN s.taken > s.booked THEN 1 ELSE 3 END AS live \
    FROM (SELECT o.sku, SUM(o.held) AS held, SUM(o.held + o.gone) AS taken, \
    (SELECT left_out FROM web_order WHERE channel = ?1 AND entity = ?2) AS left_out, \
    (SELECT COUNT(*) FROM web_booked b WHERE b.channel = ?1 AND b.entity = ?2 AND b.sku = o.sku) AS documents, \
    (SELECT COALESCE(SUM(b.pieces), 0) FROM web_booked b WHERE b.channel = ?1 AND b.entity = ?2 AND b.sku = o.sku \
    AND (b.done = 1 OR b.pieces < 0)) AS booked \
    FROM web_piece o WHERE o.channel = ?1 AND o.entity = ?2 GROUP BY o.sku) s) n \
    WHERE web_piece.channel = ?1 AND web_piece.entity = ?2 AND web_piece.sku = n.sku AND web_piece.live <> n.live";
const INTEND: &str = "INSERT INTO web_booked (channel, document, entity, sku, branch, pieces) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
    ON CONFLICT DO NOTHING";
const BOOKED: &str =
    "UPDATE web_booked SET done = 1 WHERE channel = ?1 AND document = ?2 AND done = 0 RETURNING entity";

/// Keeps the newest statement of each order.
pub(super) fn state<'a>(work: &Work<'_>, statements: impl Iterator<Item = &'a Statement>) -> Result<(), JournalError> {
    for (key, statement) in newest(statements) {
        if work.run(ORDER, params![key.0, key.1, statement.version, statement.left_out])? == 0 {
            continue;
        }
        let new = statement.rows(&skus(work, &statement)?);
        let old = pieces(work, &key)?;
        if old == new {
            continue;
        }
        if !old.is_empty() {
            work.run(CLEAR, params![key.0, key.1])?;
        }
        for ((sku, branch), count) in &new {
            work.run(PUT, params![key.0, key.1, sku, branch, count.held, count.gone, count.back])?;
        }
        for ((sku, branch), by) in movements(&old, &new) {
            work.run(MOVE, params![key.0, sku, branch, by.available, by.on_hand])?;
        }
        // What is new and still to be shipped was put as what it is.
        let has_documents = || work.first(HAS_DOCUMENTS, params![key.0, key.1], |_| Ok(())).map(|one| one.is_some());
        if statement.left_out || !all_are_held(&new) || has_documents()? {
            work.run(LIVE, params![key.0, key.1])?;
        }
    }
    Ok(())
}

fn skus(work: &Work<'_>, statement: &Statement) -> Result<HashMap<(String, String), String>, JournalError> {
    let mut skus = HashMap::new();
    let channel = &statement.key.0;
    for variant in statement.lines.iter().filter_map(|line| line.variant.as_ref()) {
        if let Some(sku) = work.first(SKU, params![channel, variant], |row| row.get(0))? {
            skus.insert((channel.clone(), variant.clone()), sku);
        }
    }
    Ok(skus)
}

fn pieces(work: &Work<'_>, key: &OrderKey) -> Result<Rows, JournalError> {
    let rows = work.rows(PIECES, params![key.0, key.1], |row| {
        let count = Count { held: row.get(2)?, gone: row.get(3)?, back: row.get(4)? };
        Ok(((row.get(0)?, row.get(1)?), count))
    })?;
    Ok(rows.into_iter().collect())
}

/// Notes the pieces of a document that is about to be booked.
pub(super) fn intend(work: &Work<'_>, intent: &Intent) -> Result<(), JournalError> {
    let (channel, document) = (intent.channel.as_str(), text::clean(&intent.key));
    for pieces in &intent.pieces {
        let (entity, sku) = (text::key(&intent.order), text::key(pieces.sku.as_str()));
        work.run(INTEND, params![channel, document, entity, sku, pieces.branch.as_str(), pieces.count])?;
    }
    Ok(())
}

/// A document is in the books: its order holds its pieces no more.
pub(super) fn booked(work: &Work<'_>, channel: &str, document: &str) -> Result<(), JournalError> {
    let mut orders: Vec<String> = work.rows(BOOKED, params![channel, document], |row| row.get(0))?;
    orders.dedup();
    orders.iter().try_for_each(|entity| work.run(LIVE, params![channel, entity]).map(drop))
}

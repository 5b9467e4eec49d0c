//! What web orders take from stock, kept with the deliveries that tell it and the documents that book it.
//!
//! Whoever changes an order's pieces holds its row in `web_order` first, so that a new statement and a booking of one order
//! come one after the other. Rows are taken in the order of their keys.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio_postgres::Row;

use super::trouble::Trouble;
use super::work::Work;
use crate::domain::Moved;
use crate::journal::plan::demand::{Count, OrderKey, Rows, Statement, all_are_held, movements, newest};
use crate::journal::{Intent, text};

const ORDERS: &str = "INSERT INTO web_order (channel, entity, version, left_out) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS t(channel, entity, version, left_out) \
    ORDER BY channel COLLATE \"C\", entity COLLATE \"C\" \
    ON CONFLICT (channel, entity) DO UPDATE SET version = excluded.version, left_out = excluded.left_out WHERE excluded.version >= web_order.version \
    RETURNING channel, entity";
const SKUS: &str = "SELECT l.channel, l.other, l.key FROM unnest($1::text[], $2::text[]) AS v(channel, other) \
    JOIN link l ON l.channel = v.channel AND l.kind = 'variant' AND l.other = v.other";
const PIECES: &str = "SELECT p.channel, p.entity, p.sku, p.branch, p.held, p.gone, p.back FROM web_piece p \
    JOIN unnest($1::text[], $2::text[]) AS o(channel, entity) ON p.channel = o.channel AND p.entity = o.entity";
const CLEAR: &str = "DELETE FROM web_piece p USING unnest($1::text[], $2::text[]) AS o(channel, entity) \
    WHERE p.channel = o.channel AND p.entity = o.entity";
const PUT: &str = "INSERT INTO web_piece (channel, entity, sku, branch, held, gone, back, live) \
    SELECT t.*, CASE WHEN EXISTS (SELECT 1 FROM web_booked b \
    WHERE b.channel = t.channel AND b.entity = t.entity AND b.sku = t.sku) THEN 1 ELSE 2 END \
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[]) \
    AS t(channel, entity, sku, branch, held, gone, back)";
const MOVE: &str = "INSERT INTO web_moved (channel, sku, branch, available, on_hand) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[]) \
    AS t(channel, sku, branch, available, on_hand) \
    ORDER BY channel COLLATE \"C\", sku COLLATE \"C\", branch COLLATE \"C\" \
    ON CONFLICT (channel, sku, branch) DO UPDATE SET available = web_moved.available + excluded.available, \
    on_hand = web_moved.on_hand + excluded.on_hand";
/// What is to be known of pieces (migration 0013). Rows that are right already are left alone.
const LIVE: &str = "UPDATE web_piece p SET live = n.live FROM ( \
    SELECT s.channel, s.entity, s.sku, CASE \
    WHEN w.left_out = 1 OR (s.held <= 0 AND s.taken <= COALESCE(d.booked, 0)) THEN 0 \
    WHEN d.documents = 0 THEN 2 WHEN s.taken > COALESCE(d.booked, 0) THEN 1 ELSE 3 END AS live \
    FROM (SELECT o.channel, o.entity, o.sku, SUM(o.held) AS held, SUM(o.held + o.gone) AS taken \
    FROM unnest($1::text[], $2::text[]) AS c(channel, entity) JOIN web_piece o \
    ON o.channel = c.channel AND o.entity = c.entity GROUP BY o.channel, o.entity, o.sku) s \
    LEFT JOIN web_order w ON w.channel = s.channel AND w.entity = s.entity CROSS JOIN LATERAL ( \
    SELECT COUNT(*) AS documents, SUM(b.pieces) FILTER (WHERE b.done = 1 OR b.pieces < 0) AS booked FROM web_booked b \
    WHERE b.channel = s.channel AND b.entity = s.entity AND b.sku = s.sku) d) n \
    WHERE p.channel = n.channel AND p.entity = n.entity AND p.sku = n.sku AND p.live <> n.live";
const INTEND: &str = "INSERT INTO web_booked (channel, document, entity, sku, branch, pieces) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[]) \
    AS t(channel, document, entity, sku, branch, pieces) \
    ORDER BY channel COLLATE \"C\", document COLLATE \"C\", sku COLLATE \"C\", branch COLLATE \"C\" ON CONFLICT DO NOTHING";
/// Held before their pieces are looked at. An order without a row here has none. `+ 0`, here and below, keeps PostgreSQL from going
/// through all documents on their way, which have an index, instead of looking for these.
const HOLD: &str = "SELECT w.channel, w.entity FROM web_order w JOIN (SELECT DISTINCT b.channel, b.entity \
    FROM unnest($1::text[], $2::text[]) AS d(channel, document) \
    JOIN web_booked b ON b.channel = d.channel AND b.document = d.document WHERE b.done + 0 = 0) o \
    ON w.channel = o.channel AND w.entity = o.entity ORDER BY w.channel, w.entity FOR UPDATE OF w";
const BOOKED: &str = "UPDATE web_booked b SET done = 1 FROM unnest($1::text[], $2::text[]) AS d(channel, document) \
    WHERE b.channel = d.channel AND b.document = d.document AND b.done + 0 = 0 RETURNING b.channel, b.entity";
/// The first statement of an order may not be committed yet, and then there is no row that could be held. A row in its place waits
/// for that statement, or has it wait for us; where nothing was stated it is taken away again.
const PLACE: &str = "INSERT INTO web_order (channel, entity, version, left_out) \
    SELECT t.channel, t.entity, $3, 0 FROM unnest($1::text[], $2::text[]) AS t(channel, entity) \
    ORDER BY t.channel COLLATE \"C\", t.entity COLLATE \"C\" \
    ON CONFLICT (channel, entity) DO UPDATE SET version = web_order.version";
const DISPLACE: &str = "DELETE FROM web_order w USING unnest($1::text[], $2::text[]) AS t(channel, entity) \
    WHERE w.channel = t.channel AND w.entity = t.entity AND w.version = $3";
/// The version of a row that stands in the place of one; no statement is this old.
const NOT_STATED: i64 = i64::MIN;

/// Keys of orders as two columns.
fn columns<'a>(keys: impl Iterator<Item = &'a OrderKey>) -> (Vec<&'a str>, Vec<&'a str>) {
    keys.map(|(channel, entity)| (channel.as_str(), entity.as_str())).unzip()
}

/// Keeps the newest statement of each order.
pub(super) async fn state<'a>(work: &Work<'_>, statements: impl Iterator<Item = &'a Statement>) -> Result<(), Trouble> {
    let mut newest = newest(statements);
    if newest.is_empty() {
        return Ok(());
    }
    let (channels, entities) = columns(newest.keys());
    let versions: Vec<i64> = newest.values().map(|statement| statement.version).collect();
    let left: Vec<i64> = newest.values().map(|statement| i64::from(statement.left_out)).collect();
    let mut kept = BTreeSet::new();
    for row in work.rows(ORDERS, &[&channels, &entities, &versions, &left]).await? {
        kept.insert((row.try_get::<_, String>(0)?, row.try_get::<_, String>(1)?));
    }
    newest.retain(|key, _| kept.contains(key));
    let skus = skus(work, newest.values()).await?;
    let mut old = pieces(work, &kept).await?;
    let left_out: BTreeSet<OrderKey> =
        newest.iter().filter(|(_, statement)| statement.left_out).map(|(key, _)| key.clone()).collect();
    let mut new: BTreeMap<OrderKey, Rows> =
        newest.into_iter().map(|(key, statement)| (key, statement.rows(&skus))).collect();
    new.retain(|key, rows| old.get(key).map_or(!rows.is_empty(), |old| old != rows));
    let known: BTreeSet<OrderKey> = new.keys().filter(|key| old.contains_key(*key)).cloned().collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut moved: BTreeMap<(&str, String, String), Moved> = BTreeMap::new();
    for (key, rows) in &new {
        for ((sku, branch), by) in movements(&old.remove(key).unwrap_or_default(), rows) {
            let sum = moved.entry((&key.0, sku, branch)).or_default();
            sum.available += by.available;
            sum.on_hand += by.on_hand;
        }
    }
    if !known.is_empty() {
        let (channels, entities) = columns(known.iter());
        work.run(CLEAR, &[&channels, &entities]).await?;
    }
    put(work, &new).await?;
    shift(work, &moved).await?;
    // What is new and still to be shipped was put as what it is.
    let others = new.iter().filter(|(key, rows)| known.contains(key) || left_out.contains(*key) || !all_are_held(rows));
    let (channels, entities) = columns(others.map(|(key, _)| key));
    if channels.is_empty() {
        return Ok(());
    }
    work.run(LIVE, &[&channels, &entities]).await.map(drop)
}

async fn skus(
    work: &Work<'_>,
    statements: impl Iterator<Item = &Statement>,
) -> Result<HashMap<(String, String), String>, Trouble> {
    let wanted: BTreeSet<(&str, &str)> = statements
        .flat_map(|statement| {
            let variants = statement.lines.iter().filter_map(|line| line.variant.as_deref());
            variants.map(|variant| (statement.key.0.as_str(), variant))
        })
        .collect();
    let (channels, variants): (Vec<&str>, Vec<&str>) = wanted.into_iter().unzip();
    let rows = work.rows(SKUS, &[&channels, &variants]).await?;
    rows.iter().map(|row| Ok(((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?))).collect()
}

async fn pieces(work: &Work<'_>, orders: &BTreeSet<OrderKey>) -> Result<BTreeMap<OrderKey, Rows>, Trouble> {
    let (channels, entities) = columns(orders.iter());
    let mut pieces: BTreeMap<OrderKey, Rows> = BTreeMap::new();
    for row in work.rows(PIECES, &[&channels, &entities]).await? {
        let count = Count { held: row.try_get(4)?, gone: row.try_get(5)?, back: row.try_get(6)? };
        let order = pieces.entry((row.try_get(0)?, row.try_get(1)?)).or_default();
        order.insert((row.try_get(2)?, row.try_get(3)?), count);
    }
    Ok(pieces)
}

async fn put(work: &Work<'_>, orders: &BTreeMap<OrderKey, Rows>) -> Result<(), Trouble> {
    let (mut channels, mut entities, mut skus, mut branches) = (vec![], vec![], vec![], vec![]);
    let (mut held, mut gone, mut back) = (vec![], vec![], vec![]);
    for (key, rows) in orders {
        for ((sku, branch), count) in rows {
            channels.push(key.0.as_str());
            entities.push(key.1.as_str());
            skus.push(sku.as_str());
            branches.push(branch.as_str());
            held.push(count.held);
            gone.push(count.gone);
            back.push(count.back);
        }
    }
    work.run(PUT, &[&channels, &entities, &skus, &branches, &held, &gone, &back]).await.map(drop)
}

async fn shift(work: &Work<'_>, moved: &BTreeMap<(&str, String, String), Moved>) -> Result<(), Trouble> {
    let channels: Vec<&str> = moved.keys().map(|(channel, ..)| *channel).collect();
    let skus: Vec<&str> = moved.keys().map(|(_, sku, _)| sku.as_str()).collect();
    let branches: Vec<&str> = moved.keys().map(|(.., branch)| branch.as_str()).collect();
    let available: Vec<i64> = moved.values().map(|by| by.available).collect();
    let on_hand: Vec<i64> = moved.values().map(|by| by.on_hand).collect();
    work.run(MOVE, &[&channels, &skus, &branches, &available, &on_hand]).await.map(drop)
}

/// Notes the pieces of documents that are about to be booked.
pub(super) async fn intend(work: &Work<'_>, intents: &[Intent]) -> Result<(), Trouble> {
    let (mut channels, mut documents, mut entities) = (vec![], vec![], vec![]);
    let (mut skus, mut branches, mut counts) = (vec![], vec![], vec![]);
    for intent in intents {
        for pieces in &intent.pieces {
            channels.push(intent.channel.as_str());
            documents.push(text::clean(&intent.key));
            entities.push(text::key(&intent.order));
            skus.push(text::key(pieces.sku.as_str()));
            branches.push(pieces.branch.as_str());
            counts.push(pieces.count);
        }
    }
    if channels.is_empty() {
        return Ok(());
    }
    let texts = |column: &[std::borrow::Cow<'_, str>]| column.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (documents, entities, skus) = (texts(&documents), texts(&entities), texts(&skus));
    work.run(INTEND, &[&channels, &documents, &entities, &skus, &branches, &counts]).await.map(drop)
}

/// Documents are in the books: their orders hold their pieces no more.
pub(super) async fn booked(work: &Work<'_>, channels: &[&str], documents: &[&str]) -> Result<(), Trouble> {
    if documents.is_empty() {
        return Ok(());
    }
    let held = orders(&work.rows(HOLD, &[&channels, &documents]).await?)?;
    let booked = orders(&work.rows(BOOKED, &[&channels, &documents]).await?)?;
    if booked.is_empty() {
        return Ok(());
    }
    let unstated = columns(booked.difference(&held));
    if !unstated.0.is_empty() {
        work.run(PLACE, &[&unstated.0, &unstated.1, &NOT_STATED]).await?;
    }
    let (channels, entities) = columns(booked.iter());
    work.run(LIVE, &[&channels, &entities]).await?;
    if !unstated.0.is_empty() {
        work.run(DISPLACE, &[&unstated.0, &unstated.1, &NOT_STATED]).await?;
    }
    Ok(())
}

fn orders(rows: &[Row]) -> Result<BTreeSet<OrderKey>, Trouble> {
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

//! What web orders take from stock, each SKU as of one moment: one statement reads all that is known of it.

use std::collections::{HashMap, HashSet};

use super::{Reader, rows_for};
use crate::domain::{BookedPieces, ChannelName, EventType, Moved, Version, WebDemand, WebPieces};
use crate::journal::value::Value;
use crate::journal::{JournalError, text};

/// Orders that no document is about yet come as one sum for each SKU and branch: a backlog may hold any number of them.
/// `|| ''` keeps SQLite, which has no statistics here, from reading all that is known of the channel.
const DEMAND: &str = "SELECT 'piece' AS what, p.entity, p.sku, p.branch, p.held, p.gone, '' AS document FROM web_piece p \
    WHERE p.channel || '' = $1 AND p.live = 1 AND p.sku IN ({}) AND EXISTS (SELECT 1 FROM web_booked b \
    WHERE b.channel = p.channel || '' AND b.entity = p.entity || '' AND b.sku = p.sku || '') \
    UNION ALL SELECT 'piece', '', p.sku, p.branch, CAST(SUM(p.held) AS BIGINT), CAST(SUM(p.gone) AS BIGINT), '' FROM web_piece p \
    WHERE p.channel || '' = $1 AND p.live = 1 AND p.sku IN ({}) AND NOT EXISTS (SELECT 1 FROM web_booked b \
    WHERE b.channel = p.channel || '' AND b.entity = p.entity || '' AND b.sku = p.sku || '') GROUP BY p.sku, p.branch \
    UNION ALL SELECT 'booked', b.entity, b.sku, b.branch, b.pieces, b.done, b.document FROM web_piece p \
    JOIN web_booked b ON b.channel = p.channel || '' AND b.entity = p.entity || '' AND b.sku = p.sku || '' \
    WHERE p.channel || '' = $1 AND p.live = 1 AND p.sku IN ({}) AND p.branch = (SELECT MIN(o.branch) FROM web_piece o \
    WHERE o.channel = p.channel AND o.entity = p.entity AND o.sku = p.sku) \
    UNION ALL SELECT 'moved', '', m.sku, m.branch, m.available, m.on_hand, '' FROM web_moved m \
    WHERE m.channel = $1 AND m.sku IN ({})";

/// See [`crate::journal::Journal::web_demand`].
pub(in crate::journal) async fn demand(
    reader: &dyn Reader,
    channel: &ChannelName,
    skus: &[String],
) -> Result<WebDemand, JournalError> {
    let keys: std::collections::BTreeSet<String> = skus.iter().map(|sku| text::key(sku).into_owned()).collect();
    let mut demand = WebDemand::default();
    let keys = keys.iter().map(|key| Value::from(key.as_str()));
    for row in rows_for(reader, DEMAND, &[channel.as_str().into()], keys).await? {
        let (order, sku, branch) = (row.text(1)?.to_owned(), row.text(2)?.to_owned(), row.text(3)?.to_owned());
        let (first, second) = (row.int(4)?, row.int(5)?);
        match row.text(0)? {
            "piece" => demand.pieces.push(WebPieces { order, sku, branch, open: first, gone: second }),
            "booked" => demand.booked.push(BookedPieces {
                order,
                document: row.text(6)?.to_owned(),
                sku,
                branch,
                pieces: first,
                done: second == 1,
            }),
            _ => drop(demand.moved.insert((sku, branch), Moved { available: first, on_hand: second })),
        }
    }
    Ok(demand)
}

const ORDERS: &str = "SELECT entity, version FROM web_order WHERE channel = $1 AND entity IN ({})";
const RAISED: &str = "SELECT source_document, version FROM event \
    WHERE channel = $1 AND kind = $2 AND source_document IN ({}) \
    UNION ALL SELECT entity, version FROM event WHERE channel = $1 AND kind = $2 AND entity IN ({})";

const NEWEST: &str = "SELECT entity, MAX(version) FROM event \
    WHERE channel = $1 AND kind = $2 AND entity IN ({}) GROUP BY entity";

/// See [`crate::journal::Journal::web_orders`].
pub(in crate::journal) async fn orders(
    reader: &dyn Reader,
    channel: &ChannelName,
    orders: &[String],
) -> Result<Vec<Option<Version>>, JournalError> {
    let known = numbers(reader, ORDERS, &[channel.as_str().into()], orders).await?;
    Ok(orders.iter().map(|order| known.get(text::key(order).as_ref()).copied().map(Version)).collect())
}

/// See [`crate::journal::Journal::raised`].
pub(in crate::journal) async fn raised(
    reader: &dyn Reader,
    channel: &ChannelName,
    kind: EventType,
    documents: &[String],
) -> Result<Vec<bool>, JournalError> {
    let known = numbers(reader, RAISED, &[channel.as_str().into(), kind.as_str().into()], documents).await?;
    let known: HashSet<String> = known.into_keys().collect();
    Ok(documents.iter().map(|document| known.contains(text::key(document).as_ref())).collect())
}

/// See [`crate::journal::Journal::raised_versions`].
pub(in crate::journal) async fn raised_versions(
    reader: &dyn Reader,
    channel: &ChannelName,
    kind: EventType,
    entities: &[String],
) -> Result<Vec<Option<Version>>, JournalError> {
    let known = numbers(reader, NEWEST, &[channel.as_str().into(), kind.as_str().into()], entities).await?;
    Ok(entities.iter().map(|entity| known.get(text::key(entity).as_ref()).copied().map(Version)).collect())
}

/// A number for each of the keys that are there.
async fn numbers(
    reader: &dyn Reader,
    sql: &str,
    fixed: &[Value],
    keys: &[String],
) -> Result<HashMap<String, i64>, JournalError> {
    let keys: Vec<_> = keys.iter().map(|key| text::key(key)).collect();
    let mut found = HashMap::new();
    for row in rows_for(reader, sql, fixed, keys.iter().map(|key| Value::from(key.as_ref()))).await? {
        found.insert(row.text(0)?.to_owned(), row.int(1)?);
    }
    Ok(found)
}

//! What web orders take from stock, each SKU as of one moment: one statement reads all that is known of it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Reader, rows_by_key, rows_for};
use crate::domain::{BookedPieces, ChannelName, EventType, Moved, Version, WebDemand, WebPieces};
use crate::journal::value::{Row, Value};
use crate::journal::{JournalError, text};

/// There may be any number of open orders. Those that no document is about (`live = 2`) and those that are booked in full
/// (`live = 3`) come as sums; one by one come those with a document on its way and those that are booked in part (`live = 1`).
/// An order that is told one by one is in its sum, too, and has to be taken off it.
/// `|| ''` and `+ 0` keep SQLite, which has no statistics here, from reading all that is known of the channel.
const DEMAND: &str = "SELECT CASE p.live WHEN 2 THEN 'new sum' ELSE 'open sum' END AS what, '' AS entity, p.sku, p.branch, \
    CAST(SUM(p.held) AS BIGINT), CAST(SUM(p.gone) AS BIGINT), '' AS document FROM web_piece p \
    WHERE p.channel || '' = $1 AND p.live > 0 AND p.live > 1 AND p.sku IN ({}) GROUP BY p.sku, p.live, p.branch \
    UNION ALL SELECT 'part', p.entity, p.sku, p.branch, p.held, p.gone, '' FROM web_piece p \
    WHERE p.channel || '' = $1 AND p.live > 0 AND p.live = 1 AND p.sku IN ({}) \
    UNION ALL SELECT CASE p.live WHEN 2 THEN 'new' ELSE 'open' END, p.entity, p.sku, p.branch, p.held, p.gone, '' \
    FROM web_booked f JOIN web_piece p ON p.channel = f.channel || '' AND p.entity = f.entity || '' AND p.sku = f.sku || '' \
    WHERE f.channel || '' = $1 AND f.done = 0 AND f.sku IN ({}) AND p.live + 0 > 1 \
    UNION ALL SELECT 'booked', b.entity, b.sku, b.branch, b.pieces, b.done, b.document FROM web_piece p \
    JOIN web_booked b ON b.channel = p.channel || '' AND b.entity = p.entity || '' AND b.sku = p.sku || '' \
    WHERE p.channel || '' = $1 AND p.live > 0 AND p.live = 1 AND p.sku IN ({}) \
    UNION ALL SELECT 'booked', b.entity, b.sku, b.branch, b.pieces, b.done, b.document FROM web_booked f \
    JOIN web_booked b ON b.channel = f.channel || '' AND b.entity = f.entity || '' AND b.sku = f.sku || '' \
    WHERE f.channel || '' = $1 AND f.done = 0 AND f.sku IN ({}) AND EXISTS (SELECT 1 FROM web_piece o \
    WHERE o.channel = f.channel || '' AND o.entity = f.entity || '' AND o.sku = f.sku || '' AND o.live + 0 > 1) \
    UNION ALL SELECT 'moved', '', m.sku, m.branch, m.available, m.on_hand, '' FROM web_moved m \
    WHERE m.channel = $1 AND m.sku IN ({})";

/// See [`crate::journal::Journal::web_demand`].
pub(in crate::journal) async fn demand(
    reader: &dyn Reader,
    channel: &ChannelName,
    skus: &[String],
) -> Result<WebDemand, JournalError> {
    let keys: BTreeSet<String> = skus.iter().map(|sku| text::key(sku).into_owned()).collect();
    let keys = keys.iter().map(|key| Value::from(key.as_str()));
    let mut found = Found::default();
    for row in rows_for(reader, DEMAND, &[channel.as_str().into()], keys).await? {
        found.enter(&row)?;
    }
    Ok(found.demand())
}

/// A place: SKU and branch.
type Place = (String, String);

/// What was read, each once.
#[derive(Default)]
struct Found {
    /// Pieces open and gone by order, where they are told one by one.
    pieces: BTreeMap<(String, Place), (i64, i64)>,
    /// Open and gone of all orders that no document is about.
    new: BTreeMap<Place, (i64, i64)>,
    /// Open of all orders that are booked in full.
    open: BTreeMap<Place, i64>,
    booked: BTreeMap<(String, Place), BookedPieces>,
    moved: BTreeMap<Place, Moved>,
}

impl Found {
    fn enter(&mut self, row: &Row) -> Result<(), JournalError> {
        let (order, sku, branch) = (row.text(1)?.to_owned(), row.text(2)?.to_owned(), row.text(3)?.to_owned());
        let (first, second) = (row.int(4)?, row.int(5)?);
        let place = (sku.clone(), branch.clone());
        let what = row.text(0)?;
        match what {
            "new sum" => add(&mut self.new, place, (first, second)),
            "open sum" => *self.open.entry(place).or_default() += first,
            // Several documents of an order may be on their way.
            "part" | "new" | "open" => {
                if self.pieces.insert((order, place.clone()), (first, second)).is_none() {
                    match what {
                        "new" => add(&mut self.new, place, (-first, -second)),
                        "open" => *self.open.entry(place).or_default() -= first,
                        _ => {}
                    }
                }
            }
            "booked" => {
                let document = row.text(6)?.to_owned();
                let key = (document.clone(), place);
                let done = second == 1;
                self.booked.insert(key, BookedPieces { order, document, sku, branch, pieces: first, done });
            }
            _ => drop(self.moved.insert(place, Moved { available: first, on_hand: second })),
        }
        Ok(())
    }

    fn demand(self) -> WebDemand {
        let one = |(order, (sku, branch)): (String, Place), (open, gone)| WebPieces { order, sku, branch, open, gone };
        let sums = self.new.into_iter().filter(|(_, sum)| *sum != (0, 0));
        let pieces = self.pieces.into_iter().map(|(key, count)| one(key, count));
        let mut open = self.open;
        open.retain(|_, pieces| *pieces != 0);
        WebDemand {
            pieces: pieces.chain(sums.map(|(place, sum)| one((String::new(), place), sum))).collect(),
            open,
            booked: self.booked.into_values().collect(),
            moved: self.moved,
        }
    }
}

fn add(sums: &mut BTreeMap<Place, (i64, i64)>, place: Place, (open, gone): (i64, i64)) {
    let sum = sums.entry(place).or_default();
    *sum = (sum.0 + open, sum.1 + gone);
}

const ORDERS: &str =
    "SELECT column1, (SELECT w.version FROM web_order w WHERE w.channel = $1 AND w.entity = column1) FROM {}";
/// `|| ''` has an entity looked for by its own index, and not among all events of a kind.
const RAISED: &str = "SELECT column1, CASE WHEN EXISTS (SELECT 1 FROM event e \
    WHERE e.channel = $1 AND e.kind = $2 AND e.source_document = column1) OR EXISTS (SELECT 1 FROM event e \
    WHERE e.channel || '' = $1 AND e.kind || '' = $2 AND e.entity = column1) THEN 1 END FROM {}";
const NEWEST: &str = "SELECT column1, (SELECT MAX(e.version) FROM event e \
    WHERE e.channel || '' = $1 AND e.kind || '' = $2 AND e.entity = column1) FROM {}";

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
    for row in rows_by_key(reader, sql, fixed, keys.iter().map(|key| Value::from(key.as_ref()))).await? {
        if let Some(number) = row.opt_int(1)? {
            found.insert(row.text(0)?.to_owned(), number);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::sqlite::SqliteJournal;

    /// SQLite keeps no statistics here, so its plan is the same however much there is.
    #[test]
    fn what_orders_take_is_looked_up_and_never_read_through() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        drop(SqliteJournal::open(&path).unwrap());
        let connection = rusqlite::Connection::open(&path).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", DEMAND.replace("{}", "$2, $3"));
        let mut plan = connection.prepare(&sql).unwrap();
        let steps = plan
            .query_map(["kiwi", "TEE", "HAT"], |row| row.get(3))
            .unwrap()
            .collect::<Result<Vec<String>, _>>()
            .unwrap();
        let of_kind = |kind: &str| steps.iter().filter(|step| step.starts_with(kind)).count();
        assert!(of_kind("SCAN") == 0 && of_kind("SEARCH") >= 6, "{steps:#?}");
    }
}

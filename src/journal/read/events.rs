//! Events: listings, one by number, and the pages a replay goes through.

use std::collections::BTreeMap;

use super::filter::Filter;
use super::{Reader, page, rows_for};
use crate::domain::{Event, EventId};
use crate::journal::clock::timestamp;
use crate::journal::pack::unpack_text;
use crate::journal::value::Value;
use crate::journal::{EventRow, JournalError, Selection};

const LIST: &str =
    "SELECT e.seq, e.id, e.kind, e.channel, e.entity, e.version, e.raised_at FROM event e WHERE e.seq > ";
const OF_HANDLER: &str = " AND EXISTS (SELECT 1 FROM handling h WHERE h.event = e.seq AND h.handler = {})";
const HANDLINGS: &str = "SELECT event, handler, state FROM handling WHERE event IN ({}) ORDER BY id";
const ONE: &str = "SELECT body FROM event WHERE id = $1 AND length(body) > 0";

fn selected(select: &str, selection: &Selection) -> Filter {
    let mut filter = Filter::new(select);
    filter.with("{}", selection.after.unwrap_or(0)).between("e.raised_at", selection).event(selection);
    if let Some(handler) = &selection.handler {
        filter.with(OF_HANDLER, handler.as_str());
    }
    filter.with(" ORDER BY e.seq LIMIT {}", i64::try_from(page(selection)).unwrap_or(i64::MAX));
    filter
}

/// Lists events, oldest first.
pub(in crate::journal) async fn events(
    reader: &dyn Reader,
    selection: &Selection,
) -> Result<Vec<EventRow>, JournalError> {
    let filter = selected(LIST, selection);
    let rows = reader.rows(&filter.sql, filter.params).await?;
    let numbers = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<_>, _>>()?;
    let mut handlings: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for row in rows_for(reader, HANDLINGS, &[], numbers.into_iter().map(Value::Int)).await? {
        handlings.entry(row.int(0)?).or_default().push(format!("{}: {}", row.text(1)?, row.text(2)?));
    }
    rows.into_iter()
        .map(|row| {
            let number = row.int(0)?;
            let states = handlings.remove(&number).unwrap_or_default();
            Ok(EventRow {
                row: number,
                id: EventId(row.uuid(1)?),
                event_type: row.text(2)?.to_owned(),
                channel: row.text(3)?.to_owned(),
                entity: row.text(4)?.to_owned(),
                version: row.int(5)?,
                raised_at: timestamp(row.int(6)?)?,
                handlings: states,
            })
        })
        .collect()
}

/// One event.
pub(in crate::journal) async fn event(reader: &dyn Reader, id: EventId) -> Result<Option<Event>, JournalError> {
    let rows = reader.rows(ONE, vec![id.0.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let json = unpack_text(row.bytes(0)?)?;
    Event::from_cloud_event(&json).map(Some).map_err(|error| JournalError::Broken(error.to_string()))
}

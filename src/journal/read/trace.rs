//! The story of one delivery or event: what came, what it meant, who handled it, what took effect.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Reader, rows_for};
use crate::domain::{DeliveryId, EventId};
use crate::journal::clock::timestamp;
use crate::journal::value::{Row, Value};
use crate::journal::{JournalError, Trace, TraceDelivery, TraceEvent, TraceHandling};

const DELIVERY: &str =
    "SELECT id, origin, topic, received_at, bytes, state, reason, duplicates FROM delivery WHERE id = $1";
const DELIVERY_OF: &str = "SELECT d.id, d.origin, d.topic, d.received_at, d.bytes, d.state, d.reason, d.duplicates \
    FROM event e JOIN delivery d ON d.id = e.delivery WHERE e.id = $1";
const EVENTS: &str = "SELECT seq, id, kind, channel, entity, raised_at, CASE WHEN length(body) > 0 THEN 1 ELSE 0 END \
    FROM event WHERE delivery = $1 ORDER BY seq";
const HANDLINGS: &str =
    "SELECT event, id, handler, state, failures, reason, changed_at FROM handling WHERE event IN ({}) ORDER BY id";
const EFFECTS: &str = "SELECT handling, kind, key, state, result FROM effect WHERE handling IN ({}) ORDER BY key";

/// Everything known of a delivery or event by its number.
pub(in crate::journal) async fn trace(reader: &dyn Reader, id: Uuid) -> Result<Option<Trace>, JournalError> {
    let mut found = reader.rows(DELIVERY, vec![id.into()]).await?;
    if found.is_empty() {
        found = reader.rows(DELIVERY_OF, vec![id.into()]).await?;
    }
    let Some(row) = found.first() else { return Ok(None) };
    let delivery = TraceDelivery {
        id: DeliveryId(row.uuid(0)?),
        origin: row.text(1)?.to_owned(),
        topic: row.text(2)?.to_owned(),
        received_at: timestamp(row.int(3)?)?,
        bytes: row.int(4)?,
        state: row.text(5)?.to_owned(),
        reason: row.text(6)?.to_owned(),
        duplicates: row.int(7)?,
    };
    let raised = reader.rows(EVENTS, vec![delivery.id.0.into()]).await?;
    let mut handlings = handlings(reader, &raised).await?;
    let events = raised
        .iter()
        .map(|row| {
            Ok(TraceEvent {
                id: EventId(row.uuid(1)?),
                event_type: row.text(2)?.to_owned(),
                channel: row.text(3)?.to_owned(),
                entity: row.text(4)?.to_owned(),
                raised_at: timestamp(row.int(5)?)?,
                kept: row.int(6)? == 1,
                handlings: handlings.remove(&row.int(0)?).unwrap_or_default(),
            })
        })
        .collect::<Result<_, JournalError>>()?;
    Ok(Some(Trace { delivery, events }))
}

async fn handlings(reader: &dyn Reader, events: &[Row]) -> Result<BTreeMap<i64, Vec<TraceHandling>>, JournalError> {
    let numbers = events.iter().map(|row| row.int(0).map(Value::Int)).collect::<Result<Vec<_>, _>>()?;
    let rows = rows_for(reader, HANDLINGS, &[], numbers).await?;
    let numbers = rows.iter().map(|row| row.int(1).map(Value::Int)).collect::<Result<Vec<_>, _>>()?;
    let mut effects: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for row in rows_for(reader, EFFECTS, &[], numbers).await? {
        let (kind, key) = (row.text(1)?, row.text(2)?);
        let line = if row.text(3)? == "done" {
            format!("{kind} {key} → {}", row.text(4)?)
        } else {
            format!("{key} → intended, outcome not known yet")
        };
        effects.entry(row.int(0)?).or_default().push(line);
    }
    let mut found: BTreeMap<i64, Vec<TraceHandling>> = BTreeMap::new();
    for row in &rows {
        let id = row.int(1)?;
        let lines = effects.remove(&id).unwrap_or_default();
        found.entry(row.int(0)?).or_default().push(TraceHandling {
            id,
            handler: row.text(2)?.to_owned(),
            state: row.text(3)?.to_owned(),
            failures: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
            reason: row.text(5)?.to_owned(),
            changed_at: timestamp(row.int(6)?)?,
            effects: lines,
        });
    }
    Ok(found)
}

//! Pages of everything that is kept, and the records of requests about it.

use jiff::Timestamp;
use uuid::Uuid;

use super::{MOST_ROWS, Reader};
use crate::domain::{DeliveryId, PrivacyWish};
use crate::journal::JournalError;
use crate::journal::pack::unpack;
use crate::journal::privacy::{KeptDocument, KeptPage, KeptPlan, Place, PrivacyRecord};
use crate::journal::value::{Row, Value};

const EVENTS: &str = "SELECT id, channel, kind, raised_at, body FROM event \
    WHERE id > $1 AND length(body) > 0 ORDER BY id LIMIT $2";
/// Every effect, planned or not: so a page costs the same however few plans there are.
const EFFECTS: &str =
    "SELECT channel, key, plan FROM effect WHERE (channel, key) > ($1, $2) ORDER BY channel, key LIMIT $3";
const RECORDS: &str = "SELECT id, channel, delivery, wish, customer, number, asked_at, begun_at, finished_at, deliveries, events, \
    office_numbers, place FROM privacy WHERE (id = $1 OR CAST($1 AS bigint) = 0) ORDER BY id";

/// One page after a place. `deliveries` is the dialect's statement for those.
pub(in crate::journal) async fn kept(
    reader: &dyn Reader,
    deliveries: &str,
    after: Place,
    limit: usize,
) -> Result<KeptPage, JournalError> {
    let limit = limit.clamp(1, MOST_ROWS);
    let most = Value::from(i64::try_from(limit).unwrap_or(i64::MAX));
    let (sql, from) = match after {
        Place::Deliveries(from) => (deliveries, from),
        Place::Events(from) => (EVENTS, from),
        Place::Plans { channel, key } => return plans(reader, &channel, &key, limit, most).await,
        Place::End => return Ok(KeptPage { documents: Vec::new(), plans: Vec::new(), next: Place::End }),
    };
    let rows = reader.rows(sql, vec![from.into(), most]).await?;
    let documents = rows.iter().map(document).collect::<Result<Vec<_>, _>>()?;
    let last = documents.last().map(|document| document.id).filter(|_| documents.len() == limit);
    let next = match (sql == EVENTS, last) {
        (false, Some(last)) => Place::Deliveries(last),
        (false, None) => Place::Events(Uuid::nil()),
        (true, Some(last)) => Place::Events(last),
        (true, None) => Place::plans(),
    };
    Ok(KeptPage { documents, plans: Vec::new(), next })
}

async fn plans(
    reader: &dyn Reader,
    channel: &str,
    key: &str,
    limit: usize,
    most: Value,
) -> Result<KeptPage, JournalError> {
    let rows = reader.rows(EFFECTS, vec![channel.into(), key.into(), most]).await?;
    let (mut plans, mut next) = (Vec::new(), Place::End);
    for row in &rows {
        let (channel, key) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        if rows.len() == limit {
            next = Place::Plans { channel: channel.clone(), key: key.clone() };
        }
        if !row.is_null(2) {
            plans.push(KeptPlan { channel, key, plan: row.text(2)?.to_owned() });
        }
    }
    Ok(KeptPage { documents: Vec::new(), plans, next })
}

fn document(row: &Row) -> Result<KeptDocument, JournalError> {
    Ok(KeptDocument {
        id: row.uuid(0)?,
        origin: row.text(1)?.to_owned(),
        about: row.text(2)?.to_owned(),
        at: time(row.int(3)?)?,
        body: unpack(row.bytes(4)?)?,
    })
}

/// The records; number 0 means all.
pub(in crate::journal) async fn records(reader: &dyn Reader, id: i64) -> Result<Vec<PrivacyRecord>, JournalError> {
    reader.rows(RECORDS, vec![id.into()]).await?.iter().map(record).collect()
}

fn record(row: &Row) -> Result<PrivacyRecord, JournalError> {
    let broken = |what: &str| JournalError::Broken(format!("a record of privacy has {what} that is none"));
    Ok(PrivacyRecord {
        id: row.int(0)?,
        channel: row.text(1)?.to_owned(),
        delivery: DeliveryId(row.uuid(2)?),
        wish: PrivacyWish::from_word(row.text(3)?).ok_or_else(|| broken("a wish"))?,
        customer: row.text(4)?.to_owned(),
        number: row.text(5)?.to_owned(),
        asked_at: time(row.int(6)?)?,
        begun_at: time(row.int(7)?)?,
        finished_at: row.opt_int(8)?.map(time).transpose()?,
        deliveries: row.int(9)?,
        events: row.int(10)?,
        office_numbers: serde_json::from_str(row.text(11)?).map_err(|_| broken("a list of numbers"))?,
        place: Place::from_word(row.text(12)?)?,
    })
}

fn time(micros: i64) -> Result<Timestamp, JournalError> {
    Timestamp::from_microsecond(micros).map_err(|error| JournalError::Broken(format!("a stored time is none: {error}")))
}

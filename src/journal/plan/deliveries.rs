//! Deliveries on their way in and at the end of their normalising: everything that can be prepared on the caller's task
//! before the transaction begins.

use std::collections::BTreeMap;

use bytes::Bytes;
use uuid::Uuid;

use crate::domain::{Delivery, DeliveryId, NewDelivery, Origin, Side};
use crate::journal::clock::{Clock, timestamp};
use crate::journal::pack::{pack, unpack};
use crate::journal::plan::delivery;
use crate::journal::plan::demand::Statement;
use crate::journal::{DeliverySettlement, JournalError, Raised, Verdict, text};

/// A delivery as it is to be written.
#[derive(Debug)]
pub(in crate::journal) struct DeliveryRow {
    pub id: Uuid,
    pub origin: String,
    pub topic: String,
    pub dedupe_key: String,
    pub fold_key: Option<String>,
    pub headers: String,
    pub body: Vec<u8>,
    /// Length of the body as it came.
    pub bytes: i64,
    pub received_at: i64,
}

impl DeliveryRow {
    /// Numbers, dates and packs a delivery.
    pub(in crate::journal) fn of(delivery: &NewDelivery, clock: &Clock) -> Result<Self, JournalError> {
        let headers = serde_json::to_string(&delivery.headers)
            .map_err(|error| JournalError::Broken(format!("headers cannot be written as JSON: {error}")))?;
        Ok(Self {
            id: clock.new_id(),
            origin: text::clean(&format!("{}/{}", delivery.origin.side.as_str(), delivery.origin.name)).into_owned(),
            topic: text::clean(&delivery.topic).into_owned(),
            dedupe_key: text::key(&delivery.dedupe_key).into_owned(),
            fold_key: delivery.fold_key.as_deref().map(|key| text::key(key).into_owned()),
            headers,
            body: pack(&delivery.body),
            bytes: i64::try_from(delivery.body.len()).unwrap_or(i64::MAX),
            received_at: clock.micros(),
        })
    }
}

/// A delivery that is due, read under lock.
#[derive(Debug)]
pub(in crate::journal) struct DueDelivery {
    pub id: Uuid,
    pub origin: String,
    pub topic: String,
    pub dedupe_key: String,
    pub fold_key: Option<String>,
    pub headers: String,
    pub body: Vec<u8>,
    pub received_at: i64,
    pub fence: i64,
    pub attempts: i64,
}

impl DueDelivery {
    /// The delivery as it came. An error means the stored row is damaged; it is then rejected with that reason.
    pub(in crate::journal) fn delivery(&self) -> Result<Delivery, JournalError> {
        let broken = |what: &str| JournalError::Broken(format!("the stored delivery cannot be read: {what}"));
        let (side, name) = self.origin.split_once('/').ok_or_else(|| broken("its origin has no side"))?;
        let side = Side::from_word(side).ok_or_else(|| broken("its side is neither storefront nor office"))?;
        let headers: BTreeMap<String, String> =
            serde_json::from_str(&self.headers).map_err(|_| broken("its headers are not JSON"))?;
        Ok(Delivery {
            id: DeliveryId(self.id),
            received_at: timestamp(self.received_at)?,
            content: NewDelivery {
                origin: Origin { side, name: name.to_owned() },
                topic: self.topic.clone(),
                dedupe_key: self.dedupe_key.clone(),
                fold_key: self.fold_key.clone(),
                headers,
                body: Bytes::from(unpack(&self.body)?),
            },
        })
    }
}

/// An event as it is to be written.
#[derive(Debug)]
pub(in crate::journal) struct EventRow {
    pub id: Uuid,
    pub delivery: Uuid,
    pub channel: String,
    pub kind: &'static str,
    pub entity: String,
    pub source_document: String,
    pub version: i64,
    pub body: Vec<u8>,
    pub handlers: Vec<String>,
}

/// How a delivery ended, ready to be written.
#[derive(Debug)]
pub(in crate::journal) enum End {
    Raised(Vec<EventRow>),
    Ignored(String),
    Rejected(String),
}

/// A settlement ready to be written.
#[derive(Debug)]
pub(in crate::journal) struct Prepared {
    pub id: Uuid,
    pub fence: i64,
    pub end: End,
    pub demand: Vec<Statement>,
}

/// Writes the events as JSON and packs them.
pub(in crate::journal) fn prepare(settlements: &[DeliverySettlement]) -> Vec<Prepared> {
    settlements
        .iter()
        .map(|settlement| Prepared {
            id: settlement.id.0,
            fence: settlement.fence,
            demand: settlement.demand.iter().map(|(channel, claim)| Statement::of(channel, claim)).collect(),
            end: match &settlement.verdict {
                Verdict::Ignored(reason) => End::Ignored(text::reason(reason)),
                Verdict::Rejected(reason) => End::Rejected(text::reason(reason)),
                Verdict::Handled(raised) => match raised.iter().map(event_row).collect::<Result<Vec<_>, _>>() {
                    Ok(events) => End::Raised(events),
                    Err(reason) => End::Rejected(text::reason(&reason)),
                },
            },
        })
        .collect()
}

fn event_row(raised: &Raised) -> Result<EventRow, String> {
    let event = &raised.event;
    let json = event.to_cloud_event().map_err(|error| format!("the event cannot be written as JSON: {error}"))?;
    let mut handlers: Vec<String> = raised.handlers.iter().map(|handler| handler.as_str().to_owned()).collect();
    handlers.sort();
    handlers.dedup();
    Ok(EventRow {
        id: event.id.0,
        delivery: event.delivery.0,
        channel: event.channel.as_str().to_owned(),
        kind: event.event_type().as_str(),
        entity: text::key(&event.draft.entity).into_owned(),
        source_document: text::key(&event.draft.source_document).into_owned(),
        version: event.draft.version.0,
        body: pack(json.as_bytes()),
        handlers,
    })
}

impl End {
    /// State and reason, once it is known how many of its events were new.
    pub(in crate::journal) fn state(&self, new_events: usize) -> (&'static str, String) {
        match self {
            Self::Raised(events) if new_events == 0 => {
                let known = match events.as_slice() {
                    [] => "it raised no event".to_owned(),
                    [one] => format!("its event was known before: {} {}", one.kind, one.source_document),
                    [first, rest @ ..] => format!(
                        "all its events were known before: {} {} and {} more",
                        first.kind,
                        first.source_document,
                        rest.len()
                    ),
                };
                (delivery::IGNORED, text::reason(&known))
            }
            Self::Raised(_) => (delivery::HANDLED, String::new()),
            Self::Ignored(reason) => (delivery::IGNORED, reason.clone()),
            Self::Rejected(reason) => (delivery::REJECTED, reason.clone()),
        }
    }
}

/// Why a delivery that was taken too often is set aside.
pub(in crate::journal) fn taken_too_often(attempts: i64) -> String {
    format!(
        "it was taken {attempts} times for normalising and never settled: whoever normalises it stops or runs out of time"
    )
}

//! A handling as it lies in the outbox, made ready for the bus.

use crate::domain::{EventId, EventType, HandlerName, HandlingId};
use crate::journal::pack::unpack_text;
use crate::journal::{JournalError, Outgoing};

/// A due handling with its event, as read.
#[derive(Debug)]
pub(in crate::journal) struct Due {
    pub id: i64,
    pub handler: String,
    pub state: &'static str,
    pub event: uuid::Uuid,
    pub kind: String,
    pub body: Vec<u8>,
}

impl Due {
    /// What the bus gets. An error means the stored row is damaged; the handling is then set aside.
    pub(in crate::journal) fn outgoing(&self) -> Result<Outgoing, JournalError> {
        let broken = |what: String| JournalError::Broken(what);
        Ok(Outgoing {
            handling: HandlingId(self.id),
            handler: HandlerName::parse(&self.handler).map_err(|error| broken(error.to_string()))?,
            event: EventId(self.event),
            event_type: EventType::from_word(&self.kind)
                .ok_or_else(|| broken(format!("the event is of a type this version does not know: `{}`", self.kind)))?,
            body: unpack_text(&self.body)?,
        })
    }
}

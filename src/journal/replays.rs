//! Replays: stored events handled again, or stored deliveries read again, a few at a time.
//!
//! What comes in: which, how and by whom. What goes out: work that is ready again, and the record of how far it has come, moved on in
//! the same transaction as the work is handed out: a replay that was stopped goes on where it stood, whoever goes on with it. What
//! took effect is known by its key (P2), so a replay mends what is missing and doubles nothing.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{JournalError, Selection, audit};
use crate::domain::{ChannelName, DeliveryId, EventId, EventType, HandlerName};

/// What is done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayMode {
    /// Events are handled again.
    Handle,
    /// Deliveries are read again. What they mean by then takes the place of what they meant; where that is something else, it is handled
    /// again. A selection by what an event is means the deliveries that raised such events.
    Normalise,
}

impl ReplayMode {
    /// The word it is kept under.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Handle => "handle",
            Self::Normalise => "normalise",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        [Self::Handle, Self::Normalise].into_iter().find(|mode| mode.as_str() == word)
    }
}

/// A replay as it is begun.
#[derive(Debug, Clone)]
pub struct NewReplay {
    /// What is done again.
    pub mode: ReplayMode,
    /// To what; its page is not looked at. What comes after the replay was begun is not meant.
    pub selection: Selection,
    /// Who wants it.
    pub who: String,
    /// How many handlings or deliveries a second at most.
    pub per_second: u32,
    /// How many were counted before.
    pub total: i64,
}

/// A replay and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplayRun {
    /// Number, for the command line.
    pub id: i64,
    /// What is done again.
    pub mode: ReplayMode,
    /// To what, in words.
    pub what: String,
    /// Who wanted it.
    pub who: String,
    /// How many handlings or deliveries a second at most.
    pub per_second: u32,
    /// How many were counted when it was begun.
    pub total: i64,
    /// How many were handed out again.
    pub done: i64,
    /// When it was begun, UTC.
    pub begun_at: Timestamp,
    /// When it last moved on, UTC.
    pub changed_at: Timestamp,
    /// When it came to its end, UTC.
    pub finished_at: Option<Timestamp>,
}

/// A replay with what only the journal needs of it.
#[derive(Debug, Clone)]
pub(super) struct KeptReplay {
    pub run: ReplayRun,
    pub selection: Selection,
    pub place: String,
    pub stop: String,
}

/// A selection as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Chosen {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    event_type: Option<String>,
    entity: Option<String>,
    channel: Option<ChannelName>,
    handler: Option<HandlerName>,
    delivery: Option<DeliveryId>,
    event: Option<EventId>,
}

/// A selection as JSON, without its page.
pub(super) fn written(selection: &Selection) -> Result<String, JournalError> {
    let Selection { since, until, event_type, entity, channel, handler, delivery, event, .. } = selection.clone();
    let event_type = event_type.map(|kind| kind.as_str().to_owned());
    let chosen = Chosen { since, until, event_type, entity, channel, handler, delivery, event };
    serde_json::to_string(&chosen).map_err(|error| JournalError::Broken(error.to_string()))
}

/// A selection from JSON, with the words for it.
pub(super) fn read(json: &str) -> Result<(Selection, String), JournalError> {
    let broken = || JournalError::Broken("the record of a replay has a selection that cannot be read".to_owned());
    let Chosen { since, until, event_type, entity, channel, handler, delivery, event } =
        serde_json::from_str(json).map_err(|_| broken())?;
    let event_type = event_type.map(|word| EventType::from_word(&word).ok_or_else(broken)).transpose()?;
    let selection =
        Selection { since, until, event_type, entity, channel, handler, delivery, event, ..Selection::default() };
    let words = audit::selected(&selection);
    Ok((selection, words))
}

/// The part of the journal that does things again.
#[async_trait]
pub trait Replays: Send + Sync + 'static {
    /// What a replay would hand out now, counted by what it is about: `sale.invoiced for invoice`, or `storefront/web orders/paid`.
    async fn count_replay(
        &self,
        mode: ReplayMode,
        selection: &Selection,
    ) -> Result<BTreeMap<String, i64>, JournalError>;

    /// Begins a replay, with a line in the audit trail. Nothing is handed out yet.
    async fn begin_replay(&self, replay: &NewReplay) -> Result<ReplayRun, JournalError>;

    /// Looks at the next events or deliveries of a replay, oldest first, at most so many, and makes their finished work ready again.
    /// Answers how it stands then; `None` where there is no such replay. Two that go on with the same replay share the work.
    async fn replay_step(&self, id: i64, limit: usize) -> Result<Option<ReplayRun>, JournalError>;

    /// Every replay, oldest first.
    async fn replays(&self) -> Result<Vec<ReplayRun>, JournalError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_comes_back_as_it_was() {
        let selection = Selection {
            since: Some("2026-11-01T00:00:00Z".parse().unwrap()),
            event_type: Some(EventType::SaleInvoiced),
            entity: Some("order:1".into()),
            channel: Some(ChannelName::parse("kiwi").unwrap()),
            event: Some(EventId(uuid::Uuid::from_u128(7))),
            ..Selection::default()
        };
        let (back, words) = read(&written(&selection).unwrap()).unwrap();
        assert_eq!(format!("{back:?}"), format!("{selection:?}"));
        assert!(words.contains("type sale.invoiced") && words.contains("event 00000000"), "{words}");
    }
}

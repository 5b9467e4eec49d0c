//! What a batch changes, decided once for both databases: pure functions from the rows that were read under lock to the
//! rows to be written. What comes in: settlements and candidates. What goes out: plans the two folders carry out each in
//! its own dialect. No statement and no clock in here.

pub(super) mod claim;
pub(super) mod deliveries;
pub(super) mod demand;
pub(super) mod edit;
pub(super) mod links;
pub(super) mod outbox;
pub(super) mod renew;
pub(super) mod retention;
pub(super) mod settle;

use super::JournalError;

/// A delivery taken so often without being settled ends its normaliser each time; it is set aside. More often than a process is
/// killed by others in the time a batch takes, even by a storm.
pub(super) const MOST_TAKINGS: i64 = 15;

/// States of deliveries.
pub(super) mod delivery {
    pub(crate) const NEW: &str = "new";
    pub(crate) const HANDLED: &str = "handled";
    pub(crate) const IGNORED: &str = "ignored";
    pub(crate) const REJECTED: &str = "rejected";
    pub(crate) const DISCARDED: &str = "discarded";
}

/// States of handlings.
pub(super) mod handling {
    pub(crate) const READY: &str = "ready";
    pub(crate) const PUBLISHED: &str = "published";
    pub(crate) const RUNNING: &str = "running";
    pub(crate) const WAITING: &str = "waiting";
    pub(crate) const DONE: &str = "done";
    pub(crate) const IGNORED: &str = "ignored";
    pub(crate) const DEAD: &str = "dead";
    pub(crate) const DISCARDED: &str = "discarded";
}

/// What a handling waits for whose entity is in other hands; no link kind has this name.
pub(super) const TURN: &str = "turn";

/// What a dead letter waits for that lacks a mapping in the configuration; no link kind has this name.
pub(super) const MAPPING: &str = "mapping";

/// The word for a stored state, so that totals are keyed by words of this program only.
pub(super) fn handling_state(word: &str) -> Result<&'static str, JournalError> {
    use handling::{DEAD, DISCARDED, DONE, IGNORED, PUBLISHED, READY, RUNNING, WAITING};
    [READY, PUBLISHED, RUNNING, WAITING, DONE, IGNORED, DEAD, DISCARDED]
        .into_iter()
        .find(|state| *state == word)
        .ok_or_else(|| JournalError::Broken(format!("a handling is in a state this version does not know: `{word}`")))
}

/// The same for a delivery's state.
pub(super) fn delivery_state(word: &str) -> Result<&'static str, JournalError> {
    use delivery::{DISCARDED, HANDLED, IGNORED, NEW, REJECTED};
    [NEW, HANDLED, IGNORED, REJECTED, DISCARDED]
        .into_iter()
        .find(|state| *state == word)
        .ok_or_else(|| JournalError::Broken(format!("a delivery is in a state this version does not know: `{word}`")))
}

/// The changing part of a handling, as it is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Move {
    pub id: i64,
    pub state: &'static str,
    /// `None` ends it.
    pub due: Option<i64>,
    pub fence: i64,
    pub failures: i64,
    /// Token of the turn it runs under.
    pub turn: Option<i64>,
    /// Kind and key of what wakes it.
    pub waits: Option<(&'static str, String)>,
    pub reason: String,
    pub action: String,
}

/// A cross-reference with its channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkRow {
    pub channel: String,
    pub kind: &'static str,
    pub key: String,
    pub other: String,
}

/// Something whose coming wakes handlings: a link, or a turn given back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wake {
    pub channel: String,
    pub kind: &'static str,
    pub key: String,
}

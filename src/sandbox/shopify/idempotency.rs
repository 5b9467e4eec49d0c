//! Idempotency keys: the same key with the same variables answers again without a second write, for 24 hours.
//!
//! What comes in: the key of an `@idempotent` field and a fingerprint of its arguments. What goes out: leave to run, the earlier
//! answer, or one of the refusals.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

/// How long a key is remembered.
pub(super) const KEPT: Duration = Duration::from_hours(24);

/// From this many keys on, old ones are swept out.
const MANY: usize = 100_000;

/// Every key seen lately.
#[derive(Debug, Default)]
pub(super) struct Keys(HashMap<String, Entry>);

#[derive(Debug)]
struct Entry {
    arguments: String,
    answer: Answer,
    at: Timestamp,
    in_flight: bool,
}

/// What the first call with a key was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// Id of the group of changes, if any were made.
    pub group: Option<u64>,
    /// Errors: code, field and message.
    pub errors: Vec<(String, Vec<String>, String)>,
}

/// What a key allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leave {
    /// Nobody used it: run.
    Run,
    /// It was used for the same: answer this.
    Again(Answer),
    /// It was used for something else.
    Mismatch,
}

impl Keys {
    /// Marks a key as being worked on. `false` when it already is.
    pub(super) fn begin(&mut self, key: &str, now: Timestamp) -> bool {
        self.forget_old(key, now);
        if let Some(entry) = self.0.get_mut(key) {
            return !std::mem::replace(&mut entry.in_flight, true);
        }
        let answer = Answer { group: None, errors: Vec::new() };
        self.0.insert(key.to_owned(), Entry { arguments: String::new(), answer, at: now, in_flight: true });
        true
    }

    /// The work with a key is over. A key whose work never answered is free again.
    pub(super) fn end(&mut self, key: &str) {
        if let Some(entry) = self.0.get_mut(key) {
            entry.in_flight = false;
            if entry.arguments.is_empty() {
                self.0.remove(key);
            }
        }
    }

    /// What a key allows for these arguments.
    pub(super) fn ask(&self, key: &str, arguments: &str) -> Leave {
        match self.0.get(key) {
            Some(entry) if entry.arguments.is_empty() => Leave::Run,
            None => Leave::Run,
            Some(entry) if entry.arguments == arguments => Leave::Again(entry.answer.clone()),
            Some(_) => Leave::Mismatch,
        }
    }

    /// Remembers what the first call was answered.
    pub(super) fn answered(&mut self, key: &str, arguments: &str, answer: Answer, now: Timestamp) {
        let in_flight = self.0.get(key).is_some_and(|entry| entry.in_flight);
        self.0.insert(key.to_owned(), Entry { arguments: arguments.to_owned(), answer, at: now, in_flight });
    }

    /// Forgets this key when it is too old, and all such keys when there are many.
    fn forget_old(&mut self, key: &str, now: Timestamp) {
        let fresh = |entry: &Entry| {
            let age = Duration::try_from(now.duration_since(entry.at)).unwrap_or(Duration::ZERO);
            entry.in_flight || age < KEPT
        };
        if self.0.get(key).is_some_and(|entry| !fresh(entry)) {
            self.0.remove(key);
        }
        if self.0.len() >= MANY {
            self.0.retain(|_, entry| fresh(entry));
        }
    }
}

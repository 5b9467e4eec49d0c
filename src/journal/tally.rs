//! Running totals, changed in the same transaction as the rows they count, so that figures cost the same at ten rows and at
//! ten million.
//!
//! A transaction gathers its changes here and writes them last, in key order. PostgreSQL keeps several shards of each total
//! (one per connection, modulo [`SHARDS`]) so that concurrent transactions seldom meet on one row; SQLite has one writer and
//! uses shard 0. A figure is the sum over shards.

use std::collections::BTreeMap;

/// How many rows a total is spread over at most.
pub(super) const SHARDS: i32 = 32;

/// What is counted: the kind of thing, its name (handler, event type, effect kind), its state.
type Key = (&'static str, String, &'static str);

pub(super) const DELIVERY: &str = "delivery";
pub(super) const DUPLICATE: &str = "duplicate";
pub(super) const EVENT: &str = "event";
pub(super) const HANDLING: &str = "handling";
pub(super) const EFFECT: &str = "effect";

/// Changes to the totals.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<Key, i64>);

impl Tally {
    pub(super) fn delivery(&mut self, state: &'static str, by: i64) {
        self.add(DELIVERY, "", state, by);
    }

    pub(super) fn duplicates(&mut self, by: i64) {
        self.add(DUPLICATE, "", "", by);
    }

    pub(super) fn event(&mut self, kind: &str) {
        self.events(kind, 1);
    }

    pub(super) fn events(&mut self, kind: &str, by: i64) {
        self.add(EVENT, kind, "", by);
    }

    pub(super) fn handling(&mut self, handler: &str, state: &'static str, by: i64) {
        self.add(HANDLING, handler, state, by);
    }

    pub(super) fn moved(&mut self, handler: &str, from: &'static str, to: &'static str) {
        self.handling(handler, from, -1);
        self.handling(handler, to, 1);
    }

    pub(super) fn effect(&mut self, kind: &str) {
        self.add(EFFECT, kind, "", 1);
    }

    fn add(&mut self, what: &'static str, name: &str, state: &'static str, by: i64) {
        *self.0.entry((what, name.to_owned(), state)).or_default() += by;
    }

    pub(super) fn absorb(&mut self, other: Self) {
        for (key, by) in other.0 {
            *self.0.entry(key).or_default() += by;
        }
    }

    /// The changes that are not nothing, in key order.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&'static str, &str, &'static str, i64)> {
        self.0.iter().filter(|(_, by)| **by != 0).map(|((what, name, state), by)| (*what, name.as_str(), *state, *by))
    }
}

//! What a process knows of its channels: open circuits, and how many attempts failed in a row.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::time::Instant;

use super::ENTITIES_IN_A_ROW;
use crate::domain::{ChannelName, HandlerName, Side};
use crate::journal::{Circuit, Outcome, Way};

/// What a process knows of its channels.
#[derive(Debug, Clone, Default)]
pub struct Circuits(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    /// As last read, and what this process opened since.
    open: BTreeMap<(ChannelName, Way), Open>,
    /// Failed attempts in a row, by channel and handler.
    failed: BTreeMap<(ChannelName, &'static str), Failed>,
    /// When the sides of a channel were last asked; locked while they are.
    asked: BTreeMap<ChannelName, Arc<tokio::sync::Mutex<Option<Instant>>>>,
}

#[derive(Debug)]
struct Open {
    reason: String,
    /// `None` until the circuit is read.
    look_at: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Failed {
    in_a_row: u32,
    /// Of so many as make a difference.
    entities: BTreeSet<String>,
}

impl Circuits {
    /// How work is held that would go one of these ways, if any is shut.
    pub(super) fn hold(&self, channel: &ChannelName, ways: impl IntoIterator<Item = Way>) -> Option<Outcome> {
        let known = self.known();
        if known.open.is_empty() {
            return None;
        }
        ways.into_iter().find_map(|way| {
            let key = (channel.clone(), way);
            let open = known.open.get(&key)?;
            Some(held(&key.1, &open.reason))
        })
    }

    /// How failed work of a handler is held while any way is shut that may be its own.
    pub(super) fn hold_any(&self, channel: &ChannelName, handler: &str) -> Option<Outcome> {
        let sides = [Side::Storefront, Side::Office].map(Way::Side);
        self.hold(channel, sides.into_iter().chain(HandlerName::parse(handler).ok().map(Way::Handler)))
    }

    /// Whether this process knows of any open circuit.
    #[must_use]
    pub fn any_open(&self) -> bool {
        !self.known().open.is_empty()
    }

    pub(super) fn is_open(&self, channel: &ChannelName, way: &Way) -> bool {
        let known = self.known();
        !known.open.is_empty() && known.open.contains_key(&(channel.clone(), way.clone()))
    }

    /// Whether it is time to look whether something gets through.
    pub(super) fn look_is_due(&self, channel: &ChannelName, way: &Way, now: Timestamp) -> bool {
        let known = self.known();
        let open = known.open.get(&(channel.clone(), way.clone()));
        open.and_then(|open| open.look_at).is_some_and(|at| at <= now)
    }

    /// Adds to the failures in a row, or begins anew. Answers how many attempts they are, and of how many entities.
    pub(super) fn count(
        &self,
        channel: &ChannelName,
        handler: &'static str,
        ended_well: bool,
        failed: &[&str],
    ) -> (u32, usize) {
        let mut known = self.known();
        if failed.is_empty() && known.failed.is_empty() {
            return (0, 0);
        }
        let row = known.failed.entry((channel.clone(), handler)).or_default();
        if ended_well {
            *row = Failed::default();
        } else {
            row.in_a_row = row.in_a_row.saturating_add(u32::try_from(failed.len()).unwrap_or(u32::MAX));
            for entity in failed {
                if row.entities.len() < ENTITIES_IN_A_ROW {
                    row.entities.insert((*entity).to_owned());
                }
            }
        }
        (row.in_a_row, row.entities.len())
    }

    /// When the sides of a channel were last asked; whoever holds it asks.
    pub(super) fn asked(&self, channel: &ChannelName) -> Arc<tokio::sync::Mutex<Option<Instant>>> {
        Arc::clone(self.known().asked.entry(channel.clone()).or_default())
    }

    pub(super) fn opened(&self, channel: &ChannelName, way: &Way, reason: &str) {
        let open = Open { reason: reason.to_owned(), look_at: None };
        self.known().open.insert((channel.clone(), way.clone()), open);
    }

    /// Whoever failed before may have failed for this alone.
    pub(super) fn closed(&self, channel: &ChannelName, way: &Way) {
        let mut known = self.known();
        known.open.remove(&(channel.clone(), way.clone()));
        known.failed.retain(|(of, _), _| of != channel);
    }

    /// Takes over what was read from the journal.
    pub(super) fn learn(&self, open: &[Circuit]) {
        let open = open.iter().map(|one| {
            let known = Open { reason: one.reason.clone(), look_at: Some(one.look_at) };
            ((one.channel.clone(), one.way.clone()), known)
        });
        self.known().open = open.collect();
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How work is held.
pub(super) fn held(way: &Way, reason: &str) -> Outcome {
    let reason = match way {
        Way::Side(side) => format!("held until the {} answers: {reason}", side.as_str()),
        Way::Handler(name) => format!("held until something of `{name}` gets through: {reason}"),
    };
    Outcome::Held { way: way.clone(), reason }
}

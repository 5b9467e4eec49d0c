//! Deciding a batch of settlements: fences, link conflicts, new states, and everything kept with them.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::clock::span;
use crate::journal::plan::links::LinkBook;
use crate::journal::plan::{LinkRow, MAPPING, Move, TURN, Wake, handling};
use crate::journal::tally::Tally;
use crate::journal::{Effect, Lack, Link, LinkKind, Outcome, Settlement, text};

/// What to do about a link that stands against another.
const CONFLICT_ACTION: &str = "find out which of the two the other side's record belongs to, correct it there, then retry or \
                               discard this dead letter";

/// How soon a handling looks again by itself that is held by a circuit, in microseconds; its closing wakes it earlier.
const HELD: i64 = 600_000_000;
/// The same where the circuit closed meanwhile: whoever held it knows by then.
const CLOSED: i64 = 1_000_000;

/// Channels and their ways whose circuits are open.
pub(in crate::journal) type OpenCircuits = BTreeSet<(String, String)>;

/// A running handling, read under lock.
#[derive(Debug)]
pub(in crate::journal) struct Running {
    pub id: i64,
    pub handler: String,
    pub channel: String,
    pub entity: String,
    pub fence: i64,
    pub failures: i64,
    pub turn: Option<i64>,
}

/// A state written to the other side.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::journal) struct WrittenRow {
    pub channel: String,
    pub entity: String,
    pub version: i64,
    pub value: String,
}

/// An effect that took place.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::journal) struct EffectRow {
    pub channel: String,
    pub key: String,
    pub handling: i64,
    pub kind: &'static str,
    pub result: String,
}

/// A turn to give back for so many handlings.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::journal) struct TurnBack {
    pub channel: String,
    pub entity: String,
    pub token: i64,
    pub by: i64,
}

/// What a batch of settlements changes. Lists are sorted by their keys, so that concurrent batches lock in one order.
#[derive(Debug, Default)]
pub(in crate::journal) struct Settled {
    pub applied: Vec<bool>,
    pub moves: Vec<Move>,
    pub links_out: Vec<LinkRow>,
    pub links_in: Vec<LinkRow>,
    pub written: Vec<WrittenRow>,
    pub effects: Vec<EffectRow>,
    pub turns: Vec<TurnBack>,
    pub wakes: Vec<Wake>,
    pub dead: Vec<i64>,
    pub tally: Tally,
}

impl Settled {
    /// Whether one of them can be published at once.
    pub(in crate::journal) fn is_due(&self, now: i64) -> bool {
        self.moves.iter().any(|to| to.due.is_some_and(|due| due <= now))
    }
}

/// The settlements whose fence still holds, each with its handling; a second one of the same handling is left out.
pub(in crate::journal) struct Standing<'a> {
    applied: Vec<bool>,
    pairs: Vec<(&'a Settlement, Running)>,
}

/// Sorts out what may be applied.
pub(in crate::journal) fn stand(settlements: &[Settlement], running: Vec<Running>) -> Standing<'_> {
    let mut running: BTreeMap<i64, Running> = running.into_iter().map(|row| (row.id, row)).collect();
    let (mut applied, mut pairs) = (Vec::with_capacity(settlements.len()), Vec::new());
    for settlement in settlements {
        let held = running.get(&settlement.handling.0).is_some_and(|row| row.fence == settlement.fence);
        applied.push(held);
        if let Some(row) = held.then(|| running.remove(&settlement.handling.0)).flatten() {
            pairs.push((settlement, row));
        }
    }
    Standing { applied, pairs }
}

fn wait_of(outcome: &Outcome) -> Option<(LinkKind, &str)> {
    match outcome {
        Outcome::Wait { kind, key, .. } => Some((*kind, key)),
        _ => None,
    }
}

impl Standing<'_> {
    /// Channel, kind and key of the links that must be known to decide.
    pub(in crate::journal) fn keys(&self) -> BTreeSet<(&str, &'static str, String)> {
        let linked = self.links().map(|(channel, link)| (channel, link.kind, link.key.as_str()));
        let awaited = self.pairs.iter().filter_map(|(settlement, row)| {
            wait_of(&settlement.outcome).map(|(kind, key)| (row.channel.as_str(), kind, key))
        });
        linked
            .chain(awaited)
            .map(|(channel, kind, key)| (channel, kind.as_str(), text::clean(key).into_owned()))
            .collect()
    }

    /// The circuits that must be known to decide.
    pub(in crate::journal) fn holding(&self) -> OpenCircuits {
        let holding = self.pairs.iter().filter_map(|(settlement, row)| match &settlement.outcome {
            Outcome::Held { way, .. } => Some((row.channel.clone(), way.as_str().to_owned())),
            _ => None,
        });
        holding.collect()
    }

    /// Channel, kind and other side's id of the links that must be known to decide.
    pub(in crate::journal) fn others(&self) -> BTreeSet<(&str, &'static str, String)> {
        self.links()
            .map(|(channel, link)| (channel, link.kind.as_str(), text::clean(&link.other).into_owned()))
            .collect()
    }

    fn links(&self) -> impl Iterator<Item = (&str, &Link)> {
        self.pairs.iter().flat_map(|(settlement, row)| settlement.links.iter().map(|link| (row.channel.as_str(), link)))
    }

    /// Decides, given the known rows of [`Self::keys`] and [`Self::others`], and which circuits of [`Self::holding`] are open.
    pub(in crate::journal) fn decide(self, known: Vec<LinkRow>, open: &OpenCircuits, now: i64) -> Settled {
        let mut book = LinkBook::of(known);
        let conflicts: Vec<Option<String>> =
            self.pairs.iter().map(|(settlement, row)| book.enter(&row.channel, &settlement.links).err()).collect();

        let mut settled = Settled { applied: self.applied, ..Settled::default() };
        let mut written = BTreeMap::new();
        let mut effects = BTreeMap::new();
        let mut turns = BTreeMap::new();
        let mut wakes = BTreeSet::new();
        for ((settlement, row), conflict) in self.pairs.into_iter().zip(conflicts) {
            let end = if let Some(reason) = conflict {
                ended(&row, handling::DEAD, &reason, CONFLICT_ACTION)
            } else {
                keep_written(&mut written, settlement, &row);
                keep_effects(&mut effects, settlement, &row);
                wakes.extend(settlement.links.iter().map(|link| wake(&row.channel, link.kind.as_str(), &link.key)));
                end_of(&settlement.outcome, &row, &book, open, now)
            };
            if let Some(token) = row.turn {
                *turns.entry((row.channel.clone(), row.entity.clone(), token)).or_insert(0) += 1;
            }
            if end.state == handling::DEAD {
                settled.dead.push(row.id);
            }
            settled.tally.moved(&row.handler, handling::RUNNING, end.state);
            settled.moves.push(end);
        }
        settled.moves.sort_by_key(|end| end.id);
        (settled.links_out, settled.links_in) = book.changes();
        settled.written = written.into_values().collect();
        settled.effects = effects.into_values().collect();
        settled.turns =
            turns.into_iter().map(|((channel, entity, token), by)| TurnBack { channel, entity, token, by }).collect();
        settled.wakes = wakes.into_iter().collect();
        settled
    }
}

/// What is woken when an entity's turn was given back.
pub(in crate::journal) fn turn_wake(channel: String, entity: String) -> Wake {
    Wake { channel, kind: TURN, key: entity }
}

fn wake(channel: &str, kind: &'static str, key: &str) -> Wake {
    Wake { channel: channel.to_owned(), kind, key: text::clean(key).into_owned() }
}

fn ended(row: &Running, state: &'static str, reason: &str, action: &str) -> Move {
    Move {
        id: row.id,
        state,
        due: None,
        fence: row.fence,
        failures: row.failures,
        turn: None,
        waits: None,
        reason: text::reason(reason),
        action: text::reason(action),
    }
}

/// What makes a dead letter ready again when it comes.
fn lack(lack: &Lack) -> (&'static str, String) {
    match lack {
        Lack::Link { kind, key } => (kind.as_str(), text::clean(key).into_owned()),
        Lack::Mapping => (MAPPING, String::new()),
    }
}

/// What is woken when the program starts with a configuration that may have more mappings in it than the last.
pub(in crate::journal) fn mapping_wake(channel: &str) -> Wake {
    Wake { channel: channel.to_owned(), kind: MAPPING, key: String::new() }
}

fn end_of(outcome: &Outcome, row: &Running, book: &LinkBook, open: &OpenCircuits, now: i64) -> Move {
    match outcome {
        Outcome::Done(note) => ended(row, handling::DONE, note, ""),
        Outcome::Ignored(reason) => ended(row, handling::IGNORED, reason, ""),
        Outcome::Dead { reason, action, lacks } => {
            Move { waits: lacks.as_ref().map(lack), ..ended(row, handling::DEAD, reason, action) }
        }
        Outcome::Retry { after, reason, counts } => Move {
            due: Some(now.saturating_add(span(*after))),
            failures: row.failures + i64::from(*counts),
            ..ended(row, handling::READY, reason, "")
        },
        Outcome::Held { way, reason } => {
            let rest = if open.contains(&(row.channel.clone(), way.as_str().to_owned())) { HELD } else { CLOSED };
            Move { due: Some(now.saturating_add(rest)), ..ended(row, handling::READY, reason, "") }
        }
        Outcome::Later { at, reason } => {
            Move { due: Some(at.as_microsecond()), ..ended(row, handling::WAITING, reason, "") }
        }
        Outcome::Wait { kind, key, look_again, reason } => {
            let key = text::clean(key).into_owned();
            if book.has(&row.channel, kind.as_str(), &key) {
                return Move { due: Some(now), ..ended(row, handling::READY, reason, "") };
            }
            Move {
                due: Some(now.saturating_add(span(*look_again))),
                waits: Some((kind.as_str(), key)),
                ..ended(row, handling::WAITING, reason, "")
            }
        }
    }
}

fn keep_written(kept: &mut BTreeMap<(String, String), WrittenRow>, settlement: &Settlement, row: &Running) {
    for written in &settlement.written {
        let entity = text::clean(&written.entity).into_owned();
        let slot = (row.channel.clone(), entity.clone());
        if kept.get(&slot).is_some_and(|known| known.version > written.version.0) {
            continue;
        }
        let value = text::clean(&written.value).into_owned();
        kept.insert(slot, WrittenRow { channel: row.channel.clone(), entity, version: written.version.0, value });
    }
}

fn keep_effects(kept: &mut BTreeMap<(String, String), EffectRow>, settlement: &Settlement, row: &Running) {
    for Effect { key, kind, result } in &settlement.effects {
        let key = text::clean(key).into_owned();
        let result = text::clean(result).into_owned();
        let slot = (row.channel.clone(), key.clone());
        kept.insert(slot, EffectRow { channel: row.channel.clone(), key, handling: row.id, kind, result });
    }
}

//! Deciding a claim: who is left out, whose entity must be asked for, and what follows from the turns that were granted.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Event, HandlingId};
use crate::journal::clock::timestamp;
use crate::journal::pack::unpack_text;
use crate::journal::plan::{Move, TURN, handling};
use crate::journal::tally::Tally;
use crate::journal::{Claim, JournalError, text};

/// How soon a handling whose entity is taken looks again by itself, in microseconds; the holder's settlement wakes it earlier.
const LOOK_AGAIN: i64 = 1_000_000;

/// What to do when a stored row cannot be read.
pub(in crate::journal) const DAMAGED: &str =
    "restore the journal from a backup or update the program, then retry the dead letter";

/// A handling that may be claimed, read under lock: published, or running with a lease that ran out.
#[derive(Debug)]
pub(in crate::journal) struct Candidate {
    pub id: i64,
    pub handler: String,
    pub channel: String,
    pub entity: String,
    pub state: &'static str,
    pub fence: i64,
    pub failures: i64,
    pub raised_at: i64,
    pub reason: String,
    pub paused: bool,
    pub body: Vec<u8>,
}

/// The reason kept when an attempt was never settled: its worker died, or its settlement came too late.
const INTERRUPTED: &str = "interrupted";

/// Candidates after the first look.
#[derive(Debug)]
pub(in crate::journal) struct Asking {
    now: i64,
    until: i64,
    token: i64,
    able: Vec<(Candidate, Event)>,
    moves: Vec<Move>,
    tally: Tally,
}

/// What a claim changes and answers.
#[derive(Debug)]
pub(in crate::journal) struct Claimed {
    pub moves: Vec<Move>,
    pub dead: Vec<i64>,
    pub tally: Tally,
    pub claims: Vec<Claim>,
}

fn event_of(candidate: &Candidate) -> Result<Event, JournalError> {
    let json = unpack_text(&candidate.body)?;
    Event::from_cloud_event(&json).map_err(|error| JournalError::Broken(error.to_string()))
}

impl Candidate {
    /// Whether its last attempt was never settled.
    fn is_cut_short(&self) -> bool {
        self.state == handling::RUNNING || self.reason == INTERRUPTED
    }

    fn change(&self, state: &'static str, due: Option<i64>) -> Move {
        Move {
            id: self.id,
            state,
            due,
            fence: self.fence,
            failures: self.failures,
            turn: None,
            waits: None,
            // Whoever claims it in the end has to know, however often it is put back on the way.
            reason: if self.is_cut_short() { INTERRUPTED.to_owned() } else { self.reason.clone() },
            action: String::new(),
        }
    }
}

/// Sets aside what cannot be read and puts back what belongs to a paused channel.
pub(in crate::journal) fn ask(candidates: Vec<Candidate>, now: i64, lease: i64) -> Asking {
    let token = rand::random();
    let (mut able, mut moves, mut tally) = (Vec::new(), Vec::new(), Tally::default());
    for candidate in candidates {
        if candidate.paused {
            tally.moved(&candidate.handler, candidate.state, handling::READY);
            moves.push(candidate.change(handling::READY, Some(now)));
            continue;
        }
        match event_of(&candidate) {
            Ok(event) => able.push((candidate, event)),
            Err(error) => {
                tally.moved(&candidate.handler, candidate.state, handling::DEAD);
                let mut end = candidate.change(handling::DEAD, None);
                (end.reason, end.action) = (text::reason(&error.to_string()), DAMAGED.to_owned());
                moves.push(end);
            }
        }
    }
    Asking { now, until: now.saturating_add(lease), token, able, moves, tally }
}

impl Asking {
    /// The entities to take the turns of, sorted, with how many handlings run under each.
    pub(in crate::journal) fn entities(&self) -> BTreeMap<(&str, &str), i64> {
        let mut held = BTreeMap::new();
        for (candidate, _) in &self.able {
            *held.entry((candidate.channel.as_str(), candidate.entity.as_str())).or_insert(0) += 1;
        }
        held
    }

    pub(in crate::journal) fn token(&self) -> i64 {
        self.token
    }

    pub(in crate::journal) fn until(&self) -> i64 {
        self.until
    }

    /// What follows, when these turns were granted and the others were not.
    pub(in crate::journal) fn grant(self, granted: &BTreeSet<(String, String)>) -> Result<Claimed, JournalError> {
        let Self { now, until, token, able, mut moves, mut tally } = self;
        let dead = moves.iter().filter(|end| end.state == handling::DEAD).map(|end| end.id).collect();
        let mut claims = Vec::with_capacity(able.len());
        for (candidate, event) in able {
            if !granted.contains(&(candidate.channel.clone(), candidate.entity.clone())) {
                tally.moved(&candidate.handler, candidate.state, handling::READY);
                let mut back = candidate.change(handling::READY, Some(now.saturating_add(LOOK_AGAIN)));
                back.waits = Some((TURN, candidate.entity.clone()));
                moves.push(back);
                continue;
            }
            tally.moved(&candidate.handler, candidate.state, handling::RUNNING);
            let mut taken = candidate.change(handling::RUNNING, Some(until));
            taken.fence += 1;
            taken.turn = Some(token);
            claims.push(Claim {
                handling: HandlingId(candidate.id),
                fence: taken.fence,
                failures: u32::try_from(candidate.failures).unwrap_or(u32::MAX),
                raised_at: timestamp(candidate.raised_at)?,
                interrupted: candidate.is_cut_short(),
                event,
            });
            moves.push(taken);
        }
        Ok(Claimed { moves, dead, tally, claims })
    }
}

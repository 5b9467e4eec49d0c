//! The journal as its port describes it, without a database: a page to compare the real ones with.

use std::collections::{BTreeMap, BTreeSet};

use super::things::{LEASE_SECONDS, Thing};

/// What a handling or delivery is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Ready,
    Published,
    Running,
    Waiting,
    Done,
    Ignored,
    Dead,
    Discarded,
}

impl State {
    pub fn word(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// What wakes a handling before it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wakes {
    Turn,
    Link(String),
    Mapping,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Done,
    Ignored,
    Retry(i64),
    Wait(String, i64),
    Dead(Option<Wakes>),
}

/// A delivery. `state` is ready until it has come to an end; dead is what nobody can read.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub keys: [String; 2],
    pub thing: Thing,
    pub state: State,
    pub due: i64,
    pub fence: i64,
}

/// A handling of a thing's event.
#[derive(Debug, Clone)]
pub struct Handling {
    pub state: State,
    pub due: i64,
    pub fence: i64,
    pub failures: u32,
    /// Whether its last attempt was never settled.
    pub open: bool,
    turn: Option<i64>,
    wakes: Option<Wakes>,
}

/// An entity in somebody's hands.
#[derive(Debug, Clone)]
struct Turn {
    token: i64,
    held: usize,
    until: i64,
}

/// Everything that is to be so.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    pub now: i64,
    pub paused: bool,
    pub duplicates: i64,
    pub deliveries: Vec<Delivery>,
    pub handlings: BTreeMap<Thing, Handling>,
    pub links: BTreeSet<String>,
    pub effects: BTreeSet<Thing>,
    pub written: BTreeMap<String, i64>,
    turns: BTreeMap<String, Turn>,
    tokens: i64,
}

impl Reference {
    /// A call comes under an id of its own and the id of what happened; answers whether it is new.
    pub fn comes(&mut self, call: String, event: String, thing: Thing) -> bool {
        let keys = [call, event];
        let is_known = self.deliveries.iter().any(|known| known.keys[0] == keys[0] || known.keys[1] == keys[1]);
        self.duplicates += i64::from(is_known);
        if !is_known {
            let delivery = Delivery { keys, thing, state: State::Ready, due: self.now, fence: 0 };
            self.deliveries.push(delivery);
        }
        !is_known
    }

    /// Deliveries taken for normalising, by the place they came in, with their fences.
    pub fn takes_deliveries(&mut self) -> Vec<(usize, i64)> {
        let due = self.deliveries.iter_mut().enumerate();
        due.filter(|(_, one)| one.state == State::Ready && one.due <= self.now)
            .map(|(place, one)| {
                (one.due, one.fence) = (self.now + LEASE_SECONDS, one.fence + 1);
                (place, one.fence)
            })
            .collect()
    }

    /// A delivery was read; answers how many events were new.
    pub fn normalised(&mut self, place: usize, fence: i64) -> usize {
        let one = &mut self.deliveries[place];
        if one.state != State::Ready || one.fence != fence {
            return 0;
        }
        let is_new = one.thing.is_legible() && !self.handlings.contains_key(&one.thing);
        one.state = match (one.thing.is_legible(), is_new) {
            (false, _) => State::Dead,
            (true, true) => State::Done,
            (true, false) => State::Ignored,
        };
        if is_new {
            let ready = Handling {
                state: State::Ready,
                due: self.now,
                fence: 0,
                failures: 0,
                open: false,
                turn: None,
                wakes: None,
            };
            self.handlings.insert(one.thing.clone(), ready);
        }
        usize::from(is_new)
    }

    /// What goes out to the bus.
    pub fn publishes(&mut self) -> BTreeSet<Thing> {
        let (now, paused) = (self.now, self.paused);
        let due = self.handlings.iter_mut().filter(|(_, one)| !paused && one.is_alive() && one.due <= now);
        due.map(|(thing, one)| {
            (one.state, one.due, one.turn, one.wakes) = (State::Published, now + LEASE_SECONDS, None, None);
            thing.clone()
        })
        .collect()
    }

    /// The bus did not take these.
    pub fn comes_back(&mut self, things: &[Thing], after: i64) {
        for thing in things {
            let one = self.handlings.get_mut(thing).unwrap();
            if one.state == State::Published {
                (one.state, one.due) = (State::Ready, self.now + after);
            }
        }
    }

    /// Who gets to work: fence, failures and whether the attempt before was never settled.
    pub fn claims(&mut self, things: &BTreeSet<Thing>) -> BTreeMap<Thing, (i64, u32, bool)> {
        let now = self.now;
        let may = |one: &Handling| one.state == State::Published || (one.state == State::Running && one.due <= now);
        let able: Vec<Thing> = things.iter().filter(|thing| may(&self.handlings[*thing])).cloned().collect();
        self.tokens += 1;
        let mut claims = BTreeMap::new();
        for thing in &able {
            let one = self.handlings.get_mut(thing).unwrap();
            (one.turn, one.wakes) = (None, None);
            if self.paused {
                (one.state, one.due) = (State::Ready, now);
                continue;
            }
            let free = Turn { token: self.tokens, held: 0, until: now + LEASE_SECONDS };
            let turn = self.turns.entry(thing.entity()).or_insert_with(|| free.clone());
            if turn.until <= now {
                *turn = free;
            }
            if turn.token != self.tokens {
                (one.state, one.due, one.wakes) = (State::Ready, now + 1, Some(Wakes::Turn));
                continue;
            }
            turn.held += 1;
            claims.insert(thing.clone(), (one.fence + 1, one.failures, one.open));
            (one.state, one.due, one.fence) = (State::Running, now + LEASE_SECONDS, one.fence + 1);
            (one.turn, one.open) = (Some(self.tokens), true);
        }
        claims
    }

    /// An attempt ends, with what it did; answers whether it counts.
    pub fn settles(&mut self, thing: &Thing, fence: i64, end: &End) -> bool {
        let now = self.now;
        let one = self.handlings.get_mut(thing).unwrap();
        if one.state != State::Running || one.fence != fence {
            return false;
        }
        let turn = one.turn.take();
        one.open = false;
        if *end == End::Done {
            self.links.extend(thing.link());
            if let Some((entity, version)) = thing.version() {
                let known = self.written.entry(entity).or_insert(version);
                *known = version.max(*known);
            } else {
                self.effects.insert(thing.clone());
            }
        }
        (one.state, one.due, one.wakes) = match end {
            End::Done => (State::Done, now, None),
            End::Ignored => (State::Ignored, now, None),
            End::Retry(after) => (State::Ready, now + after, None),
            End::Wait(key, _) if self.links.contains(key) => (State::Ready, now, None),
            End::Wait(key, after) => (State::Waiting, now + after, Some(Wakes::Link(key.clone()))),
            End::Dead(lacks) => (State::Dead, now, lacks.clone()),
        };
        one.failures += u32::from(matches!(end, End::Retry(_)));
        let entity = thing.entity();
        if let Some(held) = self.turns.get_mut(&entity).filter(|held| Some(held.token) == turn) {
            held.held -= 1;
            if held.held == 0 {
                self.turns.remove(&entity);
                self.wake(&Wakes::Turn, |other| other.entity() == entity);
            }
        }
        if let Some(link) = thing.link().filter(|_| *end == End::Done) {
            self.wake(&Wakes::Link(link), |_| true);
        }
        true
    }

    fn wake(&mut self, by: &Wakes, meant: impl Fn(&Thing) -> bool) {
        for (_, one) in self.handlings.iter_mut().filter(|(thing, one)| one.wakes.as_ref() == Some(by) && meant(thing))
        {
            one.failures = if one.state == State::Dead { 0 } else { one.failures };
            (one.state, one.due, one.wakes) = (State::Ready, self.now, None);
        }
    }

    /// A person tries all that was given up again, or ends it for good.
    pub fn dead_become(&mut self, state: State) -> usize {
        let mut count = 0;
        for one in self.deliveries.iter_mut().filter(|one| one.state == State::Dead) {
            (one.state, one.due) = (state, self.now);
            count += 1;
        }
        for one in self.handlings.values_mut().filter(|one| one.state == State::Dead) {
            one.failures = if state == State::Ready { 0 } else { one.failures };
            (one.state, one.due, one.wakes) = (state, self.now, None);
            count += 1;
        }
        count
    }

    /// Whether nothing is to be done any more but what waits for something that has not come.
    pub fn is_at_rest(&self) -> bool {
        let under_way = |state: State| matches!(state, State::Ready | State::Published | State::Running);
        let deliveries = self.deliveries.iter().map(|one| one.state);
        !deliveries.chain(self.handlings.values().map(|one| one.state)).any(under_way)
    }

    /// Answers whether it was paused.
    pub fn resumes(&mut self) -> bool {
        for one in self.handlings.values_mut().filter(|one| self.paused && one.state == State::Ready) {
            one.due = one.due.min(self.now);
        }
        std::mem::take(&mut self.paused)
    }

    /// The program starts again; `alone` where nobody else can have anything in hand.
    pub fn restarts(&mut self, alone: bool) {
        if alone {
            self.turns.clear();
            for one in self.deliveries.iter_mut().filter(|one| one.state == State::Ready) {
                one.due = one.due.min(self.now);
            }
            for one in self.handlings.values_mut() {
                if matches!(one.state, State::Published | State::Running) {
                    (one.state, one.due, one.turn) = (State::Ready, self.now, None);
                }
                if one.wakes == Some(Wakes::Turn) {
                    (one.due, one.wakes) = (self.now, None);
                }
            }
        }
        self.wake(&Wakes::Mapping, |_| true);
    }
}

impl Handling {
    fn is_alive(&self) -> bool {
        matches!(self.state, State::Ready | State::Published | State::Running | State::Waiting)
    }
}

//! Trouble on demand: what can go wrong between a client and a shop, switched on by tests and rehearsals.
//!
//! What comes in: orders such as "the next two calls that set stock time out after the work is done". What goes out: at most one
//! fault for each call, decided when the call comes in.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::sandbox::dice::Dice;

/// One way for a call to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The work is done, the answer never sent.
    TimeoutAfterCommit,
    /// Answered with that status before anything was done.
    ErrorBeforeCommit(u16),
    /// The work is done, then answered with that status.
    ErrorAfterCommit(u16),
    /// The work is done, but only after this long; the key of the call is in use meanwhile.
    Slow(Duration),
    /// Nothing is done before the faults are cleared; then the work is.
    UntilCleared,
    /// The work is done, and the connection is cut in the middle of the answer.
    ResetMidBody,
    /// 429 with that many seconds in `Retry-After`; nothing is done.
    TooManyRequests(u32),
    /// THROTTLED whatever the bucket holds; nothing is done.
    Throttled,
    /// 401 although the token is right; nothing is done.
    Unauthorised,
}

/// The switches. Orders without an operation meet any call.
#[derive(Debug)]
pub(super) struct Faults {
    switches: Mutex<Switches>,
    /// How often they were cleared.
    clears: watch::Sender<u64>,
}

#[derive(Debug)]
struct Switches {
    dice: Dice,
    next: Vec<(Option<String>, Fault, u32)>,
    chance: Vec<(Option<String>, Fault, u32)>,
    /// Calls that went wrong, by root field.
    met: BTreeMap<String, u64>,
}

impl Faults {
    /// No trouble.
    pub(super) fn new(seed: u64) -> Self {
        let (next, chance) = (Vec::new(), Vec::new());
        let switches = Switches { dice: Dice::new(seed), next, chance, met: BTreeMap::new() };
        Self { switches: Mutex::new(switches), clears: watch::Sender::new(0) }
    }

    /// The next calls go wrong.
    pub(super) fn next(&self, operation: Option<&str>, fault: Fault, times: u32) {
        self.with(|switches| switches.next.push((operation.map(str::to_owned), fault, times)));
    }

    /// Each call goes wrong with a chance of so many in a thousand.
    pub(super) fn chance(&self, operation: Option<&str>, fault: Fault, in_thousand: u32) {
        self.with(|switches| switches.chance.push((operation.map(str::to_owned), fault, in_thousand)));
    }

    /// No more trouble.
    pub(super) fn clear(&self) {
        self.with(|switches| {
            switches.next.clear();
            switches.chance.clear();
        });
        self.clears.send_modify(|clears| *clears += 1);
    }

    /// Tells when they are cleared from now on.
    pub(super) fn clears(&self) -> watch::Receiver<u64> {
        self.clears.subscribe()
    }

    /// What becomes of a call with these root fields.
    pub(super) fn decide(&self, operations: &[String]) -> Option<Fault> {
        let meets = |wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| operations.contains(wanted));
        self.with(|switches| {
            let fault = switches.decide(meets);
            if fault.is_some() {
                for operation in operations {
                    *switches.met.entry(operation.clone()).or_default() += 1;
                }
            }
            fault
        })
    }

    /// How many calls of a root field went wrong.
    pub(super) fn met(&self, operation: &str) -> u64 {
        self.with(|switches| switches.met.get(operation).copied().unwrap_or_default())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Switches) -> T) -> T {
        work(&mut self.switches.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Switches {
    fn decide(&mut self, meets: impl Fn(&Option<String>) -> bool) -> Option<Fault> {
        if let Some(index) = self.next.iter().position(|(wanted, ..)| meets(wanted)) {
            let (_, fault, times) = &mut self.next[index];
            let fault = *fault;
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.next.remove(index);
            }
            return Some(fault);
        }
        let Self { dice, chance, .. } = self;
        chance.iter().filter(|(wanted, ..)| meets(wanted)).find(|row| dice.in_thousand(row.2)).map(|row| row.1)
    }
}

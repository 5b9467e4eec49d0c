//! Trouble on demand: what can go wrong between a client and a shop, switched on by tests and rehearsals.
//!
//! What comes in: orders such as "the next two calls that write source items end in a deadlock". What goes out: at most one fault
//! for each call, decided when the call comes in.

use std::sync::Mutex;
use std::time::Duration;

use crate::sandbox::dice::Dice;
use crate::sandbox::locked;

/// One way for a call to go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MagentoFault {
    /// 500 that says nothing; nothing is done.
    Masked,
    /// The work is done, then 500 that says nothing.
    MaskedAfterCommit,
    /// 500 of a database deadlock; nothing is done.
    Deadlock,
    /// The HTML page of a shop under maintenance, 503; nothing is done.
    Maintenance,
    /// 429 of a proxy, with that many seconds in `Retry-After`; nothing is done.
    TooManyRequests(u32),
    /// 401 although the token is right; nothing is done.
    Unauthorised,
    /// The work is done, but only after this long.
    Slow(Duration),
    /// The work is done, the answer never sent.
    TimeoutAfterCommit,
    /// The work is done, and the connection is cut in the middle of the answer.
    ResetAfterCommit,
}

/// The switches. Orders without an operation meet any call.
#[derive(Debug)]
pub(super) struct Faults(Mutex<Switches>);

#[derive(Debug)]
struct Switches {
    dice: Dice,
    next: Vec<(Option<String>, MagentoFault, u32)>,
    chance: Vec<(Option<String>, MagentoFault, u32)>,
}

impl Faults {
    /// No trouble.
    pub(super) fn new(seed: u64) -> Self {
        Self(Mutex::new(Switches { dice: Dice::new(seed), next: Vec::new(), chance: Vec::new() }))
    }

    /// The next calls whose method and path begin so go wrong.
    pub(super) fn next(&self, operation: Option<&str>, fault: MagentoFault, times: u32) {
        locked(&self.0).next.push((operation.map(str::to_owned), fault, times));
    }

    /// Each such call goes wrong with a chance of so many in a thousand.
    pub(super) fn chance(&self, operation: Option<&str>, fault: MagentoFault, in_thousand: u32) {
        locked(&self.0).chance.push((operation.map(str::to_owned), fault, in_thousand));
    }

    /// No more trouble.
    pub(super) fn clear(&self) {
        let mut switches = locked(&self.0);
        switches.next.clear();
        switches.chance.clear();
    }

    /// How many calls are still to go wrong for certain.
    pub(super) fn to_come(&self) -> u32 {
        locked(&self.0).next.iter().map(|(_, _, times)| times).sum()
    }

    /// What becomes of a call.
    pub(super) fn decide(&self, operation: &str) -> Option<MagentoFault> {
        let meets = |wanted: &Option<String>| wanted.as_ref().is_none_or(|wanted| operation.starts_with(wanted));
        let mut switches = locked(&self.0);
        if let Some(index) = switches.next.iter().position(|(wanted, ..)| meets(wanted)) {
            let (_, fault, times) = &mut switches.next[index];
            let fault = *fault;
            *times = times.saturating_sub(1);
            if *times == 0 {
                switches.next.remove(index);
            }
            return Some(fault);
        }
        let Switches { dice, chance, .. } = &mut *switches;
        chance.iter().filter(|(wanted, ..)| meets(wanted)).find(|row| dice.in_thousand(row.2)).map(|row| row.1)
    }
}

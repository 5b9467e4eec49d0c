//! What keeps a journal from growing without end: what has ended long ago goes, in small batches, one process at a time. And which
//! processes there are, for what they share.
//!
//! What goes are contents: what deliveries said, what events say, and how finished handlings went. What stays for ever are the keys
//! (P2: a webhook told again after years is still a duplicate, a document told again still known), effects, cross-references,
//! what was written, the pieces of web orders, the audit trail; and the whole of whatever is unfinished, given up, or about an order
//! that still holds pieces.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::JournalError;
use super::value::Value;
use crate::domain::StorefrontName;

/// What is looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Old {
    /// What deliveries said.
    Deliveries,
    /// What events say, with their finished handlings.
    Events,
}

/// How far a look through what is old has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub(super) at: i64,
    pub(super) key: Value,
}

/// What one batch removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Deliveries whose contents went.
    pub deliveries: u64,
    /// Events whose contents went.
    pub events: u64,
    /// Finished handlings that went with their events.
    pub handlings: u64,
    /// Where the next batch begins; `None` when nothing that is old enough is left.
    pub next: Option<Mark>,
}

/// One row that may be old enough to go.
#[derive(Debug)]
pub(super) struct Candidate {
    pub mark: Mark,
    /// Whether something unfinished still needs it.
    pub in_use: bool,
}

/// The rows of one page that go, and where the next page begins.
pub(super) fn choose(page: Vec<Candidate>, before: Timestamp, limit: usize) -> (Vec<Value>, Option<Mark>) {
    let before = before.as_microsecond();
    let last = page.last().filter(|last| page.len() == limit && last.mark.at < before).map(|last| last.mark.clone());
    let go = page.into_iter().filter(|one| !one.in_use && one.mark.at < before).map(|one| one.mark.key);
    (go.collect(), last)
}

/// The part of the journal that keeps it from growing without end.
#[async_trait]
pub trait Upkeep: Send + Sync + 'static {
    /// Takes a task that one process at a time is to do, or keeps it, for the length of a lease. Answers whether the owner has it.
    async fn hold(&self, task: &str, owner: Uuid, lease: Duration) -> Result<bool, JournalError>;

    /// Says that a process calls these storefronts, for the length of a lease; of no length, and it calls them no more. Answers how
    /// many processes call each, in order, the caller counted in any case. Repeating it is safe.
    async fn share(
        &self,
        storefronts: &[StorefrontName],
        process: Uuid,
        lease: Duration,
    ) -> Result<Vec<usize>, JournalError>;

    /// Looks at the oldest rows after a mark, at most so many, and removes what was received or raised before that moment and is
    /// needed no more. Doing it again, or from several processes, removes nothing else.
    async fn sweep(
        &self,
        what: Old,
        before: Timestamp,
        after: Option<Mark>,
        limit: usize,
    ) -> Result<Swept, JournalError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(at: i64, in_use: bool) -> Candidate {
        Candidate { mark: Mark { at, key: Value::Int(at) }, in_use }
    }

    #[test]
    fn what_is_young_or_in_use_stays_and_a_full_page_has_a_next_one() {
        let before = Timestamp::from_microsecond(10).unwrap();
        let (go, next) = choose(vec![row(1, false), row(2, true), row(3, false)], before, 3);
        assert_eq!(go, [Value::Int(1), Value::Int(3)]);
        assert_eq!(next, Some(Mark { at: 3, key: Value::Int(3) }));
        let (go, next) = choose(vec![row(8, false), row(9, false), row(10, false)], before, 3);
        assert_eq!((go.len(), next), (2, None), "what comes after is younger still");
        let (go, next) = choose(vec![row(1, false)], before, 3);
        assert_eq!((go.len(), next), (1, None));
    }
}

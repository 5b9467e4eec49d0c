//! A figure on its way to be decided: what is known of its place at the storefront, and what follows from that.
//!
//! What comes in: the journal's record of the place, the office's figure, what was found at the storefront. What goes out: by how
//! much what was found cannot be explained, what the journal is to keep, and whether to look again for news of it (P5).
//! Next in the flow: [`super`] writes the row.

use std::time::Duration;

use jiff::Timestamp;

use crate::domain::{BranchCode, Sku};
use crate::journal::{Claim, Outcome};
use crate::storefront::StockRow;

use super::figures::Figure;
use super::shown::{Shown, Unexplained};

/// When a figure is looked at again that was moved by something nobody has told yet: its news is on its way.
const NEWS_IS_COMING: Duration = Duration::from_secs(2);
/// How long news of pieces that cannot be explained is waited for before a count is wished for.
const NEWS_IS_LOST: Duration = Duration::from_secs(30);
/// The most writes without an answer that are remembered of one place: each takes a process that died, or a call that timed out.
const MOST_SENT: usize = 8;

/// See the module.
pub(super) struct Due<'a> {
    pub claim: &'a Claim,
    pub place: (Sku, BranchCode),
    pub row: StockRow,
    /// What was written last.
    pub last: Option<Shown>,
    /// What was about to be written when attempts before this one ended without an answer, the latest first.
    pub sent: Vec<Shown>,
    /// The figure that was found at the storefront, where it was looked at.
    pub found: Option<i64>,
    /// Whether nothing is under way between the storefront and the journal that could explain the found figure.
    pub proven: bool,
    /// What is known of it; set by each decision.
    pub figure: Figure,
    /// What the storefront shows that cannot be explained; set by each decision.
    pub unexplained: Unexplained,
}

impl Due<'_> {
    /// By how much the figure that is there cannot be explained: the found one, or the believed one where a write is about to prove
    /// it and more than one account leads to it.
    pub fn explain(&self) -> Unexplained {
        let moved = self.figure.moved;
        let last = self.last.as_ref();
        let guess = || last.filter(|_| self.is_guessed()).map(|last| last.by_now(moved));
        match self.found.or_else(guess) {
            Some(found) if !self.proven => Unexplained::of(found, moved, last, &self.sent),
            _ => Unexplained::default(),
        }
    }

    /// Whether something may have moved the figure that the bridge was never told of: sales, or a write of its own whose answer
    /// was lost.
    pub fn is_guessed(&self) -> bool {
        let last = self.last.as_ref();
        last.is_some_and(Shown::is_doubted) || self.sent.iter().any(|sent| Some(sent) != last)
    }

    /// What the storefront shows once the row is written.
    pub fn shown(&self, now: Timestamp) -> Shown {
        let Unexplained { most, or } = &self.unexplained;
        // News of a part of it does not begin the wait for the rest anew.
        let known = self.last.as_ref().and_then(|last| last.since);
        Shown {
            quantity: self.row.quantity,
            moved: self.figure.moved.saturating_add(*most),
            untold: *most,
            or: or.clone(),
            since: (*most != 0 || !or.is_empty()).then_some(known.unwrap_or(now)),
        }
    }

    /// What is kept while the row is on its way: with what may have been written before, since until the storefront answers
    /// this write nobody knows which of them it got.
    pub fn announced(&self, now: Timestamp) -> String {
        let shown = self.shown(now);
        let before = self.sent.iter().filter(|sent| **sent != shown).take(MOST_SENT - 1);
        list(std::iter::once(&shown).chain(before))
    }

    /// Remembers that the row may have been written, though it was refused when it was sent again.
    pub fn may_have_been_sent(&mut self, now: Timestamp) {
        self.sent.insert(0, self.shown(now));
        self.sent.truncate(MOST_SENT);
    }

    /// What was kept before it was announced, for when it certainly did not take place.
    pub fn announced_before(&self) -> String {
        list(self.sent.iter())
    }

    /// How the work on this figure goes on once it is written.
    pub fn doubt(&self, now: Timestamp) -> Doubt {
        // Since it was found, not since the event: work that lay about for long has still heard nothing.
        let Some(since) = self.shown(now).since else { return Doubt::None };
        let waited = now.duration_since(since).unsigned_abs();
        if waited > NEWS_IS_LOST {
            return Doubt::WantsCount;
        }
        let most = self.unexplained.most;
        let (after, reason) = if most == 0 {
            let reason = "pieces may have come back that nobody has told of; looks again for their credit note".into();
            (NEWS_IS_LOST, reason)
        } else {
            let (pieces, which) = (most.unsigned_abs(), if most > 0 { "fewer" } else { "more" });
            let found = format!("{pieces} pieces {which} than known were found at the storefront");
            (NEWS_IS_COMING.max(waited / 8), format!("{found}; looks again for their order"))
        };
        Doubt::LooksAgain(Outcome::Retry { after, reason, counts: false })
    }
}

fn list<'a>(all: impl Iterator<Item = &'a Shown>) -> String {
    all.map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What is still to be found out of a figure.
pub(super) enum Doubt {
    /// Nothing.
    None,
    /// News of it may be on its way: it is looked at again by itself.
    LooksAgain(Outcome),
    /// No news has come in time: the figure stays as low as it is until everything is asked for.
    WantsCount,
}

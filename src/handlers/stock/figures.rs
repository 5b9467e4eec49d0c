//! What the storefront should show and what it is believed to show (P5).
//!
//! What comes in: SKUs and branches. What goes out: for each the figure to be shown and how far web orders have moved the
//! storefront's own figure. The order of reading keeps every error on the safe side: first what web orders hold, then which
//! of their documents the office has already, then the office's figure. A document that is booked in between is taken off
//! twice; its change of the office's figure comes as an event of its own and puts that right. The other way round the web
//! would show pieces that are gone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::{BranchCode, CallError, Sku, Version};
use crate::handlers::Desk;
use crate::handlers::document::booked_as;
use crate::journal::JournalError;
use crate::office::StockReading;
use crate::storefront::StockFigure;

/// Why figures could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// One of the sides did not answer.
    #[error(transparent)]
    Call(CallError),
    /// The journal did not.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// What is known of one SKU at one branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::handlers) struct Figure {
    /// What the storefront should show; `None` where the office has no figure.
    pub target: Option<i64>,
    /// The version of the office's figure.
    pub version: Version,
    /// How far web orders have moved the storefront's figure, as far as is known.
    pub moved: i64,
}

/// Reads the figures of these places, in order.
pub(in crate::handlers) async fn read(desk: &Desk<'_>, places: &[(Sku, BranchCode)]) -> Result<Vec<Figure>, Unread> {
    let skus: Vec<String> = places.iter().map(|(sku, _)| sku.to_string()).collect();
    let mut demand = desk.journal.web_demand(&desk.channel.name, &skus).await?;
    let mut found = BTreeSet::new();
    let mut by_kind: BTreeMap<_, Vec<(&str, String)>> = BTreeMap::new();
    for document in demand.in_doubt() {
        if let Some((kind, reference)) = booked_as(document) {
            by_kind.entry(kind).or_default().push((document, reference.to_owned()));
        }
    }
    for (kind, documents) in by_kind {
        let references: Vec<String> = documents.iter().map(|(_, reference)| reference.clone()).collect();
        let booked = desk.office.find(kind, &references).await.map_err(Unread::Call)?;
        let there = documents.iter().zip(booked).filter(|(_, booked)| booked.is_some());
        found.extend(there.map(|((document, _), _)| (*document).to_owned()));
    }
    demand.found(&found);
    let office = desk.office.stock(places).await.map_err(Unread::Call)?;
    let rules = &desk.channel.stock;
    let figure = |((sku, branch), reading): (&(Sku, BranchCode), Option<StockReading>)| {
        let moved = demand.moved(sku, branch);
        Figure {
            target: reading.map(|reading| rules.target(branch, reading.on_hand, demand.held(sku, branch))),
            version: reading.map_or(Version(0), |reading| reading.version),
            moved: match rules.figure {
                StockFigure::OnHand => moved.on_hand,
                StockFigure::Available => moved.available,
            },
        }
    };
    Ok(places.iter().zip(office).map(figure).collect())
}

/// A figure that the storefront showed, and how far web orders had moved the storefront's figure by then. From both follows
/// what the storefront shows now, unless something happened there that nobody has told yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::handlers) struct Shown {
    pub quantity: i64,
    /// Told or not: what was found moved counts, so that its news changes nothing when it comes.
    pub moved: i64,
    /// How much of that had not been told: below zero, more was told than found. Until it is told, nobody knows what the
    /// storefront shows.
    pub untold: i64,
    /// When that was found.
    pub since: Option<Timestamp>,
}

impl Shown {
    /// Reads what the journal keeps.
    pub(in crate::handlers) fn parse(value: &str) -> Option<Self> {
        let (value, since) = match value.split_once(" since ") {
            Some((value, since)) => (value, Some(since.parse().ok()?)),
            None => (value, None),
        };
        let (value, untold) = match value.split_once(" and untold ") {
            Some((value, untold)) => (value, untold.parse().ok()?),
            None => (value, 0),
        };
        let (quantity, moved) = match value.split_once(" after ") {
            Some((quantity, moved)) => (quantity.parse().ok()?, moved.parse().ok()?),
            None => (value.parse().ok()?, 0),
        };
        Some(Self { quantity, moved, untold, since })
    }

    /// What the storefront shows once web orders are told to have moved its figure so far, if all is told by then.
    pub(in crate::handlers) fn by_now(self, moved: i64) -> i64 {
        self.quantity.saturating_sub(moved.saturating_sub(self.moved))
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.quantity)?;
        if (self.moved, self.untold) != (0, 0) {
            write!(f, " after {}", self.moved)?;
        }
        if self.untold != 0 {
            write!(f, " and untold {}", self.untold)?;
        }
        if let Some(since) = self.since {
            write!(f, " since {since}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_follows_from_what_was_written_and_what_was_sold_since() {
        let shown = Shown { quantity: 10, moved: 4, untold: 0, since: None };
        assert_eq!((shown.by_now(4), shown.by_now(7), shown.by_now(3)), (10, 7, 11));
    }

    #[test]
    fn what_was_found_moved_is_not_taken_off_again_when_it_is_told() {
        let shown = Shown { quantity: 10, moved: 7, untold: 3, since: None };
        assert_eq!((shown.by_now(7), shown.by_now(8), shown.by_now(6)), (10, 9, 11));
    }

    #[test]
    fn what_the_journal_keeps_is_read_again() {
        for (quantity, moved, untold) in [(10, 4, 0), (10, 0, 0), (-3, 0, -1), (7, -2, 5)] {
            let since = (untold != 0).then_some(Timestamp::UNIX_EPOCH);
            let shown = Shown { quantity, moved, untold, since };
            assert_eq!(Shown::parse(&shown.to_string()), Some(shown));
        }
        assert_eq!(Shown::parse("-3"), Some(Shown { quantity: -3, moved: 0, untold: 0, since: None }));
        assert_eq!(Shown::parse("many"), None);
    }
}

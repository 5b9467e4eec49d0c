//! What the storefront should show and what it is believed to show (P5).
//!
//! What comes in: SKUs and branches. What goes out: for each the figure to be shown and how far web orders have moved the
//! storefront's own figure. The order of reading keeps every error on the safe side: first what web orders hold, then which
//! of their documents the office has already, then the office's figure. A document that is booked in between is taken off
//! twice; its change of the office's figure comes as an event of its own and puts that right. The other way round the web
//! would show pieces that are gone.

use std::collections::{BTreeMap, BTreeSet};

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
    let (rules, held) = (&desk.channel.stock, demand.held());
    let figure = |((sku, branch), reading): (&(Sku, BranchCode), Option<StockReading>)| {
        let moved = demand.moved(sku, branch);
        Figure {
            target: reading.map(|reading| rules.target(branch, reading.on_hand, held.of(sku, branch))),
            version: reading.map_or(Version(0), |reading| reading.version),
            moved: match rules.figure {
                StockFigure::OnHand => moved.on_hand,
                StockFigure::Available => moved.available,
            },
        }
    };
    Ok(places.iter().zip(office).map(figure).collect())
}

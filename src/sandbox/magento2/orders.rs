//! Orders and their documents as the shop keeps them.
//!
//! What comes in: plans of [`super::plans`] and the work of [`super::desk`]. What goes out: figures for [`super::bodies`].

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::figures::{Both, Minor, RowMoney, Totals};
use super::plans::{Buyer, Place};
use crate::domain::Currency;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderPhase {
    /// Placed, not paid.
    New,
    /// Being worked on.
    Processing,
    /// Invoiced and shipped.
    Complete,
    /// Everything was given back.
    Closed,
    /// Cancelled.
    Canceled,
    /// Held back.
    Holded,
}

impl OrderPhase {
    /// The state's code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Processing => "processing",
            Self::Complete => "complete",
            Self::Closed => "closed",
            Self::Canceled => "canceled",
            Self::Holded => "holded",
        }
    }

    /// The status an order gets with the state.
    #[must_use]
    pub(super) fn status(self) -> &'static str {
        if self == Self::New { "pending" } else { self.code() }
    }
}

/// An order.
#[derive(Debug, Clone)]
pub(super) struct OrderRecord {
    pub id: u64,
    pub increment: String,
    pub store: u64,
    pub buyer: Buyer,
    /// The account, as long as it is not deleted.
    pub customer: Option<u64>,
    pub billing: (u64, Place),
    /// Virtual orders have none.
    pub shipping: Option<(u64, Place)>,
    pub currency: Currency,
    pub rate: rust_decimal::Decimal,
    pub method: String,
    pub coupon: Option<String>,
    pub items: Vec<Item>,
    pub totals: Both<Totals>,
    pub shipping_rate: i64,
    pub invoiced: Both<Totals>,
    pub refunded: Both<Totals>,
    pub phase: OrderPhase,
    /// `None` once a comment without status has nulled it.
    pub status: Option<String>,
    pub held_from: Option<OrderPhase>,
    pub comments: Vec<Comment>,
    /// Its invoices' numbers.
    pub invoices: Vec<u64>,
    /// Its credit memos' numbers.
    pub memos: Vec<u64>,
    /// When the newest of its documents was made.
    pub last_document: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A line of an order.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub id: u64,
    /// Index of the line it is part of.
    pub parent: Option<usize>,
    pub product: u64,
    pub sku: String,
    pub name: String,
    pub kind: &'static str,
    pub rate: i64,
    pub ordered: i64,
    pub invoiced: i64,
    pub shipped: i64,
    pub refunded: i64,
    pub canceled: i64,
    pub price: Both<Minor>,
    pub price_incl: Both<Minor>,
    pub money: Both<RowMoney>,
    pub done: Both<RowMoney>,
    /// Whether a document counts this row's money; a parent that only repeats its children does not.
    pub counts: bool,
    /// Attribute and value of each option that was chosen.
    pub options: Vec<(u64, u64)>,
    /// Pieces that left each source and were not brought back.
    pub taken: BTreeMap<String, i64>,
    /// Pieces that were given back before they left.
    pub released: i64,
}

/// A remark on an order.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub id: u64,
    pub text: Option<String>,
    pub status: Option<String>,
    pub visible: bool,
    pub notified: bool,
    pub at: Timestamp,
}

/// An invoice or a credit memo.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub id: u64,
    pub increment: String,
    pub order: u64,
    /// 1 open, 2 paid or refunded, 3 cancelled.
    pub state: u8,
    pub rows: Vec<DocumentRow>,
    pub totals: Both<Totals>,
    /// The invoice a credit memo was made from.
    pub invoice: Option<u64>,
    pub comments: Vec<Comment>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A row of a document.
#[derive(Debug, Clone)]
pub(super) struct DocumentRow {
    pub id: u64,
    /// Index of the order's line.
    pub item: usize,
    pub pieces: i64,
    /// The money, where the row counts any.
    pub money: Option<Both<RowMoney>>,
}

/// A shipment.
#[derive(Debug, Clone)]
pub(super) struct Shipment {
    pub id: u64,
    pub increment: String,
    pub order: u64,
    pub source: String,
    /// Index of the order's line and pieces.
    pub rows: Vec<(u64, usize, i64)>,
    pub tracks: Vec<Track>,
    pub comments: Vec<Comment>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A parcel's number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Track {
    pub id: u64,
    pub number: String,
    pub title: String,
    pub carrier: String,
    pub at: Timestamp,
}

impl Item {
    pub(super) fn to_invoice(&self) -> i64 {
        (self.ordered - self.invoiced - self.canceled).max(0)
    }

    /// Goods that are given back before they left need not be sent any more.
    pub(super) fn to_ship(&self) -> i64 {
        if self.is_virtual() {
            return 0;
        }
        (self.ordered - self.shipped - self.released - self.canceled).max(0)
    }

    pub(super) fn to_refund(&self) -> i64 {
        (self.invoiced - self.refunded).max(0)
    }

    pub(super) fn to_cancel(&self) -> i64 {
        if self.is_virtual() { self.to_invoice() } else { self.to_invoice().min(self.to_ship()) }
    }

    pub(super) fn is_virtual(&self) -> bool {
        matches!(self.kind, "virtual" | "downloadable")
    }
}

impl OrderRecord {
    /// Indexes of the lines that are part of a line.
    pub(super) fn children(&self, line: usize) -> Vec<usize> {
        (0..self.items.len()).filter(|index| self.items[*index].parent == Some(line)).collect()
    }

    /// Indexes of the lines that are no part of another.
    pub(super) fn tops(&self) -> Vec<usize> {
        (0..self.items.len()).filter(|index| self.items[*index].parent.is_none()).collect()
    }

    /// A line and what is part of it, with pieces in proportion.
    pub(super) fn with_children(&self, line: usize, pieces: i64) -> Vec<(usize, i64)> {
        let whole = self.items[line].ordered.max(1);
        let children = self.children(line).into_iter().map(|child| (child, self.items[child].ordered / whole * pieces));
        std::iter::once((line, pieces)).chain(children).collect()
    }

    /// Whether the line is what lies on a shelf.
    pub(super) fn is_stocked(&self, line: usize) -> bool {
        self.children(line).is_empty()
    }

    /// When its next document is made: people never make two within the second that times are told in.
    pub(super) fn dates_next(&mut self, now: Timestamp) -> Timestamp {
        let next = self.last_document.and_then(|last| last.checked_add(SignedDuration::from_secs(1)).ok());
        let at = next.map_or(now, |next| next.max(now));
        self.last_document = Some(at);
        at
    }

    pub(super) fn line_of(&self, item: u64) -> Option<usize> {
        self.items.iter().position(|line| line.id == item)
    }

    /// Decides the state from what was invoiced, shipped and given back.
    pub(super) fn settle_phase(&mut self) {
        if matches!(self.phase, OrderPhase::Canceled | OrderPhase::Holded) {
            return;
        }
        let tops: Vec<&Item> = self.items.iter().filter(|item| item.parent.is_none()).collect();
        let open = tops.iter().any(|item| item.to_invoice() > 0 || item.to_ship() > 0);
        let paid = self.invoiced.base.worth();
        let phase = if !open && paid > 0 && self.refunded.base.worth() >= paid {
            OrderPhase::Closed
        } else if !open {
            OrderPhase::Complete
        } else if tops.iter().any(|item| item.invoiced + item.shipped > 0) {
            OrderPhase::Processing
        } else {
            self.phase
        };
        self.enter(phase);
    }

    pub(super) fn enter(&mut self, phase: OrderPhase) {
        if self.phase != phase {
            self.phase = phase;
            self.status = Some(phase.status().to_owned());
        }
    }
}

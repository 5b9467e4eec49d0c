//! The effect ledger: what is about to happen is committed before it does, and how it stands is known after a crash (P2).
//!
//! A plan names its buyer. It is gone once its document is booked, and the buyer is gone from it once they ask to be forgotten
//! ([`super::Archive`], P8).

use crate::domain::{BranchCode, ChannelName, HandlingId, Sku};

/// A write to the other side that is about to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Unique key of the effect within its channel, such as `invoice kiwi-web/order:1`.
    pub key: String,
    /// The handling that wants it.
    pub handling: HandlingId,
    /// Its channel.
    pub channel: ChannelName,
    /// What exactly is about to be written, as the handler understands it. Kept until the effect is done, so that an attempt
    /// that was cut short is finished as it was begun.
    pub plan: Option<String>,
    /// The web order it is for, where it takes that order's pieces off the office's stock.
    pub order: String,
    /// The pieces it takes.
    pub pieces: Vec<Pieces>,
}

/// Pieces a document takes off the office's stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pieces {
    /// What.
    pub sku: Sku,
    /// Where.
    pub branch: BranchCode,
    /// How many.
    pub count: i64,
}

/// How an effect stands when it is intended (again).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Never intended before.
    Fresh,
    /// Intended before without a known outcome: look it up, do not write blindly.
    InDoubt {
        /// What was about to be written then.
        plan: Option<String>,
    },
    /// It took effect before, with this result.
    Done(String),
}

/// An effect that took place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Key, as in its [`Intent`] if it had one.
    pub key: String,
    /// What it was, such as `invoice` or `storefront stock`.
    pub kind: &'static str,
    /// What came of it, such as the office's number.
    pub result: String,
}

//! What comes in: webhooks one by one, and what a poll read with its cursor (P1).
//!
//! What goes out: whether each is new. A delivery that was committed before is counted, and nothing else happens (P2).
//! Next in the flow: [`super::deliveries`].

use async_trait::async_trait;

use super::JournalError;
use crate::domain::{DeliveryId, NewDelivery, Verified};

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// Committed as a new delivery.
    New(DeliveryId),
    /// The same delivery had been committed before; it was counted, and nothing else happened.
    Duplicate(DeliveryId),
}

/// What a poll read, to be committed with the cursor in one transaction.
#[derive(Debug, Clone)]
pub struct PolledPage {
    /// Name of the cursor, such as `office/kiwi/stock`.
    pub task: String,
    /// The cursor that was read from; a different one in the journal means another poller was faster.
    pub from: Option<String>,
    /// The cursor to read on from.
    pub to: String,
    /// What was read.
    pub deliveries: Vec<NewDelivery>,
}

/// The one thing the webhook door asks of the journal.
#[async_trait]
pub trait Intake: Send + Sync + 'static {
    /// Commits a delivery. Concurrent calls share one commit; the answer comes after it. When too many calls wait already,
    /// answers [`JournalError::Unavailable`] at once.
    async fn append(&self, delivery: Verified<NewDelivery>) -> Result<Appended, JournalError>;
}

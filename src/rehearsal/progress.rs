//! Whether anything happens, so that waiting ends when nothing does, and not because a machine is slow.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::journal::{Counts, Journal};

/// Whoever goes round in circles is given up after so many times the patience.
const CIRCLES: u32 = 15;
/// Counting a large journal takes its time.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// What a journal's figures were when they last moved.
pub struct Progress {
    journal: Arc<dyn Journal>,
    seen: Option<Counts>,
    begun: Instant,
    looked: Option<Instant>,
    moved: Instant,
}

impl Progress {
    /// Of this journal, from now on.
    pub(super) fn of(journal: Arc<dyn Journal>) -> Self {
        let now = Instant::now();
        Self { journal, seen: None, begun: now, looked: None, moved: now }
    }

    /// Whether anything moved within `patience`, in a journal that answers.
    pub async fn goes_on(&mut self, patience: Duration) -> bool {
        let is_fresh = self.looked.is_some_and(|looked| looked.elapsed() < BETWEEN_LOOKS);
        if !is_fresh && let Ok(mut counts) = self.journal.counts().await {
            self.looked = Some(Instant::now());
            // Getting older is no progress.
            counts.oldest_due_seconds = 0;
            if self.seen.as_ref() != Some(&counts) {
                (self.seen, self.moved) = (Some(counts), Instant::now());
            }
        }
        self.moved.elapsed() < patience && self.begun.elapsed() < patience * CIRCLES
    }
}

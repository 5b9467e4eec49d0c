//! The door in front of the one writer: bounds how many appends wait and how many bytes they hold, so that overload is
//! answered with "not now" before memory grows (P9).

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::JournalError;

/// Appends that may wait at once.
pub(super) const QUEUE: usize = 1_024;
const KIB: usize = 64 * 1_024;

/// Room for the bytes of waiting appends.
#[derive(Debug, Clone)]
pub(super) struct Gate(Arc<Semaphore>);

impl Gate {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(KIB)))
    }

    /// Room for so many bytes until the permit is dropped; refused at once when there is none.
    pub(super) fn enter(&self, bytes: usize) -> Result<OwnedSemaphorePermit, JournalError> {
        let wanted = u32::try_from((bytes / 1_024 + 1).min(KIB)).unwrap_or(u32::MAX);
        self.0.clone().try_acquire_many_owned(wanted).map_err(|_| full())
    }
}

/// What an append hears when too many wait.
pub(super) fn full() -> JournalError {
    JournalError::Unavailable("too many deliveries wait to be written; try again in a moment".to_owned())
}

/// What a caller hears when the writer is gone.
pub(super) fn gone() -> JournalError {
    JournalError::Unavailable("the journal's writer has stopped; restart the program".to_owned())
}

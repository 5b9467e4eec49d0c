//! What may go wrong in a call to the other side, sorted by what has to happen next.
//!
//! Each variant has exactly one consequence, drawn in [`crate::flow`]: the adapter decides the class once, where the answer is
//! at hand, and nobody further up reads status codes or error texts again.

use std::time::Duration;

/// A failed call to a storefront or an office. Texts say what the other side said, never personal data or secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// May pass by itself (connection refused, 5xx on a read, database restarting). Consequence: retry with back-off.
    #[error("the call failed and may pass when tried again: {0}")]
    Transient(String),
    /// The other side asks for patience. Consequence: wait that long, without counting an attempt.
    #[error("the other side asks to wait {} ms: {reason}", wait.as_millis())]
    Throttled {
        /// How long to wait from now.
        wait: Duration,
        /// What it said.
        reason: String,
    },
    /// The call was sent and its outcome is not known (time-out after sending, 504). Consequence: look up, then decide.
    #[error("the call was sent but its outcome is unknown: {0}")]
    InDoubt(String),
    /// Understood and refused. Consequence: dead letter with the other side's words.
    #[error("refused: {0}")]
    Rejected(String),
    /// Something has no counterpart on the other side. Consequence: dead letter naming what to map.
    #[error("no counterpart for {what}: {fix}")]
    Unmapped {
        /// The thing without a counterpart, such as `SKU SHIRT-RED-M`.
        what: String,
        /// What a person can do about it.
        fix: String,
    },
    /// Credentials are wrong or access was withdrawn. Consequence: pause the channel and alert.
    #[error("access was refused: {0}")]
    Unauthorised(String),
    /// The other side changed in between. Consequence: read again, decide again.
    #[error("the other side changed in the meantime: {0}")]
    Conflict(String),
}

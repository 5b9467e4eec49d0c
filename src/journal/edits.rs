//! Dead letters whose contents a person corrects: the corrected contents take the place of the old ones, which are kept beside them.
//!
//! What comes in: a letter's name and what it should have said. What goes out: the letter, ready to be tried again, and the record of
//! who changed it, when and why. An event must stay the event it was: only its data may differ, and it is read as strictly as any.
//! Earlier contents go when deliveries of their age go, and all of them when somebody asks to be forgotten (P8).

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::JournalError;

/// What became of a correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// It is kept, and the letter is ready again.
    Done,
    /// There is no such dead letter.
    NoLetter,
    /// The contents cannot be taken, for this reason; nothing was changed.
    Refused(String),
}

/// A correction that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// Number, for the command line.
    pub id: i64,
    /// The dead letter, as it is called on the command line.
    pub letter: String,
    /// When, UTC.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// Why.
    pub why: String,
    /// Whether the earlier contents are kept still.
    pub kept: bool,
}

/// The part of the journal in which dead letters are corrected.
#[async_trait]
pub trait Edits: Send + Sync + 'static {
    /// What a dead letter says: the body of a delivery as it came, or an event as CloudEvents JSON. It may be personal.
    async fn letter(&self, id: &str) -> Result<Option<Vec<u8>>, JournalError>;

    /// Puts contents in the place of a dead letter's and makes it ready again, in one transaction. `who` and `why` are kept with the
    /// earlier contents and in the audit trail.
    async fn edit_dead(&self, id: &str, contents: &[u8], who: &str, why: &str) -> Result<Edited, JournalError>;

    /// Every correction, oldest first.
    async fn edits(&self) -> Result<Vec<Edit>, JournalError>;

    /// What a letter said before a correction, while that is kept.
    async fn before_edit(&self, edit: i64) -> Result<Option<Vec<u8>>, JournalError>;
}

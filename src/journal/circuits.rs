//! Circuits: ways of a channel on which nothing gets through, so that what would go there is held instead of failing again and again.
//!
//! A circuit opens once for all processes, and each of them reads so within a moment; one at a time looks whether something gets
//! through again, after waits that grow. What was held goes on as soon as the circuit closes (P4).

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::JournalError;
use crate::domain::{ChannelName, HandlerName, Side};

/// How long after a circuit has opened somebody looks; the wait doubles with each look.
const FIRST_LOOK: Duration = Duration::from_secs(1);
/// The longest wait between two looks.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The wait after so many looks in vain, in microseconds.
pub(super) fn wait_after(looks: i64) -> i64 {
    let doubled = FIRST_LOOK.saturating_mul(1_u32 << looks.clamp(0, 16));
    super::clock::span(doubled.min(LONGEST_WAIT))
}

/// A way of a channel on which something may get through or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// Anything for one of its sides.
    Side(Side),
    /// What one handler does, where the sides answer whoever asks but none of its work comes to an end.
    Handler(HandlerName),
}

impl Way {
    /// The word kept in the journal: the side's, or the handler's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Side(side) => side.as_str(),
            Self::Handler(name) => name.as_str(),
        }
    }

    /// Reads the word kept in the journal. No handler has the name of a side.
    pub(super) fn from_word(word: &str) -> Result<Self, JournalError> {
        if let Some(side) = Side::from_word(word) {
            return Ok(Self::Side(side));
        }
        HandlerName::parse(word).map(Self::Handler).map_err(|error| JournalError::Broken(error.to_string()))
    }
}

/// A way on which nothing gets through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circuit {
    /// The channel.
    pub channel: ChannelName,
    /// Which way.
    pub way: Way,
    /// What stood in the way when it opened.
    pub reason: String,
    /// Since when, UTC.
    pub opened_at: Timestamp,
    /// When somebody looks whether something gets through again, UTC.
    pub look_at: Timestamp,
}

/// The part of the journal that says where nothing gets through.
#[async_trait]
pub trait Circuits: Send + Sync + 'static {
    /// Opens a circuit. Answers whether it was closed; one that is open stays as it is.
    async fn open_circuit(&self, channel: &ChannelName, way: &Way, reason: &str) -> Result<bool, JournalError>;

    /// Every open circuit.
    async fn circuits(&self) -> Result<Vec<Circuit>, JournalError>;

    /// Takes it upon the caller to look whether something gets through again. Answers whether it is open and the time has come; the next
    /// look is then another wait away, and nobody else looks before.
    async fn take_look(&self, channel: &ChannelName, way: &Way) -> Result<bool, JournalError>;

    /// Closes a circuit. Answers whether it was open.
    async fn close_circuit(&self, channel: &ChannelName, way: &Way) -> Result<bool, JournalError>;

    /// Makes work of a channel due that rests until later, of one handler or of all, at most so much, what has rested longest first.
    /// Answers how much it was: when it was the most, there may be more.
    async fn go_on(
        &self,
        channel: &ChannelName,
        handler: Option<&HandlerName>,
        most: usize,
    ) -> Result<usize, JournalError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        let seconds: Vec<i64> = (0..8).map(|looks| wait_after(looks) / 1_000_000).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!((wait_after(i64::MAX), wait_after(-1)), (60_000_000, 1_000_000));
    }
}

//! A handling as it lies in the outbox, made ready for the bus.

use crate::domain::{ChannelName, EventId, EventType, HandlerName, HandlingId};
use crate::journal::pack::unpack_text;
use crate::journal::{JournalError, Outgoing};

/// The most messages of one channel for one handler, those of one queue, that are on their way at a time: what a flood has the bus
/// keep, what comes a second time when its workers are slower than the lease, and what is still taken when it is paused.
pub(in crate::journal) const MOST_ON_THEIR_WAY: i64 = 1_024;
/// More are added only when so many or fewer are, so that they are added in batches.
pub(in crate::journal) const FEW_ON_THEIR_WAY: i64 = MOST_ON_THEIR_WAY / 2;

/// Picks one of each source, then the next of each, until there are so many.
pub(in crate::journal) fn in_turns<T>(sources: Vec<Vec<T>>, most: usize) -> Vec<T> {
    let mut sources: Vec<_> = sources.into_iter().map(Vec::into_iter).collect();
    let mut picked = Vec::new();
    while picked.len() < most {
        let before = picked.len();
        picked.extend(sources.iter_mut().filter_map(Iterator::next).take(most - before));
        if picked.len() == before {
            break;
        }
    }
    picked
}

/// A due handling with its event, as read.
#[derive(Debug)]
pub(in crate::journal) struct Due {
    pub id: i64,
    pub channel: String,
    pub handler: String,
    pub state: &'static str,
    pub event: uuid::Uuid,
    pub kind: String,
    pub body: Vec<u8>,
}

impl Due {
    /// What the bus gets. An error means the stored row is damaged; the handling is then set aside.
    pub(in crate::journal) fn outgoing(&self) -> Result<Outgoing, JournalError> {
        let broken = |what: String| JournalError::Broken(what);
        Ok(Outgoing {
            handling: HandlingId(self.id),
            channel: ChannelName::parse(&self.channel).map_err(|error| broken(error.to_string()))?,
            handler: HandlerName::parse(&self.handler).map_err(|error| broken(error.to_string()))?,
            event: EventId(self.event),
            event_type: EventType::from_word(&self.kind)
                .ok_or_else(|| broken(format!("the event is of a type this version does not know: `{}`", self.kind)))?,
            body: unpack_text(&self.body)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::in_turns;

    #[test]
    fn sources_take_turns_until_there_are_enough_or_none() {
        let sources = || vec![vec!["a1", "a2", "a3", "a4"], vec!["b1"], vec!["c1", "c2"]];
        assert_eq!(in_turns(sources(), 5), ["a1", "b1", "c1", "a2", "c2"]);
        assert_eq!(in_turns(sources(), 2), ["a1", "b1"]);
        assert_eq!(in_turns(sources(), 100).len(), 7);
        assert!(in_turns(sources(), 0).is_empty() && in_turns(Vec::<Vec<u8>>::new(), 9).is_empty());
    }
}

//! Asks offices what changed, and journals it together with the cursor (P4: a crash re-reads, never skips).
//!
//! What comes in: a channel's intervals. What goes out: deliveries. Two pollers of one task do no harm: the second finds the
//! cursor moved and reads on from there. Next in the flow: [`crate::flow::normalise`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::{CallError, OfficeName};
use crate::handlers::Sides;
use crate::journal::{Appended, Journal, JournalError, PolledPage};
use crate::office::{ChangeKind, Office};

use super::{Stage, rest};

/// The most records read at once.
const PAGE: usize = 500;

/// Why a poll did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The office did not answer as it should.
    #[error("the office could not be asked: {0}")]
    Office(#[from] CallError),
    /// The journal did not take it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Which office is asked for which kind how often: the shortest interval of the channels that share the office.
#[must_use]
pub fn tasks(sides: &Sides) -> Vec<(OfficeName, ChangeKind, Duration)> {
    let mut tasks: BTreeMap<(OfficeName, ChangeKind), Duration> = BTreeMap::new();
    for channel in &sides.channels {
        for (kind, every) in &channel.every {
            let known = tasks.entry((channel.office.clone(), *kind)).or_insert(*every);
            *known = (*known).min(*every);
        }
    }
    tasks.into_iter().map(|((office, kind), every)| (office, kind, every)).collect()
}

/// Polls until the process ends.
pub async fn run(stage: Stage, name: OfficeName, kind: ChangeKind, every: Duration) {
    let Some(office) = stage.sides.offices.get(&name).map(Arc::clone) else { return };
    let beat = format!("poll {name} {}", kind.as_str());
    loop {
        let trouble = match once(stage.journal.as_ref(), office.as_ref(), kind).await {
            Ok(0) => None,
            Ok(_) => {
                stage.bells.deliveries.notify_one();
                None
            }
            Err(error) => {
                tracing::warn!(office = %name, kind = kind.as_str(), %error, "a poll failed and is tried again");
                Some(error.to_string())
            }
        };
        stage.beats.beat(&beat, every * 3 + Duration::from_secs(60), trouble);
        if !rest(None, every, &stage.stop).await {
            return;
        }
    }
}

/// Reads all that changed since the cursor, page by page. Answers how many new deliveries there were.
///
/// # Errors
/// [`PollError`]; what was read before it is journalled, and the next poll reads on from there.
pub async fn once(journal: &dyn Journal, office: &dyn Office, kind: ChangeKind) -> Result<usize, PollError> {
    let task = format!("office/{}/{}", office.name(), kind.as_str());
    let mut new = 0;
    loop {
        let from = journal.cursor(&task).await?;
        let page = office.changes(kind, from.as_deref(), PAGE).await?;
        if from.as_deref() == Some(page.cursor.as_str()) && page.deliveries.is_empty() {
            return Ok(new);
        }
        let more = page.more;
        let polled = PolledPage { task: task.clone(), from, to: page.cursor, deliveries: page.deliveries };
        match journal.append_polled(polled).await {
            Ok(appended) => new += appended.iter().filter(|one| matches!(one, Appended::New(_))).count(),
            Err(JournalError::CursorMoved) => return Ok(new),
            Err(error) => return Err(error.into()),
        }
        if !more {
            return Ok(new);
        }
    }
}

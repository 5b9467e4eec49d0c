//! Carries a replay on: a few at a time, and never while what is live waits.
//!
//! What comes in: a replay that was begun, how fast it may go. What goes out: work that is ready again, to be done by the stages like any
//! other (P2: what took effect is known by its key). It may be stopped at any moment and goes on where it stood.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::journal::{Journal, JournalError, ReplayRun};

/// How many a second when nothing is said: a little more than a hundredth of what one process does, and few enough that a shop's API
/// has room for everybody else.
pub const PER_SECOND: u32 = 20;
/// A second is divided into so many slices.
const SLICES: u32 = 4;
/// How long is waited for what is on its way already.
const WAIT: Duration = Duration::from_millis(500);
/// Seconds of its own pace that may be on their way: what is more is somebody's live work, or nobody is at work.
const AHEAD: i64 = 2;

/// How a replay is going.
#[derive(Debug, Clone)]
pub enum Going<'a> {
    /// On.
    On(&'a ReplayRun),
    /// It waits until fewer handlings and deliveries than these are on their way.
    Waits(i64),
}

/// Carries a replay on to its end, or until it is told to stop. Answers how it stands then; `None` where there is no such replay.
///
/// # Errors
/// [`JournalError`] when the journal does not answer; the replay can be carried on later.
pub async fn carry_on(
    journal: &dyn Journal,
    id: i64,
    per_second: u32,
    stop: &CancellationToken,
    mut told: impl FnMut(Going<'_>),
) -> Result<Option<ReplayRun>, JournalError> {
    let slice = per_second.div_ceil(SLICES).max(1);
    let pause = Duration::from_secs(1) * slice / per_second.max(1);
    let mut last = None;
    loop {
        let begun = Instant::now();
        let counts = journal.counts().await?;
        let on_their_way = counts.handlings_in("published") + counts.deliveries.get("new").copied().unwrap_or(0);
        let next = if on_their_way > i64::from(per_second) * AHEAD {
            told(Going::Waits(on_their_way));
            begun + WAIT
        } else {
            let Some(run) = journal.replay_step(id, slice as usize).await? else { return Ok(None) };
            told(Going::On(&run));
            if run.finished_at.is_some() {
                return Ok(Some(run));
            }
            last = Some(run);
            begun + pause
        };
        tokio::select! {
            () = stop.cancelled() => return stopped(journal, id, last).await,
            () = tokio::time::sleep_until(next) => {}
        }
    }
}

async fn stopped(journal: &dyn Journal, id: i64, last: Option<ReplayRun>) -> Result<Option<ReplayRun>, JournalError> {
    match last {
        Some(run) => Ok(Some(run)),
        None => Ok(journal.replays().await?.into_iter().find(|run| run.id == id)),
    }
}

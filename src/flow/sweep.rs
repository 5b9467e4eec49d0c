//! Lets go of what has ended long ago, so that a journal of ten years works like one of a month.
//!
//! What comes in: how long contents are kept. What goes out: contents that are older and needed no more; keys stay, so what is told again
//! is still known (P2). One process at a time is at it. Batches are small and rest longer than they work, so that nobody who
//! writes waits for more than one of them (P9).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use uuid::Uuid;

use crate::journal::{JournalError, Old, Swept};

use super::{Stage, rest};

/// The task's name in leases and in readiness.
const NAME: &str = "sweep";
/// How long after its start a process looks: then everything else has more to do.
const FIRST: Duration = Duration::from_secs(600);
/// How often is looked.
const EVERY: Duration = Duration::from_secs(3600);
/// How long a pass belongs to who began it; kept on as it goes.
const LEASE: Duration = Duration::from_secs(300);
/// Rows looked at in one batch: a few milliseconds of the one writer of a SQLite file.
pub const BATCH: usize = 250;
/// A batch is followed by a rest so many times as long as it took.
const RESTS: u32 = 4;
const SHORTEST_REST: Duration = Duration::from_millis(20);
const LONGEST_REST: Duration = Duration::from_secs(5);

/// Sweeps until the process ends.
pub async fn run(stage: Stage) {
    let owner = Uuid::new_v4();
    let mut pause = FIRST;
    loop {
        stage.beats.beat(NAME, EVERY * 3, None);
        if !rest(None, pause, &stage.stop).await {
            return;
        }
        pause = EVERY;
        match once(&stage, owner).await {
            Ok(swept) if swept != Swept::default() => {
                let Swept { deliveries, events, handlings, .. } = swept;
                tracing::info!(deliveries, events, handlings, "let go of what ended long ago");
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "letting go of what is old failed and is tried again");
                stage.beats.beat(NAME, EVERY * 3, Some(error.to_string()));
            }
        }
    }
}

/// Sweeps once, unless somebody else is at it. Answers what went. Repeating it is safe.
///
/// # Errors
/// [`JournalError`] when the journal does not answer; what went before stays gone, and the next look goes on from there.
pub async fn once(stage: &Stage, owner: Uuid) -> Result<Swept, JournalError> {
    let mut swept = Swept::default();
    if !stage.journal.hold(NAME, owner, LEASE).await? {
        return Ok(swept);
    }
    let mut held = Instant::now();
    for (what, length) in [(Old::Deliveries, stage.keep.deliveries), (Old::Events, stage.keep.events)] {
        let before = before(stage.journal.now(), length);
        let mut after = None;
        loop {
            let begun = Instant::now();
            if held.elapsed() > LEASE / 2 {
                if !stage.journal.hold(NAME, owner, LEASE).await? {
                    return Ok(swept);
                }
                held = begun;
            }
            let batch = stage.journal.sweep(what, before, after, BATCH).await?;
            count(&batch);
            swept.deliveries += batch.deliveries;
            swept.events += batch.events;
            swept.handlings += batch.handlings;
            after = batch.next;
            if after.is_none() {
                break;
            }
            stage.beats.beat(NAME, EVERY * 3, None);
            let pause = (begun.elapsed() * RESTS).clamp(SHORTEST_REST, LONGEST_REST);
            if !rest(None, pause, &stage.stop).await {
                return Ok(swept);
            }
        }
    }
    Ok(swept)
}

/// So long before now; what no calendar can say is before everything.
fn before(now: Timestamp, length: Duration) -> Timestamp {
    let length = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
    now.checked_sub(length).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn count(batch: &Swept) {
    for (what, count) in [("deliveries", batch.deliveries), ("events", batch.events), ("handlings", batch.handlings)] {
        metrics::counter!("tillbridge_swept_total", "what" => what).increment(count);
    }
}

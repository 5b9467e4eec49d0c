//! What it costs a journal to let go of what is old: everybody else that writes waits for no more than one batch at a time.

use std::time::Duration;

use tokio::time::Instant;

use super::{per_second, quantile};
use crate::flow::sweep::BATCH;
use crate::journal::{Journal, Old};

/// How contents went.
pub struct LetGo {
    /// How many: of deliveries, of events, and finished handlings.
    pub count: u64,
    /// So many a second, without the rests between batches.
    pub rate: u64,
    /// How long a batch took: half of them, all but one in a hundred, the longest.
    pub batches: [Duration; 3],
}

/// Lets go of all that has ended, as if it were old.
///
/// # Errors
/// When the journal does not answer.
pub async fn of_everything(journal: &dyn Journal) -> anyhow::Result<LetGo> {
    let (mut count, mut batches) = (0, Vec::new());
    for what in [Old::Deliveries, Old::Events] {
        let mut after = None;
        loop {
            let begun = Instant::now();
            let swept = journal.sweep(what, journal.now(), after, BATCH).await?;
            batches.push(begun.elapsed());
            count += swept.deliveries + swept.events + swept.handlings;
            after = swept.next;
            if after.is_none() {
                break;
            }
        }
    }
    batches.sort_unstable();
    let rate = per_second(count, batches.iter().sum());
    Ok(LetGo { count, rate, batches: [500, 990, 1_000].map(|permille| quantile(&batches, permille)) })
}

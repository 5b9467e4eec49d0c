//! Replays for stories: to the end, as fast as the journal takes it.

use tillbridge::journal::{Journal, NewReplay, ReplayMode, ReplayRun, Selection};

/// Begins a replay of what is selected, as it is counted.
pub async fn begin(journal: &dyn Journal, mode: ReplayMode, selection: &Selection, who: &str) -> ReplayRun {
    let total = journal.count_replay(mode, selection).await.unwrap().values().sum();
    let replay = NewReplay { mode, selection: selection.clone(), who: who.into(), per_second: 1_000, total };
    journal.begin_replay(&replay).await.unwrap()
}

/// Replays what is selected; answers how many handlings or deliveries were handed out, which is what was counted before where nobody
/// else is at work.
pub async fn replay(journal: &dyn Journal, mode: ReplayMode, selection: &Selection) -> ReplayRun {
    let mut run = begin(journal, mode, selection, "a story").await;
    while run.finished_at.is_none() {
        run = journal.replay_step(run.id, 100).await.unwrap().unwrap();
    }
    run
}

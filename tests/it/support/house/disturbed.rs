//! A house whose bridge is disturbed at its ports and killed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tillbridge::flow::reconcile::EarlyCount;
use tillbridge::journal::Counts;
use tillbridge::rehearsal::{self, Around, Bridge};
use tokio::time::Instant;

use super::{House, Lifetime, PATIENCE, within};

/// How long nothing may happen before the clock is put forward: work that a dead process held waits for its lease to end.
const STILLNESS: Duration = Duration::from_secs(1);
/// How far it is put forward, in seconds: what waits looks again by itself within it.
const FORWARD: i64 = 61;
/// How often that may change nothing, before what is left counts as stuck.
const FORWARDS: usize = 20;
/// How often altogether, before the bridge counts as going round in circles.
const CIRCLES: usize = 200;

/// Puts the clock forward where a bridge waits for a time.
#[derive(Default)]
pub struct Hurry {
    seen: Option<Counts>,
    still: usize,
    all: usize,
}

impl Hurry {
    /// Once, and not for ever where it changes nothing.
    pub async fn on(&mut self, house: &House) {
        let mut counts = house.journal().counts().await.unwrap();
        // Getting older is no progress.
        counts.oldest_due_seconds = 0;
        self.still = if self.seen.as_ref() == Some(&counts) { self.still + 1 } else { 0 };
        self.all += 1;
        assert!(self.still < FORWARDS && self.all < CIRCLES, "the bridge never came to rest: {counts:#?}");
        self.seen = Some(counts);
        house.seconds_pass(FORWARD);
    }
}

impl House {
    /// Has the bridge keep its journal in a file in this folder.
    pub fn keeps_its_journal_in(&mut self, folder: &Path) {
        assert!(self.bridge.is_none(), "a running bridge has its journal already");
        self.plan.journal = rehearsal::Journal::Sqlite(folder.join("journal.db"));
    }

    /// Tries to start the bridge; answers why it does not.
    pub async fn cannot_start(&self) -> String {
        match Bridge::start(&self.plan, &self.sides()).await {
            Ok(_) => panic!("the bridge starts"),
            Err(error) => format!("{error:#}"),
        }
    }

    /// Puts something between the bridge and its ports, and has the bridge run in a process of its own that can be killed.
    pub fn around(&mut self, around: Arc<dyn Around>) {
        assert!(self.bridge.is_none(), "a running bridge has its ports already");
        self.plan.around = Some(around);
        self.life = Some(Lifetime::begin());
    }

    /// Kills the bridge as kill -9 does: whatever it was about, it does nothing any more. It comes back once what it held on to
    /// counts as lost.
    pub async fn is_killed(&mut self) {
        self.life = Some(Lifetime::begin());
        drop(self.bridge.take());
        self.seconds_pass(i64::try_from(self.plan.pace.lease.as_secs()).unwrap() + 1);
        let until = Instant::now() + PATIENCE;
        loop {
            let sides = self.sides();
            // The dead process may hold the door and the file for a moment.
            match within(self.life.as_ref().unwrap(), Bridge::start(&self.plan, &sides)).await {
                Ok(bridge) => {
                    self.bridge = Some(bridge);
                    return;
                }
                Err(error) => assert!(Instant::now() < until, "the bridge does not come back: {error:#}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether the bridge comes to rest, with nothing that waits, before nothing has happened for a while.
    pub async fn comes_to_rest(&self) -> bool {
        self.bridge.as_ref().unwrap().at_rest(&self.sides(), STILLNESS).await
            && self.journal().counts().await.is_ok_and(|counts| counts.handlings_in("waiting") == 0)
    }

    /// Waits until nothing is under way and nothing waits, putting the clock forward where the bridge waits for a time.
    pub async fn hurries_to_rest(&self) {
        let mut hurry = Hurry::default();
        while !self.comes_to_rest().await {
            hurry.on(self).await;
        }
    }

    /// Has figures counted that nobody can explain, if the bridge has left a wish for that. Answers whether it had.
    pub async fn counts_what_is_in_doubt(&self) -> bool {
        let desk = self.desk();
        let mut early = EarlyCount::new(Duration::ZERO);
        let counted = early.if_wished(&desk, desk.channel.reconcile).await.unwrap().is_some();
        self.bridge.as_ref().unwrap().stage.bells.deliveries.notify_one();
        counted
    }

    /// Every promise that is broken, once what is in doubt was counted.
    pub async fn settles_what_is_in_doubt(&self) -> Vec<String> {
        let broken = self.broken_promises().await;
        if broken.is_empty() || !self.counts_what_is_in_doubt().await {
            return broken;
        }
        self.hurries_to_rest().await;
        self.broken_promises().await
    }

    /// Every promise that is broken, at rest.
    pub async fn broken_promises(&self) -> Vec<String> {
        rehearsal::broken(self.journal(), &self.sides(), 0).await.unwrap()
    }
}

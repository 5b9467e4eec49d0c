//! The figures are kept as the work is done; after anything that may happen they equal a count of the rows.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use tillbridge::journal::{
    Claim, Counts, DeliverySettlement, Effect, Old, Outcome, Raised, ReplayMode, Settlement, Verdict,
};

use super::shelf::Shelf;
use super::things::*;
use crate::support::replays::replay;

on_both_journals! {
    figures_equal_a_count_of_the_rows_whatever_happened
    the_oldest_work_is_told_by_its_age
}

/// Something that may happen to a journal. Numbers choose among what is there.
#[derive(Debug, Clone)]
enum Happening {
    Webhook(u8),
    Poll(Vec<u8>),
    Normalise { most: usize, verdict: u8 },
    Publish(usize),
    Unpublish(usize),
    Claim(usize),
    Settle { most: usize, outcome: u8, link: u8 },
    TimePasses(u16),
    Retry(usize),
    Discard(usize),
    Replay(ReplayMode),
    Sweep(u16),
    PauseOrResume(bool),
    Restart,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => (0..40u8).prop_map(Happening::Webhook),
        3 => proptest::collection::vec(0..60u8, 1..6).prop_map(Happening::Poll),
        5 => (1..6usize, 0..8u8).prop_map(|(most, verdict)| Happening::Normalise { most, verdict }),
        5 => (1..8usize).prop_map(Happening::Publish),
        1 => (1..4usize).prop_map(Happening::Unpublish),
        5 => (1..8usize).prop_map(Happening::Claim),
        6 => (1..6usize, 0..10u8, 0..6u8).prop_map(|(most, outcome, link)| Happening::Settle { most, outcome, link }),
        4 => (1..90u16).prop_map(Happening::TimePasses),
        1 => (1..4usize).prop_map(Happening::Retry),
        1 => (1..4usize).prop_map(Happening::Discard),
        1 => Just(Happening::Replay(ReplayMode::Handle)),
        1 => Just(Happening::Replay(ReplayMode::Normalise)),
        1 => (0..60u16).prop_map(Happening::Sweep),
        1 => any::<bool>().prop_map(Happening::PauseOrResume),
        1 => Just(Happening::Restart),
    ]
}

/// The journal with what its users hold in their hands.
struct World {
    shelf: Shelf,
    published: Vec<tillbridge::domain::HandlingId>,
    claims: Vec<Claim>,
    cursor: Option<String>,
    raised: i64,
}

impl World {
    async fn let_happen(mut self, happening: Happening) -> Self {
        let journal = self.shelf.journal.clone();
        match happening {
            Happening::Webhook(n) => {
                journal.append(signed(&format!("w{n}"), Some(&format!("e{}", n / 2)), b"{}")).await.unwrap();
            }
            Happening::Poll(keys) => {
                let keys: Vec<_> = keys.iter().map(|n| format!("r{n}")).collect();
                let keys: Vec<_> = keys.iter().map(String::as_str).collect();
                let page = page(self.cursor.as_deref(), "stock", &keys);
                self.cursor = Some(page.to.clone());
                journal.append_polled(page).await.unwrap();
            }
            Happening::Normalise { most, verdict } => self.normalise(most, verdict).await,
            Happening::Publish(most) => {
                let outgoing = journal.take_outbox(most, LEASE).await.unwrap();
                self.published.extend(outgoing.into_iter().map(|message| message.handling));
            }
            Happening::Unpublish(most) => {
                let back: Vec<_> = self.published.drain(..most.min(self.published.len())).collect();
                journal.unpublish(&back, SECOND).await.unwrap();
            }
            Happening::Claim(most) => {
                let wanted: Vec<_> = self.published.drain(..most.min(self.published.len())).collect();
                self.claims.extend(self.shelf.claims(&wanted).await);
            }
            Happening::Settle { most, outcome, link } => self.settle(most, outcome, link).await,
            Happening::TimePasses(seconds) => self.shelf.clock.moves_on(Duration::from_secs(seconds.into())),
            Happening::Retry(most) => {
                let names = self.letters(most).await;
                assert_eq!(journal.retry_dead(&names, "ana").await.unwrap(), names.len());
            }
            Happening::Discard(most) => {
                let names = self.letters(most).await;
                assert_eq!(journal.discard_dead(&names, "ana", "enough").await.unwrap(), names.len());
            }
            Happening::Replay(mode) => {
                let run = replay(journal.as_ref(), mode, &all()).await;
                assert_eq!(run.done, run.total, "what was rehearsed");
            }
            Happening::Sweep(seconds) => {
                let before = self.shelf.clock.now() - Duration::from_secs(seconds.into());
                for what in [Old::Deliveries, Old::Events] {
                    journal.sweep(what, before, None, 10).await.unwrap();
                }
            }
            Happening::PauseOrResume(true) => journal.pause(&kiwi(), "tired").await.unwrap(),
            Happening::PauseOrResume(false) => drop(journal.resume(&kiwi()).await.unwrap()),
            Happening::Restart => {
                drop(journal);
                self.shelf = self.shelf.reopened().await;
            }
        }
        self
    }

    async fn normalise(&mut self, most: usize, verdict: u8) {
        let mut settlements = Vec::new();
        for taken in self.shelf.journal.take_deliveries(most, LEASE).await.unwrap() {
            self.raised += 1;
            let draft = stock(["A", "B", "C"][usize::from(verdict) % 3], self.raised / 2);
            let verdict = match verdict {
                0 => Verdict::Ignored("no news".into()),
                1 => Verdict::Rejected("not JSON".into()),
                2 => continue,
                _ => Verdict::Handled(vec![Raised {
                    event: event(&kiwi(), taken.delivery.id, draft),
                    handlers: vec![handler("stock"), handler("audit")],
                }]),
            };
            settlements.push(DeliverySettlement { id: taken.delivery.id, fence: taken.fence, verdict, demand: vec![] });
        }
        self.shelf.journal.settle_deliveries(settlements).await.unwrap();
    }

    async fn settle(&mut self, most: usize, outcome: u8, link: u8) {
        let settlements = self.claims.drain(..most.min(self.claims.len())).map(|claim| {
            let mut settlement = Settlement::of(
                &claim,
                match outcome {
                    0 => retry(SECOND),
                    1 => wait_for_invoice(&format!("order:{link}")),
                    2 => dead("no"),
                    3 => Outcome::Ignored("known".into()),
                    _ => done(),
                },
            );
            if outcome > 6 {
                settlement.links = vec![invoice_link(&format!("order:{link}"), &format!("INV-{}", link / 2))];
                settlement.effects = vec![Effect { key: format!("k{link}"), kind: "invoice", result: "x".into() }];
            }
            settlement
        });
        let settlements: Vec<_> = settlements.collect();
        self.shelf.journal.settle(settlements).await.unwrap();
    }

    async fn letters(&self, most: usize) -> Vec<String> {
        let letters = self.shelf.journal.dead(&all()).await.unwrap();
        letters.into_iter().take(most).map(|letter| letter.id).collect()
    }
}

/// Counts every row.
async fn counted(shelf: &Shelf) -> Counts {
    let map = async |query: &str| shelf.look(query).await.into_iter().collect::<BTreeMap<String, i64>>();
    let mut counts = Counts {
        deliveries: map("SELECT state, count(*) FROM delivery GROUP BY state").await,
        events: map("SELECT kind, count(*) FROM event GROUP BY kind").await,
        effects: map("SELECT kind, count(*) FROM effect WHERE state = 'done' GROUP BY kind").await,
        ..shelf.journal.counts().await.unwrap()
    };
    counts.duplicates =
        map("SELECT 'd', CAST(COALESCE(sum(duplicates), 0) AS BIGINT) FROM delivery").await.remove("d").unwrap();
    counts.handlings.clear();
    for (key, number) in map("SELECT handler || ' ' || state, count(*) FROM handling GROUP BY 1").await {
        let (handler, state) = key.split_once(' ').unwrap();
        counts.handlings.entry(handler.to_owned()).or_default().insert(state.to_owned(), number);
    }
    counts
}

/// What must hold between rows at any time.
async fn check_rows(shelf: &Shelf) {
    for (what, query) in [
        (
            "a final handling is not due, any other is",
            "SELECT 'n', count(*) FROM handling WHERE (due IS NULL) <> (state IN ('done', 'ignored', 'dead', 'discarded'))",
        ),
        (
            "a final delivery is not due, a new one is",
            "SELECT 'n', count(*) FROM delivery WHERE (due IS NULL) <> (state <> 'new')",
        ),
        (
            "only a running handling has a turn",
            "SELECT 'n', count(*) FROM handling WHERE (turn IS NOT NULL) <> (state = 'running')",
        ),
        (
            "a waiting handling waits for something",
            "SELECT 'n', count(*) FROM handling WHERE state = 'waiting' AND waits_key IS NULL",
        ),
        (
            "the list of dead letters is complete",
            "SELECT 'n', (SELECT count(*) FROM handling WHERE state = 'dead') + (SELECT count(*) FROM delivery WHERE state = 'rejected') - (SELECT count(*) FROM dead)",
        ),
        (
            "nothing waits for a link that is there",
            "SELECT 'n', count(*) FROM handling h WHERE EXISTS (SELECT 1 FROM link l WHERE l.channel = h.channel AND l.kind = h.waits_kind AND l.key = h.waits_key)",
        ),
    ] {
        assert_eq!(shelf.look(query).await, [("n".to_owned(), 0)], "{what}");
    }
}

async fn figures_equal_a_count_of_the_rows_whatever_happened(shelf: Shelf) {
    let mut runner = TestRunner::new(Config::default());
    let mut story = proptest::collection::vec(happening(), 500).new_tree(&mut runner).unwrap().current();
    // However the story went, it ends with work that is done.
    story.extend([
        Happening::PauseOrResume(false),
        Happening::Poll(vec![200, 200]),
        Happening::TimePasses(600),
        Happening::Normalise { most: 1_000, verdict: 3 },
        Happening::Publish(1_000),
        Happening::Claim(1_000),
        // Without a link: one that another key has taken would make dead letters of all.
        Happening::Settle { most: 1_000, outcome: 5, link: 0 },
    ]);
    let mut world = World { shelf, published: vec![], claims: vec![], cursor: None, raised: 0 };
    for (step, happening) in story.iter().enumerate() {
        world = world.let_happen(happening.clone()).await;
        if step % 10 == 0 || step + 1 == story.len() {
            let told = world.shelf.journal.counts().await.unwrap();
            assert_eq!(told, counted(&world.shelf).await, "after step {step} of {story:?}");
            check_rows(&world.shelf).await;
        }
    }
    let counts = world.shelf.journal.counts().await.unwrap();
    assert!(counts.handlings_in("done") > 0 && counts.duplicates > 0, "something was counted: {counts:?}");
}

async fn the_oldest_work_is_told_by_its_age(shelf: Shelf) {
    assert_eq!(shelf.journal.counts().await.unwrap().oldest_due_seconds, 0);
    shelf.receives("a").await;
    shelf.clock.moves_on(Duration::from_secs(7));
    assert_eq!(shelf.journal.counts().await.unwrap().oldest_due_seconds, 7);
    shelf.raises(vec![stock("A", 1)], &["stock"]).await;
    assert_eq!(shelf.journal.counts().await.unwrap().oldest_due_seconds, 0, "all of it is in somebody's hands or new");
    shelf.clock.moves_on(Duration::from_secs(3));
    assert_eq!(shelf.journal.counts().await.unwrap().oldest_due_seconds, 3);
}

//! Doing things again: how far it has come is kept, and what a delivery means by then takes the place of what it meant.

use tillbridge::domain::{DeliveryId, Draft, EventId, Version};
use tillbridge::flow::replay::{Going, carry_on};
use tillbridge::journal::{DeliverySettlement, Raised, ReplayMode, Selection, Verdict};

use tokio_util::sync::CancellationToken;

use super::shelf::Shelf;
use super::things::*;
use crate::support::replays::{begin, replay};

on_both_journals! {
    a_replay_that_was_stopped_goes_on_where_it_stood
    two_that_go_on_with_one_replay_share_the_work
    a_replay_waits_while_what_is_live_waits
    what_comes_after_a_replay_was_begun_is_not_meant
    what_is_replayed_can_be_chosen
    a_delivery_read_again_that_means_the_same_changes_nothing
    a_delivery_read_again_that_means_something_else_is_handled_again
    another_delivery_of_a_known_fact_does_not_take_its_place
    deliveries_are_chosen_by_what_they_raised
}

impl Shelf {
    /// Figures of a SKU that were told and handled, each by a delivery of its own.
    async fn handled(&self, sku: &str, versions: std::ops::RangeInclusive<i64>) -> Vec<DeliveryId> {
        let mut deliveries = Vec::new();
        for version in versions {
            deliveries.push(self.raises(vec![stock(sku, version)], &["stock"]).await);
            assert!(self.settles(&self.works_on_one().await, done()).await);
        }
        deliveries
    }

    /// Reads every delivery again that is due; each means what is given.
    async fn reads_again(&self, draft: impl Fn() -> Draft) {
        let taken = self.journal.take_deliveries(100, LEASE).await.unwrap();
        assert!(!taken.is_empty());
        let settlements = taken.iter().map(|taken| DeliverySettlement {
            id: taken.delivery.id,
            fence: taken.fence,
            verdict: Verdict::Handled(vec![Raised {
                event: event(&kiwi(), taken.delivery.id, draft()),
                handlers: vec![handler("stock")],
            }]),
            demand: vec![],
        });
        self.journal.settle_deliveries(settlements.collect()).await.unwrap();
    }

    async fn state_of(&self, delivery: DeliveryId) -> String {
        self.journal.trace(delivery.0).await.unwrap().unwrap().delivery.state
    }
}

async fn a_replay_that_was_stopped_goes_on_where_it_stood(shelf: Shelf) {
    shelf.handled("SHIRT", 1..=10).await;
    let run = begin(shelf.journal.as_ref(), ReplayMode::Handle, &all(), "ana").await;
    assert_eq!((run.total, run.done, run.finished_at), (10, 0, None));
    assert_eq!(shelf.journal.replay_step(run.id, 4).await.unwrap().unwrap().done, 4);
    assert_eq!(shelf.works().await.len(), 4);
    let shelf = shelf.reopened().await;
    shelf.clock.moves_on(SECOND);
    let run = shelf.journal.replays().await.unwrap().remove(0);
    assert_eq!((run.done, run.who.as_str(), run.what.contains("until")), (4, "ana", true));
    assert_eq!(shelf.journal.replay_step(run.id, 4).await.unwrap().unwrap().done, 8);
    let run = shelf.journal.replay_step(run.id, 4).await.unwrap().unwrap();
    assert_eq!((run.done, run.finished_at), (10, Some(shelf.clock.now())));
    assert_eq!(shelf.journal.replay_step(run.id, 4).await.unwrap().unwrap(), run, "it has come to its end");
    assert!(shelf.journal.replay_step(999, 4).await.unwrap().is_none());
}

async fn two_that_go_on_with_one_replay_share_the_work(shelf: Shelf) {
    shelf.handled("SHIRT", 1..=30).await;
    let run = begin(shelf.journal.as_ref(), ReplayMode::Handle, &all(), "ana").await;
    let carry = async || {
        while shelf.journal.replay_step(run.id, 3).await.unwrap().unwrap().finished_at.is_none() {}
    };
    tokio::join!(carry(), carry());
    assert_eq!(shelf.journal.replays().await.unwrap()[0].done, 30);
    assert_eq!(shelf.handlings_in("ready").await, 30);
}

async fn a_replay_waits_while_what_is_live_waits(shelf: Shelf) {
    shelf.handled("SHIRT", 1..=3).await;
    shelf.raises((1..=5).map(|version| stock("HAT", version)).collect(), &["stock"]).await;
    let live = shelf.publishes().await;
    let run = begin(shelf.journal.as_ref(), ReplayMode::Handle, &of_entity("SHIRT"), "ana").await;
    let stop = CancellationToken::new();
    let mut waited = Vec::new();
    let stopped = carry_on(shelf.journal.as_ref(), run.id, 2, &stop, |going| {
        let Going::Waits(on_their_way) = going else { panic!("it must wait") };
        waited.push(on_their_way);
        if waited.len() == 2 {
            stop.cancel();
        }
    });
    assert_eq!((stopped.await.unwrap().unwrap().done, waited), (0, vec![5, 5]));
    assert_eq!(shelf.claims(&live[..2]).await.len(), 2, "two of them are at work now");
    let done = carry_on(shelf.journal.as_ref(), run.id, 100, &CancellationToken::new(), |_| {}).await;
    assert_eq!(done.unwrap().unwrap().done, 3);
}

fn of_entity(entity: &str) -> Selection {
    Selection { entity: Some(entity.into()), ..all() }
}

async fn what_comes_after_a_replay_was_begun_is_not_meant(shelf: Shelf) {
    let early = shelf.handled("SHIRT", 1..=2).await;
    shelf.clock.moves_on(SECOND);
    let run = begin(shelf.journal.as_ref(), ReplayMode::Handle, &all(), "ana").await;
    let reading = begin(shelf.journal.as_ref(), ReplayMode::Normalise, &all(), "ana").await;
    shelf.clock.moves_on(SECOND);
    shelf.handled("SHIRT", 3..=3).await;
    assert_eq!(shelf.journal.replay_step(run.id, 10).await.unwrap().unwrap().done, 2);
    assert_eq!(shelf.journal.replay_step(reading.id, 10).await.unwrap().unwrap().done, 2);
    let taken = shelf.journal.take_deliveries(10, LEASE).await.unwrap();
    assert_eq!(taken.iter().map(|taken| taken.delivery.id).collect::<Vec<_>>(), early);
}

async fn what_is_replayed_can_be_chosen(shelf: Shelf) {
    let first = shelf.handled("SHIRT", 1..=1).await[0];
    shelf.clock.moves_on(SECOND);
    let then = shelf.clock.now();
    shelf.raises_in(&channel("weka"), vec![stock("SHIRT", 2)], &["stock", "audit"]).await;
    for claim in shelf.works().await {
        shelf.settles(&claim, done()).await;
    }
    let events = shelf.journal.events(&all()).await.unwrap();
    let count = async |selection: Selection| {
        let counts = shelf.journal.count_replay(ReplayMode::Handle, &selection).await.unwrap();
        counts.values().sum::<i64>()
    };
    assert_eq!(count(all()).await, 3);
    assert_eq!(count(Selection { since: Some(then), ..all() }).await, 2);
    assert_eq!(count(Selection { until: Some(then), ..all() }).await, 1);
    assert_eq!(count(Selection { channel: Some(kiwi()), ..all() }).await, 1);
    assert_eq!(count(Selection { entity: Some("SHIRT".into()), ..all() }).await, 3);
    assert_eq!(count(Selection { handler: Some(handler("audit")), ..all() }).await, 1);
    assert_eq!(count(Selection { delivery: Some(first), ..all() }).await, 1);
    assert_eq!(count(Selection { event: Some(events[1].id), ..all() }).await, 2);
    assert_eq!(count(Selection { event: Some(EventId(uuid::Uuid::now_v7())), ..all() }).await, 0);
    let chosen = Selection { event: Some(events[1].id), handler: Some(handler("stock")), ..all() };
    assert_eq!(replay(shelf.journal.as_ref(), ReplayMode::Handle, &chosen).await.done, 1);
    assert_eq!(shelf.works_on_one().await.event.id, events[1].id);
}

async fn a_delivery_read_again_that_means_the_same_changes_nothing(shelf: Shelf) {
    let delivery = shelf.handled("SHIRT", 1..=1).await[0];
    let before = shelf.journal.events(&all()).await.unwrap();
    for _ in 0..2 {
        assert_eq!(replay(shelf.journal.as_ref(), ReplayMode::Normalise, &all()).await.done, 1);
        shelf.reads_again(|| stock("SHIRT", 1)).await;
        assert_eq!(shelf.state_of(delivery).await, "handled", "it is still the one that told it");
        assert!(shelf.publishes().await.is_empty());
    }
    let after = shelf.journal.events(&all()).await.unwrap();
    assert_eq!(format!("{after:?}"), format!("{before:?}"));
}

async fn a_delivery_read_again_that_means_something_else_is_handled_again(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    let claim = shelf.works_on_one().await;
    assert!(shelf.settles(&claim, dead("it was understood wrongly")).await);
    assert_eq!(replay(shelf.journal.as_ref(), ReplayMode::Normalise, &all()).await.done, 1);
    let better = || Draft { entity: "SHIRT@WEB".into(), version: Version(7), ..stock("SHIRT", 1) };
    shelf.reads_again(better).await;
    let again = shelf.works_on_one().await;
    assert_eq!((again.handling, again.event.id), (claim.handling, claim.event.id), "under its old numbers");
    assert_eq!((&again.event.draft, again.failures), (&better(), 0));
    assert!(shelf.journal.dead(&all()).await.unwrap().is_empty());
    let rows = shelf.journal.events(&Selection { entity: Some("SHIRT@WEB".into()), ..all() }).await.unwrap();
    assert_eq!(rows[0].version, 7);
    assert!(shelf.settles(&again, done()).await, "with the turn of what it is about by now");
}

async fn another_delivery_of_a_known_fact_does_not_take_its_place(shelf: Shelf) {
    shelf.handled("SHIRT", 1..=1).await;
    let other = shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    assert_eq!(shelf.state_of(other).await, "ignored");
    let chosen = Selection { delivery: Some(other), ..all() };
    assert_eq!(replay(shelf.journal.as_ref(), ReplayMode::Normalise, &chosen).await.done, 1);
    shelf.reads_again(|| Draft { version: Version(9), ..stock("SHIRT", 1) }).await;
    assert_eq!(shelf.state_of(other).await, "ignored");
    assert_eq!(shelf.journal.events(&all()).await.unwrap()[0].version, 1);
    assert!(shelf.publishes().await.is_empty());
}

async fn deliveries_are_chosen_by_what_they_raised(shelf: Shelf) {
    let shirt = shelf.handled("SHIRT", 1..=1).await[0];
    shelf.handled("HAT", 1..=2).await;
    let silent = shelf.receives("no news").await;
    shelf.settles_delivery(silent, Verdict::Ignored("no news".into())).await;
    let garbage = shelf.receives("garbage").await;
    shelf.settles_delivery(garbage, Verdict::Rejected("not JSON".into())).await;
    let counts = shelf.journal.count_replay(ReplayMode::Normalise, &all()).await.unwrap();
    assert_eq!(counts, [("office/kiwi stock".to_owned(), 4)].into(), "a dead letter is retried, not replayed");
    let of_shirt = Selection { entity: Some("SHIRT".into()), handler: Some(handler("stock")), ..all() };
    assert_eq!(replay(shelf.journal.as_ref(), ReplayMode::Normalise, &of_shirt).await.done, 1);
    let taken = shelf.journal.take_deliveries(10, LEASE).await.unwrap();
    assert_eq!(taken.iter().map(|taken| taken.delivery.id).collect::<Vec<_>>(), [shirt]);
}

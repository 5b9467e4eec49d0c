//! From the journal to the bus and into a worker's hands: leases, fences, retries.

use std::time::Duration;

use tillbridge::domain::{Event, EventType, HandlingId};
use tillbridge::journal::Outcome;

use super::shelf::Shelf;
use super::things::*;

on_both_journals! {
    a_flood_of_one_channel_leaves_the_others_their_turns
    a_channel_with_much_on_its_way_gets_no_more_until_some_of_it_is_taken
    each_handler_of_a_new_event_gets_its_own_handling
    what_is_due_is_published_oldest_first_and_once
    what_nobody_took_is_published_again_when_its_lease_ends
    what_the_bus_did_not_take_is_due_again_after_the_pause
    only_published_handlings_can_be_claimed
    a_claim_whose_lease_ran_out_cannot_settle_once_another_has_claimed
    what_a_dead_process_worked_on_is_found_again
    a_retry_comes_back_after_its_time_and_only_failures_count
    settling_twice_applies_once
    unknown_handlings_are_left_out
}

async fn each_handler_of_a_new_event_gets_its_own_handling(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 7)], &["stock", "audit"]).await;
    let outgoing = shelf.journal.take_outbox(10, LEASE).await.unwrap();
    let mut handlers: Vec<_> = outgoing.iter().map(|message| message.handler.as_str()).collect();
    handlers.sort_unstable();
    assert_eq!(handlers, ["audit", "stock"]);
    assert_eq!(outgoing[0].event_type, EventType::StockChanged);
    let event = Event::from_cloud_event(&outgoing[0].body).unwrap();
    assert_eq!(event.id, outgoing[0].event);
    assert_eq!(shelf.journal.event(event.id).await.unwrap(), Some(event.clone()));
    let claims = shelf.claims(&[outgoing[0].handling]).await;
    assert_eq!(claims[0].event, event);
    assert_eq!((claims[0].failures, claims[0].raised_at), (0, shelf.clock.now()));
}

async fn what_is_due_is_published_oldest_first_and_once(shelf: Shelf) {
    for sku in ["A", "B", "C"] {
        shelf.raises_in(&channel(&format!("channel-{sku}")), vec![stock(sku, 1), stock(sku, 2)], &["stock"]).await;
        shelf.clock.moves_on(SECOND);
    }
    let first = shelf.journal.take_outbox(5, LEASE).await.unwrap();
    let documents: Vec<_> =
        first.iter().map(|message| Event::from_cloud_event(&message.body).unwrap().draft.source_document).collect();
    assert_eq!(documents, ["A#1", "A#2", "B#1", "B#2", "C#1"]);
    assert_eq!(shelf.publishes().await.len(), 1);
    assert!(shelf.publishes().await.is_empty());
}

async fn what_nobody_took_is_published_again_when_its_lease_ends(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    let first = shelf.publishes().await;
    shelf.clock.moves_on(NEARLY_A_LEASE);
    assert!(shelf.publishes().await.is_empty());
    shelf.clock.moves_on(SECOND);
    assert_eq!(shelf.publishes().await, first);
}

async fn what_the_bus_did_not_take_is_due_again_after_the_pause(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1), stock("HAT", 1)], &["stock"]).await;
    let due = shelf.publishes().await;
    let running = shelf.claims(&due[..1]).await;
    shelf.journal.unpublish(&due, Duration::from_secs(5)).await.unwrap();
    assert!(shelf.publishes().await.is_empty());
    shelf.clock.moves_on(Duration::from_secs(5));
    assert_eq!(shelf.publishes().await, due[1..], "the running one is in good hands");
    assert!(shelf.settles(&running[0], done()).await);
}

async fn only_published_handlings_can_be_claimed(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    assert!(shelf.claims(&[HandlingId(1)]).await.is_empty(), "a ready one was not handed out yet");
    let due = shelf.publishes().await;
    let claim = shelf.claims(&due).await.remove(0);
    assert!(shelf.claims(&due).await.is_empty(), "a running one is in somebody's hands");
    assert!(shelf.settles(&claim, retry(SECOND)).await);
    assert!(shelf.claims(&due).await.is_empty(), "one that is to be retried later is not due");
    shelf.clock.moves_on(SECOND);
    let claim = shelf.works_on_one().await;
    assert!(shelf.settles(&claim, done()).await);
    assert!(shelf.claims(&due).await.is_empty(), "a settled one is over");
    shelf.clock.moves_on(LEASE * 10);
    assert!(shelf.publishes().await.is_empty());
}

async fn a_claim_whose_lease_ran_out_cannot_settle_once_another_has_claimed(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    let due = shelf.publishes().await;
    let late = shelf.claims(&due).await.remove(0);
    shelf.clock.moves_on(LEASE);
    // The message comes again, straight from the bus or by way of the outbox.
    let second = shelf.claims(&due).await.remove(0);
    assert!(second.fence > late.fence);
    assert!(!shelf.settles(&late, dead("too late")).await);
    shelf.clock.moves_on(LEASE);
    let third = shelf.works_on_one().await;
    assert!(third.fence > second.fence);
    assert!(!shelf.settles(&second, dead("too late")).await);
    assert!(shelf.settles(&third, done()).await);
    assert_eq!(shelf.handlings_in("done").await, 1);
    assert!(shelf.journal.dead(&all()).await.unwrap().is_empty());
}

async fn what_a_dead_process_worked_on_is_found_again(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1), stock("HAT", 1)], &["stock"]).await;
    let due = shelf.publishes().await;
    let late = shelf.claims(&due[..1]).await.remove(0);
    let shelf = shelf.reopened().await;
    if !shelf.is_file() {
        assert!(shelf.publishes().await.is_empty(), "another process may be at it");
        shelf.clock.moves_on(LEASE);
    }
    let claims = shelf.works().await;
    assert_eq!(claims.len(), 2, "the published one, the running one and its entity's turn");
    assert!(!shelf.settles(&late, dead("from a former life")).await);
    for claim in &claims {
        assert!(shelf.settles(claim, done()).await);
    }
    assert_eq!(shelf.handlings_in("done").await, 2);
}

async fn a_retry_comes_back_after_its_time_and_only_failures_count(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    let claim = shelf.works_on_one().await;
    assert!(shelf.settles(&claim, retry(Duration::from_secs(30))).await);
    shelf.clock.moves_on(Duration::from_secs(29));
    assert!(shelf.publishes().await.is_empty());
    shelf.clock.moves_on(SECOND);
    let claim = shelf.works_on_one().await;
    assert_eq!(claim.failures, 1);
    let throttled = Outcome::Retry { after: SECOND, reason: "the shop asks to wait".into(), counts: false };
    assert!(shelf.settles(&claim, throttled).await);
    shelf.clock.moves_on(SECOND);
    assert_eq!(shelf.works_on_one().await.failures, 1);
}

async fn settling_twice_applies_once(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    let claim = shelf.works_on_one().await;
    let both = ["first", "second"]
        .map(|note| tillbridge::journal::Settlement::of(&claim, Outcome::Done(note.into())))
        .to_vec();
    assert_eq!(shelf.journal.settle(both).await.unwrap().each, [true, false]);
    assert!(!shelf.settles(&claim, dead("again")).await);
    assert_eq!(shelf.handlings_in("done").await, 1);
}

async fn unknown_handlings_are_left_out(shelf: Shelf) {
    assert!(shelf.claims(&[HandlingId(99), HandlingId(-1)]).await.is_empty());
    shelf.journal.unpublish(&[HandlingId(99)], SECOND).await.unwrap();
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    let mut claim = shelf.works_on_one().await;
    claim.handling = HandlingId(claim.handling.0 + 1);
    assert!(!shelf.settles(&claim, done()).await);
    assert!(shelf.claims(&[]).await.is_empty());
    assert!(shelf.journal.settle(vec![]).await.unwrap().each.is_empty());
    assert_eq!(shelf.journal.settle_deliveries(vec![]).await.unwrap(), 0);
    assert!(shelf.journal.take_outbox(0, LEASE).await.unwrap().is_empty());
}

/// So many figures of a channel, all new.
async fn floods(shelf: &Shelf, name: &str, count: i64) {
    let figures = (1..=count).map(|number| stock(&format!("{name}-{number}"), 1)).collect();
    shelf.raises_in(&channel(name), figures, &["stock"]).await;
}

async fn takes(shelf: &Shelf, limit: usize) -> Vec<(String, HandlingId)> {
    let outgoing = shelf.journal.take_outbox(limit, LEASE).await.unwrap();
    let of = |body: &str| Event::from_cloud_event(body).unwrap().channel.to_string();
    outgoing.iter().map(|message| (of(&message.body), message.handling)).collect()
}

fn of_channel(taken: &[(String, HandlingId)], name: &str) -> usize {
    taken.iter().filter(|(channel, _)| channel == name).count()
}

async fn a_flood_of_one_channel_leaves_the_others_their_turns(shelf: Shelf) {
    floods(&shelf, "kiwi", 300).await;
    shelf.clock.moves_on(SECOND);
    floods(&shelf, "tui", 3).await;
    floods(&shelf, "weka", 40).await;
    let taken = takes(&shelf, 30).await;
    let (kiwi, tui, weka) = (of_channel(&taken, "kiwi"), of_channel(&taken, "tui"), of_channel(&taken, "weka"));
    assert_eq!((tui, kiwi + weka), (3, 27));
    assert!((13..=14).contains(&kiwi), "{kiwi}");
    assert!(taken[..kiwi].iter().all(|(channel, _)| channel == "kiwi"), "what is oldest goes first");
    let rest = takes(&shelf, 1_000).await;
    assert_eq!(rest.len(), 300 + 40 - kiwi - weka);
}

async fn a_channel_with_much_on_its_way_gets_no_more_until_some_of_it_is_taken(shelf: Shelf) {
    floods(&shelf, "kiwi", 1_500).await;
    let first = takes(&shelf, 1_000).await;
    assert_eq!(first.len(), 1_000);
    assert!(takes(&shelf, 1_000).await.is_empty(), "enough is on its way");
    // Neither another channel nor another handler waits for it.
    floods(&shelf, "tui", 5).await;
    shelf.raises_in(&channel("kiwi"), vec![cancelled("order:1")], &["audit"]).await;
    let others = takes(&shelf, 1_000).await;
    assert_eq!((of_channel(&others, "tui"), of_channel(&others, "kiwi")), (5, 1));
    let some: Vec<HandlingId> = first[..500].iter().map(|(_, handling)| *handling).collect();
    assert_eq!(shelf.claims(&some).await.len(), 500);
    assert_eq!(takes(&shelf, 1_000).await.len(), 500, "the rest of it");
    // What nobody took is due again when its lease ends.
    shelf.clock.moves_on(LEASE);
    assert!(!takes(&shelf, 2_000).await.is_empty());
}

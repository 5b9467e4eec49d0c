//! One at a time works on an entity.

use std::time::Duration;

use tillbridge::journal::Settlement;

use super::shelf::Shelf;
use super::things::*;

on_both_journals! {
    several_handlings_of_one_entity_go_to_the_same_worker
    an_entity_in_one_workers_hands_is_not_given_to_another
    a_turn_ends_with_the_last_handling_it_was_given_for
    a_turn_whose_holder_vanished_ends_with_its_lease
    a_late_settlement_does_not_end_the_turn_of_another
    an_attempt_that_was_cut_short_is_known_as_such_after_a_turn_or_a_pause
    a_retry_of_the_same_entity_is_not_hurried_by_its_neighbour
    entities_of_two_channels_do_not_meet
}

async fn several_handlings_of_one_entity_go_to_the_same_worker(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1), stock("SHIRT", 2), stock("HAT", 1)], &["stock"]).await;
    assert_eq!(shelf.works().await.len(), 3);
}

async fn an_entity_in_one_workers_hands_is_not_given_to_another(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1), stock("SHIRT", 2)], &["stock"]).await;
    let due = shelf.publishes().await;
    let first = shelf.claims(&due[..1]).await.remove(0);
    assert!(shelf.claims(&due[1..]).await.is_empty());
    assert_eq!(shelf.handlings_in("ready").await, 1, "it waits for its turn as ready");
    assert!(shelf.publishes().await.is_empty(), "and not before a moment has passed");
    assert!(shelf.settles(&first, done()).await);
    let second = shelf.works_on_one().await;
    assert_eq!(second.handling, due[1], "the turn came at once");
    assert_eq!(second.failures, 0, "waiting for a turn is no failure");
}

async fn a_turn_ends_with_the_last_handling_it_was_given_for(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1), stock("SHIRT", 2), stock("SHIRT", 3)], &["stock"]).await;
    let due = shelf.publishes().await;
    let claims = shelf.claims(&due[..2]).await;
    assert!(shelf.claims(&due[2..]).await.is_empty());
    assert!(shelf.settles(&claims[0], done()).await);
    assert!(shelf.publishes().await.is_empty(), "the second is still at work");
    assert!(shelf.settles(&claims[1], retry(Duration::from_secs(3_600))).await);
    assert_eq!(shelf.publishes().await, due[2..]);
}

async fn a_turn_whose_holder_vanished_ends_with_its_lease(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1), stock("SHIRT", 2)], &["stock"]).await;
    let due = shelf.publishes().await;
    assert_eq!(shelf.claims(&due[..1]).await.len(), 1);
    shelf.clock.moves_on(LEASE / 2);
    assert!(shelf.claims(&due[1..]).await.is_empty());
    shelf.clock.moves_on(LEASE / 2);
    assert_eq!(shelf.works().await.len(), 2);
}

async fn a_late_settlement_does_not_end_the_turn_of_another(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1), stock("SHIRT", 2), stock("SHIRT", 3)], &["stock"]).await;
    let due = shelf.publishes().await;
    let slow = shelf.claims(&due[..1]).await.remove(0);
    shelf.clock.moves_on(NEARLY_A_LEASE);
    assert!(shelf.claims(&due[1..]).await.is_empty());
    shelf.clock.moves_on(SECOND);
    // The first worker's lease is over; the second handling comes round again and gets the turn.
    let outgoing = shelf.publishes().await;
    assert!(outgoing.contains(&due[1]));
    let second = shelf.claims(&due[1..2]).await.remove(0);
    shelf.settles(&slow, done()).await;
    assert!(shelf.claims(&due[2..]).await.is_empty(), "the second worker still has the turn");
    assert!(shelf.settles(&second, done()).await);
    assert!(shelf.publishes().await.contains(&due[2]));
}

async fn an_attempt_that_was_cut_short_is_known_as_such_after_a_turn_or_a_pause(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1), stock("SHIRT", 2)], &["stock"]).await;
    let due = shelf.publishes().await;
    assert_eq!(shelf.claims(&due).await.len(), 2);
    shelf.clock.moves_on(LEASE);
    // Their worker is gone, and the bus hands both messages to others.
    let first = shelf.claims(&due[..1]).await.remove(0);
    assert!(first.interrupted);
    assert!(shelf.claims(&due[1..]).await.is_empty(), "the entity is in other hands");
    assert!(shelf.settles(&first, done()).await);
    let second = shelf.works_on_one().await;
    assert!(second.interrupted, "what the first worker wrote of it is not known");

    shelf.clock.moves_on(LEASE);
    shelf.journal.pause(&kiwi(), "a pause").await.unwrap();
    assert!(shelf.claims(&due[1..]).await.is_empty(), "the channel is paused");
    assert!(shelf.journal.resume(&kiwi()).await.unwrap());
    assert!(shelf.works_on_one().await.interrupted);
}

async fn a_retry_of_the_same_entity_is_not_hurried_by_its_neighbour(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1), stock("SHIRT", 2)], &["stock"]).await;
    let claims = shelf.works().await;
    let settlements =
        vec![Settlement::of(&claims[0], retry(Duration::from_secs(60))), Settlement::of(&claims[1], done())];
    assert_eq!(shelf.journal.settle(settlements).await.unwrap().each, [true, true]);
    shelf.clock.moves_on(Duration::from_secs(59));
    assert!(shelf.publishes().await.is_empty());
    shelf.clock.moves_on(SECOND);
    assert_eq!(shelf.publishes().await, [claims[0].handling]);
}

async fn entities_of_two_channels_do_not_meet(shelf: Shelf) {
    shelf.raises_in(&channel("kiwi"), vec![stock("SHIRT", 1)], &["stock"]).await;
    shelf.raises_in(&channel("weka"), vec![stock("SHIRT", 1)], &["stock"]).await;
    let due = shelf.publishes().await;
    assert_eq!(shelf.claims(&due[..1]).await.len(), 1);
    assert_eq!(shelf.claims(&due[1..]).await.len(), 1);
}

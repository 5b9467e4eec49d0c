//! Normalising: deliveries are taken under a lease and end with a reason.

use tillbridge::journal::{DeliverySettlement, Raised, Verdict};

use super::shelf::Shelf;
use super::things::*;

on_both_journals! {
    where_deliveries_come_from_takes_turns
    deliveries_are_taken_oldest_first_and_once
    a_delivery_whose_lease_ran_out_is_taken_again_and_the_late_one_is_refused
    what_a_dead_process_had_taken_is_found_again
    a_delivery_that_ends_its_normaliser_each_time_is_set_aside
    a_delivery_ends_as_handled_ignored_or_rejected_with_its_reason
    a_fact_known_before_raises_nothing_and_is_kept_as_ignored
    one_fact_in_two_deliveries_of_a_batch_is_raised_once
    a_delivery_settled_twice_in_one_batch_is_settled_once
}

async fn deliveries_are_taken_oldest_first_and_once(shelf: Shelf) {
    for key in ["a", "b", "c"] {
        shelf.receives(key).await;
        shelf.clock.moves_on(SECOND);
    }
    let first = shelf.journal.take_deliveries(2, LEASE).await.unwrap();
    let keys: Vec<_> = first.iter().map(|taken| taken.delivery.content.dedupe_key.as_str()).collect();
    assert_eq!(keys, ["a", "b"]);
    assert!(first.iter().all(|taken| taken.attempt == 1));
    let rest = shelf.journal.take_deliveries(2, LEASE).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].delivery.content.dedupe_key, "c");
    assert!(shelf.journal.take_deliveries(2, LEASE).await.unwrap().is_empty());
}

async fn a_delivery_whose_lease_ran_out_is_taken_again_and_the_late_one_is_refused(shelf: Shelf) {
    let id = shelf.receives("a").await;
    let late = shelf.journal.take_deliveries(1, LEASE).await.unwrap().remove(0);
    shelf.clock.moves_on(LEASE);
    let second = shelf.journal.take_deliveries(1, LEASE).await.unwrap().remove(0);
    assert_eq!((second.attempt, second.delivery.id), (2, id));
    assert!(second.fence > late.fence);

    let raised = Raised { event: event(&kiwi(), id, stock("SHIRT", 1)), handlers: vec![handler("stock")] };
    let settle = |fence, verdict| {
        shelf.journal.settle_deliveries(vec![DeliverySettlement { id, fence, verdict, demand: vec![] }])
    };
    assert_eq!(settle(late.fence, Verdict::Handled(vec![raised.clone()])).await.unwrap(), 0);
    assert!(shelf.journal.events(&all()).await.unwrap().is_empty());
    assert_eq!(settle(second.fence, Verdict::Handled(vec![raised])).await.unwrap(), 1);
    assert_eq!(settle(second.fence, Verdict::Rejected("too late".into())).await.unwrap(), 0);
    let trace = shelf.journal.trace(id.0).await.unwrap().unwrap();
    assert_eq!(trace.delivery.state, "handled");
}

async fn what_a_dead_process_had_taken_is_found_again(shelf: Shelf) {
    let id = shelf.receives("a").await;
    shelf.journal.take_deliveries(1, LEASE).await.unwrap();
    let shelf = shelf.reopened().await;
    if !shelf.is_file() {
        assert!(shelf.journal.take_deliveries(1, LEASE).await.unwrap().is_empty(), "another process may be at it");
        shelf.clock.moves_on(LEASE);
    }
    assert_eq!(shelf.journal.take_deliveries(1, LEASE).await.unwrap()[0].delivery.id, id);
}

async fn a_delivery_that_ends_its_normaliser_each_time_is_set_aside(shelf: Shelf) {
    let id = shelf.receives("poison").await;
    for attempt in 1..=15 {
        assert_eq!(shelf.journal.take_deliveries(1, LEASE).await.unwrap()[0].attempt, attempt);
        shelf.clock.moves_on(LEASE);
    }
    assert!(shelf.journal.take_deliveries(1, LEASE).await.unwrap().is_empty());
    let dead = shelf.journal.dead(&all()).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].id, format!("d{id}"));
    assert!(dead[0].reason.contains("taken 15 times"), "{}", dead[0].reason);
    assert_eq!(shelf.journal.counts().await.unwrap().deliveries, [("rejected".to_owned(), 1)].into());
}

async fn a_delivery_ends_as_handled_ignored_or_rejected_with_its_reason(shelf: Shelf) {
    let ignored = shelf.receives("echo").await;
    shelf.settles_delivery(ignored, Verdict::Ignored("an echo of our own write".into())).await;
    let rejected = shelf.receives("garbage").await;
    shelf.settles_delivery(rejected, Verdict::Rejected("it is not JSON".into())).await;
    let handled = shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    for (id, state, reason) in [
        (ignored, "ignored", "an echo of our own write"),
        (rejected, "rejected", "it is not JSON"),
        (handled, "handled", ""),
    ] {
        let trace = shelf.journal.trace(id.0).await.unwrap().unwrap();
        assert_eq!((trace.delivery.state.as_str(), trace.delivery.reason.as_str()), (state, reason));
    }
    shelf.clock.moves_on(LEASE * 10);
    assert!(shelf.journal.take_deliveries(10, LEASE).await.unwrap().is_empty(), "what ended does not come again");
    let dead = shelf.journal.dead(&all()).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(
        (dead[0].channel.as_str(), dead[0].handler.as_str(), dead[0].about.as_str()),
        ("office/kiwi", "normalise", "stock")
    );
    assert!(!dead[0].action.is_empty());
}

async fn a_fact_known_before_raises_nothing_and_is_kept_as_ignored(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1), stock("SHIRT", 2)], &["stock"]).await;
    let again = shelf.raises(vec![stock("SHIRT", 2), stock("SHIRT", 1)], &["stock", "price"]).await;
    let trace = shelf.journal.trace(again.0).await.unwrap().unwrap();
    assert_eq!(trace.delivery.state, "ignored");
    assert!(trace.delivery.reason.contains("known before") && trace.delivery.reason.contains("SHIRT#2"));
    assert!(trace.events.is_empty());
    let partly = shelf.raises(vec![stock("SHIRT", 2), stock("SHIRT", 3)], &["stock"]).await;
    let trace = shelf.journal.trace(partly.0).await.unwrap().unwrap();
    assert_eq!((trace.delivery.state.as_str(), trace.events.len()), ("handled", 1));
    // The same words in another channel are another fact.
    let elsewhere = shelf.raises_in(&channel("weka"), vec![stock("SHIRT", 1)], &["stock"]).await;
    assert_eq!(shelf.journal.trace(elsewhere.0).await.unwrap().unwrap().delivery.state, "handled");
    assert_eq!(shelf.handlings_in("ready").await, 4);
}

async fn one_fact_in_two_deliveries_of_a_batch_is_raised_once(shelf: Shelf) {
    shelf.journal.append_polled(page(None, "stock", &["a", "b"])).await.unwrap();
    let taken = shelf.journal.take_deliveries(2, LEASE).await.unwrap();
    let settlements = taken
        .iter()
        .map(|taken| DeliverySettlement {
            id: taken.delivery.id,
            fence: taken.fence,
            demand: vec![],
            verdict: Verdict::Handled(vec![Raised {
                event: event(&kiwi(), taken.delivery.id, stock("SHIRT", 1)),
                handlers: vec![handler("stock"), handler("stock")],
            }]),
        })
        .collect();
    assert_eq!(shelf.journal.settle_deliveries(settlements).await.unwrap(), 1);
    let counts = shelf.journal.counts().await.unwrap();
    assert_eq!(counts.deliveries, [("handled".to_owned(), 1), ("ignored".to_owned(), 1)].into());
    assert_eq!(counts.handlings_in("ready"), 1);
}

async fn a_delivery_settled_twice_in_one_batch_is_settled_once(shelf: Shelf) {
    let id = shelf.receives("a").await;
    let fence = shelf.journal.take_deliveries(1, LEASE).await.unwrap()[0].fence;
    let settlement = |version| DeliverySettlement {
        id,
        fence,
        demand: vec![],
        verdict: Verdict::Handled(vec![Raised {
            event: event(&kiwi(), id, stock("SHIRT", version)),
            handlers: vec![],
        }]),
    };
    assert_eq!(shelf.journal.settle_deliveries(vec![settlement(1), settlement(2)]).await.unwrap(), 1);
    let trace = shelf.journal.trace(id.0).await.unwrap().unwrap();
    assert_eq!(trace.events.len(), 1);
    assert_eq!(shelf.journal.counts().await.unwrap().deliveries["handled"], 1);
}

async fn where_deliveries_come_from_takes_turns(shelf: Shelf) {
    let keys: Vec<String> = (0..50).map(|number| format!("record-{number}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    shelf.journal.append_polled(page(None, "flood", &keys)).await.unwrap();
    shelf.clock.moves_on(SECOND);
    let call = id_of(shelf.journal.append(signed("webhook-1", None, b"{}")).await.unwrap());
    let taken = shelf.journal.take_deliveries(10, LEASE).await.unwrap();
    assert_eq!(taken.len(), 10);
    assert_eq!(taken[9].delivery.id, call, "the youngest, and yet among the first");
    assert_eq!(shelf.journal.take_deliveries(100, LEASE).await.unwrap().len(), 41);
}

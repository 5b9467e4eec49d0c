//! Circuits: they open once, one caller at a time looks, and what they held goes on when they close.

use std::time::Duration;

use tillbridge::domain::Side;
use tillbridge::journal::{Outcome, Settlement, Way};

use super::shelf::Shelf;
use super::things::*;

on_both_journals! {
    a_circuit_opens_once_and_closes_once
    one_caller_at_a_time_looks_and_waits_grow
    what_is_held_counts_no_attempt_and_goes_on_when_it_is_let
    what_begins_to_be_held_by_a_closed_circuit_is_tried_again_in_a_moment
    what_goes_on_is_chosen_by_handler_and_number
    holding_and_closing_at_once_forget_nothing
}

const STOREFRONT: Way = Way::Side(Side::Storefront);

fn held() -> Outcome {
    Outcome::Held { way: STOREFRONT, reason: "the shop answers nobody".into() }
}

async fn a_circuit_opens_once_and_closes_once(shelf: Shelf) {
    let journal = shelf.journal.as_ref();
    assert!(journal.open_circuit(&kiwi(), &STOREFRONT, "503").await.unwrap());
    shelf.clock.moves_on(SECOND);
    assert!(!journal.open_circuit(&kiwi(), &STOREFRONT, "504").await.unwrap());
    assert!(journal.open_circuit(&channel("tui"), &Way::Handler(handler("invoice")), "read-only").await.unwrap());
    let open = journal.circuits().await.unwrap();
    let told: Vec<_> = open.iter().map(|one| (one.channel.as_str(), one.way.as_str(), one.reason.as_str())).collect();
    assert_eq!(told, [("kiwi", "storefront", "503"), ("tui", "invoice", "read-only")]);
    assert_eq!(open[0].opened_at, shelf.clock.now() - SECOND);
    let counts = journal.counts().await.unwrap();
    assert_eq!(
        counts.held.into_iter().collect::<Vec<_>>(),
        [("kiwi storefront".to_owned(), "503".to_owned()), ("tui invoice".to_owned(), "read-only".to_owned()),]
    );
    assert!(journal.close_circuit(&kiwi(), &STOREFRONT).await.unwrap());
    assert!(!journal.close_circuit(&kiwi(), &STOREFRONT).await.unwrap());
    assert_eq!(journal.circuits().await.unwrap().len(), 1);
}

async fn one_caller_at_a_time_looks_and_waits_grow(shelf: Shelf) {
    let journal = shelf.journal.as_ref();
    assert!(!journal.take_look(&kiwi(), &STOREFRONT).await.unwrap(), "it is closed");
    journal.open_circuit(&kiwi(), &STOREFRONT, "503").await.unwrap();
    assert!(!journal.take_look(&kiwi(), &STOREFRONT).await.unwrap(), "its time has not come");
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        shelf.clock.moves_on(Duration::from_millis(wait * 1_000 - 1));
        assert!(!journal.take_look(&kiwi(), &STOREFRONT).await.unwrap(), "before {wait} s");
        shelf.clock.moves_on(Duration::from_millis(1));
        let kiwi = kiwi();
        let looks = futures::future::join_all((0..8).map(|_| journal.take_look(&kiwi, &STOREFRONT))).await;
        assert_eq!(looks.into_iter().filter(|look| *look.as_ref().unwrap()).count(), 1, "after {wait} s");
    }
}

async fn what_is_held_counts_no_attempt_and_goes_on_when_it_is_let(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    shelf.journal.open_circuit(&kiwi(), &STOREFRONT, "503").await.unwrap();
    let claim = shelf.works_on_one().await;
    assert!(shelf.settles(&claim, held()).await);
    shelf.clock.moves_on(Duration::from_secs(599));
    assert!(shelf.publishes().await.is_empty(), "it rests");
    assert_eq!(shelf.journal.counts().await.unwrap().unfinished(), 1, "and is not forgotten");
    shelf.journal.close_circuit(&kiwi(), &STOREFRONT).await.unwrap();
    assert_eq!(shelf.journal.go_on(&channel("tui"), None, 10).await.unwrap(), 0, "another channel's");
    assert_eq!(shelf.journal.go_on(&kiwi(), None, 10).await.unwrap(), 1);
    let again = shelf.works_on_one().await;
    assert_eq!((again.handling, again.failures, again.interrupted), (claim.handling, 0, false));
    // Whoever forgets to close leaves it to a look of its own.
    shelf.journal.open_circuit(&kiwi(), &STOREFRONT, "503").await.unwrap();
    assert!(shelf.settles(&again, held()).await);
    shelf.clock.moves_on(Duration::from_secs(600));
    assert_eq!(shelf.works().await.len(), 1);
}

async fn what_begins_to_be_held_by_a_closed_circuit_is_tried_again_in_a_moment(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    let claim = shelf.works_on_one().await;
    assert!(shelf.settles(&claim, held()).await);
    shelf.clock.moves_on(SECOND);
    assert_eq!(shelf.works_on_one().await.failures, 0);
}

async fn what_goes_on_is_chosen_by_handler_and_number(shelf: Shelf) {
    shelf.journal.open_circuit(&kiwi(), &STOREFRONT, "503").await.unwrap();
    for sku in ["A", "B", "C"] {
        shelf.raises(vec![stock(sku, 1)], &["stock", "audit"]).await;
        for claim in shelf.works().await {
            assert!(shelf.settles(&claim, held()).await);
        }
        shelf.clock.moves_on(SECOND);
    }
    assert_eq!(shelf.journal.go_on(&kiwi(), Some(&handler("audit")), 1).await.unwrap(), 1);
    let first = shelf.works_on_one().await;
    assert_eq!(first.event.draft.entity, "A", "what has rested longest");
    assert_eq!(shelf.journal.go_on(&kiwi(), Some(&handler("audit")), 10).await.unwrap(), 2);
    assert_eq!(shelf.works().await.len(), 2);
    assert_eq!(shelf.journal.go_on(&kiwi(), None, 2).await.unwrap(), 2);
    assert_eq!(shelf.journal.go_on(&kiwi(), None, 2).await.unwrap(), 1);
    assert_eq!(shelf.publishes().await.len(), 3);
}

/// Whichever comes first: nothing rests for long once the circuit has closed.
async fn holding_and_closing_at_once_forget_nothing(shelf: Shelf) {
    let journal = shelf.journal.as_ref();
    for round in 0..10 {
        journal.open_circuit(&kiwi(), &STOREFRONT, "503").await.unwrap();
        let sku = format!("SKU-{round}");
        shelf.raises((1..=20).map(|version| stock(&format!("{sku}-{version}"), version)).collect(), &["stock"]).await;
        let claims = shelf.works().await;
        assert_eq!(claims.len(), 20);
        let holding = claims.iter().map(|claim| journal.settle(vec![Settlement::of(claim, held())]));
        let closing = async {
            journal.close_circuit(&kiwi(), &STOREFRONT).await.unwrap();
            journal.go_on(&kiwi(), None, 1_000).await.unwrap()
        };
        let (held, _) = tokio::join!(futures::future::join_all(holding), closing);
        assert!(held.into_iter().all(|applied| applied.unwrap().each == [true]));
        shelf.clock.moves_on(SECOND);
        let claims = shelf.works().await;
        assert_eq!(claims.len(), 20, "round {round}");
        for claim in claims {
            assert!(shelf.settles(&claim, done()).await);
        }
    }
}

//! Cross-references: found both ways, awaited, and never stolen.

use std::time::Duration;

use tillbridge::journal::{Effect, Link, LinkKind, Settlement, Written};

use super::shelf::Shelf;
use super::things::*;

on_both_journals! {
    links_are_found_both_ways_in_the_order_asked
    a_known_key_takes_a_new_id
    a_wait_ends_when_its_link_comes
    a_wait_for_a_link_that_is_there_ends_at_once
    a_wait_ends_with_a_link_of_the_same_batch
    a_wait_that_nobody_ends_looks_again
    a_wait_and_its_link_at_the_same_moment_do_not_miss_each_other
    an_id_that_belongs_to_another_key_sets_one_settlement_aside_and_keeps_its_neighbours
}

fn keeping(claim: &tillbridge::journal::Claim, links: Vec<Link>) -> Settlement {
    Settlement { links, ..Settlement::of(claim, done()) }
}

async fn links_are_found_both_ways_in_the_order_asked(shelf: Shelf) {
    shelf.raises(vec![cancelled("order:1")], &["invoice"]).await;
    let claim = shelf.works_on_one().await;
    let links = (0..700).map(|n| invoice_link(&format!("order:{n}"), &format!("INV-{n}"))).collect();
    assert!(shelf.keeps(keeping(&claim, links)).await);

    let keys: Vec<_> = (0..900).rev().map(|n| format!("order:{n}")).collect();
    let found = shelf.journal.links(&kiwi(), LinkKind::Invoice, &keys).await.unwrap();
    let expected: Vec<_> = (0..900).rev().map(|n| (n < 700).then(|| format!("INV-{n}"))).collect();
    assert_eq!(found, expected);
    let others = ["INV-3", "INV-none", "INV-3"].map(str::to_owned);
    let back = shelf.journal.links_back(&kiwi(), LinkKind::Invoice, &others).await.unwrap();
    assert_eq!(back, [Some("order:3".to_owned()), None, Some("order:3".to_owned())]);

    let key = ["order:3".to_owned()];
    assert_eq!(shelf.journal.links(&kiwi(), LinkKind::CreditNote, &key).await.unwrap(), [None]);
    assert_eq!(shelf.journal.links(&channel("weka"), LinkKind::Invoice, &key).await.unwrap(), [None]);
    assert!(shelf.journal.links(&kiwi(), LinkKind::Invoice, &[]).await.unwrap().is_empty());
}

async fn a_known_key_takes_a_new_id(shelf: Shelf) {
    shelf.raises(vec![stock("A", 1), stock("B", 1)], &["product"]).await;
    let claims = shelf.works().await;
    let variant = |key: &str, other: &str| Link { kind: LinkKind::Variant, key: key.into(), other: other.into() };
    assert!(shelf.keeps(keeping(&claims[0], vec![variant("A", "1")])).await);
    // The shop deleted variant 1 and made 2; later it gives 1 to another SKU, in the same settlement.
    assert!(shelf.keeps(keeping(&claims[1], vec![variant("A", "2"), variant("B", "1")])).await);
    let keys = ["A", "B"].map(str::to_owned);
    let found = shelf.journal.links(&kiwi(), LinkKind::Variant, &keys).await.unwrap();
    assert_eq!(found, [Some("2".to_owned()), Some("1".to_owned())]);
    let others = ["1", "2"].map(str::to_owned);
    let back = shelf.journal.links_back(&kiwi(), LinkKind::Variant, &others).await.unwrap();
    assert_eq!(back, [Some("B".to_owned()), Some("A".to_owned())]);
}

async fn a_wait_ends_when_its_link_comes(shelf: Shelf) {
    shelf.raises(vec![cancelled("order:1"), cancelled("refund:1"), cancelled("refund:2")], &["invoice"]).await;
    let claims = shelf.works().await;
    assert!(shelf.settles(&claims[1], wait_for_invoice("order:1")).await);
    assert!(shelf.settles(&claims[2], wait_for_invoice("order:2")).await);
    let counts = shelf.journal.counts().await.unwrap();
    assert_eq!((counts.handlings_in("waiting"), counts.unfinished()), (2, 1), "waiting is not unfinished work");
    assert!(shelf.publishes().await.is_empty());
    assert!(shelf.keeps(keeping(&claims[0], vec![invoice_link("order:1", "INV-1")])).await);
    let claim = shelf.works_on_one().await;
    assert_eq!((claim.handling, claim.failures), (claims[1].handling, 0));
    assert_eq!(shelf.handlings_in("waiting").await, 1);
}

async fn a_wait_for_a_link_that_is_there_ends_at_once(shelf: Shelf) {
    shelf.raises(vec![cancelled("order:1"), cancelled("refund:1")], &["invoice"]).await;
    let claims = shelf.works().await;
    assert!(shelf.keeps(keeping(&claims[0], vec![invoice_link("order:1", "INV-1")])).await);
    assert!(shelf.settles(&claims[1], wait_for_invoice("order:1")).await);
    assert_eq!(shelf.works_on_one().await.handling, claims[1].handling);
}

async fn a_wait_ends_with_a_link_of_the_same_batch(shelf: Shelf) {
    shelf.raises(vec![cancelled("order:1"), cancelled("refund:1")], &["invoice"]).await;
    let claims = shelf.works().await;
    let batch = vec![
        Settlement::of(&claims[1], wait_for_invoice("order:1")),
        keeping(&claims[0], vec![invoice_link("order:1", "INV-1")]),
    ];
    assert_eq!(shelf.journal.settle(batch).await.unwrap().each, [true, true]);
    assert_eq!(shelf.publishes().await, [claims[1].handling]);
}

async fn a_wait_that_nobody_ends_looks_again(shelf: Shelf) {
    shelf.raises(vec![cancelled("refund:1")], &["invoice"]).await;
    let claim = shelf.works_on_one().await;
    assert!(shelf.settles(&claim, wait_for_invoice("order:1")).await);
    shelf.clock.moves_on(Duration::from_secs(599));
    assert!(shelf.publishes().await.is_empty());
    shelf.clock.moves_on(SECOND);
    assert_eq!(shelf.publishes().await, [claim.handling]);
}

async fn a_wait_and_its_link_at_the_same_moment_do_not_miss_each_other(shelf: Shelf) {
    for round in 0..60 {
        let (order, refund) = (format!("order:{round}"), format!("refund:{round}"));
        shelf.raises(vec![cancelled(&order), cancelled(&refund)], &["invoice"]).await;
        let claims = shelf.works().await;
        // Every third brings so many besides that they are not locked one by one.
        let besides = if round % 3 == 0 { 300 } else { 0 };
        let others = (0..besides).map(|n| invoice_link(&format!("{order}/{n}"), &format!("INV-{round}/{n}")));
        let links = std::iter::once(invoice_link(&order, &format!("INV-{round}"))).chain(others);
        let link = keeping(&claims[0], links.collect());
        let wait = Settlement::of(&claims[1], wait_for_invoice(&order));
        let (one, other) = (shelf.journal.clone(), shelf.journal.clone());
        let (brought, begun) = tokio::join!(
            tokio::spawn(async move { one.settle(vec![link]).await }),
            tokio::spawn(async move { other.settle(vec![wait]).await }),
        );
        assert_eq!((brought.unwrap().unwrap().each, begun.unwrap().unwrap().each), (vec![true], vec![true]));
        let woken = shelf.works_on_one().await;
        assert_eq!(woken.handling, claims[1].handling, "round {round}");
        assert!(shelf.settles(&woken, done()).await);
    }
}

async fn an_id_that_belongs_to_another_key_sets_one_settlement_aside_and_keeps_its_neighbours(shelf: Shelf) {
    shelf.raises((1..=4).map(|n| cancelled(&format!("order:{n}"))).collect(), &["invoice"]).await;
    let claims = shelf.works().await;
    assert!(shelf.keeps(keeping(&claims[0], vec![invoice_link("order:1", "INV-1")])).await);
    let mut thief = keeping(&claims[1], vec![invoice_link("order:2", "INV-2"), invoice_link("order:9", "INV-1")]);
    thief.written =
        vec![Written { entity: "order:2".into(), version: claims[1].event.draft.version, value: "x".into() }];
    thief.effects = vec![Effect { key: "invoice order:2".into(), kind: "invoice", result: "INV-2".into() }];
    let neighbour = keeping(&claims[2], vec![invoice_link("order:3", "INV-3")]);
    let second_thief = keeping(&claims[3], vec![invoice_link("order:4", "INV-3")]);
    assert_eq!(shelf.journal.settle(vec![thief, neighbour, second_thief]).await.unwrap().each, [true, true, true]);

    let keys = ["order:1", "order:2", "order:3", "order:4", "order:9"].map(str::to_owned);
    let found = shelf.journal.links(&kiwi(), LinkKind::Invoice, &keys).await.unwrap();
    assert_eq!(found, [Some("INV-1".to_owned()), None, Some("INV-3".to_owned()), None, None]);
    assert_eq!(shelf.journal.written(&kiwi(), &["order:2".to_owned()]).await.unwrap(), [None]);
    let dead = shelf.journal.dead(&all()).await.unwrap();
    let named: Vec<_> = dead.iter().map(|letter| letter.id.clone()).collect();
    assert_eq!(named, [claims[1].handling, claims[3].handling].map(|handling| format!("h{}", handling.0)));
    assert!(dead[0].reason.contains("`INV-1` already belongs to `order:1`"), "{}", dead[0].reason);
    assert!(!dead[0].action.is_empty());
    let counts = shelf.journal.counts().await.unwrap();
    assert_eq!((counts.handlings_in("done"), counts.handlings_in("dead"), counts.effects.len()), (2, 2, 0));
}

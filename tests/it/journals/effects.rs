//! The effect ledger and what was last written.

use tillbridge::domain::{HandlingId, Version};
use tillbridge::journal::{Effect, Intent, Settlement, Standing, Written};

use super::shelf::Shelf;
use super::things::*;

on_both_journals! {
    an_effect_is_fresh_then_in_doubt_then_done
    the_first_plan_stands_until_the_effect_is_done
    an_intent_survives_the_end_of_the_process
    intents_of_two_channels_do_not_meet
    one_key_twice_in_a_batch_is_fresh_once
    what_was_written_never_goes_back_in_version
    effects_are_counted_once_and_told_in_the_trace
}

fn intent(key: &str) -> Intent {
    let (order, pieces) = (String::new(), vec![]);
    Intent { key: key.into(), handling: HandlingId(1), channel: kiwi(), plan: None, order, pieces }
}

fn in_doubt(plan: Option<&str>) -> Standing {
    Standing::InDoubt { plan: plan.map(str::to_owned) }
}

async fn an_effect_is_fresh_then_in_doubt_then_done(shelf: Shelf) {
    shelf.raises(vec![cancelled("order:1")], &["invoice"]).await;
    let claim = shelf.works_on_one().await;
    let intend = || shelf.journal.intend(vec![intent("invoice order:1"), intent("invoice order:2")]);
    assert_eq!(intend().await.unwrap(), [Standing::Fresh, Standing::Fresh]);
    assert_eq!(intend().await.unwrap(), [in_doubt(None), in_doubt(None)]);
    let mut settlement = Settlement::of(&claim, done());
    settlement.effects = vec![Effect { key: "invoice order:1".into(), kind: "invoice", result: "INV-1".into() }];
    assert!(shelf.keeps(settlement).await);
    assert_eq!(intend().await.unwrap(), [Standing::Done("INV-1".into()), in_doubt(None)]);
}

async fn the_first_plan_stands_until_the_effect_is_done(shelf: Shelf) {
    shelf.raises(vec![cancelled("order:1")], &["invoice"]).await;
    let claim = shelf.works_on_one().await;
    let planned = |plan: &str| Intent { plan: Some(plan.to_owned()), ..intent("invoice order:1") };
    assert_eq!(shelf.journal.intend(vec![planned("three shirts")]).await.unwrap(), [Standing::Fresh]);
    let again = shelf.journal.intend(vec![planned("four shirts")]).await.unwrap();
    assert_eq!(again, [in_doubt(Some("three shirts"))]);
    let keys = ["invoice order:2", "invoice order:1"].map(str::to_owned);
    let plans = shelf.journal.in_doubt(&kiwi(), &keys).await.unwrap();
    assert_eq!(plans, [None, Some("three shirts".to_owned())]);
    assert_eq!(shelf.journal.in_doubt(&channel("weka"), &keys).await.unwrap(), [None, None]);
    let mut settlement = Settlement::of(&claim, done());
    settlement.effects = vec![Effect { key: "invoice order:1".into(), kind: "invoice", result: "INV-1".into() }];
    assert!(shelf.keeps(settlement).await);
    assert_eq!(shelf.journal.in_doubt(&kiwi(), &keys).await.unwrap(), [None, None], "what is done is not in doubt");
    let standing = shelf.journal.intend(vec![planned("five shirts")]).await.unwrap();
    assert_eq!(standing, [Standing::Done("INV-1".into())]);
}

async fn an_intent_survives_the_end_of_the_process(shelf: Shelf) {
    assert_eq!(shelf.journal.intend(vec![intent("invoice order:1")]).await.unwrap(), [Standing::Fresh]);
    let shelf = shelf.reopened().await;
    assert_eq!(shelf.journal.intend(vec![intent("invoice order:1")]).await.unwrap(), [in_doubt(None)]);
}

async fn intents_of_two_channels_do_not_meet(shelf: Shelf) {
    let elsewhere = Intent { channel: channel("weka"), ..intent("invoice order:1") };
    let standing = shelf.journal.intend(vec![intent("invoice order:1"), elsewhere]).await.unwrap();
    assert_eq!(standing, [Standing::Fresh, Standing::Fresh]);
    assert!(shelf.journal.intend(vec![]).await.unwrap().is_empty());
}

async fn one_key_twice_in_a_batch_is_fresh_once(shelf: Shelf) {
    let standing = shelf.journal.intend(vec![intent("b"), intent("a"), intent("b")]).await.unwrap();
    assert_eq!(standing, [Standing::Fresh, Standing::Fresh, in_doubt(None)]);
}

async fn what_was_written_never_goes_back_in_version(shelf: Shelf) {
    let entities = ["SHIRT", "HAT", "none"].map(str::to_owned);
    let written = |entity: &str, version, value: &str| Written {
        entity: entity.into(),
        version: Version(version),
        value: value.into(),
    };
    let mut next = 0;
    let mut versions = vec![];
    for (version, value) in [(5, "five"), (4, "four"), (5, "five again"), (-1, "minus one"), (7, "seven")] {
        next += 1;
        shelf.raises(vec![stock("SHIRT", next)], &["stock"]).await;
        let claim = shelf.works_on_one().await;
        let mut settlement = Settlement::of(&claim, done());
        settlement.written = vec![written("SHIRT", version, value)];
        assert!(shelf.keeps(settlement).await);
        let known = shelf.journal.written(&kiwi(), &entities).await.unwrap();
        versions.push(known[0].clone().unwrap().value);
        assert_eq!(known[1..], [None, None]);
    }
    assert_eq!(versions, ["five", "five", "five again", "five again", "seven"]);

    // Within one settlement and one batch as well.
    shelf.raises(vec![stock("SHIRT", 100), stock("HAT", 1)], &["stock"]).await;
    let claims = shelf.works().await;
    let mut one = Settlement::of(&claims[0], done());
    one.written = vec![written("SHIRT", 9, "nine"), written("SHIRT", 8, "eight"), written("HAT", 3, "three")];
    let mut other = Settlement::of(&claims[1], done());
    other.written = vec![written("SHIRT", 6, "six"), written("HAT", 4, "four")];
    shelf.journal.settle(vec![one, other]).await.unwrap();
    let known = shelf.journal.written(&kiwi(), &entities).await.unwrap();
    assert_eq!(known, [Some(written("SHIRT", 9, "nine")), Some(written("HAT", 4, "four")), None]);
    assert_eq!(shelf.journal.written(&channel("weka"), &entities).await.unwrap(), [None, None, None]);
}

async fn effects_are_counted_once_and_told_in_the_trace(shelf: Shelf) {
    let delivery = shelf.raises(vec![cancelled("order:1"), cancelled("order:2")], &["invoice"]).await;
    let claims = shelf.works().await;
    let keeps = |claim, key: &str| {
        let mut settlement = Settlement::of(claim, done());
        settlement.effects = vec![Effect { key: key.into(), kind: "invoice", result: "INV-1".into() }];
        settlement
    };
    let intent = Intent { key: "invoice order:1".into(), handling: claims[0].handling, ..intent("") };
    shelf.journal.intend(vec![intent]).await.unwrap();
    let told = |trace: &tillbridge::journal::Trace| {
        trace
            .events
            .iter()
            .flat_map(|event| &event.handlings)
            .flat_map(|handling| handling.effects.clone())
            .collect::<Vec<_>>()
    };
    let before = shelf.journal.trace(delivery.0).await.unwrap().unwrap();
    assert_eq!(told(&before), ["invoice order:1 → intended, outcome not known yet"]);
    assert!(shelf.keeps(keeps(&claims[0], "invoice order:1")).await);
    assert!(shelf.keeps(keeps(&claims[1], "invoice order:1")).await);
    let after = shelf.journal.trace(delivery.0).await.unwrap().unwrap();
    assert_eq!(told(&after), ["invoice invoice order:1 → INV-1"]);
    assert_eq!(shelf.journal.counts().await.unwrap().effects, [("invoice".to_owned(), 1)].into());
}

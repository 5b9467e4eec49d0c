//! Dead letters that are corrected, found by what they say, and tried again by themselves.

use std::time::Duration;

use tillbridge::domain::PrivacyWish;
use tillbridge::journal::{Edited, Lack, LinkKind, NewPrivacyRecord, Old, Outcome, Selection, Settlement, Verdict};

use super::shelf::Shelf;
use super::things::*;

on_both_journals! {
    a_corrected_delivery_is_read_again_and_what_it_said_before_is_kept
    of_a_corrected_event_only_the_data_may_differ
    what_was_said_before_goes_with_age_and_with_an_erasure
    dead_letters_are_found_by_what_they_say
    a_dead_letter_is_ready_when_what_it_lacks_comes
    a_dead_letter_that_lacks_a_mapping_is_tried_at_each_start
}

async fn a_corrected_delivery_is_read_again_and_what_it_said_before_is_kept(shelf: Shelf) {
    let delivery = shelf.receives("a").await;
    shelf.settles_delivery(delivery, Verdict::Rejected("an unknown currency".into())).await;
    let id = format!("d{delivery}");
    let before = shelf.journal.letter(&id).await.unwrap().unwrap();
    assert_eq!(before, br#"{"record":"a"}"#);
    assert_eq!(shelf.journal.edit_dead(&id, b"{}", "ana", "the currency was missing").await.unwrap(), Edited::Done);
    let taken = shelf.journal.take_deliveries(10, LEASE).await.unwrap();
    assert_eq!((taken[0].delivery.id, &taken[0].delivery.content.body[..]), (delivery, &b"{}"[..]));
    assert!(shelf.journal.letter(&id).await.unwrap().is_none(), "it is no dead letter any more");
    assert_eq!(shelf.journal.edit_dead(&id, b"{}", "ana", "again").await.unwrap(), Edited::NoLetter);
    for nonsense in ["h999", "nonsense"] {
        assert_eq!(shelf.journal.edit_dead(nonsense, b"{}", "ana", "x").await.unwrap(), Edited::NoLetter);
    }
    let [edit] = shelf.journal.edits().await.unwrap().try_into().unwrap();
    assert_eq!((edit.letter, edit.who.as_str(), edit.at, edit.kept), (id.clone(), "ana", shelf.clock.now(), true));
    assert_eq!(shelf.journal.before_edit(edit.id).await.unwrap().unwrap(), before);
    let told = shelf.look("SELECT what || ' ' || subject || ' ' || why, seq FROM audit ORDER BY seq").await;
    let told: Vec<_> = told.iter().map(|(line, _)| line.trim()).collect();
    assert_eq!(told, [format!("edit {id} the currency was missing"), format!("retry {id}")]);
}

async fn of_a_corrected_event_only_the_data_may_differ(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    let claim = shelf.works_on_one().await;
    assert!(shelf.settles(&claim, dead("no such piece")).await);
    let id = format!("h{}", claim.handling.0);
    let said = String::from_utf8(shelf.journal.letter(&id).await.unwrap().unwrap()).unwrap();
    for (from, to) in
        [("SHIRT#1", "SHIRT#2"), ("stock.changed", "price.changed"), ("\"on_hand\":1", "\"on_hand\":\"x\"")]
    {
        let other = said.replace(from, to);
        assert_ne!(other, said);
        let edited = shelf.journal.edit_dead(&id, other.as_bytes(), "ana", "a try").await.unwrap();
        assert!(matches!(edited, Edited::Refused(_)), "{to}: {edited:?}");
    }
    assert_eq!(shelf.journal.dead(&all()).await.unwrap().len(), 1, "nothing was changed");
    assert!(shelf.journal.edits().await.unwrap().is_empty());
    let corrected = said.replace("\"on_hand\":1", "\"on_hand\":7");
    assert_eq!(shelf.journal.edit_dead(&id, corrected.as_bytes(), "ana", "seven").await.unwrap(), Edited::Done);
    let again = shelf.works_on_one().await;
    assert_eq!((again.handling, again.event.id, again.failures), (claim.handling, claim.event.id, 0));
    assert_eq!(again.event.to_cloud_event().unwrap(), corrected);
    let edit = shelf.journal.edits().await.unwrap().remove(0);
    assert_eq!(shelf.journal.before_edit(edit.id).await.unwrap().unwrap(), said.as_bytes());
}

async fn what_was_said_before_goes_with_age_and_with_an_erasure(shelf: Shelf) {
    let corrects = async |key: &str| {
        let delivery = shelf.receives(key).await;
        shelf.settles_delivery(delivery, Verdict::Rejected("no".into())).await;
        shelf.journal.edit_dead(&format!("d{delivery}"), b"{}", "ana", "x").await.unwrap();
        shelf.settles_delivery(delivery, Verdict::Ignored("no news".into())).await;
        delivery
    };
    corrects("a").await;
    shelf.clock.moves_on(Duration::from_secs(48 * 3600));
    let delivery = corrects("b").await;
    let kept = async || shelf.journal.edits().await.unwrap().iter().map(|edit| edit.kept).collect::<Vec<_>>();
    let before = shelf.clock.now() - Duration::from_secs(24 * 3600);
    shelf.journal.sweep(Old::Deliveries, before, None, 10).await.unwrap();
    assert_eq!(kept().await, [false, true]);
    let request = NewPrivacyRecord {
        channel: kiwi(),
        delivery,
        wish: PrivacyWish::EraseCustomer,
        customer: "7".into(),
        number: String::new(),
        asked_at: shelf.clock.now(),
        office_numbers: vec![],
    };
    let record = shelf.journal.begin_privacy(&request).await.unwrap();
    shelf.journal.finish_privacy(record.id, "tillbridge", None).await.unwrap();
    assert_eq!(kept().await, [false, false], "whoever it named before may be who asked");
}

async fn dead_letters_are_found_by_what_they_say(shelf: Shelf) {
    let garbage = shelf.receives("garbage").await;
    shelf.settles_delivery(garbage, Verdict::Rejected("not JSON: 100%".into())).await;
    shelf.raises(vec![stock("A", 1), stock("B", 1)], &["stock"]).await;
    for (claim, reason) in shelf.works().await.iter().zip(["SKU SHIRT_RED is unknown", "SKU SHIRT-RED is unknown"]) {
        assert!(shelf.settles(claim, dead(reason)).await);
    }
    let count =
        async |text: &str| shelf.journal.dead(&Selection { text: Some(text.into()), ..all() }).await.unwrap().len();
    assert_eq!(count("is unknown").await, 2);
    assert_eq!(count("shirt_red").await, 1, "no sign stands for another");
    assert_eq!(count("100%").await, 1);
    assert_eq!(count("0%J").await, 0);
}

fn lacking(lack: Lack) -> Outcome {
    Outcome::Dead { reason: "not known here".into(), action: "add it".into(), lacks: Some(lack) }
}

async fn a_dead_letter_is_ready_when_what_it_lacks_comes(shelf: Shelf) {
    shelf.raises(vec![cancelled("order:1"), cancelled("order:2"), stock("A", 1)], &["work"]).await;
    let claims = shelf.works().await;
    let lack = || Lack::Link { kind: LinkKind::Invoice, key: "order:9".into() };
    assert!(shelf.settles(&claims[0], lacking(lack())).await);
    assert!(shelf.settles(&claims[1], lacking(lack())).await);
    let letters = shelf.journal.dead(&all()).await.unwrap();
    assert_eq!(shelf.journal.discard_dead(&[letters[1].id.clone()], "ana", "booked by hand").await.unwrap(), 1);
    let mut settlement = Settlement::of(&claims[2], done());
    settlement.links.push(invoice_link("order:9", "4711"));
    assert!(shelf.keeps(settlement).await);
    assert!(shelf.journal.dead(&all()).await.unwrap().is_empty());
    let again = shelf.works_on_one().await;
    assert_eq!((again.handling, again.failures), (claims[0].handling, 0), "and not the one that was discarded");
    let told = shelf.look("SELECT who || ' ' || what || ' ' || why, seq FROM audit ORDER BY seq").await;
    assert_eq!(told.last().unwrap().0, "tillbridge retry what it lacked has come");
}

async fn a_dead_letter_that_lacks_a_mapping_is_tried_at_each_start(shelf: Shelf) {
    shelf.journal.introduce(&kiwi(), None).await.unwrap();
    shelf.raises(vec![cancelled("order:1"), cancelled("order:2")], &["work"]).await;
    let claims = shelf.works().await;
    assert!(shelf.settles(&claims[0], lacking(Lack::Mapping)).await);
    assert!(shelf.settles(&claims[1], dead("refused")).await);
    shelf.journal.introduce(&channel("weka"), None).await.unwrap();
    assert_eq!(shelf.journal.dead(&all()).await.unwrap().len(), 2, "another channel's rules are not its");
    shelf.journal.introduce(&kiwi(), None).await.unwrap();
    assert_eq!(shelf.journal.dead(&all()).await.unwrap().len(), 1);
    assert_eq!(shelf.works_on_one().await.handling, claims[0].handling);
}

//! What people do: pause, look, retry, discard, replay.

use tillbridge::domain::{EventType, HandlingId};
use tillbridge::journal::{Outcome, ReplayMode, Selection, Verdict};

use super::shelf::Shelf;
use super::things::*;
use crate::support::replays::{begin, replay};

on_both_journals! {
    a_paused_channel_keeps_its_work_and_others_go_on
    work_published_before_the_pause_is_put_back
    work_that_rests_is_due_when_the_pause_ends
    dead_letters_are_listed_retried_and_discarded
    a_rejected_delivery_is_read_again_on_retry
    dead_letters_are_narrowed_by_what_is_asked
    a_rehearsed_replay_counts_what_the_real_one_does
    a_replay_leaves_what_is_unfinished_or_discarded_alone
    listings_are_paged_without_gaps_or_repetition
    events_are_narrowed_by_what_is_asked
    a_trace_tells_the_whole_story_by_either_number
    who_did_what_is_kept
    writing_can_be_tried
}

async fn a_paused_channel_keeps_its_work_and_others_go_on(shelf: Shelf) {
    shelf.raises_in(&channel("kiwi"), vec![stock("SHIRT", 1)], &["stock"]).await;
    shelf.raises_in(&channel("weka"), vec![stock("SHIRT", 1)], &["stock"]).await;
    shelf.journal.pause(&kiwi(), "the shop refuses our token").await.unwrap();
    let paused = shelf.journal.counts().await.unwrap().paused;
    assert_eq!(paused, [("kiwi".to_owned(), "the shop refuses our token".to_owned())].into());
    assert_eq!(shelf.publishes().await.len(), 1, "only the other channel's");
    shelf.raises(vec![stock("HAT", 1)], &["stock"]).await;
    assert!(shelf.publishes().await.is_empty(), "new work of it waits too");
    assert!(shelf.journal.resume(&kiwi()).await.unwrap());
    assert!(!shelf.journal.resume(&kiwi()).await.unwrap(), "it was not paused any more");
    assert!(!shelf.journal.resume(&channel("unheard-of")).await.unwrap());
    assert_eq!(shelf.publishes().await.len(), 2);
    assert!(shelf.journal.counts().await.unwrap().paused.is_empty());
}

async fn work_published_before_the_pause_is_put_back(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    let due = shelf.publishes().await;
    shelf.journal.pause(&kiwi(), "maintenance").await.unwrap();
    assert!(shelf.claims(&due).await.is_empty());
    shelf.journal.resume(&kiwi()).await.unwrap();
    assert_eq!(shelf.publishes().await, due, "and is due as soon as the pause ends");
}

async fn work_that_rests_is_due_when_the_pause_ends(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    let claim = shelf.works_on_one().await;
    shelf.journal.pause(&kiwi(), "the shop refuses our token").await.unwrap();
    assert!(shelf.settles(&claim, retry(60 * SECOND)).await);
    assert!(shelf.publishes().await.is_empty());
    shelf.journal.resume(&kiwi()).await.unwrap();
    assert_eq!(shelf.publishes().await, [claim.handling]);
}

async fn dead_letters_are_listed_retried_and_discarded(shelf: Shelf) {
    shelf.raises(vec![stock("A", 1), stock("B", 1), stock("C", 1)], &["stock"]).await;
    let claims = shelf.works().await;
    assert!(shelf.settles(&claims[0], retry(SECOND)).await);
    shelf.clock.moves_on(SECOND);
    let first = shelf.works_on_one().await;
    assert!(shelf.settles(&first, dead("no counterpart for SKU A")).await);
    let since = shelf.clock.now();
    assert!(shelf.settles(&claims[1], dead("no counterpart for SKU B")).await);
    assert!(shelf.settles(&claims[2], done()).await);

    let letters = shelf.journal.dead(&all()).await.unwrap();
    assert_eq!(letters.len(), 2);
    let letter = &letters[0];
    assert_eq!(letter.id, format!("h{}", claims[0].handling.0));
    assert_eq!((letter.channel.as_str(), letter.handler.as_str()), ("kiwi", "stock"));
    assert_eq!((letter.about.as_str(), letter.entity.as_str()), ("stock.changed", "A"));
    assert_eq!((letter.since, letter.failures), (since, 1));
    assert_eq!((letter.reason.as_str(), letter.action.as_str()), ("no counterpart for SKU A", "map the SKU"));

    let names = [letters[0].id.clone(), letters[0].id.clone(), "h999".into(), "nonsense".into()];
    assert_eq!(shelf.journal.retry_dead(&names, "ana").await.unwrap(), 1);
    assert_eq!(shelf.journal.retry_dead(&names, "ana").await.unwrap(), 0, "it is not dead any more");
    let claim = shelf.works_on_one().await;
    assert_eq!((claim.handling, claim.failures), (claims[0].handling, 0));
    assert!(shelf.settles(&claim, done()).await);

    let discarded = [letters[1].id.clone(), format!("h{}", claims[2].handling.0)];
    assert_eq!(shelf.journal.discard_dead(&discarded, "ana", "a test order").await.unwrap(), 1);
    assert!(shelf.journal.dead(&all()).await.unwrap().is_empty());
    let counts = shelf.journal.counts().await.unwrap();
    assert_eq!((counts.handlings_in("discarded"), counts.handlings_in("done"), counts.unfinished()), (1, 2, 0));
    let trace = shelf.journal.trace(claims[1].event.delivery.0).await.unwrap().unwrap();
    let reason = &trace.events[1].handlings[0].reason;
    assert_eq!(reason, "discarded by ana: a test order (was: no counterpart for SKU B)");
}

async fn a_rejected_delivery_is_read_again_on_retry(shelf: Shelf) {
    let (first, second) = (shelf.receives("a").await, shelf.receives("b").await);
    shelf.settles_delivery(first, Verdict::Rejected("an unknown currency".into())).await;
    shelf.clock.moves_on(LEASE);
    shelf.settles_delivery(second, Verdict::Rejected("not JSON".into())).await;
    let letters = shelf.journal.dead(&all()).await.unwrap();
    assert_eq!(
        letters.iter().map(|letter| letter.id.clone()).collect::<Vec<_>>(),
        [first, second].map(|id| format!("d{id}"))
    );
    assert_eq!(shelf.journal.retry_dead(&[letters[0].id.clone()], "ana").await.unwrap(), 1);
    let taken = shelf.journal.take_deliveries(10, LEASE).await.unwrap();
    assert_eq!((taken.len(), taken[0].delivery.id, taken[0].attempt), (1, first, 1));
    assert_eq!(shelf.journal.discard_dead(&[letters[1].id.clone()], "ana", "a prank").await.unwrap(), 1);
    assert!(shelf.journal.dead(&all()).await.unwrap().is_empty());
    let counts = shelf.journal.counts().await.unwrap();
    assert_eq!(counts.deliveries, [("discarded".to_owned(), 1), ("new".to_owned(), 1)].into());
}

async fn dead_letters_are_narrowed_by_what_is_asked(shelf: Shelf) {
    let delivery = shelf.receives("garbage").await;
    shelf.settles_delivery(delivery, Verdict::Rejected("not JSON".into())).await;
    shelf.clock.moves_on(SECOND);
    shelf.raises(vec![stock("A", 1), cancelled("order:1")], &["stock"]).await;
    for claim in shelf.works().await {
        shelf.settles(&claim, dead("no")).await;
    }
    let count = async |selection: &Selection| shelf.journal.dead(selection).await.unwrap().len();
    assert_eq!(count(&all()).await, 3);
    assert_eq!(count(&of_type(EventType::StockChanged)).await, 1);
    assert_eq!(count(&Selection { entity: Some("order:1".into()), ..all() }).await, 1);
    assert_eq!(count(&Selection { channel: Some(channel("weka")), ..all() }).await, 0);
    assert_eq!(count(&Selection { channel: Some(kiwi()), ..all() }).await, 2);
    assert_eq!(count(&Selection { handler: Some(handler("normalise")), ..all() }).await, 1);
    assert_eq!(count(&Selection { handler: Some(handler("stock")), ..all() }).await, 2);
    assert_eq!(count(&Selection { until: Some(shelf.clock.now()), ..all() }).await, 1);
    assert_eq!(count(&Selection { since: Some(shelf.clock.now()), ..all() }).await, 2);
    let first = shelf.journal.dead(&Selection { limit: 1, ..all() }).await.unwrap();
    assert_eq!(count(&Selection { after: Some(first[0].row), ..all() }).await, 2);
}

async fn a_rehearsed_replay_counts_what_the_real_one_does(shelf: Shelf) {
    shelf.raises((1..=25).map(|n| stock("SHIRT", n)).collect(), &["stock", "audit"]).await;
    let claims = shelf.works().await;
    assert_eq!(claims.len(), 50);
    for (n, claim) in claims.iter().enumerate() {
        let outcome = match n % 3 {
            0 => done(),
            1 => Outcome::Ignored("known".into()),
            _ => dead("no"),
        };
        assert!(shelf.settles(claim, outcome).await);
    }
    let selection = Selection { handler: Some(handler("stock")), ..all() };
    let counted = shelf.journal.count_replay(ReplayMode::Handle, &selection).await.unwrap();
    assert_eq!(counted, [("stock.changed for stock".to_owned(), 25)].into());
    assert_eq!(shelf.handlings_in("ready").await, 0, "counting changes nothing");
    assert_eq!(replay(shelf.journal.as_ref(), ReplayMode::Handle, &selection).await.done, 25);
    assert_eq!(shelf.handlings_in("ready").await, 25);
    let letters = shelf.journal.dead(&all()).await.unwrap();
    assert!(letters.iter().all(|letter| letter.handler == "audit"), "a replayed dead letter is off the list");
    let again = shelf.works().await;
    assert_eq!(again.len(), 25);
    assert!(again.iter().all(|claim| claim.failures == 0));
    let versions: Vec<_> = again.iter().map(|claim| claim.event.draft.version.0).collect();
    assert_eq!(versions, (1..=25).collect::<Vec<_>>(), "oldest first");
}

async fn a_replay_leaves_what_is_unfinished_or_discarded_alone(shelf: Shelf) {
    shelf.raises(["A", "B", "C", "D"].map(|sku| stock(sku, 1)).to_vec(), &["stock"]).await;
    let claims = shelf.works().await;
    assert!(shelf.settles(&claims[0], done()).await);
    assert!(shelf.settles(&claims[1], dead("no")).await);
    assert!(shelf.settles(&claims[2], wait_for_invoice("order:1")).await);
    let name = format!("h{}", claims[1].handling.0);
    shelf.journal.discard_dead(&[name], "ana", "a test").await.unwrap();
    assert_eq!(replay(shelf.journal.as_ref(), ReplayMode::Handle, &all()).await.done, 1);
    assert!(shelf.settles(&claims[3], done()).await, "the running one kept its fence");
    assert_eq!(shelf.publishes().await, [claims[0].handling]);
    assert_eq!(shelf.handlings_in("waiting").await, 1);
}

async fn listings_are_paged_without_gaps_or_repetition(shelf: Shelf) {
    shelf.raises((1..=23).map(|n| stock("SHIRT", n)).collect(), &["stock"]).await;
    let (mut versions, mut after) = (Vec::new(), None);
    loop {
        let rows = shelf.journal.events(&Selection { after, limit: 5, ..all() }).await.unwrap();
        assert!(rows.len() <= 5);
        let Some(last) = rows.last() else { break };
        after = Some(last.row);
        versions.extend(rows.iter().map(|row| row.version));
    }
    assert_eq!(versions, (1..=23).collect::<Vec<_>>());
    for claim in shelf.works().await {
        shelf.settles(&claim, dead("no")).await;
    }
    let (mut letters, mut after) = (Vec::new(), None);
    loop {
        let rows = shelf.journal.dead(&Selection { after, limit: 10, ..all() }).await.unwrap();
        let Some(last) = rows.last() else { break };
        after = Some(last.row);
        letters.extend(rows.into_iter().map(|row| row.id));
    }
    assert_eq!(letters.len(), 23);
    let before = letters.clone();
    letters.dedup();
    assert_eq!(letters, before);
}

async fn events_are_narrowed_by_what_is_asked(shelf: Shelf) {
    shelf.raises(vec![stock("A", 1)], &["stock"]).await;
    shelf.clock.moves_on(SECOND);
    shelf.raises_in(&channel("weka"), vec![stock("A", 2), cancelled("order:1")], &["order"]).await;
    let rows = shelf.journal.events(&all()).await.unwrap();
    assert_eq!((rows.len(), rows[0].handlings.clone()), (3, vec!["stock: ready".to_owned()]));
    assert_eq!(
        (rows[0].entity.as_str(), rows[0].event_type.as_str(), rows[0].channel.as_str()),
        ("A", "stock.changed", "kiwi")
    );
    let count = async |selection: &Selection| shelf.journal.events(selection).await.unwrap().len();
    assert_eq!(count(&of_type(EventType::OrderCancelled)).await, 1);
    assert_eq!(count(&Selection { entity: Some("A".into()), ..all() }).await, 2);
    assert_eq!(count(&Selection { entity: Some("A".into()), channel: Some(kiwi()), ..all() }).await, 1);
    assert_eq!(count(&Selection { handler: Some(handler("order")), ..all() }).await, 2);
    assert_eq!(count(&Selection { since: Some(shelf.clock.now()), ..all() }).await, 2);
    assert_eq!(count(&Selection { until: Some(shelf.clock.now()), ..all() }).await, 1);
    assert_eq!(count(&Selection { limit: 2, ..all() }).await, 2);
}

async fn a_trace_tells_the_whole_story_by_either_number(shelf: Shelf) {
    let delivery = shelf.raises(vec![stock("A", 1)], &["stock", "audit"]).await;
    let claims = shelf.works().await;
    shelf.clock.moves_on(SECOND);
    for claim in &claims {
        shelf.settles(claim, Outcome::Done("set to 1".into())).await;
    }
    let event = claims[0].event.id;
    let by_event = shelf.journal.trace(event.0).await.unwrap().unwrap();
    let by_delivery = shelf.journal.trace(delivery.0).await.unwrap().unwrap();
    assert_eq!(serde_json::to_value(&by_event).unwrap(), serde_json::to_value(&by_delivery).unwrap());
    assert_eq!((by_event.delivery.origin.as_str(), by_event.delivery.topic.as_str()), ("office/kiwi", "stock"));
    assert_eq!(by_event.events[0].id, event);
    let handlings = &by_event.events[0].handlings;
    assert_eq!(handlings.iter().map(|handling| handling.handler.as_str()).collect::<Vec<_>>(), ["audit", "stock"]);
    assert!(handlings.iter().all(|handling| handling.state == "done" && handling.reason == "set to 1"));
    assert!(handlings.iter().all(|handling| handling.changed_at == shelf.clock.now()));
    assert!(shelf.journal.trace(uuid::Uuid::new_v4()).await.unwrap().is_none());
    let unknown = tillbridge::domain::EventId(uuid::Uuid::new_v4());
    assert!(shelf.journal.event(unknown).await.unwrap().is_none());
}

async fn who_did_what_is_kept(shelf: Shelf) {
    shelf.raises(vec![stock("A", 1), stock("B", 1)], &["stock"]).await;
    for claim in shelf.works().await {
        shelf.settles(&claim, dead("no")).await;
    }
    shelf.journal.pause(&kiwi(), "maintenance").await.unwrap();
    shelf.journal.resume(&kiwi()).await.unwrap();
    let ids: Vec<_> = shelf.journal.dead(&all()).await.unwrap().into_iter().map(|letter| letter.id).collect();
    shelf.journal.retry_dead(&ids[..1], "ana").await.unwrap();
    shelf.journal.discard_dead(&ids[1..], "ben", "a test order").await.unwrap();
    let claim = shelf.works_on_one().await;
    shelf.settles(&claim, done()).await;
    let run = begin(shelf.journal.as_ref(), ReplayMode::Handle, &all(), "cleo").await;
    shelf.journal.replay_step(run.id, 10).await.unwrap();
    let lines =
        shelf.look("SELECT who || ' ' || what || ' ' || subject || ' ' || why, at FROM audit ORDER BY seq").await;
    let told: Vec<_> = lines.iter().map(|(line, _)| line.trim().to_owned()).collect();
    assert_eq!(
        told,
        [
            "tillbridge pause kiwi maintenance".to_owned(),
            "tillbridge resume kiwi".to_owned(),
            format!("ana retry {}", ids[0]),
            format!("ben discard {} a test order", ids[1]),
            format!("cleo replay everything replay {}, handle: 1 counted", run.id),
            format!("cleo replay replay {} 1 handlings", run.id),
        ]
    );
    assert!(lines.iter().all(|(_, at)| *at == shelf.clock.now().as_microsecond()));
}

async fn writing_can_be_tried(shelf: Shelf) {
    shelf.clock.moves_on(SECOND);
    shelf.journal.ping().await.unwrap();
    let pulse = shelf.look("SELECT 'pulse', at FROM pulse").await;
    assert_eq!(pulse, [("pulse".to_owned(), shelf.clock.now().as_microsecond())]);
    assert!(shelf.claims(&[HandlingId(1)]).await.is_empty());
}

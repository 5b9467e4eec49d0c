//! What has ended long ago goes, and its key stays.

use std::time::Duration;

use tillbridge::domain::{
    BranchCode, DeliveryId, EventId, PrivacyWish, Sku, StorefrontName, Version, WebClaim, WebLine,
};
use tillbridge::journal::{
    Appended, DeliverySettlement, Effect, Intent, LinkKind, NewPrivacyRecord, Old, Place, Raised, ReplayMode,
    Selection, Settlement, Standing, Swept, Verdict, Written,
};
use uuid::Uuid;

use super::shelf::Shelf;
use super::things::*;
use crate::support::replays::replay;

on_both_journals! {
    a_webhook_told_again_after_years_is_still_a_duplicate
    an_old_document_is_known_by_its_key_and_an_old_state_goes_whole
    what_is_unfinished_or_given_up_stays_however_old
    an_order_that_holds_pieces_keeps_its_events
    an_open_request_about_personal_data_keeps_what_it_came_with
    effects_links_and_what_was_written_outlive_their_events
    many_old_rows_go_in_batches_and_no_young_one_with_them
    what_is_handed_out_again_is_no_longer_old
    a_task_belongs_to_one_process_at_a_time
    processes_that_call_a_storefront_are_counted_until_their_lease_ends
}

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Shelf {
    /// Sweeps what is older than so many days, in batches of so many; answers what went and in how many batches.
    async fn sweeps(&self, what: Old, days: u32, batch: usize) -> (Swept, usize) {
        let before = self.clock.now() - (DAY * days);
        let (mut all, mut after, mut batches) = (Swept::default(), None, 0);
        loop {
            let swept = self.journal.sweep(what, before, after, batch).await.unwrap();
            all.deliveries += swept.deliveries;
            all.events += swept.events;
            all.handlings += swept.handlings;
            batches += 1;
            after = swept.next;
            if after.is_none() {
                return (all, batches);
            }
        }
    }

    /// Sweeps both with the shortest times there are.
    async fn sweeps_everything(&self) -> Swept {
        let (deliveries, _) = self.sweeps(Old::Deliveries, 1, 100).await;
        let (events, _) = self.sweeps(Old::Events, 1, 100).await;
        Swept { deliveries: deliveries.deliveries, ..events }
    }

    /// How many deliveries still have what they said.
    async fn whole_deliveries(&self) -> i64 {
        let query = if self.is_file() {
            "SELECT '', COUNT(*) FROM delivery_content"
        } else {
            "SELECT '', COUNT(*) FROM delivery WHERE length(body) > 0"
        };
        self.look(query).await[0].1
    }
}

async fn a_webhook_told_again_after_years_is_still_a_duplicate(shelf: Shelf) {
    let journal = &shelf.journal;
    let first = id_of(journal.append(signed("w1", Some("e1"), b"{\"order\":1}")).await.unwrap());
    shelf.settles_delivery(first, Verdict::Ignored("no news".into())).await;
    shelf.clock.moves_on(DAY * 29);
    assert_eq!(shelf.sweeps(Old::Deliveries, 30, 10).await.0, Swept::default(), "it is not old yet");
    shelf.clock.moves_on(DAY * 2);
    assert_eq!(shelf.sweeps(Old::Deliveries, 30, 10).await.0.deliveries, 1);
    assert_eq!(shelf.sweeps(Old::Deliveries, 30, 10).await.0, Swept::default(), "and it goes once");
    assert_eq!(shelf.whole_deliveries().await, 0);
    shelf.clock.moves_on(DAY * 3_000);
    let again = journal.append(signed("w1", Some("e1"), b"{\"order\":1}")).await.unwrap();
    assert_eq!(again, Appended::Duplicate(first));
    let under_another_number = journal.append(signed("w2", Some("e1"), b"{\"order\":1}")).await.unwrap();
    assert_eq!(under_another_number, Appended::Duplicate(first));
    assert!(journal.take_deliveries(10, LEASE).await.unwrap().is_empty(), "nothing comes of it");
    let trace = journal.trace(first.0).await.unwrap().unwrap();
    assert_eq!((trace.delivery.duplicates, trace.delivery.reason.as_str()), (2, "no news"));
    assert!(journal.kept(Place::START, 10).await.unwrap().documents.is_empty(), "nothing personal is left of it");
}

async fn an_old_document_is_known_by_its_key_and_an_old_state_goes_whole(shelf: Shelf) {
    let delivery = shelf.raises(vec![cancelled("order:1"), stock("SHIRT", 1)], &["order", "stock"]).await;
    for claim in shelf.works().await {
        assert!(shelf.settles(&claim, done()).await);
    }
    let events = shelf.journal.events(&all()).await.unwrap();
    shelf.clock.moves_on(DAY * 2);
    let swept = shelf.sweeps_everything().await;
    assert_eq!((swept.deliveries, swept.events, swept.handlings), (1, 2, 4));
    let left = shelf.journal.events(&all()).await.unwrap();
    assert_eq!(left.iter().map(|row| row.entity.as_str()).collect::<Vec<_>>(), ["order:1"]);
    assert!(shelf.journal.event(EventId(events[0].id.0)).await.unwrap().is_none(), "what it said is gone");
    let trace = shelf.journal.trace(delivery.0).await.unwrap().unwrap();
    assert!(!trace.events[0].kept && trace.events[0].handlings.is_empty());
    let counts = shelf.journal.counts().await.unwrap();
    assert_eq!((counts.handlings_in("done"), counts.events.len()), (0, 1), "the figures are those of what is kept");

    shelf.raises(vec![cancelled("order:1"), stock("SHIRT", 1)], &["order"]).await;
    let again = shelf.works().await;
    let told: Vec<_> = again.iter().map(|claim| claim.event.draft.entity.as_str()).collect();
    assert_eq!(told, ["SHIRT"], "the document is known; the state is decided by the version that was written");
    assert_eq!(
        replay(shelf.journal.as_ref(), ReplayMode::Handle, &of_entity("order:1")).await.done,
        0,
        "nothing is left to replay"
    );
}

fn of_entity(entity: &str) -> Selection {
    Selection { entity: Some(entity.to_owned()), ..all() }
}

async fn what_is_unfinished_or_given_up_stays_however_old(shelf: Shelf) {
    let unread = shelf.receives("not normalised yet").await;
    shelf.journal.take_deliveries(10, LEASE).await.unwrap();
    let garbage = shelf.receives("garbage").await;
    shelf.settles_delivery(garbage, Verdict::Rejected("not JSON".into())).await;
    for entity in ["order:dead", "order:waits", "order:rests", "order:done"] {
        shelf.raises(vec![cancelled(entity)], &["order"]).await;
    }
    let claims = shelf.works().await;
    assert!(shelf.settles(&claims[0], dead("no")).await);
    assert!(shelf.settles(&claims[1], wait_for_invoice("order:waits")).await);
    assert!(shelf.settles(&claims[2], retry(DAY * 4_000)).await);
    assert!(shelf.settles(&claims[3], done()).await);
    shelf.clock.moves_on(DAY * 2_000);
    let swept = shelf.sweeps_everything().await;
    assert_eq!((swept.deliveries, swept.events, swept.handlings), (1, 1, 1), "only what was done");
    assert_eq!(shelf.whole_deliveries().await, 5);
    let letters = shelf.journal.dead(&all()).await.unwrap();
    assert_eq!(letters.len(), 2);
    for letter in &letters {
        assert_eq!(shelf.journal.retry_dead(std::slice::from_ref(&letter.id), "ana").await.unwrap(), 1);
    }
    let taken = shelf.journal.take_deliveries(10, LEASE).await.unwrap();
    let mut ids: Vec<DeliveryId> = taken.iter().map(|taken| taken.delivery.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [unread, garbage], "what they said is still there");
    let claim = shelf.works().await.into_iter().find(|claim| claim.event.draft.entity == "order:dead").unwrap();
    assert!(shelf.settles(&claim, done()).await);
    let swept = shelf.sweeps_everything().await;
    assert_eq!((swept.deliveries, swept.events), (1, 1), "once it has ended it goes like any other");
}

async fn an_order_that_holds_pieces_keeps_its_events(shelf: Shelf) {
    let holds = |version: i64, open: i64| WebClaim {
        order: "order:1".into(),
        version: Version(version),
        left_out: false,
        lines: vec![(
            BranchCode::parse("WEB").unwrap(),
            WebLine {
                sku: Some(Sku::parse("SHIRT").unwrap()),
                variant: None,
                location: None,
                open,
                gone: 0,
                back: 0,
                off: 1 - open,
            },
        )],
    };
    let says = async |key: &str, version: i64, open: i64| {
        let id = shelf.receives(key).await;
        let raised = Raised { event: event(&kiwi(), id, cancelled("order:1")), handlers: vec![handler("order")] };
        let taken = shelf.journal.take_deliveries(10, LEASE).await.unwrap();
        let settlement = DeliverySettlement {
            id,
            fence: taken[0].fence,
            verdict: Verdict::Handled(vec![raised]),
            demand: vec![(kiwi(), holds(version, open))],
        };
        shelf.journal.settle_deliveries(vec![settlement]).await.unwrap()
    };
    assert_eq!(says("placed", 1, 1).await, 1);
    assert!(shelf.settles(&shelf.works_on_one().await, done()).await);
    shelf.clock.moves_on(DAY * 500);
    assert_eq!(shelf.sweeps(Old::Events, 400, 10).await.0, Swept::default(), "the order may still change");
    assert_eq!(says("cancelled", 2, 0).await, 0);
    assert_eq!(shelf.sweeps(Old::Events, 400, 10).await.0.events, 1);
    let known = shelf.journal.web_orders(&kiwi(), &["order:1".to_owned()]).await.unwrap();
    assert_eq!(known, [Some(Version(2))], "what the order last said of its pieces stays");
}

async fn an_open_request_about_personal_data_keeps_what_it_came_with(shelf: Shelf) {
    let delivery = shelf.raises(vec![cancelled("order:1")], &["order"]).await;
    assert!(shelf.settles(&shelf.works_on_one().await, done()).await);
    let request = NewPrivacyRecord {
        channel: kiwi(),
        delivery,
        wish: PrivacyWish::Export,
        customer: "7".into(),
        number: String::new(),
        asked_at: shelf.clock.now(),
        office_numbers: vec![],
    };
    let record = shelf.journal.begin_privacy(&request).await.unwrap();
    shelf.clock.moves_on(DAY * 50);
    assert_eq!(shelf.sweeps_everything().await, Swept::default());
    shelf.journal.finish_privacy(record.id, "ana", Some((0, 0))).await.unwrap();
    let swept = shelf.sweeps_everything().await;
    assert_eq!((swept.deliveries, swept.events), (1, 1));
}

async fn effects_links_and_what_was_written_outlive_their_events(shelf: Shelf) {
    shelf.raises(vec![cancelled("order:1")], &["invoice"]).await;
    let claim = shelf.works_on_one().await;
    let intent = Intent {
        key: "invoice web/order:1".into(),
        handling: claim.handling,
        channel: kiwi(),
        plan: Some("{}".into()),
        order: "order:1".into(),
        pieces: vec![],
    };
    assert_eq!(shelf.journal.intend(vec![intent.clone()]).await.unwrap(), [Standing::Fresh]);
    let mut settlement = Settlement::of(&claim, done());
    settlement.links.push(invoice_link("order:1", "4711"));
    settlement.written.push(Written { entity: "order:1".into(), version: Version(3), value: "books".into() });
    settlement.effects.push(Effect { key: intent.key.clone(), kind: "invoice", result: "4711".into() });
    assert!(shelf.keeps(settlement).await);
    let garbage = shelf.receives("garbage").await;
    shelf.settles_delivery(garbage, Verdict::Rejected("no".into())).await;
    shelf.journal.discard_dead(&[format!("d{garbage}")], "ana", "a prank").await.unwrap();
    shelf.clock.moves_on(DAY * 5_000);
    let swept = shelf.sweeps_everything().await;
    assert_eq!((swept.deliveries, swept.events, swept.handlings), (2, 1, 1));
    assert_eq!(shelf.journal.intend(vec![intent]).await.unwrap(), [Standing::Done("4711".into())]);
    let links = shelf.journal.links(&kiwi(), LinkKind::Invoice, &["order:1".to_owned()]).await.unwrap();
    assert_eq!(links, [Some("4711".to_owned())]);
    let written = shelf.journal.written(&kiwi(), &["order:1".to_owned()]).await.unwrap();
    assert_eq!(written[0].as_ref().unwrap().version, Version(3));
    assert_eq!(shelf.look("SELECT what, COUNT(*) FROM audit GROUP BY what").await, [("discard".to_owned(), 1)]);
}

async fn many_old_rows_go_in_batches_and_no_young_one_with_them(shelf: Shelf) {
    for n in 0..7 {
        shelf.raises((1..=10).map(|sku| stock(&format!("S{sku}"), n)).collect(), &["stock"]).await;
        for claim in shelf.works().await {
            assert!(shelf.settles(&claim, done()).await);
        }
        shelf.clock.moves_on(DAY);
    }
    let (swept, batches) = shelf.sweeps(Old::Events, 3, 8).await;
    assert_eq!((swept.events, swept.handlings), (40, 40), "those of the first four days");
    assert!(batches >= 5, "40 rows took {batches} batches of 8");
    let left = shelf.journal.events(&all()).await.unwrap();
    assert!(left.len() == 30 && left.iter().all(|row| row.version >= 4), "{left:?}");
    let (swept, _) = shelf.sweeps(Old::Deliveries, 3, 2).await;
    assert_eq!((swept.deliveries, shelf.whole_deliveries().await), (4, 3));
}

async fn what_is_handed_out_again_is_no_longer_old(shelf: Shelf) {
    shelf.raises(vec![cancelled("order:1")], &["order"]).await;
    assert!(shelf.settles(&shelf.works_on_one().await, done()).await);
    shelf.clock.moves_on(DAY * 10);
    assert_eq!(replay(shelf.journal.as_ref(), ReplayMode::Handle, &all()).await.done, 1);
    assert_eq!(shelf.sweeps_everything().await, Swept::default());
    assert!(shelf.settles(&shelf.works_on_one().await, done()).await, "it is handled as if it were young");
    assert_eq!(shelf.sweeps_everything().await.events, 1);
}

async fn a_task_belongs_to_one_process_at_a_time(shelf: Shelf) {
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(shelf.journal.hold("sweep", one, LEASE).await.unwrap());
    assert!(!shelf.journal.hold("sweep", other, LEASE).await.unwrap());
    assert!(shelf.journal.hold("another task", other, LEASE).await.unwrap());
    shelf.clock.moves_on(NEARLY_A_LEASE);
    assert!(shelf.journal.hold("sweep", one, LEASE).await.unwrap(), "whoever has it may keep it on");
    shelf.clock.moves_on(NEARLY_A_LEASE);
    assert!(!shelf.journal.hold("sweep", other, LEASE).await.unwrap());
    shelf.clock.moves_on(SECOND);
    assert!(shelf.journal.hold("sweep", other, LEASE).await.unwrap(), "the lease has run out");
    assert!(!shelf.journal.hold("sweep", one, LEASE).await.unwrap());
}

/// A file belongs to one process, which is alone.
async fn processes_that_call_a_storefront_are_counted_until_their_lease_ends(shelf: Shelf) {
    let [web, shop] = ["web", "shop"].map(|name| StorefrontName::parse(name).unwrap());
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let many = |processes: usize| if shelf.is_file() { 1 } else { processes };
    let both = [web.clone(), shop.clone()];
    let share = async |storefronts: &[StorefrontName], process, lease| {
        shelf.journal.share(storefronts, process, lease).await.unwrap()
    };
    assert_eq!(share(&both, one, LEASE).await, [1, 1]);
    assert_eq!(share(&both[..1], other, LEASE).await, [many(2)]);
    assert_eq!(share(&[shop, web], one, LEASE).await, [1, many(2)], "saying it again changes nothing");
    shelf.clock.moves_on(NEARLY_A_LEASE);
    assert_eq!(share(&both, one, LEASE).await, [many(2), 1]);
    shelf.clock.moves_on(SECOND);
    assert_eq!(share(&both, one, LEASE).await, [1, 1], "the other's lease has run out");
    assert_eq!(share(&both, other, LEASE).await, [many(2), many(2)]);
    assert_eq!(share(&both, one, Duration::ZERO).await, [many(2), many(2)], "whoever leaves is still the one who asks");
    assert_eq!(share(&both, other, LEASE).await, [1, 1]);
    assert_eq!(share(&[], other, LEASE).await, Vec::<usize>::new());
}

//! Everything that is kept can be looked through and replaced, and a record proves it.

use tillbridge::domain::{EventType, HandlingId, PrivacyWish};
use tillbridge::journal::{
    Appended, Effect, Intent, KeptDocument, KeptPlan, NewPrivacyRecord, Place, PrivacyRecord, Replacements, Selection,
    Settlement,
};
use uuid::Uuid;

use super::shelf::Shelf;
use super::things::*;

/// Everything that is kept, read in pages of so many.
async fn everything(shelf: &Shelf, page: usize) -> Vec<KeptDocument> {
    let (mut found, mut place) = (Vec::new(), Place::START);
    while place != Place::End {
        let read = shelf.journal.kept(place, page).await.unwrap();
        assert!(read.documents.len() <= page);
        found.extend(read.documents);
        place = read.next;
    }
    found
}

/// The plans that are kept, read in pages of so many.
async fn plans(shelf: &Shelf, page: usize) -> Vec<KeptPlan> {
    let (mut found, mut place) = (Vec::new(), Place::START);
    while place != Place::End {
        let read = shelf.journal.kept(place, page).await.unwrap();
        found.extend(read.plans);
        place = read.next;
    }
    found
}

fn planned(key: &str, plan: Option<&str>) -> Intent {
    let (order, pieces) = (String::new(), vec![]);
    let plan = plan.map(str::to_owned);
    Intent { key: key.into(), handling: HandlingId(1), channel: kiwi(), plan, order, pieces }
}

fn wish(delivery: tillbridge::domain::DeliveryId, shelf: &Shelf) -> NewPrivacyRecord {
    NewPrivacyRecord {
        channel: kiwi(),
        delivery,
        wish: PrivacyWish::EraseCustomer,
        customer: "706405506930370084".into(),
        number: String::new(),
        asked_at: shelf.clock.now(),
        office_numbers: vec!["100007".into(), "100009".into()],
    }
}

async fn begins(shelf: &Shelf) -> PrivacyRecord {
    let asked = shelf.receives("the request").await;
    shelf.journal.begin_privacy(&wish(asked, shelf)).await.unwrap()
}

on_both_journals! {
    a_look_through_everything_misses_nothing_and_shows_nothing_twice
    a_request_is_kept_once_and_ends_once
    a_page_is_replaced_with_its_counts_or_not_at_all
    what_was_replaced_is_still_known_by_its_keys
    plans_are_looked_through_last_and_found_whatever_the_page
    a_replaced_plan_is_what_is_found_in_doubt_and_a_done_one_stays_gone
    a_channel_begins_paused_once
}

async fn a_look_through_everything_misses_nothing_and_shows_nothing_twice(shelf: Shelf) {
    for number in 0..5 {
        shelf.raises(vec![stock(&format!("SHIRT-{number}"), 1), stock(&format!("SOCK-{number}"), 1)], &["stock"]).await;
    }
    let (wide, narrow) = (everything(&shelf, 100).await, everything(&shelf, 2).await);
    assert_eq!(wide, narrow);
    assert_eq!(wide.iter().filter(|one| one.about == "stock").count(), 5);
    assert_eq!(wide.iter().filter(|one| one.about == "stock.changed" && one.origin == "kiwi").count(), 10);
    assert!(wide.iter().all(|one| serde_json::from_slice::<serde_json::Value>(&one.body).is_ok()));
}

async fn a_request_is_kept_once_and_ends_once(shelf: Shelf) {
    let first = begins(&shelf).await;
    let again = shelf.journal.begin_privacy(&wish(first.delivery, &shelf)).await.unwrap();
    assert_eq!(first, again);
    assert_eq!(first.office_numbers, ["100007", "100009"]);
    shelf.clock.moves_on(SECOND);
    let done_at = shelf.clock.now();
    shelf.journal.finish_privacy(first.id, "tillbridge", None).await.unwrap();
    shelf.clock.moves_on(SECOND);
    shelf.journal.finish_privacy(first.id, "tillbridge", Some((9, 9))).await.unwrap();
    let records = shelf.journal.privacy_records().await.unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].finished_at, Some(done_at));
    assert_eq!((records[0].deliveries, records[0].events), (0, 0));
    let trail = shelf.look("SELECT what, count(*) FROM audit WHERE what = 'privacy' GROUP BY what").await;
    assert_eq!(trail, [("privacy".to_owned(), 1)]);
}

async fn a_page_is_replaced_with_its_counts_or_not_at_all(shelf: Shelf) {
    // Long enough to be compressed.
    let long = format!(r#"{{"email":"{}@example.com"}}"#, "bob".repeat(200));
    let delivery = match shelf.journal.append(signed("w1", None, long.as_bytes())).await.unwrap() {
        Appended::New(id) | Appended::Duplicate(id) => id,
    };
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    let record = begins(&shelf).await;
    let event = everything(&shelf, 100).await.into_iter().find(|one| one.about == "stock.changed").unwrap();
    let replaced = String::from_utf8(event.body).unwrap().replace("SHIRT", "TIRSH");
    let replacements = Replacements {
        deliveries: vec![(delivery.0, br#"{"email":"[erased]"}"#.to_vec())],
        events: vec![(event.id, replaced.clone().into_bytes())],
        plans: vec![],
    };
    let next = Place::Events(Uuid::from_u128(7));
    assert!(shelf.journal.replace_kept(record.id, &Place::START, &next, replacements.clone()).await.unwrap());
    assert!(
        !shelf.journal.replace_kept(record.id, &Place::START, &Place::End, replacements).await.unwrap(),
        "it moved on"
    );

    let kept = everything(&shelf, 100).await;
    let body = |id: Uuid| String::from_utf8(kept.iter().find(|one| one.id == id).unwrap().body.clone()).unwrap();
    assert_eq!(body(delivery.0), r#"{"email":"[erased]"}"#);
    assert_eq!(body(event.id), replaced);
    let [record] = shelf.journal.privacy_records().await.unwrap().try_into().unwrap();
    assert_eq!((record.deliveries, record.events, record.place), (1, 1, next));
}

async fn what_was_replaced_is_still_known_by_its_keys(shelf: Shelf) {
    let body = br#"{"id":1,"email":"bob@example.com"}"#;
    let first = shelf.journal.append(signed("w1", Some("e1"), body)).await.unwrap();
    let id = id_of(first);
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    let record = begins(&shelf).await;
    let replacements = Replacements { deliveries: vec![(id.0, br#"{"id":1}"#.to_vec())], ..Replacements::default() };
    assert!(shelf.journal.replace_kept(record.id, &Place::START, &Place::End, replacements).await.unwrap());
    assert_eq!(shelf.journal.append(signed("w1", None, body)).await.unwrap(), Appended::Duplicate(id));
    assert_eq!(shelf.journal.append(signed("w2", Some("e1"), body)).await.unwrap(), Appended::Duplicate(id));
    let stocks = Selection { event_type: Some(EventType::StockChanged), ..all() };
    let event = shelf.journal.events(&stocks).await.unwrap()[0].id;
    assert!(shelf.journal.event(event).await.unwrap().is_some());
}

async fn plans_are_looked_through_last_and_found_whatever_the_page(shelf: Shelf) {
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    let keys = ["invoice web/order:1", "invoice web/order:2", "credit_note web/refund:3", "invoice web/order:1/2"];
    for (number, key) in keys.into_iter().enumerate() {
        let plan = (number != 1).then_some("for Bob");
        shelf
            .journal
            .intend(vec![planned(key, plan), Intent { channel: channel("weka"), ..planned(key, plan) }])
            .await
            .unwrap();
    }
    for page in [1, 2, 8, 100] {
        let found = plans(&shelf, page).await;
        let found: Vec<_> = found.iter().map(|plan| (plan.channel.as_str(), plan.key.as_str())).collect();
        let of = |channel| [keys[2], keys[0], keys[3]].map(|key| (channel, key));
        assert_eq!(found, [of("kiwi"), of("weka")].concat(), "in pages of {page}");
    }
    let record = begins(&shelf).await;
    let midway = Place::Plans { channel: "kiwi".into(), key: keys[0].into() };
    let nothing = Replacements::default();
    assert!(shelf.journal.replace_kept(record.id, &Place::START, &midway, nothing.clone()).await.unwrap());
    assert_eq!(shelf.journal.privacy_records().await.unwrap()[0].place, midway);
    assert!(shelf.journal.replace_kept(record.id, &midway, &Place::End, nothing).await.unwrap());
}

async fn a_replaced_plan_is_what_is_found_in_doubt_and_a_done_one_stays_gone(shelf: Shelf) {
    shelf.raises(vec![cancelled("order:1")], &["invoice"]).await;
    let claim = shelf.works_on_one().await;
    let keys = ["invoice order:1", "invoice order:2"].map(str::to_owned);
    for key in &keys {
        shelf.journal.intend(vec![planned(key, Some("for Bob"))]).await.unwrap();
    }
    let record = begins(&shelf).await;
    let mut found = plans(&shelf, 100).await;
    // While the page was looked at, the first was booked.
    let mut settlement = Settlement::of(&claim, done());
    settlement.effects = vec![Effect { key: keys[0].clone(), kind: "invoice", result: "INV-1".into() }];
    assert!(shelf.keeps(settlement).await);
    for plan in &mut found {
        plan.plan = "for somebody".into();
    }
    let replacements = Replacements { plans: found, ..Replacements::default() };
    assert!(shelf.journal.replace_kept(record.id, &Place::START, &Place::End, replacements).await.unwrap());
    let standing = shelf.journal.in_doubt(&kiwi(), &keys).await.unwrap();
    assert_eq!(standing, [None, Some("for somebody".to_owned())]);
    assert_eq!(plans(&shelf, 100).await.len(), 1);
    let kept = shelf.look("SELECT coalesce(plan, 'none'), count(*) FROM effect GROUP BY 1 ORDER BY 1").await;
    assert_eq!(kept, [("for somebody".to_owned(), 1), ("none".to_owned(), 1)]);
}

async fn a_channel_begins_paused_once(shelf: Shelf) {
    shelf.journal.introduce(&kiwi(), Some("not let go yet")).await.unwrap();
    assert_eq!(shelf.journal.counts().await.unwrap().paused["kiwi"], "not let go yet");
    shelf.raises(vec![stock("SHIRT", 1)], &["stock"]).await;
    assert!(shelf.publishes().await.is_empty());
    assert!(shelf.journal.resume(&kiwi()).await.unwrap());
    shelf.journal.introduce(&kiwi(), Some("not let go yet")).await.unwrap();
    assert!(shelf.journal.counts().await.unwrap().paused.is_empty(), "a channel that was let go stays so");
    assert_eq!(shelf.publishes().await.len(), 1);
}

/// What was replaced is not left over in the file's unused parts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_replaced_is_not_in_the_file_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tillbridge.db");
    let journal = tillbridge::journal::sqlite::SqliteJournal::open(&path).unwrap();
    let secret = "bob-the-secret@example.com";
    // Noise cannot be compressed, so the address stands in the file as it is; and it fills more than a page.
    let noise: String = (0..12_000_u32)
        .map(|n| char::from(33 + u8::try_from(n.wrapping_mul(2_654_435_761) >> 25).unwrap() % 90))
        .filter(|c| *c != '"' && *c != '\\')
        .collect();
    let body = format!(r#"{{"email":"{secret}","noise":"{noise}"}}"#);
    use tillbridge::journal::{Archive as _, Intake as _};
    let id = id_of(journal.append(signed("w1", None, body.as_bytes())).await.unwrap());
    let request = NewPrivacyRecord {
        channel: kiwi(),
        delivery: id,
        wish: PrivacyWish::EraseCustomer,
        customer: "7".into(),
        number: String::new(),
        asked_at: jiff::Timestamp::UNIX_EPOCH,
        office_numbers: vec![],
    };
    let record = journal.begin_privacy(&request).await.unwrap();
    let replacements = Replacements { deliveries: vec![(id.0, b"{}".to_vec())], ..Replacements::default() };
    assert!(journal.replace_kept(record.id, &Place::START, &Place::End, replacements).await.unwrap());
    drop(journal);
    let file = std::fs::read(&path).unwrap();
    let holds = |wanted: &[u8]| file.windows(wanted.len()).any(|window| window == wanted);
    assert!(holds(b"w1"), "the key is still there");
    assert!(!holds(secret.as_bytes()));
    assert!(!holds(&noise.as_bytes()[5_000..5_100]), "nor is what stood on further pages");
}

/// The plan of a document that was booked, or whose buyer was forgotten, is not left over in the file either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_is_not_needed_is_not_in_the_file_any_more() {
    let shelf = Shelf::sqlite();
    shelf.raises(vec![cancelled("order:1")], &["invoice"]).await;
    let claim = shelf.works_on_one().await;
    let long = "x".repeat(9_000);
    let plan = |whose: &str| format!("{{\"email\":\"{whose}@example.com\",\"rest\":\"{long}\"}}");
    for (key, whose) in [("invoice order:1", "booked-bob"), ("invoice order:2", "forgotten-fay")] {
        shelf.journal.intend(vec![planned(key, Some(&plan(whose)))]).await.unwrap();
    }
    let mut settlement = Settlement::of(&claim, done());
    settlement.effects = vec![Effect { key: "invoice order:1".into(), kind: "invoice", result: "INV-1".into() }];
    assert!(shelf.keeps(settlement).await);
    let record = begins(&shelf).await;
    let mut found = plans(&shelf, 100).await;
    found[0].plan = "{}".into();
    let replacements = Replacements { plans: found, ..Replacements::default() };
    assert!(shelf.journal.replace_kept(record.id, &Place::START, &Place::End, replacements).await.unwrap());
    let file = shelf.file_at_rest();
    let holds = |wanted: &str| file.windows(wanted.len()).any(|window| window == wanted.as_bytes());
    assert!(holds("invoice order:2"), "what was intended is still known");
    assert!(!holds("booked-bob") && !holds("forgotten-fay") && !holds("xxxxxxxx"));
}

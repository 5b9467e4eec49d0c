//! Deliveries in: acknowledged is durable, and the same thing twice is one thing.

use bytes::Bytes;
use futures::future::join_all;
use tillbridge::domain::NewDelivery;
use tillbridge::journal::{Appended, JournalError, PolledPage};

use super::shelf::Shelf;
use super::things::*;

on_both_journals! {
    a_delivery_comes_back_byte_for_byte
    the_same_webhook_id_twice_is_one_delivery
    two_webhook_ids_of_one_fact_are_one_delivery
    the_same_key_at_another_origin_is_another_delivery
    sixty_four_identical_appends_at_once_make_one_delivery
    many_different_appends_at_once_are_all_kept
    an_acknowledged_delivery_survives_the_end_of_the_process
    keys_and_headers_no_index_would_take_are_kept_all_the_same
    a_page_and_its_cursor_are_committed_together
    a_page_read_from_an_old_cursor_changes_nothing
    records_polled_twice_are_one_delivery
}

async fn only_delivery(shelf: &Shelf) -> NewDelivery {
    let taken = shelf.journal.take_deliveries(10, LEASE).await.unwrap();
    assert_eq!(taken.len(), 1);
    taken[0].delivery.content.clone()
}

async fn a_delivery_comes_back_byte_for_byte(shelf: Shelf) {
    let order = r#"{"line_items":[{"sku":"SHIRT-M","title":"Bluse ä €"}]}"#.repeat(200);
    for body in [Vec::new(), vec![0, 255, 0, 13], order.into_bytes()] {
        let sent = signed(&uuid::Uuid::new_v4().to_string(), Some("e"), &body);
        let expected = sent.get().clone();
        let Appended::New(id) = shelf.journal.append(sent).await.unwrap() else { panic!("it is new") };
        let taken = shelf.journal.take_deliveries(10, LEASE).await.unwrap();
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].delivery.id, id);
        assert_eq!(taken[0].delivery.received_at, shelf.clock.now());
        assert_eq!(taken[0].delivery.content, expected);
        let trace = shelf.journal.trace(id.0).await.unwrap().unwrap();
        assert_eq!(trace.delivery.bytes, i64::try_from(body.len()).unwrap());
    }
}

async fn the_same_webhook_id_twice_is_one_delivery(shelf: Shelf) {
    let Appended::New(first) = shelf.journal.append(signed("w1", None, b"{}")).await.unwrap() else {
        panic!("the first is new")
    };
    for _ in 0..2 {
        let again = shelf.journal.append(signed("w1", None, b"{}")).await.unwrap();
        assert_eq!(again, Appended::Duplicate(first));
    }
    let trace = shelf.journal.trace(first.0).await.unwrap().unwrap();
    assert_eq!(trace.delivery.duplicates, 2);
    assert_eq!(shelf.journal.counts().await.unwrap().duplicates, 2);
    assert_eq!(only_delivery(&shelf).await.dedupe_key, "w1");
}

async fn two_webhook_ids_of_one_fact_are_one_delivery(shelf: Shelf) {
    let first = id_of(shelf.journal.append(signed("w1", Some("fulfilment"), b"{}")).await.unwrap());
    let again = shelf.journal.append(signed("w2", Some("fulfilment"), b"{}")).await.unwrap();
    assert_eq!(again, Appended::Duplicate(first));
    let other = shelf.journal.append(signed("w3", Some("refund"), b"{}")).await.unwrap();
    assert!(matches!(other, Appended::New(_)));
    // Of a batch as well: the second of the two is a duplicate of the first.
    let both = join_all(["w4", "w5"].map(|id| shelf.journal.append(signed(id, Some("edit"), b"{}")))).await;
    let new = both.iter().filter(|answer| matches!(answer, Ok(Appended::New(_)))).count();
    assert_eq!(new, 1, "{both:?}");
    let ids: Vec<_> = both.into_iter().map(|answer| id_of(answer.unwrap())).collect();
    assert_eq!(ids[0], ids[1]);
    assert_eq!(shelf.journal.trace(ids[0].0).await.unwrap().unwrap().delivery.duplicates, 1);
}

async fn the_same_key_at_another_origin_is_another_delivery(shelf: Shelf) {
    shelf.journal.append(signed("w1", None, b"{}")).await.unwrap();
    let polled = shelf.journal.append_polled(page(None, "stock", &["w1"])).await.unwrap();
    assert!(matches!(polled[0], Appended::New(_)));
}

async fn sixty_four_identical_appends_at_once_make_one_delivery(shelf: Shelf) {
    let answers = join_all((0..64).map(|_| shelf.journal.append(signed("w1", Some("e"), b"{}")))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let new: Vec<_> = answers.iter().filter(|answer| matches!(answer, Appended::New(_))).collect();
    assert_eq!(new.len(), 1);
    assert!(answers.iter().all(|answer| id_of(*answer) == id_of(*new[0])));
    assert_eq!(shelf.journal.counts().await.unwrap().duplicates, 63);
}

async fn many_different_appends_at_once_are_all_kept(shelf: Shelf) {
    let answers = join_all((0..600).map(|n| shelf.journal.append(signed(&format!("w{n}"), None, b"{}")))).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Appended::New(_)))));
    assert_eq!(shelf.journal.counts().await.unwrap().deliveries["new"], 600);
    assert_eq!(shelf.journal.take_deliveries(1_000, LEASE).await.unwrap().len(), 600);
}

async fn an_acknowledged_delivery_survives_the_end_of_the_process(shelf: Shelf) {
    let id = id_of(shelf.journal.append(signed("w1", None, b"{}")).await.unwrap());
    let shelf = shelf.reopened().await;
    assert_eq!(shelf.journal.append(signed("w1", None, b"{}")).await.unwrap(), Appended::Duplicate(id));
    assert_eq!(shelf.journal.take_deliveries(10, LEASE).await.unwrap()[0].delivery.id, id);
}

async fn keys_and_headers_no_index_would_take_are_kept_all_the_same(shelf: Shelf) {
    let long = |end: &str| "k".repeat(20_000) + end;
    let strange = |key: &str| NewDelivery {
        topic: "a\0b".into(),
        fold_key: Some(long(key)),
        headers: [("x".to_owned(), "a\0b".to_owned())].into(),
        body: Bytes::from_static(b"a\0b"),
        ..record(&long(key))
    };
    let to = |to: &str, from: Option<&str>| PolledPage {
        task: "strange".into(),
        from: from.map(str::to_owned),
        to: to.into(),
        deliveries: vec![strange("1"), strange("2"), strange("1")],
    };
    let first = shelf.journal.append_polled(to("1", None)).await.unwrap();
    assert_ne!(id_of(first[0]), id_of(first[1]));
    assert_eq!(first[2], Appended::Duplicate(id_of(first[0])));
    let again = shelf.journal.append_polled(to("2", Some("1"))).await.unwrap();
    assert_eq!(again[1], Appended::Duplicate(id_of(first[1])));
    let taken = shelf.journal.take_deliveries(10, LEASE).await.unwrap();
    assert_eq!(taken[0].delivery.content.body, Bytes::from_static(b"a\0b"));
    assert_eq!(taken[0].delivery.content.headers["x"], "a\0b");
}

async fn a_page_and_its_cursor_are_committed_together(shelf: Shelf) {
    assert_eq!(shelf.journal.cursor("stock").await.unwrap(), None);
    let answers = shelf.journal.append_polled(page(None, "stock", &["a", "b"])).await.unwrap();
    assert_eq!(answers.len(), 2);
    assert_eq!(shelf.journal.cursor("stock").await.unwrap().as_deref(), Some("after b"));
    assert_eq!(shelf.journal.cursor("price").await.unwrap(), None);
    shelf.journal.append_polled(page(Some("after b"), "stock", &[])).await.unwrap();
    assert_eq!(shelf.journal.cursor("stock").await.unwrap().as_deref(), Some("after nothing"));
    assert_eq!(shelf.journal.take_deliveries(10, LEASE).await.unwrap().len(), 2);
}

async fn a_page_read_from_an_old_cursor_changes_nothing(shelf: Shelf) {
    shelf.journal.append_polled(page(None, "stock", &["a"])).await.unwrap();
    for from in [None, Some("after nothing")] {
        let refused = shelf.journal.append_polled(page(from, "stock", &["b"])).await;
        assert!(matches!(refused, Err(JournalError::CursorMoved)), "{refused:?}");
    }
    assert_eq!(shelf.journal.cursor("stock").await.unwrap().as_deref(), Some("after a"));
    assert_eq!(shelf.journal.counts().await.unwrap().deliveries["new"], 1);
    // Of two pollers at once, one is faster.
    let both =
        join_all(["b", "c"].map(|key| shelf.journal.append_polled(page(Some("after a"), "stock", &[key])))).await;
    assert_eq!(both.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(shelf.journal.counts().await.unwrap().deliveries["new"], 2);
}

async fn records_polled_twice_are_one_delivery(shelf: Shelf) {
    let first = shelf.journal.append_polled(page(None, "stock", &["a", "b", "a"])).await.unwrap();
    assert!(matches!(first[..], [Appended::New(_), Appended::New(_), Appended::Duplicate(_)]), "{first:?}");
    assert_eq!(id_of(first[0]), id_of(first[2]));
    let again = shelf.journal.append_polled(page(Some("after a"), "stock", &["b", "c"])).await.unwrap();
    assert_eq!(again[0], Appended::Duplicate(id_of(first[1])));
    assert!(matches!(again[1], Appended::New(_)));
}

//! Processes over one PostgreSQL: what has nothing to do with each other does not wait for each other, and a look-up reads what it
//! is asked for, however much there is besides. A file has one writer and one process.

use std::time::Duration;

use tillbridge::domain::Version;
use tillbridge::journal::{Claim, LinkKind, Settlement, Written};

use super::demand::{claim, line};
use super::shelf::Shelf;
use super::things::*;

/// Far longer than a settlement takes, and shorter than the journal waits for a lock.
const PATIENCE: Duration = Duration::from_secs(8);

/// The tables that look-ups go to.
const ASKED_OF: &str = "'written', 'link', 'web_order', 'effect'";

/// The end of an attempt that brings so many links.
fn bringing(claim: &Claim, count: usize) -> Settlement {
    let document = &claim.event.draft.source_document;
    let link = |number| invoice_link(&format!("{document}/{number}"), &format!("INV {document}/{number}"));
    Settlement { links: (0..count).map(link).collect(), ..Settlement::of(claim, done()) }
}

/// Two batches at once are the rule, not the exception.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_does_not_wait_for_another_one_of_other_documents() {
    let Some(shelf) = Shelf::postgres("journals::together::a_settlement_does_not_wait").await else { return };
    shelf.raises(vec![cancelled("order:1"), cancelled("order:2")], &["invoice"]).await;
    let claims = shelf.works().await;
    let somebody = shelf.connection().await;
    let held = format!("BEGIN; SELECT id FROM handling WHERE id = {} FOR UPDATE", claims[0].handling.0);
    somebody.batch_execute(&held).await.unwrap();
    let (journal, first) = (shelf.journal.clone(), bringing(&claims[0], 64));
    let waiting = tokio::spawn(async move { journal.settle(vec![first]).await });
    let is_stuck = "SELECT 'waiting', COUNT(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while shelf.look(is_stuck).await[0].1 == 0 {}

    let second = shelf.journal.settle(vec![bringing(&claims[1], 64)]);
    let settled = tokio::time::timeout(PATIENCE, second).await.expect("it waits for nobody").unwrap();
    assert_eq!(settled.each, [true]);
    assert!(!waiting.is_finished());
    somebody.batch_execute("COMMIT").await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().each, [true]);
}

/// A planner without statistics, as it is in the first minute of a journal and of each flood.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_up_reads_what_it_is_asked_for() {
    const KNOWN: usize = 3_000;
    const ASKED: usize = 20;
    const TIMES: usize = 10;
    let Some(shelf) = Shelf::postgres("journals::together::a_look_up_reads").await else { return };
    shelf.raises(vec![cancelled("order:0")], &["invoice"]).await;
    let claim = shelf.works_on_one().await;
    assert!(shelf.keeps(bringing(&claim, KNOWN)).await);
    let entity = |number: usize| format!("order:{number}");
    let written = |number| Written { entity: entity(number), version: Version(1), value: "{}".to_owned() };
    shelf.journal.keep_written(&kiwi(), (0..KNOWN).map(written).collect()).await.unwrap();
    let before = rows_read(&shelf, ASKED_OF).await;

    let keys: Vec<String> = (0..ASKED).map(entity).collect();
    let (links, others): (Vec<String>, Vec<String>) =
        (0..ASKED).map(|number| (format!("order:0/{number}"), format!("INV order:0/{number}"))).unzip();
    for _ in 0..TIMES {
        assert!(shelf.journal.written(&kiwi(), &keys).await.unwrap().iter().all(Option::is_some));
        let found = shelf.journal.links(&kiwi(), LinkKind::Invoice, &links).await.unwrap();
        assert!(found.iter().all(Option::is_some));
        let found = shelf.journal.links_back(&kiwi(), LinkKind::Invoice, &others).await.unwrap();
        assert!(found.iter().all(Option::is_some));
        assert!(shelf.journal.web_orders(&kiwi(), &keys).await.unwrap().iter().all(Option::is_none));
        assert!(shelf.journal.in_doubt(&kiwi(), &keys).await.unwrap().iter().all(Option::is_none));
    }
    // What a connection has read is known once it has ended.
    let shelf = shelf.reopened().await;
    let least = i64::try_from(TIMES * ASKED).unwrap();
    let read = loop {
        let read = rows_read(&shelf, ASKED_OF).await - before;
        if read >= 4 * least {
            break read;
        }
    };
    // Each of these is read once for a key, what was written twice; a page of keys is filled up to the next size.
    assert!(read <= 5 * 64 * i64::try_from(TIMES).unwrap(), "{read} rows were read for {} keys", 4 * least);
}

/// A plan that was right for an empty table reads the whole of it, and the table grows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_does_not_outlive_what_it_was_made_for() {
    const ORDERS: i64 = 2_000;
    const AT_ONCE: i64 = 8;
    let Some(shelf) = Shelf::postgres("journals::together::a_plan_does_not_outlive").await else { return };
    shelf.connection().await.batch_execute("VACUUM ANALYZE").await.unwrap();
    for first in (0..ORDERS).step_by(usize::try_from(AT_ONCE).unwrap()) {
        let orders = first..first + AT_ONCE;
        shelf.states(orders.map(|number| claim(&format!("order:{number}"), 1, vec![line(1, 0, 0)])).collect()).await;
    }
    let shelf = shelf.reopened().await;
    let put = "SELECT 'new', CAST(n_tup_ins AS BIGINT) FROM pg_stat_user_tables WHERE relname = 'web_piece'";
    while shelf.look(put).await[0].1 < ORDERS {}
    let read = rows_read(&shelf, "'web_piece', 'web_order'").await;
    assert!(read <= 10 * ORDERS, "{read} rows were read for {ORDERS} orders");
}

/// Rows that were read of these tables.
async fn rows_read(shelf: &Shelf, tables: &str) -> i64 {
    let read = format!(
        "SELECT 'read', CAST(SUM(COALESCE(seq_tup_read, 0) + COALESCE(idx_tup_fetch, 0)) AS BIGINT) \
        FROM pg_stat_user_tables WHERE relname IN ({tables})"
    );
    shelf.look(&read).await[0].1
}

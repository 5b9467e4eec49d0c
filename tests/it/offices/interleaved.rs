//! Transactions that overlap: what commits late must not be overtaken by the poller. Only a server has several writers.

use tillbridge::domain::Fact;
use tillbridge::office::ChangeKind;

use super::papers::money;
use super::shop::{Place, Shop, web};
use crate::support::servers;
use tillbridge::office::Office;

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_commits_late_is_not_skipped() {
    let Some(shop) = Shop::on_postgres().await else {
        servers::left_out("a_transaction_that_commits_late_is_not_skipped", "DATABASE_URL");
        return;
    };
    let Place::Server(scratch) = &shop.place else { unreachable!() };
    let (slow, quick) = (shop.sku(0), shop.sku(1));
    let cursor = shop.caught_up(ChangeKind::Stock).await;

    let writer = scratch.client().await;
    writer.batch_execute("BEGIN").await.unwrap();
    let sale = format!("INSERT INTO office_till_sale (sku, branch, quantity) VALUES ('{slow}', 'WEB', 1)");
    writer.batch_execute(&sale).await.unwrap();
    // The quick sale begins later, ends earlier and has the higher marker.
    shop.books.sell_at_till(&quick, &web(), 1).await.unwrap();

    let while_open = shop.office.changes(ChangeKind::Stock, Some(&cursor), 100).await.unwrap();
    assert!(while_open.deliveries.is_empty(), "read past a transaction that is still open: {while_open:?}");
    writer.batch_execute("COMMIT").await.unwrap();

    let (changed, _) = shop.changes(ChangeKind::Stock, Some(&while_open.cursor), 100).await;
    let skus: Vec<String> = changed
        .iter()
        .map(|delivery| match shop.fact(delivery) {
            Fact::StockChanged(level) => level.sku.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(skus, [slow.to_string(), quick.to_string()]);
}

/// The order of markers and the order of commits are both turned round, and one row is written by both.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_transaction_that_writes_last_is_seen_with_the_last_word() {
    let Some(shop) = Shop::on_postgres().await else {
        servers::left_out("an_older_transaction_that_writes_last_is_seen_with_the_last_word", "DATABASE_URL");
        return;
    };
    let Place::Server(scratch) = &shop.place else { unreachable!() };
    let sku = shop.sku(0);
    let cursor = shop.caught_up(ChangeKind::Prices).await;
    let older = scratch.client().await;
    older.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();
    shop.books.set_price(&sku, money("11.00")).await.unwrap();
    let early = shop.office.changes(ChangeKind::Prices, Some(&cursor), 100).await.unwrap();
    assert!(early.deliveries.is_empty());
    older.batch_execute(&format!("UPDATE office_price SET retail = 22.00 WHERE sku = '{sku}'; COMMIT")).await.unwrap();

    let (changed, next) = shop.changes(ChangeKind::Prices, Some(&early.cursor), 100).await;
    assert_eq!(changed.len(), 1);
    let first = shop.event(&changed[0]);
    assert!(matches!(&first.fact, Fact::PriceChanged(price) if price.retail == money("22.00")));
    shop.books.set_price(&sku, money("33.00")).await.unwrap();
    let (changed, _) = shop.changes(ChangeKind::Prices, Some(&next), 100).await;
    assert!(shop.event(&changed[0]).version > first.version);
}

/// A figure is read between the two: the change that is listed later must not look older than what was read.
#[tokio::test(flavor = "multi_thread")]
async fn a_figure_read_between_two_transactions_is_not_newer_than_the_second() {
    let Some(shop) = Shop::on_postgres().await else {
        servers::left_out("a_figure_read_between_two_transactions_is_not_newer_than_the_second", "DATABASE_URL");
        return;
    };
    let Place::Server(scratch) = &shop.place else { unreachable!() };
    let sku = shop.sku(0);
    let cursor = shop.caught_up(ChangeKind::Stock).await;
    let older = scratch.client().await;
    older.batch_execute("BEGIN; SELECT pg_current_xact_id()").await.unwrap();
    shop.books.sell_at_till(&sku, &web(), 1).await.unwrap();
    let between = shop.office.stock(&[(sku.clone(), web())]).await.unwrap()[0].unwrap();
    let sale = format!("INSERT INTO office_till_sale (sku, branch, quantity) VALUES ('{sku}', 'WEB', 1); COMMIT");
    older.batch_execute(&sale).await.unwrap();

    let (changed, _) = shop.changes(ChangeKind::Stock, Some(&cursor), 100).await;
    assert_eq!(changed.len(), 1);
    let last = shop.event(&changed[0]);
    assert!(matches!(&last.fact, Fact::StockChanged(level) if level.on_hand == between.on_hand - 1));
    assert!(
        last.version >= between.version,
        "{:?} would be left out as older than {:?}",
        last.version,
        between.version
    );
}

/// Many tills and a poller at once: the last figure read for each SKU is the figure in the books.
#[tokio::test(flavor = "multi_thread")]
async fn a_poller_among_busy_tills_misses_nothing() {
    let Some(shop) = Shop::on_postgres().await else {
        servers::left_out("a_poller_among_busy_tills_misses_nothing", "DATABASE_URL");
        return;
    };
    let tills = (0..4).map(|till| {
        let (books, skus) = (shop.books.clone(), shop.assortment.skus.clone());
        tokio::spawn(async move {
            for sale in 0..60 {
                books.sell_at_till(&skus[(till * 7 + sale * 3) % 12], &web(), 1).await.unwrap();
            }
        })
    });
    let tills: Vec<_> = tills.collect();
    let mut figures = std::collections::HashMap::new();
    let mut versions = std::collections::HashMap::new();
    let mut cursor: Option<String> = None;
    let mut take = |deliveries: Vec<tillbridge::domain::NewDelivery>| {
        for delivery in deliveries.iter().filter(|delivery| delivery.dedupe_key.contains("@WEB#")) {
            let tillbridge::domain::Normalised::Events(mut drafts) = shop.meaning(delivery) else { continue };
            let draft = drafts.remove(0);
            let Fact::StockChanged(level) = draft.fact else { panic!() };
            let newer = versions.insert(draft.entity.clone(), draft.version).is_none_or(|held| held < draft.version);
            assert!(newer, "{} went back to an older version", draft.entity);
            figures.insert(level.sku, level.on_hand);
        }
    };
    while !tills.iter().all(tokio::task::JoinHandle::is_finished) {
        let page = shop.office.changes(ChangeKind::Stock, cursor.as_deref(), 50).await.unwrap();
        take(page.deliveries);
        cursor = Some(page.cursor);
    }
    for till in tills {
        till.await.unwrap();
    }
    take(shop.changes(ChangeKind::Stock, cursor.as_deref(), 50).await.0);
    for sku in &shop.assortment.skus {
        assert_eq!(figures.get(sku).copied(), Some(shop.stock(sku).await), "{sku}");
    }
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

//! What changes in the shop reaches the bridge: once, in order, and never behind its back.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tillbridge::domain::{CallError, Fact, NewDelivery, Normalised, Sku, StyleCode, Version};
use tillbridge::office::{ChangeKind, Office};
use tillbridge::sandbox::office::NewVariant;

use super::papers::{goods, invoice, money};
use super::shop::{Shop, web};
use super::stories;

stories! {
    a_first_load_reads_everything_once_whatever_the_page,
    a_sale_at_the_till_is_one_new_stock_figure,
    a_web_invoice_is_a_stock_change_too,
    a_price_and_a_sale_are_price_changes_only,
    whatever_touches_a_style_is_one_product_change,
    a_style_taken_off_the_web_is_archived_and_comes_back_whole,
    a_deleted_style_leaves_tombstones,
    a_removed_variant_is_gone_from_its_product,
    what_is_not_for_the_web_is_ignored_with_a_reason,
    a_change_between_two_pages_is_not_lost,
    the_same_cursor_gives_the_same_again,
    a_write_that_changes_nothing_is_no_change,
    a_cursor_of_somebody_else_is_refused,
}

fn keys(deliveries: &[NewDelivery]) -> BTreeSet<String> {
    deliveries.iter().map(|delivery| delivery.dedupe_key.clone()).collect()
}

fn style(shop: &Shop) -> StyleCode {
    shop.assortment.active[0].clone()
}

fn branches(shop: &Shop) -> usize {
    shop.assortment.branches.len()
}

async fn a_first_load_reads_everything_once_whatever_the_page(shop: Shop) {
    let styles = shop.assortment.active.len() + shop.assortment.inactive.len();
    for kind in ChangeKind::ALL.iter().copied() {
        let (whole, _) = shop.changes(kind, None, 1000).await;
        assert!(whole.iter().all(|delivery| delivery.topic == kind.as_str() && delivery.origin.name == "kiwi"));
        assert_eq!(keys(&whole).len(), whole.len(), "a key comes twice");
        for limit in [1, 2, 7] {
            // On PostgreSQL all seeded rows share one marker: every page edge cuts through a tie.
            let (paged, _) = shop.changes(kind, None, limit).await;
            assert_eq!(paged, whole, "pages of {limit}");
        }
        match kind {
            ChangeKind::Products => assert_eq!(whole.len(), styles),
            ChangeKind::Prices => assert!(whole.len() > shop.assortment.skus.len()),
            ChangeKind::Customers => assert!(whole.is_empty(), "nobody has bought yet"),
            ChangeKind::Branches => assert_eq!(whole.len(), branches(&shop)),
            ChangeKind::Stock => {
                assert_eq!(whole.len() % branches(&shop), 0);
                let known = whole.iter().filter(|delivery| matches!(shop.meaning(delivery), Normalised::Events(_)));
                assert_eq!(known.count(), shop.assortment.skus.len() * branches(&shop));
            }
        }
    }
}

/// F-016, F-343
async fn a_sale_at_the_till_is_one_new_stock_figure(shop: Shop) {
    let sku = shop.sku(0);
    let before = shop.stock(&sku).await;
    let cursor = shop.caught_up(ChangeKind::Stock).await;
    shop.books.sell_at_till(&sku, &web(), 2).await.unwrap();
    shop.books.receive_goods(&sku, &web(), 5).await.unwrap();
    shop.books.sell_at_till(&sku, &web(), 1).await.unwrap();
    let (changed, _) = shop.changes(ChangeKind::Stock, Some(&cursor), 100).await;
    let [delivery] = changed.as_slice() else { panic!("three movements of one figure are one change: {changed:?}") };
    let draft = shop.event(delivery);
    assert_eq!(draft.entity, format!("stock:{sku}@WEB"));
    assert_eq!(draft.source_document, format!("stock:{sku}@WEB#{}", draft.version.0));
    assert!(draft.version > Version(0));
    match draft.fact {
        Fact::StockChanged(level) => assert_eq!((level.sku, level.branch, level.on_hand), (sku, web(), before + 2)),
        other => panic!("{other:?}"),
    }
}

/// F-361, F-362
async fn a_web_invoice_is_a_stock_change_too(shop: Shop) {
    let sku = shop.sku(3);
    let before = shop.stock(&sku).await;
    let cursor = shop.caught_up(ChangeKind::Stock).await;
    let sale = invoice("order:1", vec![goods(&sku, 4, money("10.00"))]);
    shop.office.book(&[sale]).await.remove(0).unwrap();
    let (changed, _) = shop.changes(ChangeKind::Stock, Some(&cursor), 100).await;
    assert_eq!(changed.len(), 1);
    assert!(matches!(shop.fact(&changed[0]), Fact::StockChanged(level) if level.on_hand == before - 4));
}

async fn a_price_and_a_sale_are_price_changes_only(shop: Shop) {
    let sku = shop.sku(0);
    let products = shop.caught_up(ChangeKind::Products).await;
    let mut cursor = shop.caught_up(ChangeKind::Prices).await;
    let mut newest = Version(0);
    let (from, until): (Timestamp, Timestamp) =
        ("2026-11-27T00:00:00Z".parse().unwrap(), "2026-11-30T11:59:59Z".parse().unwrap());
    for step in 0..3 {
        match step {
            0 => shop.books.set_price(&sku, money("45.00")).await.unwrap(),
            1 => shop.books.set_sale(&sku, Some(money("30.00")), Some(from), Some(until)).await.unwrap(),
            _ => shop.books.set_sale(&sku, None, None, None).await.unwrap(),
        }
        let (changed, next) = shop.changes(ChangeKind::Prices, Some(&cursor), 100).await;
        cursor = next;
        assert_eq!(changed.len(), 1, "{changed:?}");
        let draft = shop.event(&changed[0]);
        assert_eq!(draft.entity, format!("price:{sku}"));
        assert!(draft.version > newest);
        newest = draft.version;
        let Fact::PriceChanged(price) = draft.fact else { panic!("{:?}", draft.fact) };
        assert_eq!(price.retail, money("45.00"));
        let sale = (step == 1).then(|| money("30.00"));
        assert_eq!((price.sale, price.sale_from, price.sale_until), (sale, sale.map(|_| from), sale.map(|_| until)));
    }
    assert!(shop.changes(ChangeKind::Products, Some(&products), 100).await.0.is_empty());
}

async fn whatever_touches_a_style_is_one_product_change(shop: Shop) {
    let style = style(&shop);
    let currency = money("1.00").currency();
    let mut cursor = shop.caught_up(ChangeKind::Products).await;
    let violet = NewVariant {
        sku: Sku::parse("TEE-VIOLET").unwrap(),
        colour: Some("Violet".into()),
        size: Some("M".into()),
        barcode: None,
        retail: money("55.00"),
    };
    for step in 0..4 {
        match step {
            0 => shop.books.rename(&style, "Best tee").await.unwrap(),
            1 => shop.books.add_variant(&style, &violet).await.unwrap(),
            2 => shop.books.add_image(&style, 3, "https://images.example/third.jpg").await.unwrap(),
            _ => shop.books.rename_category("TOPS", "Shirts & tops").await.unwrap(),
        }
        let (changed, next) = shop.changes(ChangeKind::Products, Some(&cursor), 100).await;
        cursor = next;
        let styles: BTreeSet<&str> =
            changed.iter().map(|delivery| delivery.dedupe_key.split(['#', ':']).nth(1).unwrap()).collect();
        assert_eq!(styles.len(), changed.len(), "one delivery a style: {styles:?}");
        // A category's name touches all its styles, the other changes one.
        assert_eq!(changed.len() > 1, step == 3, "step {step}: {styles:?}");
        let product = changed.iter().find(|delivery| delivery.dedupe_key.contains(style.as_str())).unwrap();
        let draft = shop.event(product);
        assert_eq!(draft.entity, format!("product:{style}"));
        let Fact::ProductChanged(product) = draft.fact else { panic!("{:?}", draft.fact) };
        assert_eq!(product.title, "Best tee");
        assert_eq!(product.variants.len(), if step == 0 { 9 } else { 10 });
        assert!(product.variants.iter().all(|variant| variant.price.retail.currency() == currency));
        assert_eq!(product.variants.iter().any(|variant| variant.price.retail == violet.retail), step >= 1);
        assert_eq!(product.images.len(), if step >= 2 { 3 } else { 2 });
        assert_eq!(product.category.as_deref(), Some(if step == 3 { "Shirts & tops" } else { "Tops" }));
    }
}

/// F-326
async fn a_style_taken_off_the_web_is_archived_and_comes_back_whole(shop: Shop) {
    let style = style(&shop);
    let products = shop.caught_up(ChangeKind::Products).await;
    shop.books.set_internet_active(&style, false).await.unwrap();
    let (off, products) = shop.changes(ChangeKind::Products, Some(&products), 100).await;
    assert_eq!(off.len(), 1);
    assert!(matches!(shop.fact(&off[0]), Fact::ProductArchived(archived) if archived.style == style));

    let prices = shop.caught_up(ChangeKind::Prices).await;
    let stock = shop.caught_up(ChangeKind::Stock).await;
    shop.books.set_internet_active(&style, true).await.unwrap();
    let (on, _) = shop.changes(ChangeKind::Products, Some(&products), 100).await;
    let Fact::ProductChanged(product) = shop.fact(&on[0]) else { panic!("{on:?}") };
    let (prices, _) = shop.changes(ChangeKind::Prices, Some(&prices), 100).await;
    let (stock, _) = shop.changes(ChangeKind::Stock, Some(&stock), 100).await;
    assert_eq!(prices.len(), product.variants.len());
    assert_eq!(stock.len(), product.variants.len() * branches(&shop));
    for delivery in prices.iter().chain(&stock) {
        assert!(matches!(shop.fact(delivery), Fact::PriceChanged(_) | Fact::StockChanged(_)));
    }
}

async fn a_deleted_style_leaves_tombstones(shop: Shop) {
    let style = style(&shop);
    let mut cursors = Vec::new();
    for kind in ChangeKind::ALL {
        cursors.push(shop.caught_up(*kind).await);
    }
    shop.books.delete_style(&style).await.unwrap();
    let (products, _) = shop.changes(ChangeKind::Products, Some(&cursors[0]), 100).await;
    assert_eq!(products.len(), 1);
    assert!(matches!(shop.fact(&products[0]), Fact::ProductArchived(archived) if archived.style == style));
    for (kind, cursor, count) in
        [(ChangeKind::Prices, &cursors[1], 9), (ChangeKind::Stock, &cursors[2], 9 * branches(&shop))]
    {
        let (gone, _) = shop.changes(kind, Some(cursor), 100).await;
        assert_eq!(gone.len(), count);
        for delivery in &gone {
            assert!(matches!(shop.meaning(delivery), Normalised::Ignored(reason) if reason.contains("was deleted")));
        }
    }
}

async fn a_removed_variant_is_gone_from_its_product(shop: Shop) {
    let sku = shop.sku(0);
    let cursor = shop.caught_up(ChangeKind::Products).await;
    shop.books.remove_variant(&sku).await.unwrap();
    let (changed, _) = shop.changes(ChangeKind::Products, Some(&cursor), 100).await;
    assert_eq!(changed.len(), 1);
    let Fact::ProductChanged(product) = shop.fact(&changed[0]) else { panic!("{changed:?}") };
    assert!(product.variants.len() == 8 && product.variants.iter().all(|variant| variant.sku != sku));
}

async fn what_is_not_for_the_web_is_ignored_with_a_reason(shop: Shop) {
    let hidden = shop.assortment.inactive[0].clone();
    let (products, _) = shop.changes(ChangeKind::Products, None, 100).await;
    let archived = products.iter().filter(|delivery| matches!(shop.fact(delivery), Fact::ProductArchived(_)));
    assert_eq!(archived.count(), 1);
    for kind in [ChangeKind::Prices, ChangeKind::Stock] {
        let (all, _) = shop.changes(kind, None, 1000).await;
        let mut ignored = 0;
        for delivery in &all {
            if let Normalised::Ignored(reason) = shop.meaning(delivery) {
                assert!(reason.contains(&format!("style {hidden} is not internet-active")), "{reason}");
                ignored += 1;
            }
        }
        assert!(ignored > 0);
    }
}

async fn a_change_between_two_pages_is_not_lost(shop: Shop) {
    shop.settle().await;
    let page = shop.office.changes(ChangeKind::Products, None, 5).await.unwrap();
    assert!(page.more);
    // One style that was read already changes again, and one that is still to come.
    let (read, ahead) = (&shop.assortment.active[0], &shop.assortment.active[10]);
    let before = keys(&page.deliveries);
    for style in [read, ahead] {
        shop.books.rename(style, "Renamed between pages").await.unwrap();
    }
    let (rest, _) = shop.changes(ChangeKind::Products, Some(&page.cursor), 5).await;
    for style in [read, ahead] {
        let newest =
            rest.iter().rfind(|delivery| delivery.dedupe_key.starts_with(&format!("products:{style}#"))).unwrap();
        assert!(!before.contains(&newest.dedupe_key));
        assert!(matches!(shop.fact(newest), Fact::ProductChanged(product) if product.title == "Renamed between pages"));
    }
    let styles: BTreeSet<String> =
        page.deliveries.iter().chain(&rest).map(|delivery| shop.event(delivery).entity).collect();
    assert_eq!(styles.len(), shop.assortment.active.len() + shop.assortment.inactive.len());
}

async fn the_same_cursor_gives_the_same_again(shop: Shop) {
    shop.settle().await;
    let page = shop.office.changes(ChangeKind::Stock, None, 10).await.unwrap();
    let next = shop.office.changes(ChangeKind::Stock, Some(&page.cursor), 10).await.unwrap();
    let again = shop.office.changes(ChangeKind::Stock, Some(&page.cursor), 10).await.unwrap();
    assert_eq!((next.deliveries, next.cursor), (again.deliveries, again.cursor));
    let end = shop.caught_up(ChangeKind::Stock).await;
    let nothing = shop.office.changes(ChangeKind::Stock, Some(&end), 10).await.unwrap();
    assert!(nothing.deliveries.is_empty() && !nothing.more && nothing.cursor == end);
}

async fn a_write_that_changes_nothing_is_no_change(shop: Shop) {
    let style = style(&shop);
    shop.books.rename(&style, "Same").await.unwrap();
    let products = shop.caught_up(ChangeKind::Products).await;
    let stock = shop.caught_up(ChangeKind::Stock).await;
    shop.books.rename(&style, "Same").await.unwrap();
    shop.books.set_internet_active(&style, true).await.unwrap();
    assert!(shop.changes(ChangeKind::Products, Some(&products), 100).await.0.is_empty());
    assert!(shop.changes(ChangeKind::Stock, Some(&stock), 100).await.0.is_empty());
}

async fn a_cursor_of_somebody_else_is_refused(shop: Shop) {
    let stock = shop.caught_up(ChangeKind::Stock).await;
    for (kind, cursor) in [(ChangeKind::Prices, stock.as_str()), (ChangeKind::Stock, "yesterday")] {
        let refused = shop.office.changes(kind, Some(cursor), 10).await;
        assert!(matches!(refused, Err(CallError::Rejected(words)) if words.contains("reset it")));
    }
}

//! What people changed at the shop of the office's products is found by asking, and comes right; what is the shop's own stays.

use std::time::Duration;

use tillbridge::domain::{EventType, Money, StyleCode};
use tillbridge::flow::reconcile::{self, Breadth, Products, Scope, Window};
use tillbridge::journal::{LinkKind, Selection};
use tillbridge::policy::ReceiveCustomers;
use tillbridge::rehearsal::TownPlan;
use tillbridge::sandbox::shopify::Product;
use tillbridge::storefront::MetafieldRule;

use super::by_hand::order_of;
use crate::support::house::{Deployment, House, on_both_deployments};

const WINDOW: Window = Window { since: None, overlap: Duration::from_secs(600), dry_run: false };

/// Asks the shop once for products, beside orders.
async fn asks(house: &House, window: Window, products: Breadth) -> Products {
    let found = reconcile::once(&house.desk(), window, Scope { products, ..Scope::ORDERS }).await.unwrap();
    house.bridge.as_ref().unwrap().stage.bells.deliveries.notify_one();
    found.products.unwrap()
}

/// What was found of each product, and the prices.
fn told(products: &Products) -> Vec<(&str, Vec<&str>, Vec<&str>)> {
    let drifts = products.differing.iter();
    let words = drifts.map(|drift| {
        let prices = drift.prices.iter().map(tillbridge::domain::Sku::as_str).collect();
        (drift.style.as_str(), drift.found.iter().map(String::as_str).collect(), prices)
    });
    words.collect()
}

fn product(house: &House, style: &StyleCode) -> Product {
    house.town().shop.product_by_pos_key("tillbridge", "style", style.as_str()).unwrap()
}

fn calls(house: &House, operation: &str) -> u64 {
    house.town().shop.api_calls().of(operation).calls
}

fn money(house: &House, text: &str) -> Money {
    Money::parse(text, house.town().shop.catalogue()[0].price.currency()).unwrap()
}

fn price(house: &House, sku: &str) -> Money {
    house.town().shop.catalogue().into_iter().find(|info| info.sku == sku).unwrap().price
}

on_both_deployments! {
    async fn a_product_deleted_by_hand_comes_back_with_its_stock(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let style = house.town().assortment.active[0].clone();
        let before = product(&house, &style);
        shop.delete_product(before.id).await.unwrap();
        house.rest().await;
        let dry = asks(&house, Window { dry_run: true, ..WINDOW }, Breadth::Whole).await;
        assert_eq!(told(&dry), [(style.as_str(), vec!["it is gone"], vec![])]);
        assert!(shop.product_by_pos_key("tillbridge", "style", style.as_str()).is_none(), "a dry run changes nothing");
        let found = asks(&house, WINDOW, Breadth::Whole).await;
        assert_eq!((found.listed, told(&found)), (4, told(&dry)));
        house.rest().await;
        let after = product(&house, &style);
        assert!(after.id != before.id && after.is_visible());
        assert_eq!(after.variants.len(), before.variants.len());
        assert_eq!(told(&asks(&house, WINDOW, Breadth::Whole).await), []);
        house.keeps_its_promises(0).await;
    }

    async fn what_was_changed_by_hand_of_the_offices_comes_right_and_the_shops_own_stays(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let styles = house.town().assortment.active.clone();
        let [first, second, third] = [0, 1, 2].map(|at| product(&house, &styles[at]));
        shop.edit_title(first.id, "The shop's own words").await.unwrap();
        shop.edit_product(first.id, |product| {
            product.vendor = "Somebody else".into();
            product.status = "DRAFT".into();
        })
        .await
        .unwrap();
        let missing = second.variants.last().unwrap().sku.clone().unwrap();
        shop.edit_product(second.id, |product| drop(product.variants.pop())).await.unwrap();
        let dear = third.variants[0].sku.clone().unwrap();
        let due = price(&house, &dear);
        shop.edit_product(third.id, |product| product.variants[0].price *= 3).await.unwrap();
        shop.edit_title(product(&house, &styles[3]).id, "Another title").await.unwrap();
        house.rest().await;

        let found = asks(&house, WINDOW, Breadth::Changed).await;
        let missed = format!("variant {missing} is missing");
        let mut expected = vec![
            (styles[0].as_str(), vec!["vendor", "status"], vec![]),
            (styles[1].as_str(), vec![missed.as_str()], vec![]),
            (styles[2].as_str(), vec![], vec![dear.as_str()]),
        ];
        let mut seen = told(&found);
        seen.sort_unstable();
        expected.sort_unstable();
        assert_eq!(seen, expected);
        house.rest().await;
        let after = product(&house, &styles[0]);
        assert_eq!((&after.vendor, after.title.as_str()), (&first.vendor, "The shop's own words"));
        assert!(after.is_visible());
        assert_eq!(product(&house, &styles[1]).variants.len(), second.variants.len());
        let pieces = house.pieces(&missing, "WEB").await;
        assert_eq!(shop.stock(&missing, "WEB").unwrap().on_hand, pieces, "it has its pieces again");
        assert_eq!(price(&house, &dear), due);
        assert_eq!(told(&asks(&house, WINDOW, Breadth::Changed).await), []);
        house.keeps_its_promises(0).await;
    }

    async fn a_catalogue_in_which_nothing_changed_costs_the_pages_of_a_listing(deployment: Deployment) {
        let house = House::open(deployment).await;
        // More of the shop's own than the listing's page holds.
        for number in 0..260 {
            house.town().shop.put_up_for_sale(&format!("OWN-{number}"), money(&house, "9.00"), &[]).await.unwrap();
        }
        house.time_passes(2);
        let before = (calls(&house, "products"), calls(&house, "product"));
        let whole = asks(&house, WINDOW, Breadth::Whole).await;
        assert_eq!((whole.listed, whole.compared, whole.read, whole.differing.len()), (265, 5, 0, 0));
        let changed = asks(&house, WINDOW, Breadth::Changed).await;
        assert_eq!((changed.listed, changed.compared, changed.read), (0, 0, 0));
        assert_eq!((calls(&house, "products"), calls(&house, "product")), (before.0 + 3, before.1));
        house.keeps_its_promises(0).await;
    }

    async fn a_style_taken_off_the_web_and_shown_by_hand_goes_off_again(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let style = house.town().assortment.active[0].clone();
        house.town().office.set_internet_active(&style, false).await.unwrap();
        house.rest().await;
        let id = product(&house, &style).id;
        shop.edit_product(id, |product| product.status = "ACTIVE".into()).await.unwrap();
        let found = asks(&house, WINDOW, Breadth::Changed).await;
        assert_eq!(told(&found), [(style.as_str(), vec!["it is shown, and the office has taken it off the web"], vec![])]);
        house.rest().await;
        assert_eq!(product(&house, &style).status, "DRAFT");
        assert_eq!(told(&asks(&house, WINDOW, Breadth::Whole).await), []);
        house.keeps_its_promises(0).await;
    }

    /// The office's key at the shop is what is left.
    async fn a_lost_cross_reference_is_found_and_stock_goes_to_the_right_shelf_again(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let style = house.town().assortment.active[0].clone();
        let old = product(&house, &style);
        let restored = shop.restore_product(old.id).await.unwrap();
        house.rest().await;
        let found = asks(&house, WINDOW, Breadth::Whole).await;
        let what = "the cross-reference leads to one that is gone, and another carries its key";
        assert_eq!(told(&found), [(style.as_str(), vec![what], vec![])]);
        house.rest().await;
        assert_eq!(shop.products().len(), 5, "it is not made a second time");
        let links = house.journal().links(&house.town().channel.name, LinkKind::Product, &[style.to_string()]).await;
        assert_eq!(links.unwrap(), [Some(format!("gid://shopify/Product/{restored}"))]);
        let sku = old.variants[0].sku.as_deref().unwrap();
        assert_eq!(shop.stock(sku, "WEB").unwrap().on_hand, house.pieces(sku, "WEB").await);
        house.keeps_its_promises(0).await;
    }

    /// The office says nothing when the channel's rules change.
    async fn a_field_that_is_mapped_anew_reaches_the_products_that_are_there(deployment: Deployment) {
        let mut house = House::open(deployment).await;
        let style = house.town().assortment.active[0].clone();
        house.town().office.set_field(&style, "tab:Care", "<p>Wash cold.</p>").await.unwrap();
        house.rest().await;
        house.stop().await;
        house.rules().catalogue.metafields = vec![MetafieldRule {
            field: "tab:Care".into(),
            namespace: "custom".into(),
            key: "care".into(),
            kind: None,
        }];
        house.start().await;
        house.rest().await;
        assert_eq!(product(&house, &style).metafield("custom", "care"), None, "nobody has said so");
        let found = asks(&house, WINDOW, Breadth::Whole).await;
        assert_eq!(found.differing.len(), 1, "{:?}", told(&found));
        house.rest().await;
        assert_eq!(product(&house, &style).metafield("custom", "care"), Some("<p>Wash cold.</p>"));
        house.keeps_its_promises(0).await;
    }

    /// Nobody has to call it.
    async fn a_bridge_asks_by_itself_for_everything(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        house.rules().customers.receive = ReceiveCustomers::Always;
        house.rules().reconcile.every = Duration::from_millis(500);
        house.opens().await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        shop.hold_webhooks(true);
        let style = house.town().assortment.active[0].clone();
        let id = product(&house, &style).id;
        shop.edit_product(id, |product| product.vendor = "Somebody else".into()).await.unwrap();
        let ana = shop.edit_customer(None, |customer| customer.email = Some("ana@example.com".into()));
        ana.await.unwrap();
        let order = shop.place_order(&order_of(&house, &[1])).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.until("the order is booked", async || office.document_counts().await.unwrap() == (1, 0)).await;
        let known = async || office.customers().await.unwrap().iter().any(|one| one.email.as_deref() == Some("ana@example.com"));
        house.until("the account is a customer", known).await;
        house.until("the vendor is the office's", async || product(&house, &style).vendor != "Somebody else").await;
        shop.hold_webhooks(false);
        house.keeps_its_promises(0).await;
    }

    async fn the_same_state_of_a_product_is_handed_over_once(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, channel) = (&house.town().shop, &house.town().channel.name);
        let style = house.town().assortment.active[0].clone();
        house.journal().pause(channel, "a story").await.unwrap();
        let id = product(&house, &style).id;
        shop.edit_product(id, |product| product.vendor = "Somebody else".into()).await.unwrap();
        assert_eq!(asks(&house, WINDOW, Breadth::Whole).await.differing.len(), 1);
        let again = asks(&house, WINDOW, Breadth::Whole).await;
        assert_eq!((again.differing.len(), again.handed_over_before), (0, 1), "somebody is at it");
        house.journal().resume(channel).await.unwrap();
        house.rest().await;
        assert_ne!(product(&house, &style).vendor, "Somebody else");
        let seen = Selection { event_type: Some(EventType::ProductSeen), limit: 10, ..Selection::default() };
        assert_eq!(house.journal().events(&seen).await.unwrap().len(), 1);
        house.keeps_its_promises(0).await;
    }

    async fn a_product_the_bridge_is_still_at_is_no_difference(deployment: Deployment) {
        let house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        let mut house = house;
        house.start().await;
        house.journal().pause(&house.town().channel.name, "a story").await.unwrap();
        assert_eq!(told(&asks(&house, WINDOW, Breadth::Whole).await), []);
        house.journal().resume(&house.town().channel.name).await.unwrap();
        house.rest().await;
        house.keeps_its_promises(0).await;
    }
}

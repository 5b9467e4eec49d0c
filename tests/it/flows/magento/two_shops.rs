//! A Shopify and a Magento on one office: both are served, and nothing of one crosses to the other.

use std::time::Duration;

use tillbridge::journal::Selection;
use tillbridge::sandbox::magento2::{CreditPlan, LinePlan, OrderPlan};
use tillbridge::sandbox::shopify::lives;

use crate::support::house::{Deployment, House, on_both_deployments};
use crate::support::process::{Process, free_address};

/// Two pieces of a thing are bought at the Shopify and leave, three at the Magento and stay there, and one of these is given
/// back. Answers the thing.
async fn both_sell(house: &House) -> String {
    let (shopify, magento) = (&house.town().shop, &house.magentos[0].shop);
    let info = shopify.catalogue().remove(0);
    let mut plan = lives::OrderPlan::plain(info.price.currency(), &[(&info, 2)]);
    plan.taxes_included = true;
    let one = shopify.place_order(&plan).await.unwrap();
    shopify.fulfil(one).await.unwrap();
    let other = magento.place_order(&OrderPlan::by_guest(vec![LinePlan::simple(&info.sku, 3, 2_300)])).await.unwrap();
    magento.invoice(other).await.unwrap();
    magento.credit(other, &CreditPlan { lines: vec![(0, 1, false)], ..CreditPlan::default() }).await.unwrap();
    info.sku
}

/// Which storefront's each document of the office is.
async fn references(house: &House) -> Vec<String> {
    let office = &house.town().office;
    let (invoices, credits) = (office.invoices().await.unwrap(), office.credit_notes().await.unwrap());
    let of = |reference: &str| reference.split(':').next().unwrap().to_owned();
    let mut all: Vec<String> = invoices.iter().chain(&credits).map(|one| of(&one.reference)).collect();
    all.sort();
    all
}

/// What both shops show of a thing after [`both_sell`], of so many that there were.
fn shown(house: &House, sku: &str) -> (i64, i64) {
    let shopify = house.town().shop.stock(sku, "WEB").map_or(0, |figures| figures.on_hand);
    (shopify, house.magentos[0].shop.pieces(sku, "WEB"))
}

async fn differences(house: &House) -> Vec<String> {
    let mut all = Vec::new();
    for side in house.sides() {
        all.extend(side.differences().await.unwrap());
    }
    all
}

on_both_deployments! {
    async fn two_kinds_of_shop_share_an_office_and_nothing_else(deployment: Deployment) {
        let mut house = House::build_both(deployment, Duration::from_millis(300)).await;
        house.opens().await;
        let (shopify, magento) = (&house.town().shop, &house.magentos[0].shop);
        let (first, second) = (shopify.catalogue().len(), magento.products().len());
        assert!(first > 0 && second > 0, "the one catalogue is on both");
        let sku = shopify.catalogue().remove(0).sku;
        let before = house.pieces(&sku, "WEB").await;
        assert_eq!(both_sell(&house).await, sku);
        house.until("all three are booked", async || references(&house).await.len() == 3).await;
        house.rest().await;
        assert_eq!(references(&house).await, ["kauri/creditmemo", "kauri/invoice", "kiwi/order"]);
        // Either sale lowers what the other shop shows; what the Magento's buyer has paid for and not got is still on its shelf.
        assert_eq!(house.pieces(&sku, "WEB").await, before - 4);
        assert_eq!(shown(&house, &sku), (before - 4, before - 2));
        assert_eq!((shopify.orders().len(), magento.orders().len()), (1, 1), "no order went on to the other shop");
        assert_eq!((shopify.catalogue().len(), magento.products().len()), (first, second));

        // What proves a call of the one is nothing at the other's door.
        let received = house.received().await;
        let bridge = house.bridge.as_ref().unwrap();
        magento.tell_nobody();
        for way in tillbridge::rehearsal::MagentoTown::ways_in() {
            magento.tell(way, &bridge.address_for(house.town()));
        }
        let refused = magento.hook_counts().delivered;
        let another = magento.place_order(&OrderPlan::by_guest(vec![LinePlan::simple(&sku, 1, 2_300)])).await.unwrap();
        magento.cancel(another).await.unwrap();
        magento.hooks_idle().await;
        assert_eq!(magento.hook_counts().delivered, refused, "the other door let it in");
        assert_eq!(house.received().await, received);
        house.keeps_its_promises(0).await;
    }

    /// The same from a configuration file, with the program in a process of its own.
    async fn one_configuration_file_serves_both_shops_of_an_office(deployment: Deployment) {
        let house = House::build_both(deployment, Duration::from_secs(1)).await;
        let (webhooks, admin) = (free_address(), free_address());
        let (configuration, folder) = house.written(webhooks, admin);
        for kind in ["kind = \"shopify\"", "kind = \"magento2\"", "[offices.kiwi]"] {
            assert_eq!(configuration.text.matches(kind).count(), 1, "{kind} in\n{}", configuration.text);
        }
        let mut bridge = Process::of(folder, configuration, admin).await;
        bridge.start().await;
        for side in house.sides() {
            side.calls_at(&format!("http://{webhooks}/webhooks/{}", side.channel().storefront));
        }
        let active = house.town().assortment.active.len();
        house.until("the catalogue is on both shops", async || {
            let there = |side: &dyn tillbridge::rehearsal::Side| side.products_shown() >= active;
            house.sides().into_iter().all(there) && differences(&house).await.is_empty()
        }).await;
        let sku = house.town().shop.catalogue().remove(0).sku;
        let before = house.pieces(&sku, "WEB").await;
        assert_eq!(both_sell(&house).await, sku);
        house.until("both shops agree with the office", async || {
            references(&house).await == ["kauri/creditmemo", "kauri/invoice", "kiwi/order"]
                && shown(&house, &sku) == (before - 4, before - 2)
                && differences(&house).await.is_empty()
        }).await;
        house.until("nothing is under way", async || bridge.unfinished().await == 0).await;
        bridge.end().await;
        let journal = house.left_behind().await;
        let dead = journal.dead(&Selection { limit: 5, ..Selection::default() }).await.unwrap();
        assert!(dead.is_empty(), "{dead:#?}");
        drop(journal);
        house.closes().await;
    }
}

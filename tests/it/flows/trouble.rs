//! When a side is in trouble nothing is lost, nothing is done twice, and it ends right.

use std::time::Duration;

use tillbridge::domain::{BranchCode, EventType};
use tillbridge::journal::Selection;
use tillbridge::rehearsal::TownPlan;
use tillbridge::sandbox::shopify::lives::Life;
use tillbridge::sandbox::shopify::{Fault, WebhookWeather};

use super::by_hand::order_of;
use crate::support::house::{Deployment, House, on_both_deployments};

/// Troubles that pass quickly.
const FAULTS: [(Fault, u32); 6] = [
    (Fault::ErrorBeforeCommit(503), 2),
    (Fault::ErrorAfterCommit(502), 1),
    (Fault::ResetMidBody, 1),
    (Fault::Throttled, 2),
    (Fault::TooManyRequests(1), 1),
    (Fault::Slow(Duration::from_millis(300)), 1),
];

/// How often invoices failed so far, all together.
async fn failed_invoices(house: &House) -> u32 {
    let invoices = Selection { event_type: Some(EventType::SaleInvoiced), limit: 100, ..Selection::default() };
    let mut failures = 0;
    for event in house.journal().events(&invoices).await.unwrap() {
        let trace = house.journal().trace(event.id.0).await.unwrap().unwrap();
        failures +=
            trace.events.iter().flat_map(|event| &event.handlings).map(|handling| handling.failures).sum::<u32>();
    }
    failures
}

on_both_deployments! {
    async fn a_shop_in_trouble_gets_each_stock_figure_once(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let web = BranchCode::parse("WEB").unwrap();
        for ((fault, times), sku) in FAULTS.into_iter().zip(&house.town().assortment.skus) {
            let writes = shop.writes().len();
            shop.fail_next(Some("inventorySetQuantities"), fault, times);
            office.sell_at_till(sku, &web, 1).await.unwrap();
            house.rest().await;
            assert_eq!(shop.writes().len() - writes, 1, "{fault:?}");
            assert_eq!(shop.stock(sku.as_str(), "WEB").unwrap().on_hand, house.pieces(sku.as_str(), "WEB").await);
        }
        house.keeps_its_promises(0).await;
    }

    async fn a_shop_in_trouble_gets_each_product_once(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan { styles: 8, ..TownPlan::new("kiwi") }]).await;
        let styles = house.town().assortment.active[..FAULTS.len()].to_vec();
        for style in &styles {
            house.town().office.set_internet_active(style, false).await.unwrap();
        }
        house.opens().await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        for ((fault, times), style) in FAULTS.into_iter().zip(&styles) {
            let products = shop.products().len();
            shop.fail_next(Some("productSet"), fault, times);
            office.set_internet_active(style, true).await.unwrap();
            house.rest().await;
            assert_eq!(shop.products().len() - products, 1, "{fault:?}");
            let shown = shop.product_by_pos_key("tillbridge", "style", style.as_str()).unwrap();
            assert!(shown.is_visible(), "{fault:?}");
        }
        house.keeps_its_promises(0).await;
    }

    /// The worst answer is none: the handler's time runs out, and nobody knows what the shop did.
    async fn a_shop_that_does_the_work_and_never_answers_is_asked_again_without_harm(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        // Time enough to repeat a call that is not answered.
        house.lease(Duration::from_secs(20));
        let style = house.town().assortment.active[0].clone();
        house.town().office.set_internet_active(&style, false).await.unwrap();
        house.opens().await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let other = house.town().assortment.skus.iter().find(|sku| !sku.as_str().starts_with(style.as_str())).unwrap();
        let (products, writes) = (shop.products().len(), shop.writes().len());
        shop.fail_next(Some("inventorySetQuantities"), Fault::TimeoutAfterCommit, 1);
        office.sell_at_till(other, &BranchCode::parse("WEB").unwrap(), 1).await.unwrap();
        house.rest().await;
        assert_eq!(shop.writes().len() - writes, 1);
        shop.fail_next(Some("productSet"), Fault::TimeoutAfterCommit, 1);
        office.set_internet_active(&style, true).await.unwrap();
        house.rest().await;
        assert_eq!(shop.products().len() - products, 1);
        house.keeps_its_promises(0).await;
    }

    async fn a_shop_that_fails_now_and_then_ends_right(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let goods = shop.catalogue();
        for fault in [Fault::ErrorBeforeCommit(500), Fault::ErrorAfterCommit(500), Fault::ResetMidBody, Fault::Throttled] {
            shop.fail_sometimes(None, fault, 60);
        }
        for (seed, sku) in (300..312).zip(&house.town().assortment.skus) {
            shop.live(&Life::generate(seed, goods[0].price.currency(), true, &goods)).await.unwrap();
            office.sell_at_till(sku, &BranchCode::parse("AKL").unwrap(), 1).await.unwrap();
        }
        house.rest().await;
        shop.clear_faults();
        // A write whose answer was lost may leave its figure in doubt, and then too few are shown until it is counted.
        assert_eq!(house.settles_what_is_in_doubt().await, Vec::<String>::new());
        house.keeps_its_promises(0).await;
    }

    async fn a_refused_token_pauses_the_channel_and_loses_nothing(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let (token, channel) = (shop.token(), &house.town().channel.name);
        let sku = &house.town().assortment.skus[0];
        shop.replace_token("shpat_another");
        office.sell_at_till(sku, &BranchCode::parse("WEB").unwrap(), 1).await.unwrap();
        house.until("the channel is paused", async || {
            let paused = house.journal().counts().await.unwrap().paused;
            paused.contains_key(channel.as_str())
        }).await;
        let order = shop.place_order(&order_of(&house, &[1])).await.unwrap();
        shop.fulfil(order).await.unwrap();
        shop.webhooks_idle().await;
        house.until("the order is an event", async || {
            house.journal().counts().await.unwrap().events.contains_key("sale.invoiced")
        }).await;
        assert_eq!(office.document_counts().await.unwrap(), (0, 0), "work of a paused channel is kept");
        assert!(house.dead_letters().await.is_empty());
        shop.replace_token(&token);
        assert!(house.journal().resume(channel).await.unwrap());
        house.rest().await;
        assert_eq!(office.document_counts().await.unwrap(), (1, 0));
        house.keeps_its_promises(0).await;
    }

    // What the shop sends is answered although no office is there to be asked.
    // proves F-019
    async fn an_office_that_is_away_gets_its_documents_when_it_is_back(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let plan = order_of(&house, &[1]);
        let away = house.office_goes_away().await;
        for _ in 0..3 {
            let order = shop.place_order(&plan).await.unwrap();
            shop.fulfil(order).await.unwrap();
        }
        house.until("booking has failed", async || {
            failed_invoices(&house).await > 0 || !house.journal().counts().await.unwrap().held.is_empty()
        }).await;
        assert!(house.dead_letters().await.is_empty());
        away.comes_back().await;
        house.rest().await;
        assert_eq!(office.document_counts().await.unwrap(), (3, 0));
        house.keeps_its_promises(0).await;
    }

    // proves F-015
    async fn a_bridge_that_is_ended_in_the_middle_goes_on_where_it_was(deployment: Deployment) {
        let mut house = House::open(deployment).await;
        // A real shop tries for four hours; here it is patient enough for a start.
        let patient = WebhookWeather { first_retry_after: Duration::from_millis(200), ..WebhookWeather::default() };
        house.town().shop.webhook_weather(patient);
        let goods = house.town().shop.catalogue();
        for round in 0..2 {
            for seed in 0..10 {
                let life = Life::generate(400 + round * 10 + seed, goods[0].price.currency(), true, &goods);
                house.town().shop.live(&life).await.unwrap();
            }
            house.stop().await;
            // What happens while it is down is told again, or read later.
            let sku = house.town().assortment.skus[0].clone();
            house.town().office.sell_at_till(&sku, &BranchCode::parse("AKL").unwrap(), 1).await.unwrap();
            let order = house.town().shop.place_order(&order_of(&house, &[1])).await.unwrap();
            house.town().shop.fulfil(order).await.unwrap();
            house.start().await;
        }
        house.rest().await;
        assert_eq!(house.town().shop.webhook_counts().given_up, 0);
        house.keeps_its_promises(0).await;
    }
}

//! A catalogue that comes to an empty shop goes there in bulk.

use std::time::Duration;

use tillbridge::rehearsal::TownPlan;
use tillbridge::storefront::MetafieldRule;

use crate::support::house::{Deployment, House, on_both_deployments};

/// From so many on, products are handed over together.
const WORTH_IT: u64 = 25;

fn large() -> TownPlan {
    TownPlan { styles: 100, ..TownPlan::new("kiwi") }
}

fn calls(house: &House, operation: &str) -> u64 {
    house.town().shop.api_calls().of(operation).calls
}

on_both_deployments! {
    // proves F-342 F-356
    async fn a_first_load_is_handed_over_in_bulk_and_needs_no_call_for_each_product(deployment: Deployment) {
        let mut house = House::build(deployment, vec![large()]).await;
        // Who loses a lease writes again what was written.
        house.lease(Duration::from_secs(60));
        // The shop is written to once everything is known, so that it is known together.
        house.rules().begins_paused = true;
        house.start().await;
        let (shop, styles) = (&house.town().shop, house.town().assortment.active.len() as u64);
        house.until("the whole catalogue was read", async || {
            let counts = house.journal().counts().await.unwrap();
            counts.events.get("product.changed").is_some_and(|read| read.unsigned_abs() >= styles)
        }).await;
        assert!(house.journal().resume(&house.town().channel.name).await.unwrap());
        house.rest().await;
        let products = shop.products();
        assert_eq!(products.len() as u64, styles);
        assert!(products.iter().all(|product| product.is_visible() && product.images.len() == 2));
        assert!(calls(&house, "bulkOperationRunMutation") >= 2, "written, then shown");
        // What comes a few at a time goes by itself; how many do, the machine decides.
        let by_themselves = styles - WORTH_IT;
        for of_one in ["productSet", "publishablePublish"] {
            let calls = calls(&house, of_one);
            assert!(calls <= by_themselves, "{of_one} was called {calls} times");
        }
        let sku = house.town().assortment.skus[0].as_str();
        assert_eq!(shop.stock(sku, "WEB").unwrap().on_hand, house.pieces(sku, "WEB").await);

        let fetched = calls(&house, "fileCreate");
        // What was learnt of the pictures keeps them from being fetched again.
        let style = &house.town().assortment.active[0];
        house.town().office.set_brand(style, "Kererū").await.unwrap();
        house.town().office.remove_image(style, 2).await.unwrap();
        house.rest().await;
        let changed = shop.product_by_pos_key("tillbridge", "style", style.as_str()).unwrap();
        assert_eq!((changed.vendor.as_str(), changed.images.len()), ("Kererū", 1));
        assert_eq!(calls(&house, "fileCreate"), fetched);
        house.keeps_its_promises(0).await;
    }

    async fn a_first_load_goes_on_after_the_bridge_was_replaced(deployment: Deployment) {
        let mut house = House::build(deployment, vec![large()]).await;
        house.start().await;
        house.until("something was handed over", async || calls(&house, "bulkOperationRunMutation") > 0).await;
        house.stop().await;
        house.opens().await;
        let products = house.town().shop.products();
        assert_eq!(products.len(), house.town().assortment.active.len(), "each once");
        assert!(products.iter().all(tillbridge::sandbox::shopify::Product::is_visible));
        house.keeps_its_promises(0).await;
    }

    async fn what_a_bulk_operation_cannot_write_says_why_and_holds_nothing_up(deployment: Deployment) {
        let mut house = House::build(deployment, vec![large()]).await;
        house.rules().catalogue.metafields = vec![MetafieldRule {
            field: "weight".to_owned(),
            namespace: "custom".to_owned(),
            key: "grams".to_owned(),
            kind: Some("number_integer".to_owned()),
        }];
        let style = house.town().assortment.active[3].clone();
        house.town().office.set_field(&style, "weight", "heavy").await.unwrap();
        house.start().await;
        house.until("somebody is told", async || !house.dead_letters().await.is_empty()).await;
        let letters = house.dead_letters().await;
        assert!(letters[0].entity.contains(style.as_str()), "{letters:?}");
        assert!(letters[0].reason.contains("INVALID_METAFIELD"), "{}", letters[0].reason);
        house.town().office.set_field(&style, "weight", "180").await.unwrap();
        house.rest().await;
        assert_eq!(house.town().shop.products().len(), house.town().assortment.active.len());
        house.keeps_its_promises(1).await;
    }
}

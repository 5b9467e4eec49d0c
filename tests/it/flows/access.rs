//! A shop that shuts its door: the channel rests with a reason, nothing is lost, and it goes on when a person lets it.

use tillbridge::domain::{BranchCode, Secret};
use tillbridge::ops::health::{Probe as _, State};
use tillbridge::ops::probes::ChannelProbe;
use tillbridge::rehearsal::TownPlan;
use tillbridge::sandbox::shopify::Fault;
use tillbridge::storefront::shopify::Access;

use super::by_hand::order_of;
use crate::support::house::{Deployment, House, on_both_deployments};

/// The reason a town's channel is paused for, once it is.
async fn paused(house: &House) -> String {
    let channel = house.town().channel.name.as_str();
    house
        .until("the channel is paused", async || house.journal().counts().await.unwrap().paused.contains_key(channel))
        .await;
    house.journal().counts().await.unwrap().paused[channel].clone()
}

/// What readiness says of the channel.
async fn readiness(house: &House) -> State {
    let channel = house.town().channel.name.clone();
    let stage = &house.bridge.as_ref().unwrap().stage;
    let probe = ChannelProbe { journal: stage.journal.clone(), channels: vec![channel.clone()] };
    probe.look().await.remove(&format!("channel {channel}")).unwrap()
}

on_both_deployments! {
    async fn a_shut_shop_pauses_its_channel_with_what_to_do_and_goes_on_when_resumed(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = &house.town().assortment.skus[0];
        for (status, what_to_do) in [(402, "settle"), (403, "tillbridge check"), (423, "unlock")] {
            shop.fail_next(Some("inventorySetQuantities"), Fault::ErrorBeforeCommit(status), 1);
            office.sell_at_till(sku, &BranchCode::parse("WEB").unwrap(), 1).await.unwrap();
            let reason = paused(&house).await;
            assert!(reason.contains(&status.to_string()) && reason.contains(what_to_do), "{reason}");
            assert!(reason.contains("tillbridge resume kiwi"), "{reason}");
            assert!(matches!(readiness(&house).await, State::Degraded(told) if told.contains(what_to_do)));
            assert!(house.journal().resume(&house.town().channel.name).await.unwrap());
            house.rest().await;
            assert_eq!(readiness(&house).await, State::Ready);
            assert_eq!(shop.stock(sku.as_str(), "WEB").unwrap().on_hand, house.pieces(sku.as_str(), "WEB").await);
        }
        house.keeps_its_promises(0).await;
    }

    async fn a_bridge_that_fetches_its_tokens_outlives_them(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        let shop = &house.towns[0].shop;
        let access = Access::ClientCredentials { id: shop.client_id(), secret: Secret::new(shop.secret()) };
        house.towns[0].access = Some(access);
        house.opens().await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        for sku in &house.town().assortment.skus[..4] {
            shop.end_granted_tokens();
            office.sell_at_till(sku, &BranchCode::parse("WEB").unwrap(), 1).await.unwrap();
            house.rest().await;
            assert_eq!(shop.stock(sku.as_str(), "WEB").unwrap().on_hand, house.pieces(sku.as_str(), "WEB").await);
        }
        assert!(house.journal().counts().await.unwrap().paused.is_empty());
        house.keeps_its_promises(0).await;
    }

    async fn a_shop_that_removes_the_app_is_left_in_peace_until_it_is_back(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let order = shop.place_order(&order_of(&house, &[1])).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        shop.uninstall_app().await;
        let reason = paused(&house).await;
        assert!(reason.contains("removed") && reason.contains("tillbridge resume kiwi"), "{reason}");

        let stock_events = async || house.journal().counts().await.unwrap().events["stock.changed"];
        let (refused, events) = (shop.refused_calls(), stock_events().await);
        let sku = &house.town().assortment.skus[0];
        office.sell_at_till(sku, &BranchCode::parse("WEB").unwrap(), 1).await.unwrap();
        house.until("the sale is an event", async || stock_events().await > events).await;
        assert_eq!(shop.refused_calls(), refused, "nobody knocks at a shut door");
        assert!(house.dead_letters().await.is_empty());

        let bridge = house.bridge.as_ref().unwrap();
        shop.install_app_again(&bridge.address_for(house.town()));
        assert!(house.journal().resume(&house.town().channel.name).await.unwrap());
        house.rest().await;
        assert_eq!(shop.stock(sku.as_str(), "WEB").unwrap().on_hand, house.pieces(sku.as_str(), "WEB").await);
        house.keeps_its_promises(0).await;
    }
}

//! Pieces of a day on which somebody does not answer: a shop, the bus, or the bridge's own app at the shop.

use std::time::Duration;

use tillbridge::flow::{Role, Running, Stage, share, watch};
use tillbridge::journal::JournalError;
use tillbridge::rehearsal::{Side as _, TownPlan};
use tillbridge::sandbox::shopify::Fault;
use uuid::Uuid;

use super::scenes::{Scene, small_house, web};
use crate::flows::by_hand::order_of;
use crate::support::gate::{Disturbance, beside};
use crate::support::house::{Deployment, House};

/// A shop that answers nobody, then everybody but takes no figures, and then is well again.
#[derive(Default)]
pub struct Away;

impl Scene for Away {
    const NAME: &'static str = "away";
    const TAKES_LONG: bool = true;
    const ITS_OWN: &'static [&'static str] =
        &["journal.open_circuit", "journal.take_look", "journal.close_circuit", "journal.go_on"];

    async fn build(deployment: Deployment) -> House {
        House::build(deployment, vec![TownPlan { styles: 4, ..TownPlan::new("kiwi") }]).await
    }

    async fn plays(&mut self, house: &House, _round: usize) {
        let (shop, office) = (&house.town().shop, &house.town().office);
        shop.fail_sometimes(None, Fault::ErrorBeforeCommit(503), 1_000);
        // So many that a handler's own circuit opens.
        for sku in &house.town().assortment.skus[..12] {
            office.receive_goods(sku, &web(), 2).await.unwrap();
        }
        let order = shop.place_order(&order_of(house, &[1])).await.unwrap();
        shop.fulfil(order).await.unwrap();
    }

    async fn mends(house: &House) {
        let (shop, channel) = (&house.town().shop, &house.town().channel.name);
        let held = house.journal().counts().await.unwrap().held;
        if held.contains_key(&format!("{channel} storefront")) {
            shop.clear_faults();
            shop.fail_sometimes(Some("inventorySetQuantities"), Fault::ErrorBeforeCommit(500), 1_000);
        } else if held.contains_key(&format!("{channel} stock")) {
            shop.clear_faults();
        }
    }
}

/// A bus that does not take what it is given, the first time.
#[derive(Default)]
pub struct Refusal;

impl Scene for Refusal {
    const NAME: &'static str = "refusal";
    const ITS_OWN: &'static [&'static str] = &["journal.unpublish"];
    const MISHAP: Option<(&'static str, Disturbance)> = Some(("publish: bus.publish", Disturbance::AnswerIsLost));

    async fn build(deployment: Deployment) -> House {
        small_house(deployment).await
    }

    async fn plays(&mut self, house: &House, round: usize) {
        let (shop, office) = (&house.town().shop, &house.town().office);
        let sku = &house.town().assortment.skus[round % 3];
        office.receive_goods(sku, &web(), 20).await.unwrap();
        let order = shop.place_order(&order_of(house, &[1])).await.unwrap();
        shop.fulfil(order).await.unwrap();
        office.sell_at_till(sku, &web(), 1).await.unwrap();
    }
}

/// A shop that has deleted a subscription, and one more process that is started, looks after it and leaves.
#[derive(Default)]
pub struct Forgotten;

impl Scene for Forgotten {
    const NAME: &'static str = "forgotten";
    const ITS_OWN: &'static [&'static str] = &[
        "storefront.subscriptions",
        "storefront.subscribe",
        "journal.privacy_records",
        "journal.introduce",
        "journal.hold",
        "journal.share",
    ];

    async fn build(deployment: Deployment) -> House {
        small_house(deployment).await
    }

    async fn plays(&mut self, house: &House, round: usize) {
        let (shop, bridge) = (&house.town().shop, house.bridge.as_ref().unwrap());
        let address = bridge.address_for(house.town());
        let storefront = house.town().storefront().unwrap();
        let topics = storefront.abilities().webhooks.unwrap().wanted_topics();
        shop.forget_subscription(topics[round % topics.len()]);
        let started = Stage { process: Uuid::new_v4(), ..bridge.stage.clone() };
        beside("start", async || Running::introduce(&started, Role::ALL).await).await;
        let storefront = bridge.stage.sides.storefronts[&house.town().channel.storefront].as_ref();
        beside("watch", async || {
            let (look, pause) = watch::once(&bridge.stage, storefront, Some(&address)).await;
            if pause == watch::EVERY && look.notes.is_empty() { Ok(()) } else { Err(look) }
        })
        .await;
        beside("share", async || share::once(&started, started.process, Duration::ZERO).await).await;
        for topic in topics {
            let here = shop.subscriptions().into_iter().filter(|one| one.topic == *topic && one.address == address);
            assert_eq!(here.count(), 1, "{topic}");
        }
    }
}

/// A shop that removes the app, after it took it back if it had removed it before.
#[derive(Default)]
pub struct Departure;

impl Scene for Departure {
    const NAME: &'static str = "departure";

    async fn build(deployment: Deployment) -> House {
        small_house(deployment).await
    }

    async fn plays(&mut self, house: &House, _round: usize) {
        Self::mends(house).await;
        house.town().shop.uninstall_app().await;
    }

    async fn mends(house: &House) {
        let (town, bridge) = (house.town(), house.bridge.as_ref().unwrap());
        let resumes = async || {
            if bridge.stage.journal.counts().await?.paused.is_empty() {
                return Ok(());
            }
            town.shop.install_app_again(&bridge.address_for(town));
            bridge.stage.journal.resume(&town.channel.name).await?;
            Ok::<_, JournalError>(())
        };
        beside("operator", resumes).await;
    }
}

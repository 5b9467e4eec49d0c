//! What a person should know of a storefront is noted before it hurts, and what can be mended is.

use tillbridge::flow::watch::{self, Look};
use tillbridge::ops::health::{Probe as _, State};
use tillbridge::ops::probes::AlertProbe;

use super::by_hand::order_of;
use crate::support::house::{Deployment, House, on_both_deployments};

/// Looks after the shop once, as the bridge does every hour.
async fn looks(house: &House) -> Look {
    let bridge = house.bridge.as_ref().unwrap();
    let address = bridge.address_for(house.town());
    watch::once(&bridge.stage, house.desk().storefront, Some(&address)).await.0
}

/// What `tillbridge status` says of the shop.
async fn noted(house: &House) -> Vec<String> {
    watch::noted(house.journal(), &house.town().channel.storefront).await.unwrap()
}

on_both_deployments! {
    async fn a_subscription_the_shop_gave_up_is_made_again_and_works(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        assert_eq!(looks(&house).await, Look::default(), "all is well");
        for topic in ["orders/fulfilled", "fulfillments/create", "orders/updated"] {
            shop.forget_subscription(topic);
        }
        let mut repaired = looks(&house).await.repaired;
        repaired.sort_unstable();
        assert_eq!(repaired, ["fulfillments/create", "orders/fulfilled", "orders/updated"]);
        assert_eq!(looks(&house).await, Look::default());
        let order = shop.place_order(&order_of(&house, &[1])).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        assert_eq!(house.town().office.document_counts().await.unwrap(), (1, 0));
        house.keeps_its_promises(0).await;
    }

    async fn a_permission_that_was_taken_away_is_noted_until_it_is_back(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let mut granted = Vec::new();
        shop.change(|shop| {
            granted.clone_from(&shop.scopes);
            shop.scopes.retain(|scope| !scope.ends_with("_orders"));
        });
        let notes = looks(&house).await.notes;
        assert!(notes.len() == 1 && notes[0].contains("read_orders"), "{notes:?}");
        assert_eq!(noted(&house).await, notes);
        shop.change(|shop| shop.scopes = granted);
        assert_eq!(looks(&house).await, Look::default());
        assert!(noted(&house).await.is_empty());
        house.keeps_its_promises(0).await;
    }

    /// A version that ended is replaced by another without a word: only the headers tell.
    async fn another_version_of_the_api_is_an_alert_whichever_way_it_shows(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        shop.change(|shop| shop.api_version = "2027-01".to_owned());
        let order = shop.place_order(&order_of(&house, &[1])).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        let notes = looks(&house).await.notes;
        assert_eq!(notes.len(), 2, "answers and webhooks: {notes:?}");
        assert!(notes.iter().all(|note| note.contains("2027-01") && note.contains("2026-10")), "{notes:?}");
        assert_eq!(noted(&house).await, notes);
        let stage = house.bridge.as_ref().unwrap().stage.clone();
        let name = house.town().channel.storefront.clone();
        let probe = AlertProbe(vec![("shop".to_owned(), Box::new(move || stage.sides.storefronts[&name].alerts()))]);
        assert!(matches!(&probe.look().await["shop"], State::Degraded(told) if told.contains("2027-01")));
        assert_eq!(house.town().office.document_counts().await.unwrap(), (1, 0), "what can be read is booked");
        shop.change(|shop| shop.api_version = "2026-10".to_owned());
        let order = shop.place_order(&order_of(&house, &[1])).await.unwrap();
        shop.fulfil(order).await.unwrap();
        house.rest().await;
        assert_eq!(looks(&house).await, Look::default());
        house.keeps_its_promises(0).await;
    }

    async fn a_request_nobody_finishes_is_noted_before_its_month_is_over(deployment: Deployment) {
        let house = House::open(deployment).await;
        house.town().shop.request_data(706, Some("ana@example.com"), None, &[]).await;
        house.rest().await;
        assert_eq!(looks(&house).await, Look::default());
        house.time_passes(24 * 21);
        let notes = looks(&house).await.notes;
        let [record] = house.journal().privacy_records().await.unwrap().try_into().unwrap();
        let command = format!("tillbridge privacy export {}", record.id);
        assert!(notes.len() == 1 && notes[0].contains(&command) && notes[0].contains("30 days"), "{notes:?}");
        assert!(!notes[0].contains("ana"), "{notes:?}");
        house.journal().finish_privacy(record.id, "a story", Some((1, 1))).await.unwrap();
        assert_eq!(looks(&house).await, Look::default());
        house.keeps_its_promises(0).await;
    }
}

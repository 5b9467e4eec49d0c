//! What is told more than once takes effect once (P2).

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use tillbridge::domain::EventType;
use tillbridge::journal::Selection;
use tillbridge::rehearsal::{Side as _, TownPlan};
use tillbridge::sandbox::shopify::lives::{EditPlan, Life};

use super::by_hand::{Webhook, life, order_of, ship};
use crate::sandbox::stranger::Receiver;
use crate::support::house::{Deployment, House, on_both_deployments};

/// What a shop tells on these topics while one order is shipped and partly given back, another edited and cancelled, and customers
/// come, change and are merged. It comes to somebody else than the bridge.
async fn overheard(house: &House, topics: &[&'static str]) -> Vec<(&'static str, Bytes)> {
    let shop = &house.town().shop;
    let receiver = Receiver::listen().await;
    for topic in topics {
        shop.forget_subscription(topic);
    }
    shop.subscribe_all(&receiver.address);
    let goods = shop.catalogue();
    let mut lives = (1..).map(|seed| Life::generate(seed, goods[0].price.currency(), true, &goods));
    let returned =
        |life: &Life| !life.refunds.is_empty() && life.refunds.iter().all(|refund| !refund.before_fulfilment);
    shop.live(&lives.find(returned).unwrap()).await.unwrap();
    let order = shop.place_order(&order_of(house, &[2])).await.unwrap();
    let edit = EditPlan { take_off: vec![(0, 1)], restock: true, ..EditPlan::default() };
    shop.edit_order(order, &edit).await.unwrap();
    shop.cancel(order).await.unwrap();
    let mut customers = Vec::new();
    for email in ["ana@example.com", "ben@example.com"] {
        customers.push(shop.edit_customer(None, |customer| customer.email = Some(email.into())).await.unwrap());
    }
    shop.edit_customer(Some(customers[0]), |customer| customer.last_name = Some("Ngata".into())).await.unwrap();
    assert!(shop.merge_customers(customers[0], customers[1]).await);
    shop.webhooks_idle().await;
    let heard = receiver.calls().into_iter();
    heard.filter_map(|call| Some((*topics.iter().find(|topic| **topic == call.topic())?, call.body))).collect()
}

/// The call comes 64 times at once: it is answered every time and kept once.
async fn is_one_delivery(house: &House, topic: &'static str, body: Bytes) {
    let counted = async || house.journal().counts().await.unwrap().duplicates;
    let (received, duplicates) = (house.received().await, counted().await);
    assert_eq!(Webhook::of(house.town(), topic, body).sent_64_times(house).await, [200; 64], "{topic}");
    assert_eq!((house.received().await - received, counted().await - duplicates), (1, 63), "{topic}");
}

/// How often each delivery that told of a sale was told again. The office's changes may be told twice as well; they do not count.
async fn repetitions_of_the_sale(house: &House) -> Vec<i64> {
    let sales = Selection { event_type: Some(EventType::SaleInvoiced), limit: 10, ..Selection::default() };
    let mut repetitions = Vec::new();
    for sale in house.journal().events(&sales).await.unwrap() {
        repetitions.push(house.journal().trace(sale.id.0).await.unwrap().unwrap().delivery.duplicates);
    }
    repetitions
}

on_both_deployments! {
    async fn the_same_webhook_64_times_at_once_is_one_delivery_and_one_invoice(deployment: Deployment) {
        let house = House::open(deployment).await;
        let life = life(2, order_of(&house, &[2]), Vec::new());
        let webhook = Webhook::of(house.town(), "orders/fulfilled", life.order_fulfilled_body());
        ship(&house, &[2]).await;
        assert_eq!(webhook.sent_64_times(&house).await, [200; 64]);
        house.rest().await;
        assert_eq!(repetitions_of_the_sale(&house).await, [63]);
        assert_eq!(house.town().office.document_counts().await.unwrap(), (1, 0));
        house.keeps_its_promises(0).await;
    }

    async fn whatever_a_shop_tells_64_times_at_once_is_one_delivery_and_takes_effect_once(deployment: Deployment) {
        // Nothing else is received meanwhile: the office is asked when the house comes to rest.
        let plan = TownPlan { styles: 3, every: Duration::from_secs(3_600), ..TownPlan::new("kiwi") };
        let house = House::open_with(deployment, vec![plan]).await;
        let (shop, channel) = (&house.town().shop, &house.town().channel.name);
        let storefront = house.town().storefront().unwrap();
        let topics = storefront.abilities().webhooks.unwrap().wanted_topics();
        house.journal().pause(channel, "until everything is told").await.unwrap();
        let mut told = BTreeSet::new();
        for (topic, body) in overheard(&house, topics).await {
            is_one_delivery(&house, topic, body.clone()).await;
            told.insert(topic);
            if topic == "fulfillments/create" {
                // The simulated shop tells of no parcel a second time.
                is_one_delivery(&house, "fulfillments/update", body).await;
                told.insert("fulfillments/update");
            }
        }
        assert!(house.journal().resume(channel).await.unwrap());
        house.hurries_to_rest().await;
        // The cancelled order's money was taken for two pieces and given back for one.
        assert_eq!(house.town().office.document_counts().await.unwrap(), (2, 2));
        assert_eq!(house.broken_promises().await, Vec::<String>::new());

        shop.uninstall_app().await;
        is_one_delivery(&house, "app/uninstalled", Bytes::from_static(b"{}")).await;
        told.insert("app/uninstalled");
        assert_eq!(told, topics.iter().copied().collect());
        house.until("the channel rests", async || {
            house.journal().counts().await.unwrap().paused.contains_key(channel.as_str())
        }).await;
        house.stop_without_checks().await;
    }

    async fn the_same_fact_under_a_new_webhook_id_is_a_duplicate(deployment: Deployment) {
        let house = House::open(deployment).await;
        let life = life(3, order_of(&house, &[1]), Vec::new());
        let webhook = Webhook::of(house.town(), "orders/fulfilled", life.order_fulfilled_body());
        ship(&house, &[1]).await;
        assert_eq!(webhook.send(&house).await, 200);
        house.rest().await;
        assert_eq!(webhook.again().send(&house).await, 200);
        house.rest().await;
        assert_eq!(repetitions_of_the_sale(&house).await, [1]);
        assert_eq!(house.town().office.document_counts().await.unwrap(), (1, 0));
        house.keeps_its_promises(0).await;
    }

    /// A shop that was restored from a backup may tell an old fact under new numbers.
    async fn the_same_order_told_as_a_new_event_is_booked_once(deployment: Deployment) {
        let house = House::open(deployment).await;
        let life = life(4, order_of(&house, &[1]), Vec::new());
        ship(&house, &[1]).await;
        for _ in 0..2 {
            let webhook = Webhook::of(house.town(), "orders/fulfilled", life.order_fulfilled_body());
            assert_eq!(webhook.send(&house).await, 200);
            house.rest().await;
        }
        assert_eq!(house.journal().counts().await.unwrap().events["sale.invoiced"], 1);
        assert_eq!(house.town().office.document_counts().await.unwrap(), (1, 0));
        house.keeps_its_promises(0).await;
    }
}

//! What is told more than once takes effect once (P2).

use std::sync::Arc;

use tillbridge::domain::EventType;
use tillbridge::journal::Selection;
use tokio::task::JoinSet;

use super::by_hand::{Webhook, life, order_of, ship};
use crate::support::house::{Deployment, House, on_both_deployments};

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
        let house = Arc::new(House::open(deployment).await);
        let life = life(2, order_of(&house, &[2]), Vec::new());
        let webhook = Webhook::of(house.town(), "orders/fulfilled", life.order_fulfilled_body());
        ship(&house, &[2]).await;
        let mut calls = JoinSet::new();
        for _ in 0..64 {
            let (house, webhook) = (Arc::clone(&house), webhook.clone());
            calls.spawn(async move { webhook.send(&house).await });
        }
        assert_eq!(calls.join_all().await, [200; 64]);
        house.rest().await;
        assert_eq!(repetitions_of_the_sale(&house).await, [63]);
        assert_eq!(house.town().office.document_counts().await.unwrap(), (1, 0));
        Arc::into_inner(house).unwrap().keeps_its_promises(0).await;
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

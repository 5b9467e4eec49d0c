//! What a store tells more than once takes effect once, in each of its ways (P2).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use tillbridge::rehearsal::MagentoTown;
use tillbridge::sandbox::magento2::{CreditPlan, HookWay};

use super::super::by_hand::{at_once, caller};
use super::{call_by, documents, open, order};
use crate::sandbox::magento2::stranger::{Listener, Received};
use crate::support::house::{Deployment, House, on_both_deployments};

/// What the store tells in that way of somebody who registers, of an order that is paid, sent and given back in part, of a second one
/// that is cancelled and of a product. It comes to somebody else than the bridge.
async fn overheard(house: &House, way: HookWay, number: usize) -> Vec<Received> {
    let shop = &house.magento().shop;
    let (listener, address) = Listener::open(&[]).await;
    shop.tell_nobody();
    shop.tell(way, &address);
    let ana = |name: &str| {
        let email = format!("ana{number}@example.test");
        json!({ "email": email, "firstname": "Ana", "lastname": name, "website_id": 1 })
    };
    let account = shop.register(None, &ana("T")).await.unwrap();
    shop.register(Some(account), &ana("Ngata")).await.unwrap();
    let bought = shop.place_order(&order(house.magento(), 2)).await.unwrap();
    shop.invoice(bought).await.unwrap();
    shop.ship(bought, Some("WEB")).await.unwrap();
    shop.credit(bought, &CreditPlan { lines: vec![(0, 1, false)], ..CreditPlan::default() }).await.unwrap();
    let dropped = shop.place_order(&order(house.magento(), 1)).await.unwrap();
    shop.cancel(dropped).await.unwrap();
    shop.hooks_idle().await;
    shop.tell_nobody();
    // A document that is told of twice in the same words is the same news in the first of the ways.
    let mut told = BTreeSet::new();
    listener.take().into_iter().filter(|call| told.insert((call.event.clone(), call.body.clone()))).collect()
}

on_both_deployments! {
    async fn whatever_a_store_tells_64_times_at_once_takes_effect_once(deployment: Deployment) {
        let mut house = open(deployment).await;
        // Nothing else is received meanwhile: the office is asked when the house comes to rest.
        house.stop().await;
        for every in house.rules().every.values_mut() {
            *every = Duration::from_secs(3_600);
        }
        house.start().await;
        house.rest().await;
        let channel = house.magento().channel.name.clone();
        let client = caller();
        for (number, way) in MagentoTown::ways_in().into_iter().enumerate() {
            // The others say nothing that would tell the same call from another of the same document.
            let tells_itself = matches!(way, HookWay::AsyncEvents { .. } | HookWay::IoEvents { .. });
            let (kept, counted) = if tells_itself { (1, 63) } else { (64, 0) };
            house.journal().pause(&channel, "until everything is told").await.unwrap();
            let heard = overheard(&house, way, number).await;
            for wanted in ["order", "invoice", "creditmemo", "shipment", "customer"] {
                assert!(heard.iter().any(|call| call.event.contains(wanted)), "nothing of {wanted} in this way");
            }
            for call in &heard {
                let duplicates = async || house.journal().counts().await.unwrap().duplicates;
                let before = (house.received().await, duplicates().await);
                let path = format!("/{}", call.event);
                let answers = at_once(|| call_by(&client, &house, &path, call)).await;
                assert!(answers.iter().all(|(status, _)| *status == 200), "{}: {answers:?}", call.event);
                let more = (house.received().await - before.0, duplicates().await - before.1);
                assert_eq!(more, (kept, counted), "{}", call.event);
            }
            assert!(house.journal().resume(&channel).await.unwrap());
            house.hurries_to_rest().await;
            assert_eq!(documents(&house).await, (number + 1, number + 1), "each is on the books once");
        }
        house.keeps_its_promises(0).await;
    }
}

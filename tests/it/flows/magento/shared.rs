//! What a store is asked to bear at once is the same however many processes ask (P9).

use std::time::Duration;

use tillbridge::domain::{BranchCode, Currency, Money};
use tillbridge::flow::share;
use tillbridge::rehearsal::Bridge;
use tillbridge::sandbox::magento2::MagentoFault;
use uuid::Uuid;

use crate::support::house::{Deployment, House, PATIENCE};
use crate::support::rooms;

/// What a store is asked to bear.
const MOST: usize = 4;

/// A good deal happens that each process has a part in, at a store that takes its time. Answers the most calls there were at once.
async fn most_calls_at_once(house: &House, round: i64) -> usize {
    let town = house.magento();
    town.shop.fail_sometimes(None, MagentoFault::Slow(Duration::from_millis(150)), 1_000);
    let _ = town.shop.most_calls_at_once();
    for style in &town.assortment.active {
        town.office.rename(style, &format!("The {round}th {style}")).await.unwrap();
    }
    let nzd = Currency::parse("NZD").unwrap();
    for sku in &town.assortment.skus {
        let price = Money::parse(&format!("{}.00", 20 + round), nzd).unwrap();
        town.office.set_price(sku, price).await.unwrap();
        town.office.sell_at_till(sku, &BranchCode::parse("WEB").unwrap(), 1).await.unwrap();
    }
    house.rest().await;
    town.shop.clear_faults();
    town.shop.most_calls_at_once()
}

/// Each of these processes looks who else is there.
async fn know_of_each_other(bridges: &[&Bridge]) {
    for bridge in bridges {
        share::once(&bridge.stage, bridge.stage.process, share::LEASE).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_ask_a_store_for_no_more_than_one() {
    if !rooms::both("two_processes_ask_a_store_for_no_more_than_one") {
        return;
    }
    let house = House::open_magento(Deployment::Distributed).await;
    let alone = most_calls_at_once(&house, 1).await;
    assert_eq!(alone, MOST, "a lone process has all of it");
    let beside = house.one_more().await;
    know_of_each_other(&[house.bridge.as_ref().unwrap(), &beside]).await;
    let together = most_calls_at_once(&house, 2).await;
    assert!((2..=MOST).contains(&together), "{together} calls at once");
    assert!(beside.end(PATIENCE).await);
    house.keeps_its_promises(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_part_of_a_process_that_died_is_free_when_its_lease_ends() {
    if !rooms::both("the_part_of_a_process_that_died_is_free_when_its_lease_ends") {
        return;
    }
    let house = House::open_magento(Deployment::Distributed).await;
    let bridge = house.bridge.as_ref().unwrap();
    let somebody = Uuid::new_v4();
    share::once(&bridge.stage, somebody, share::LEASE).await.unwrap();
    know_of_each_other(&[bridge]).await;
    let with_the_dead = most_calls_at_once(&house, 1).await;
    assert!(with_the_dead <= MOST / 2, "{with_the_dead} calls at once");
    house.seconds_pass(share::LEASE.as_secs().try_into().unwrap());
    know_of_each_other(&[bridge]).await;
    assert_eq!(most_calls_at_once(&house, 2).await, MOST);
    house.keeps_its_promises(0).await;
}

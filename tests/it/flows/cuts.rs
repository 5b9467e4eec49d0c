//! The ways between the bridge and its servers and sides fail in every way a network knows, one way at a time, and the promises
//! hold once they are mended.
//!
//! | | refused | black hole | reset | a byte now and then | half closed |
//! |---|---|---|---|---|---|
//! | journal (PostgreSQL), bus (RabbitMQ), office (PostgreSQL), shop (HTTP) | x | x | x | x | x |
//!
//! What a shop answers besides (429, 5xx, a lost or late answer) is in [`super::trouble`], dying processes are in `crashes`.

use std::sync::Arc;
use std::time::Duration;

use tillbridge::domain::BranchCode;
use tillbridge::rehearsal::TownPlan;
use tillbridge::sandbox::shopify::lives::Life;

use crate::support::house::{Deployment, House, Ways, on_both_deployments};
use crate::support::proxy::{Cut, Proxy};
use crate::support::rooms;

/// How often the bridge must have felt a cut before it is mended.
const FELT: u64 = 3;

/// Lives are lived while a way is cut, and everything is right once it is mended.
async fn a_way_fails(house: &House, way: &Proxy, kind: Cut, seed: u64) {
    let shop = &house.town().shop;
    let goods = shop.catalogue();
    let before = way.felt();
    let lives = async {
        for seed in seed..seed + 3 {
            shop.live(&Life::generate(seed, goods[0].price.currency(), true, &goods)).await.unwrap();
            // Whether the till can be used depends on no way of the bridge's.
            let sku = &house.town().assortment.skus[0];
            house.town().office.sell_at_till(sku, &BranchCode::parse("WEB").unwrap(), 1).await.unwrap();
        }
    };
    way.suffers(kind);
    lives.await;
    if matches!(kind, Cut::Reset) {
        // Again while there is work on the way.
        way.cut();
    } else {
        let until = tokio::time::Instant::now() + Duration::from_secs(60);
        while way.felt() < before + FELT {
            assert!(tokio::time::Instant::now() < until, "nobody felt {kind:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    way.is_mended(kind);
    house.hurries_to_rest().await;
}

/// Each way is cut in each way.
async fn all_ways_fail(deployment: Deployment, choose: impl Fn(&Ways) -> Option<Arc<Proxy>>) {
    let plan = TownPlan { styles: 3, stock: 500, ..TownPlan::new("kiwi") };
    let (mut house, ways) = House::behind_proxies(deployment, plan).await;
    let way = choose(&ways).unwrap();
    house.opens().await;
    for (number, kind) in (0..).zip(Cut::ALL) {
        a_way_fails(&house, &way, kind, 900 + number * 10).await;
        let broken = house.settles_what_is_in_doubt().await;
        assert_eq!(broken, Vec::<String>::new(), "{kind:?}");
    }
    house.keeps_its_promises(0).await;
}

on_both_deployments! {
    async fn the_way_to_the_shop_fails_and_nothing_is_lost_or_done_twice(deployment: Deployment) {
        all_ways_fail(deployment, |ways| Some(Arc::clone(&ways.shop))).await;
    }
}

/// In one process with a file there is no such way.
async fn on_servers(name: &str, choose: impl Fn(&Ways) -> Option<Arc<Proxy>>) {
    if rooms::both(name) {
        all_ways_fail(Deployment::Distributed, choose).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_to_the_journal_fails_and_nothing_is_lost_or_done_twice() {
    on_servers("the_way_to_the_journal_fails_and_nothing_is_lost_or_done_twice", |ways| ways.journal.clone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_to_the_bus_fails_and_nothing_is_lost_or_done_twice() {
    on_servers("the_way_to_the_bus_fails_and_nothing_is_lost_or_done_twice", |ways| ways.bus.clone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_to_the_office_fails_and_nothing_is_lost_or_done_twice() {
    on_servers("the_way_to_the_office_fails_and_nothing_is_lost_or_done_twice", |ways| ways.office.clone()).await;
}

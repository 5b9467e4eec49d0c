//! Any life a Magento order may have: goods of every kind, in either currency, paid and shipped in parts, by card, gift card and
//! store credit, given back in parts with adjustments, called off, and every call once, twice or late. In the end the office has each
//! paid invoice and each credit memo once, for the same money, and its stock has moved by what was paid for less what never left.
//!
//! `ORDER_LIVES=10000` raises the number of lives; every five hundred have a store of their own. The seed of a life that fails is in the
//! message.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use tillbridge::journal::Selection;
use tillbridge::rehearsal::{BRANCHES, Side, TownPlan};
use tillbridge::sandbox::magento2::{HookWeather, Lived, MagentoSandbox};

use super::{asks, bundle};
use crate::support::house::{Deployment, House, on_both_deployments};

/// Lives at the same time.
const AT_ONCE: usize = 16;
/// Lives in one house.
const HOUSE: u64 = 500;
/// Lives after which the bridge comes to rest, so that a slow machine is given its time.
const BATCH: u64 = 120;

fn how_many() -> u64 {
    std::env::var("ORDER_LIVES").ok().and_then(|text| text.parse().ok()).unwrap_or(120)
}

fn weather() -> HookWeather {
    HookWeather {
        twice: 100,
        delay_up_to: Duration::from_millis(250),
        // No call is to be lost because the machine has no time to take it.
        first_retry_after: Duration::from_millis(250),
        answer_within: Duration::from_secs(60),
        ..HookWeather::default()
    }
}

/// A house with a Magento whose shelves never get empty, and a bundle among its goods.
async fn plenty(deployment: Deployment) -> House {
    let plan = TownPlan { styles: 4, stock: 1_000_000, every: Duration::from_secs(2), ..TownPlan::new("kauri") };
    let mut house = House::build_magento(deployment, plan).await;
    house.lease(Duration::from_secs(600));
    house.opens().await;
    bundle(&house.magento().shop, "KIT").await;
    house
}

/// Lives these lives, several at a time. Answers each by its order.
async fn lives(house: &House, seeds: std::ops::Range<u64>) -> BTreeMap<u64, (u64, Lived)> {
    let turns = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
    let mut running = tokio::task::JoinSet::new();
    for seed in seeds {
        let (shop, turns): (MagentoSandbox, _) = (house.magento().shop.clone(), Arc::clone(&turns));
        running.spawn(async move {
            let _turn = turns.acquire().await.unwrap();
            (seed, shop.live(seed, BRANCHES[0]).await.unwrap())
        });
    }
    let lived = running.join_all().await;
    lived.into_iter().map(|(seed, lived)| (lived.order, (seed, lived))).collect()
}

/// What the office has of every SKU where web sales count.
async fn shelf(house: &House) -> BTreeMap<String, i64> {
    let mut shelf = BTreeMap::new();
    for sku in &house.magento().assortment.skus {
        shelf.insert(sku.to_string(), house.pieces(sku.as_str(), BRANCHES[0]).await);
    }
    shelf
}

/// SKUs whose stock moved by something else than what was paid for less what was given back before it left.
async fn unexplained(house: &House, before: &BTreeMap<String, i64>) -> Vec<String> {
    let mut expected = before.clone();
    for line in house.magento().shop.orders().into_iter().flat_map(|order| order.lines) {
        for (sku, each) in &line.parts {
            *expected.entry(sku.clone()).or_insert(0) -= each * (line.invoiced - line.released);
        }
    }
    let is = shelf(house).await;
    let off = expected.into_iter().filter(|(sku, pieces)| is.get(sku) != Some(pieces));
    off.map(|(sku, pieces)| format!("{sku}: {:?}, not {pieces}", is.get(&sku))).collect()
}

/// Handlings in a state that nothing good came of, each with the life it is of.
async fn troubled(house: &House, state: &str, lived: &BTreeMap<u64, (u64, Lived)>) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = Selection { after, limit: 10_000, ..Selection::default() };
        let events = house.journal().events(&page).await.unwrap();
        let Some(last) = events.last() else { return found };
        after = Some(last.row);
        for event in events.iter().filter(|event| event.handlings.iter().any(|one| one.ends_with(state))) {
            let trace = house.journal().trace(event.id.0).await.unwrap().unwrap();
            let handlings = trace.events.iter().flat_map(|event| &event.handlings);
            let reasons: Vec<&str> =
                handlings.filter(|one| one.state == state).map(|one| one.reason.as_str()).collect();
            let order = event.entity.strip_prefix("order:").and_then(|id| id.parse().ok());
            let life =
                order.and_then(|id: u64| lived.get(&id)).map(|(seed, life)| format!("{seed}: {:#?}", life.story));
            found.push(format!(
                "{} {}: {reasons:?}; seed {}",
                event.event_type,
                event.entity,
                life.unwrap_or_default()
            ));
        }
    }
}

// proves F-336 F-337 F-338 F-339
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_life_ends_with_books_that_equal_the_store_to_the_cent() {
    let firsts = (0..how_many()).step_by(usize::try_from(HOUSE).unwrap());
    let houses = firsts.map(|first| first..(first + HOUSE).min(how_many()));
    futures::stream::iter(houses).for_each_concurrent(2, all_is_right_after).await;
}

/// Has a house of its own live these lives.
async fn all_is_right_after(seeds: std::ops::Range<u64>) {
    let house = plenty(Deployment::Embedded).await;
    let before = shelf(&house).await;
    house.magento().shop.hook_weather(weather());
    let mut lived = BTreeMap::new();
    for first in seeds.clone().step_by(usize::try_from(BATCH).unwrap()) {
        lived.append(&mut lives(&house, first..(first + BATCH).min(seeds.end)).await);
        house.rest().await;
    }
    assert_eq!(troubled(&house, "dead", &lived).await, Vec::<String>::new());
    assert_eq!(troubled(&house, "waiting", &lived).await, Vec::<String>::new());
    assert_eq!(unexplained(&house, &before).await, Vec::<String>::new());
    let differences = house.magento().differences().await.unwrap();
    assert_eq!(differences, Vec::<String>::new(), "{:#?}", of_those(&differences, &lived));
    house.keeps_its_promises(0).await;
    eprintln!("lives {seeds:?} are right");
}

/// The lives of orders that differ.
fn of_those<'a>(differences: &[String], lived: &'a BTreeMap<u64, (u64, Lived)>) -> Vec<&'a (u64, Lived)> {
    let numbers = differences.iter().filter_map(|one| one.split(" of order ").nth(1)?.get(..9)?.parse::<u64>().ok());
    numbers.filter_map(|number| lived.get(&number)).take(3).collect()
}

on_both_deployments! {
    /// P4: what nobody told for a day is found by asking, and comes to the same end.
    async fn lives_that_nobody_told_of_come_to_the_same_end(deployment: Deployment) {
        let house = plenty(deployment).await;
        let before = shelf(&house).await;
        house.magento().shop.lose_hooks(u64::MAX);
        let lived = lives(&house, 900_000..900_030).await;
        house.rest().await;
        assert_eq!(house.magento().office.document_counts().await.unwrap(), (0, 0), "nobody told");
        house.until("all of it is found", async || {
            asks(&house).await;
            house.rest().await;
            house.magento().differences().await.unwrap().is_empty()
        })
        .await;
        assert_eq!(troubled(&house, "dead", &lived).await, Vec::<String>::new());
        assert_eq!(unexplained(&house, &before).await, Vec::<String>::new());
        house.keeps_its_promises(0).await;
    }
}

//! A side that answers nobody is left in peace, no outage makes a dead letter, and all goes on when it is over.

use std::time::Duration;

use tillbridge::domain::{BranchCode, Sku};
use tillbridge::ops::health::{Probe as _, State};
use tillbridge::ops::probes::ChannelProbe;
use tillbridge::rehearsal::{Bridge, TownPlan};
use tillbridge::sandbox::shopify::Fault;

use super::by_hand::order_of;
use crate::support::house::{Deployment, House, on_both_deployments};

/// More than an attempt's longest wait, than the rest of what is held, and than the wait between two looks; more often than an
/// attempt may fail.
const OUTAGE: [Duration; 15] = [Duration::from_secs(700); 15];

/// What of the first town's channel is held, once anything is.
async fn held(house: &House, way: &str) {
    let way = format!("{} {way}", house.town().channel.name);
    house.until("work is held", async || house.journal().counts().await.unwrap().held.contains_key(&way)).await;
}

/// Handlings in these states.
async fn handlings(house: &House, states: &[&str]) -> i64 {
    let counts = house.journal().counts().await.unwrap();
    states.iter().map(|state| counts.handlings_in(state)).sum()
}

/// Waits until everything that is not finished has been looked at and rests.
async fn all_rests(house: &House) {
    house
        .until("everything rests", async || {
            let counts = house.journal().counts().await.unwrap();
            let new = counts.deliveries.get("new").copied().unwrap_or(0);
            new == 0 && handlings(house, &["published", "running"]).await == 0 && counts.oldest_due_seconds == 0
        })
        .await;
}

async fn sells_at_till(house: &House, skus: &[Sku]) {
    let web = BranchCode::parse("WEB").unwrap();
    for sku in skus {
        house.town().office.sell_at_till(sku, &web, 1).await.unwrap();
    }
}

async fn sells_on_the_web(house: &House, orders: usize) {
    let shop = &house.town().shop;
    for _ in 0..orders {
        let order = shop.place_order(&order_of(house, &[1])).await.unwrap();
        shop.fulfil(order).await.unwrap();
    }
}

async fn readiness(house: &House) -> State {
    let channel = house.town().channel.name.clone();
    let journal = house.bridge.as_ref().unwrap().stage.journal.clone();
    let probe = ChannelProbe { journal, channels: vec![channel.clone()] };
    probe.look().await.remove(&format!("channel {channel}")).unwrap()
}

async fn shows_the_offices_figures(house: &House, skus: &[Sku]) {
    for sku in skus {
        let shown = house.town().shop.stock(sku.as_str(), "WEB").unwrap().on_hand;
        assert_eq!(shown, house.pieces(sku.as_str(), "WEB").await, "{sku}");
    }
}

on_both_deployments! {
    async fn a_shop_that_answers_nobody_is_left_in_peace_for_as_long_as_it_takes(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let skus = house.town().assortment.skus.clone();
        let (first, second) = skus.split_at(skus.len() / 2);
        shop.fail_sometimes(None, Fault::ErrorBeforeCommit(503), 1_000);
        sells_at_till(&house, first).await;
        held(&house, "storefront").await;
        assert!(matches!(readiness(&house).await, State::Degraded(told) if told.contains("held") && told.contains("503")));
        all_rests(&house).await;

        let knocked = shop.failed_calls("inventorySetQuantities");
        assert!(knocked > 0);
        sells_at_till(&house, second).await;
        sells_on_the_web(&house, 2).await;
        house.until("what needs the office alone goes on", async || office.document_counts().await.unwrap() == (2, 0)).await;
        for while_it_lasts in OUTAGE {
            house.seconds_pass(while_it_lasts.as_secs().try_into().unwrap());
            all_rests(&house).await;
        }
        assert!(house.dead_letters().await.is_empty());
        assert_eq!(shop.failed_calls("inventorySetQuantities"), knocked, "nobody knocks at a shut door");

        shop.clear_faults();
        house.seconds_pass(60);
        house.rest().await;
        assert_eq!(readiness(&house).await, State::Ready);
        shows_the_offices_figures(&house, &skus).await;
        house.keeps_its_promises(0).await;
    }

    /// The shop answers whoever asks, and takes no figure from anybody: only trying tells.
    async fn a_shop_that_only_refuses_one_kind_of_write_holds_up_nothing_else(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let skus = house.town().assortment.skus.clone();
        shop.fail_sometimes(Some("inventorySetQuantities"), Fault::ErrorBeforeCommit(500), 1_000);
        sells_at_till(&house, &skus).await;
        held(&house, "stock").await;
        assert_eq!(house.journal().counts().await.unwrap().held.len(), 1);
        let knocked = shop.failed_calls("inventorySetQuantities");
        for while_it_lasts in OUTAGE {
            house.seconds_pass(while_it_lasts.as_secs().try_into().unwrap());
            all_rests(&house).await;
        }
        assert!(house.dead_letters().await.is_empty());
        // One at a time, after waits that the clock has passed over so often.
        let looks = shop.failed_calls("inventorySetQuantities") - knocked;
        assert!((1..=3 * OUTAGE.len() as u64).contains(&looks), "{looks} looks");

        let style = house.town().assortment.active[0].clone();
        office.set_internet_active(&style, false).await.unwrap();
        house.until("products go on", async || {
            !shop.product_by_pos_key("tillbridge", "style", style.as_str()).unwrap().is_visible()
        }).await;
        office.set_internet_active(&style, true).await.unwrap();

        shop.clear_faults();
        house.seconds_pass(60);
        house.hurries_to_rest().await;
        assert_eq!(readiness(&house).await, State::Ready);
        // The clock may have passed over a write on its way, and then too few are shown until the figure is counted.
        assert_eq!(house.settles_what_is_in_doubt().await, Vec::<String>::new());
        shows_the_offices_figures(&house, &skus).await;
        house.keeps_its_promises(0).await;
    }

    async fn one_document_that_always_fails_opens_nothing_and_ends_as_a_dead_letter(deployment: Deployment) {
        let house = House::open(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let style = house.town().assortment.active[0].clone();
        let mut skus = house.town().assortment.skus.clone();
        skus.retain(|sku| !sku.as_str().starts_with(style.as_str()));
        shop.fail_sometimes(Some("productUpdate"), Fault::ErrorBeforeCommit(500), 1_000);
        office.set_internet_active(&style, false).await.unwrap();
        house.until("it fails", async || shop.failed_calls("productUpdate") > 0).await;
        for sku in skus.iter().cycle().take(2 * OUTAGE.len()) {
            sells_at_till(&house, std::slice::from_ref(sku)).await;
            house.seconds_pass(400);
            all_rests(&house).await;
            assert!(house.journal().counts().await.unwrap().held.is_empty());
            if !house.dead_letters().await.is_empty() {
                break;
            }
        }
        let letters = house.dead_letters().await;
        assert_eq!(letters.len(), 1);
        assert!(letters[0].reason.contains("gave up after 12 attempts"), "{}", letters[0].reason);
        house.rest().await;
        shows_the_offices_figures(&house, &skus).await;
        house.stop_without_checks().await;
    }
}

/// Too few to tell by their number: it is asked before any is given up.
/// On the distributed deployment alone: the other's office is a file, which answers whoever only asks even while somebody locks it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_office_that_is_away_for_hours_makes_no_dead_letter_of_a_single_sale() {
    if !crate::support::rooms::both("an_office_that_is_away_for_hours_makes_no_dead_letter_of_a_single_sale") {
        return;
    }
    let house = House::open(Deployment::Distributed).await;
    let away = house.office_goes_away().await;
    sells_on_the_web(&house, 1).await;
    house
        .until("the sale is an event", async || {
            house.journal().counts().await.unwrap().events.contains_key("sale.invoiced")
        })
        .await;
    for while_it_lasts in OUTAGE {
        house.seconds_pass(while_it_lasts.as_secs().try_into().unwrap());
        all_rests(&house).await;
    }
    held(&house, "office").await;
    assert!(house.dead_letters().await.is_empty());
    away.comes_back().await;
    house.seconds_pass(60);
    house.rest().await;
    assert_eq!(house.town().office.document_counts().await.unwrap(), (1, 0));
    house.keeps_its_promises(0).await;
}

/// What one process has found out, the others know before they try.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_finds_out_the_others_know() {
    if !crate::support::rooms::both("what_one_process_finds_out_the_others_know") {
        return;
    }
    let house = House::open_with(Deployment::Distributed, vec![TownPlan::new("kiwi")]).await;
    let beside: Bridge = house.one_more().await;
    let shop = &house.town().shop;
    let skus = house.town().assortment.skus.clone();
    shop.fail_sometimes(None, Fault::ErrorBeforeCommit(503), 1_000);
    sells_at_till(&house, &skus[..4]).await;
    held(&house, "storefront").await;
    for stage in [&house.bridge.as_ref().unwrap().stage, &beside.stage] {
        house.until("it is known", async || stage.circuits.any_open()).await;
    }
    all_rests(&house).await;
    let knocked = shop.failed_calls("inventorySetQuantities");
    sells_at_till(&house, &skus[4..]).await;
    for _ in 0..3 {
        house.seconds_pass(700);
        all_rests(&house).await;
    }
    assert_eq!(shop.failed_calls("inventorySetQuantities"), knocked);
    shop.clear_faults();
    house.seconds_pass(60);
    house.rest().await;
    shows_the_offices_figures(&house, &skus).await;
    assert!(beside.end(crate::support::house::PATIENCE).await);
    house.keeps_its_promises(0).await;
}

//! What can fail, and in which way: which story covers which cell, and the stories of the cells that no other module has.
//!
//! | | refused, black hole, reset, a byte now and then, half closed | 429 | 5xx, then fine | lost or late answer after a commit | told or sent twice | full | read-only |
//! |---|---|---|---|---|---|---|---|
//! | PostgreSQL (journal) | `cuts`, `chaos` | | | `cuts`, `crashes` | `duplicates`, `journals::model` | | |
//! | SQLite (journal) | | | | `crashes` | `duplicates`, `journals::model` | here | here |
//! | RabbitMQ | `cuts`, `chaos`, `buses::rabbitmq_faults` | | | `crashes` | `buses`, `journals::model` | `buses::rabbitmq_faults` | |
//! | storefront, Shopify | `cuts` | `trouble` | `trouble` | `trouble`, `crashes` | `duplicates` | | |
//! | storefront, Magento | `cuts` (the same client) | `magento::trouble` | `magento::trouble`, `magento::catalogue` | `magento::trouble`, `magento::catalogue` | `magento::duplicates` | | |
//! | office | `cuts`, `chaos` | | `trouble` (away and back) | `offices::lost_connection`, `crashes` | `offices::booking` | | |
//!
//! An empty cell is one that such a thing does not have: a database answers no 429, and a server's own disk is its operator's. A
//! clock that jumps is here for all of them.

use std::time::Duration;

use tillbridge::domain::BranchCode;
use tillbridge::rehearsal::TownPlan;
use tillbridge::sandbox::shopify::WebhookWeather;
use tillbridge::sandbox::shopify::lives::Life;

use super::by_hand::Webhook;
use crate::support::disk::Disk;
use crate::support::house::{Deployment, House, on_both_deployments};

/// Room for a journal with a small catalogue and a day's orders, in MiB.
const ROOM: u32 = 48;
/// Lives that are lived before a full disk must have been felt.
const MANY: u64 = 400;

/// A house whose journal lies on a disk of its own, at rest, and its shop patient.
async fn on_a_disk(disk: &Disk) -> House {
    let plan = TownPlan { styles: 3, stock: 5_000, ..TownPlan::new("kiwi") };
    let mut house = House::build(Deployment::Embedded, vec![plan]).await;
    house.keeps_its_journal_in(disk.path());
    house.opens().await;
    let patient = WebhookWeather { first_retry_after: Duration::from_millis(200), ..WebhookWeather::default() };
    house.town().shop.webhook_weather(patient);
    house
}

/// An order lives from its first day to its last, and a till sells a piece.
async fn live(house: &House, seed: u64) {
    let (shop, office) = (&house.town().shop, &house.town().office);
    let goods = shop.catalogue();
    shop.live(&Life::generate(seed, goods[0].price.currency(), true, &goods)).await.unwrap();
    let sku = &house.town().assortment.skus[0];
    office.sell_at_till(sku, &BranchCode::parse("AKL").unwrap(), 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_turns_webhooks_away_and_what_was_acknowledged_is_kept() {
    let Some(disk) = Disk::mount("a_full_disk_turns_webhooks_away_and_what_was_acknowledged_is_kept", ROOM) else {
        return;
    };
    let house = on_a_disk(&disk).await;
    let shop = &house.town().shop;
    for seed in 0..3 {
        live(&house, seed).await;
    }
    disk.fills_up();
    let mut seed = 3;
    while shop.webhook_counts().failed_attempts == 0 {
        assert!(seed < MANY, "nobody felt that the disk is full");
        live(&house, seed).await;
        seed += 1;
    }
    // Whoever calls is told to come again.
    let call = Webhook::of(house.town(), "orders/create", "{}");
    house.until("a call is turned away", async || call.again().send(&house).await == 503).await;
    disk.has_room_again();
    assert_eq!(Webhook::of(house.town(), "products/update", "{}").send(&house).await, 200);
    live(&house, seed).await;
    house.hurries_to_rest().await;
    assert_eq!(shop.webhook_counts().given_up, 0);
    house.keeps_its_promises(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bridge_does_not_start_on_a_read_only_disk_and_goes_on_when_it_is_writable() {
    let story = "a_bridge_does_not_start_on_a_read_only_disk_and_goes_on_when_it_is_writable";
    let Some(disk) = Disk::mount(story, ROOM) else {
        return;
    };
    let mut house = on_a_disk(&disk).await;
    live(&house, 20).await;
    house.stop().await;
    disk.becomes_read_only();
    let refusal = house.cannot_start().await;
    assert!(refusal.contains("journal.db") && refusal.contains("cannot be written"), "{refusal}");
    // What happens meanwhile is told again, or read later.
    live(&house, 21).await;
    disk.becomes_writable();
    house.start().await;
    house.rest().await;
    assert_eq!(house.town().shop.webhook_counts().given_up, 0);
    house.keeps_its_promises(0).await;
}

on_both_deployments! {
    /// Leases and waits that were given while it was ahead last an hour longer, and those given before end at once: what was being
    /// written then is in doubt until it is counted. Nothing else may come of it.
    async fn a_clock_that_jumps_an_hour_ahead_and_back_loses_and_doubles_nothing(deployment: Deployment) {
        let house = House::open(deployment).await;
        for (round, jump) in [3_600, -3_600, 3_600, -7_200].into_iter().enumerate() {
            for seed in 0..4 {
                live(&house, 40 + 10 * u64::try_from(round).unwrap() + seed).await;
            }
            // In the middle of the work of the last ones.
            house.seconds_pass(jump);
        }
        for seed in 80..84 {
            live(&house, seed).await;
        }
        house.time_passes(2);
        house.hurries_to_rest().await;
        assert_eq!(house.settles_what_is_in_doubt().await, Vec::<String>::new());
        house.keeps_its_promises(0).await;
    }
}

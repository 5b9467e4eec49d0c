//! Thousands of generated orders and refunds, each delivered one to three times, out of order and many at once, while the bridge
//! is killed again and again. Afterwards every order and refund is in the books exactly once, to the smallest unit, and both
//! sides show the same stock.
//!
//! `STORM_LIVES` sets how many orders there are, `STORM_KILLS` how often the process is killed; the README has the command for
//! the long form.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tillbridge::journal::postgres::PostgresJournal;
use tillbridge::journal::sqlite::SqliteJournal;
use tillbridge::journal::{Journal, Selection};
use tillbridge::rehearsal::{self, Bus, Side, Town, TownPlan};
use tillbridge::sandbox::shopify::WebhookWeather;
use tillbridge::sandbox::shopify::lives::Life;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::house::Deployment;
use crate::support::process::{Process, free_address};
use crate::support::{rooms, servers};

const LIVES: u64 = 400;
const KILLS: u64 = 5;
/// Topics in which the bridge's own writes come back; nothing may follow from them.
const ECHOES: [&str; 2] = ["inventory_levels/update", "products/update"];
/// Orders that live at the same time in each town.
const AT_ONCE: u64 = 12;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

async fn storm(deployment: Deployment) {
    let (lives, kills) = (setting("STORM_LIVES", LIVES), setting("STORM_KILLS", KILLS));
    let folder = TempDir::new().unwrap();
    let mut databases = Vec::new();
    let mut queues = None;
    let (journal, bus) = match deployment {
        Deployment::Embedded => (rehearsal::Journal::Sqlite(folder.path().join("journal.db")), Bus::Local),
        Deployment::Distributed => {
            databases.push(rooms::Database::create().await);
            let names = rooms::Queues::new();
            let bus = Bus::RabbitMq { url: servers::rabbitmq().unwrap(), prefix: names.prefix.clone() };
            queues = Some(names);
            (rehearsal::Journal::Postgres(databases[0].url.clone()), bus)
        }
    };
    let mut towns = Vec::new();
    for (name, currency, taxes_included) in [("kiwi", "NZD", true), ("euro", "EUR", false), ("yen", "JPY", true)] {
        let mut plan = TownPlan::new(name);
        currency.clone_into(&mut plan.currency);
        plan.taxes_included = taxes_included;
        plan.stock = 100_000;
        plan.every = Duration::from_secs(1);
        if deployment == Deployment::Distributed {
            databases.push(rooms::Database::create().await);
            plan.office_postgres = Some(databases.last().unwrap().url.clone());
        }
        towns.push(Town::found(&plan, folder.path()).await.unwrap());
    }
    let (webhooks, admin) = (free_address(), free_address());
    let configuration = rehearsal::configuration(&journal, &bus, webhooks, admin, &towns.iter().collect::<Vec<_>>());
    let mut bridge = Process::of(folder.path(), configuration, admin).await;
    bridge.start().await;
    let rough = WebhookWeather {
        same_id_twice: 300,
        new_id_twice: 300,
        delay_up_to: Duration::from_millis(60),
        first_retry_after: Duration::from_millis(150),
        ..WebhookWeather::default()
    };
    for town in &towns {
        let storefront = town.storefront().unwrap();
        let address = format!("http://{webhooks}/webhooks/{}", town.channel.storefront);
        let webhooks = storefront.abilities().webhooks.unwrap();
        for topic in webhooks.wanted_topics().iter().chain(&ECHOES) {
            webhooks.subscribe(topic, &address).await.unwrap();
        }
    }
    settled(&bridge, &towns).await;

    let begun = Instant::now();
    let born = Arc::new(AtomicU64::new(0));
    let mut people = JoinSet::new();
    for town in &towns {
        town.shop.webhook_weather(rough.clone());
        for _ in 0..AT_ONCE {
            let (shop, included) = (town.shop.clone(), town.channel.name.as_str() != "euro");
            let born = Arc::clone(&born);
            let goods = shop.catalogue();
            people.spawn(async move {
                loop {
                    let number = born.fetch_add(1, Ordering::Relaxed);
                    if number >= lives {
                        return;
                    }
                    let life = Life::generate(number, goods[0].price.currency(), included, &goods);
                    shop.live(&life).await.unwrap();
                }
            });
        }
    }
    for kill in 1..=kills {
        let at = lives * kill / (kills + 1);
        while born.load(Ordering::Relaxed) < at {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bridge.kill().await;
        bridge.start().await;
    }
    while let Some(lived) = people.join_next().await {
        lived.unwrap();
    }
    settled(&bridge, &towns).await;
    eprintln!("{deployment:?}: {lives} lives, {kills} kills, at rest after {} s", begun.elapsed().as_secs());
    bridge.end().await;

    let journal: Box<dyn Journal> = match &journal {
        rehearsal::Journal::Sqlite(path) => Box::new(SqliteJournal::open(path).unwrap()),
        rehearsal::Journal::Postgres(url) => Box::new(PostgresJournal::connect(url, 2).await.unwrap()),
    };
    let counts = journal.counts().await.unwrap();
    assert_eq!(counts.unfinished() + counts.handlings_in("waiting"), 0, "{counts:#?}");
    let dead = journal.dead(&Selection { limit: 5, ..Selection::default() }).await.unwrap();
    assert!(dead.is_empty(), "{dead:#?}");
    assert!(counts.duplicates > i64::try_from(lives / 10).unwrap(), "the storm sent no duplicates: {counts:#?}");
    for town in &towns {
        town.shop.shutdown().await;
    }
    drop((journal, towns));
    if let Some(queues) = queues {
        queues.delete().await;
    }
    for database in databases {
        database.drop().await;
    }
}

/// Waits until every webhook is taken, nothing differs between the sides any more, and nothing is under way.
async fn settled(bridge: &Process, towns: &[Town]) {
    let until = Instant::now() + Duration::from_secs(600);
    for town in towns {
        tokio::time::timeout_at(until, town.shop.webhooks_idle()).await.unwrap();
        loop {
            let differences = town.differences().await.unwrap();
            if town.is_on_the_web() && differences.is_empty() {
                break;
            }
            assert!(
                Instant::now() < until,
                "{} never agrees: {:#?}\n{}",
                town.channel.name,
                differences.iter().take(10).collect::<Vec<_>>(),
                bridge.last_words()
            );
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    while bridge.unfinished().await > 0 {
        assert!(Instant::now() < until, "work never comes to an end: {}", bridge.last_words());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_over_the_embedded_bridge_leaves_the_books_right() {
    storm(Deployment::Embedded).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_over_the_distributed_bridge_leaves_the_books_right() {
    if rooms::both("a_storm_over_the_distributed_bridge_leaves_the_books_right") {
        storm(Deployment::Distributed).await;
    }
}

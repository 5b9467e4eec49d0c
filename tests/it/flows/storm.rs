//! Thousands of generated orders and refunds, each delivered one to three times, out of order and many at once, while the bridge
//! is killed again and again. Afterwards every order and refund is in the books exactly once, to the smallest unit, and both
//! sides show the same stock.
//!
//! `STORM_LIVES` sets how many orders there are, `STORM_KILLS` how often the process is killed; the README has the command for
//! the long form.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tillbridge::rehearsal::{self, Bus};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::crowd::{CHANNELS, Crowd, setting};
use crate::support::house::Deployment;
use crate::support::process::{Process, free_address};
use crate::support::{rooms, servers};

const LIVES: u64 = 250;
const KILLS: u64 = 5;
/// Orders that live at the same time in each town.
const AT_ONCE: u64 = 12;

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
    let of_office = async || match deployment {
        Deployment::Embedded => None,
        Deployment::Distributed => {
            databases.push(rooms::Database::create().await);
            Some(databases.last().unwrap().url.clone())
        }
    };
    let crowd = Arc::new(Crowd::gather(folder.path(), of_office).await);
    let (webhooks, admin) = (free_address(), free_address());
    let configuration = rehearsal::configuration(&journal, &bus, webhooks, admin, &crowd.sides());
    let mut bridge = Process::of(folder.path(), configuration, admin).await;
    bridge.start().await;
    for town in &crowd.towns {
        crowd.calls(town, &webhooks.to_string()).await;
    }
    crowd.is_settled(&bridge).await;

    let begun = Instant::now();
    crowd.grows_rough(Duration::from_millis(150));
    let mut people = JoinSet::new();
    for (town, _) in (0..crowd.towns.len()).flat_map(|town| (0..AT_ONCE).map(move |person| (town, person))) {
        let crowd = Arc::clone(&crowd);
        people.spawn(async move {
            loop {
                let (number, life) = crowd.next_life(&crowd.towns[town], 0);
                if number >= lives {
                    return;
                }
                life.await;
            }
        });
    }
    for kill in 1..=kills {
        let at = lives * kill / (kills + 1);
        while crowd.born() < at {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bridge.kill().await;
        bridge.start().await;
    }
    while let Some(lived) = people.join_next().await {
        lived.unwrap();
    }
    crowd.is_settled(&bridge).await;
    eprintln!("{deployment:?}: {lives} lives, {kills} kills, at rest after {} s", begun.elapsed().as_secs());
    bridge.end().await;

    let (broken, counts) = crowd.is_judged(&journal).await;
    assert_eq!(broken, Vec::<String>::new(), "{counts:#?}");
    assert!(counts.duplicates > i64::try_from(lives / 10).unwrap(), "the storm sent no duplicates: {counts:#?}");
    Arc::into_inner(crowd).unwrap().disperses().await;
    if let Some(queues) = queues {
        queues.delete(&CHANNELS).await;
    }
    for database in databases {
        database.drop().await;
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

//! A process begins to work: whoever is told that it is ready may leave it alone.

use std::time::Duration;

use tillbridge::rehearsal::TownPlan;
use tokio_postgres::{Client, NoTls};

use crate::support::house::{Deployment, House, PATIENCE};
use crate::support::process::{Process, free_address};
use crate::support::rooms;

async fn connected(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Waits until somebody waits for a table that is locked, and answers who.
async fn whoever_waits(journal: &Client) -> i32 {
    let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    loop {
        if let Some(row) = journal.query(sql, &[]).await.unwrap().first() {
            return row.get(0);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_says_it_is_ready_has_made_itself_known() {
    if !rooms::both("a_process_that_says_it_is_ready_has_made_itself_known") {
        return;
    }
    let plan = TownPlan { every: Duration::from_secs(1), ..TownPlan::new("kiwi") };
    let house = House::build(Deployment::Distributed, vec![plan]).await;
    let admin = free_address();
    let (configuration, folder) = house.written(free_address(), admin);
    let (_, journal) = configuration.secrets.iter().find(|(name, _)| name == "JOURNAL_URL").unwrap();
    let (mut elsewhere, onlooker) = (connected(journal).await, connected(journal).await);
    let mut bridge = Process::of(folder, configuration, admin).await;

    let busy = elsewhere.transaction().await.unwrap();
    busy.batch_execute("LOCK TABLE tillbridge.lease IN ACCESS EXCLUSIVE MODE").await.unwrap();
    bridge.launches();
    let waiting = tokio::time::timeout(PATIENCE, whoever_waits(&onlooker)).await.expect("it comes to the locked table");
    assert!(!bridge.is_ready().await, "nobody could know of it yet");
    assert!(!bridge.has_ended(), "it waits for the journal");
    onlooker.execute("SELECT pg_terminate_backend($1)", &[&waiting]).await.unwrap();
    let ends = async {
        while !bridge.has_ended() {
            assert!(!bridge.is_ready().await, "it could not make itself known");
        }
    };
    tokio::time::timeout(PATIENCE, ends).await.expect("it ends, for a supervisor to start it again");
    assert!(bridge.last_words().contains("the journal"), "{}", bridge.last_words());

    busy.rollback().await.unwrap();
    bridge.start().await;
    bridge.end().await;
    house.closes().await;
}

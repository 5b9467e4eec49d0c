//! Machines whose clocks disagree, over one journal: how long work is whose is told by one clock, the journal's (P2, P3).
//!
//! The wrong clocks are libfaketime's; where it is not installed the story says that it is left out.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tillbridge::rehearsal::{self, Bus};

use crate::support::crowd::{CHANNELS, Crowd};
use crate::support::process::{Process, free_address};
use crate::support::{rooms, servers};

/// Orders in each town.
const LIVES: usize = 15;
/// Ahead and behind, both by far more than a lease of work.
const CLOCKS: [Option<&str>; 3] = [None, Some("+15m"), Some("-15m")];
/// The first takes what comes; the work is for all of them.
const ROLES: [&[&str]; 3] = [&["receive", "normalise", "publish", "handle", "poll"], WORK, WORK];
const WORK: &[&str] = &["normalise", "publish", "handle"];

/// What a worker says whose work was given to somebody else while it was at it.
const TAKEN_AWAY: &str = "settlements came after their lease";

/// Where libfaketime is.
fn faketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    let mut places = folders.flatten().map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    places.find(|place| place.exists())
}

/// Whether a line of a log was written by a clock that is wrong.
fn is_of_another_time(line: &str) -> bool {
    let time = line.split_whitespace().next().and_then(|word| word.parse::<Timestamp>().ok());
    time.is_some_and(|time| time.duration_since(Timestamp::now()).abs() > SignedDuration::from_mins(10))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_whose_clocks_disagree_leave_each_others_work_alone() {
    let name = "machines_whose_clocks_disagree_leave_each_others_work_alone";
    if !rooms::both(name) {
        return;
    }
    let Some(faketime) = faketime() else {
        eprintln!("left out: {name} needs libfaketime (Debian, Ubuntu: the package libfaketime)");
        return;
    };
    let folder = TempDir::new().unwrap();
    let mut databases = vec![rooms::Database::create().await];
    let journal = rehearsal::Journal::Postgres(databases[0].url.clone());
    let queues = rooms::Queues::new();
    let of_office = async || {
        databases.push(rooms::Database::create().await);
        databases.last().map(|database| database.url.clone())
    };
    let crowd = Crowd::gather(folder.path(), of_office).await;
    let mut processes = Vec::new();
    for (number, (clock, roles)) in CLOCKS.into_iter().zip(ROLES).enumerate() {
        let home = folder.path().join(format!("process-{number}"));
        std::fs::create_dir(&home).unwrap();
        let bus = Bus::RabbitMq { url: servers::rabbitmq().unwrap(), prefix: queues.prefix.clone() };
        let (webhooks, admin) = (free_address(), free_address());
        let configuration = rehearsal::configuration(&journal, &bus, webhooks, admin, &crowd.sides());
        let mut process = Process::of(&home, configuration, admin).await;
        process.takes(roles);
        if let Some(clock) = clock {
            process.is_told(&[
                ("LD_PRELOAD", &faketime.display().to_string()),
                ("FAKETIME", clock),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ]);
        }
        process.start().await;
        if number == 0 {
            for town in &crowd.towns {
                crowd.calls(town, &webhooks.to_string()).await;
            }
        }
        processes.push(process);
    }
    crowd.is_settled(&processes[0]).await;

    for _ in 0..LIVES {
        let lives = crowd.towns.iter().map(|town| crowd.next_life(town, 0).1);
        futures::future::join_all(lives).await;
    }
    crowd.is_settled(&processes[0]).await;
    for (process, clock) in processes.iter_mut().zip(CLOCKS) {
        process.end().await;
        let log = process.log();
        let has_another_clock = log.lines().any(is_of_another_time);
        assert_eq!(has_another_clock, clock.is_some(), "libfaketime did nothing:\n{}", process.last_words());
        let taken_away = log.lines().filter(|line| line.contains(TAKEN_AWAY)).count();
        assert_eq!(taken_away, 0, "work was taken out of the hands of somebody who was still at it");
    }
    let (broken, counts) = crowd.is_judged(&journal).await;
    assert_eq!(broken, Vec::<String>::new(), "{counts:#?}");
    crowd.disperses().await;
    queues.delete(&CHANNELS).await;
    for database in databases {
        database.drop().await;
    }
}

//! Chaos over several processes: orders come at a steady rate while processes are killed and restarted, RabbitMQ and PostgreSQL are
//! stopped and started, and ways are cut, all at random and at the same time. Afterwards the books are compared.
//!
//! Both servers are the run's own, from installed programs, for it stops them; where one is not installed the given one is used and
//! left running, aloud. A run says what it did in one line of JSON on stderr. `CHAOS_MINUTES` sets how long faults come (one
//! minute), `CHAOS_SEED` what chance decides: who is hit, by what, and what is bought; when exactly, the machine has its say in. The
//! README has the command for the long form.

use std::io::Write as _;
use std::time::Duration;

use tempfile::TempDir;
use tillbridge::domain::BranchCode;
use tillbridge::rehearsal::Town;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::support::crowd::{Crowd, setting};
use crate::support::rooms;

mod faults;
mod fleet;

use faults::{Chance, Faults};
use fleet::{Fleet, Servers};

/// How long faults come unless told otherwise.
const MINUTES: u64 = 1;
/// One order after the other.
const BETWEEN_ORDERS: Duration = Duration::from_millis(200);
/// One sale at a till after the other.
const BETWEEN_SALES: Duration = Duration::from_secs(1);
/// A shop tries eight times, each time waiting twice as long: over more than a minute here, over four hours in life.
const FIRST_RETRY: Duration = Duration::from_millis(300);

/// People buy on the web, one after the other.
async fn people_buy(crowd: &Crowd, seed: u64, until: Instant) {
    let mut ticks = interval(BETWEEN_ORDERS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut lives = JoinSet::new();
    while Instant::now() < until {
        ticks.tick().await;
        let town = usize::try_from(crowd.born()).unwrap() % crowd.towns.len();
        lives.spawn(crowd.next_life(&crowd.towns[town], seed).1);
    }
    lives.join_all().await;
}

/// A till sells a piece. Whether it was sold when no answer came is known to the office's books, and to nobody else.
async fn till_sells(town: &Town, chance: &mut Chance) {
    let sku = chance.one_of(&town.assortment.skus);
    let branch = BranchCode::parse(chance.one_of(&["WEB", "AKL"])).unwrap();
    while town.office.sell_at_till(sku, &branch, 1).await.is_err() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn tills_sell(crowd: &Crowd, mut chance: Chance, until: Instant) -> u64 {
    let mut sold = 0;
    while Instant::now() < until {
        tokio::time::sleep(BETWEEN_SALES).await;
        till_sells(chance.one_of(&crowd.towns), &mut chance).await;
        sold += 1;
    }
    sold
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_over_several_processes_leaves_the_books_right() {
    if !rooms::both("chaos_over_several_processes_leaves_the_books_right") {
        return;
    }
    let minutes = setting("CHAOS_MINUTES", MINUTES);
    let seed = setting("CHAOS_SEED", u64::from(rand::random::<u32>()));
    let folder = TempDir::new().unwrap();
    let servers = Servers::start().await;
    let (fleet, crowd) = Fleet::launch(folder.path(), &servers).await;
    crowd.is_settled(&*fleet.first().await).await;

    crowd.grows_rough(FIRST_RETRY);
    let until = Instant::now() + Duration::from_secs(60 * minutes);
    let mut faults = Faults::new(seed, until);
    let (sold, ()) = tokio::join!(tills_sell(&crowd, faults.chance(), until), async {
        tokio::join!(people_buy(&crowd, seed, until), faults.befall(&fleet, &servers), sleep_until(until));
    });
    let calm = Instant::now();
    // What is told no more is asked for, as it is every quarter of an hour.
    let given_up = crowd.webhooks_given_up().await;
    if given_up > 0 {
        for town in &crowd.towns {
            let process = fleet.first().await;
            let asked = process.command("reconcile").arg(town.channel.name.as_str()).status().await.unwrap();
            assert!(asked.success(), "{}", process.last_words());
        }
    }
    crowd.is_settled(&*fleet.first().await).await;
    let to_rest = calm.elapsed().as_secs();
    let processes = fleet.len();
    let journal = fleet.ends().await;

    let (broken, counts) = crowd.is_judged(&journal).await;
    let line = serde_json::json!({
        "run": "chaos", "seed": seed, "minutes": minutes, "processes": processes,
        "orders": crowd.born(), "till_sales": sold,
        "kills": faults.kills, "restarts": faults.restarts, "unclean_ends": faults.unclean_ends,
        "rabbitmq_stops": faults.bus_stops, "postgres_stops": faults.journal_stops, "cuts": faults.cuts,
        "duplicates_refused": counts.duplicates, "seconds_to_rest": to_rest, "left_out": servers.left_out(),
        "webhooks_given_up_by_shops": given_up, "broken_promises": broken,
    });
    // Past the capture of the test's output, so that a run that went well says so, too.
    writeln!(std::io::stderr(), "{line}").unwrap();
    assert_eq!(broken, Vec::<String>::new(), "CHAOS_SEED={seed}");
    assert!(faults.has_befallen(&servers), "{line}");
    crowd.disperses().await;
    servers.stop().await;
}

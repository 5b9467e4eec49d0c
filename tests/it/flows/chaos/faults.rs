//! What befalls a fleet: four kinds of fault, each on its own, so that they meet.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::time::Instant;

use super::fleet::{Fleet, Servers};
use crate::support::proxy::Cut;

/// Calm between two faults of a kind, in milliseconds.
const BETWEEN_DEATHS: (u64, u64) = (1_500, 4_000);
const BETWEEN_STOPS: (u64, u64) = (3_000, 8_000);
const BETWEEN_CUTS: (u64, u64) = (500, 2_000);
/// How long a server stays down and a way cut, in milliseconds.
const DOWN: (u64, u64) = (200, 2_000);
const CUT: (u64, u64) = (200, 2_000);

/// Says what happens and when, for whoever reads the output of a run that failed.
fn tell(until: Instant, what: &str) {
    let left = until.saturating_duration_since(Instant::now());
    eprintln!("{:>4} s before the calm: {what}", left.as_secs());
}

/// Seeded chance.
pub struct Chance(StdRng);

impl Chance {
    pub fn one_of<'few, T>(&mut self, few: &'few [T]) -> &'few T {
        &few[self.index(few.len())]
    }

    fn index(&mut self, length: usize) -> usize {
        self.0.random_range(0..length)
    }

    fn one_in(&mut self, times: u32) -> bool {
        self.0.random_range(0..times) == 0
    }

    async fn pause(&mut self, (least, most): (u64, u64)) {
        tokio::time::sleep(Duration::from_millis(self.0.random_range(least..=most))).await;
    }
}

/// How often what has happened.
pub struct Faults {
    seed: u64,
    chances: u64,
    until: Instant,
    pub kills: u64,
    pub restarts: u64,
    /// SIGTERMs after which something in hand was left to its lease, as may be while a server is away.
    pub unclean_ends: u64,
    pub bus_stops: u64,
    pub journal_stops: u64,
    pub cuts: u64,
}

impl Faults {
    /// Faults that come until then.
    pub fn new(seed: u64, until: Instant) -> Self {
        Self {
            seed,
            chances: 0,
            until,
            kills: 0,
            restarts: 0,
            unclean_ends: 0,
            bus_stops: 0,
            journal_stops: 0,
            cuts: 0,
        }
    }

    /// A chance of its own for whoever acts at random: what others do does not change its choices.
    pub fn chance(&mut self) -> Chance {
        self.chances += 1;
        Chance(StdRng::seed_from_u64(self.seed.wrapping_mul(31).wrapping_add(self.chances)))
    }

    /// All of them at once, until it is time; then everything is up and every way open.
    pub async fn befall(&mut self, fleet: &Fleet, servers: &Servers) {
        let (deaths, bus, journal, ways) = (self.chance(), self.chance(), self.chance(), self.chance());
        let until = self.until;
        let ((kills, restarts, unclean), bus_stops, journal_stops, cuts) = tokio::join!(
            processes_die(fleet, deaths, until),
            bus_stops(servers, bus, until),
            journal_stops(servers, journal, until),
            ways_are_cut(fleet, ways, until),
        );
        (self.kills, self.restarts, self.unclean_ends) = (kills, restarts, unclean);
        (self.bus_stops, self.journal_stops, self.cuts) = (bus_stops, journal_stops, cuts);
    }

    /// Whether every kind of fault that could come has come.
    pub fn has_befallen(&self, servers: &Servers) -> bool {
        let bus = self.bus_stops > 0 || servers.rabbitmq.is_none();
        let journal = self.journal_stops > 0 || servers.postgres.is_none();
        self.kills > 0 && self.restarts > 0 && self.cuts > 0 && bus && journal
    }
}

/// kill -9 or SIGTERM, each followed by a start.
async fn processes_die(fleet: &Fleet, mut chance: Chance, until: Instant) -> (u64, u64, u64) {
    let (mut kills, mut restarts, mut unclean) = (0, 0, 0);
    while Instant::now() < until || kills == 0 || restarts == 0 {
        chance.pause(BETWEEN_DEATHS).await;
        let number = chance.index(fleet.len());
        let mut process = fleet.processes[number].lock().await;
        // One of each to begin with.
        let is_killed = if kills + restarts < 2 { kills == 0 } else { chance.one_in(2) };
        if is_killed {
            tell(until, &format!("process {number} is killed"));
            process.kill().await;
            kills += 1;
        } else {
            tell(until, &format!("process {number} is told to end"));
            unclean += u64::from(!process.ends().await.success());
            restarts += 1;
        }
        process.is_kept_up().await;
        tell(until, &format!("process {number} is up again"));
    }
    (kills, restarts, unclean)
}

async fn bus_stops(servers: &Servers, mut chance: Chance, until: Instant) -> u64 {
    let mut stops = 0;
    let Some(rabbitmq) = &servers.rabbitmq else { return stops };
    while Instant::now() < until {
        chance.pause(BETWEEN_STOPS).await;
        tell(until, "RabbitMQ stops");
        rabbitmq.stops().await;
        chance.pause(DOWN).await;
        rabbitmq.starts().await;
        tell(until, "RabbitMQ is up again");
        stops += 1;
    }
    stops
}

async fn journal_stops(servers: &Servers, mut chance: Chance, until: Instant) -> u64 {
    let mut stops = 0;
    let Some(postgres) = &servers.postgres else { return stops };
    while Instant::now() < until {
        chance.pause(BETWEEN_STOPS).await;
        tell(until, "PostgreSQL stops");
        postgres.stops_at_once().await;
        chance.pause(DOWN).await;
        postgres.starts().await;
        tell(until, "PostgreSQL is up again");
        stops += 1;
    }
    stops
}

async fn ways_are_cut(fleet: &Fleet, mut chance: Chance, until: Instant) -> u64 {
    let mut cuts = 0;
    while Instant::now() < until {
        chance.pause(BETWEEN_CUTS).await;
        let ((name, way), cut) = (chance.one_of(&fleet.ways), *chance.one_of(&Cut::ALL));
        tell(until, &format!("{name}: {cut:?}"));
        way.suffers(cut);
        chance.pause(CUT).await;
        way.is_mended(cut);
        cuts += 1;
    }
    cuts
}

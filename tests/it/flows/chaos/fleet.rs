//! Processes of the real program with different roles over one PostgreSQL and one RabbitMQ, with a proxy on each of their ways.

use std::path::Path;

use tillbridge::rehearsal::{self, Bus};
use tokio::sync::{Mutex, MutexGuard};

use crate::support::crowd::{CHANNELS, Crowd};
use crate::support::own_servers::{OwnPostgres, OwnRabbitMq};
use crate::support::process::{Process, free_address};
use crate::support::proxy::Proxy;
use crate::support::{rooms, servers};

/// What each process does. Every role is taken by two at least; the first two have a door.
const ROLES: [&[&str]; 4] = [
    &["receive", "normalise", "publish", "handle", "poll", "admin"],
    &["receive", "publish", "poll"],
    &["normalise", "handle", "admin"],
    &["publish", "handle", "poll"],
];
const DOORS: usize = 2;

/// The servers of a run, or what was given in their place.
pub struct Servers {
    pub postgres: Option<OwnPostgres>,
    pub rabbitmq: Option<OwnRabbitMq>,
    given: Vec<rooms::Database>,
    queues: Option<rooms::Queues>,
}

impl Servers {
    /// Starts both where they are installed.
    pub async fn start() -> Self {
        let (postgres, rabbitmq) = tokio::join!(OwnPostgres::start(), OwnRabbitMq::start());
        let queues = rabbitmq.is_none().then(rooms::Queues::new);
        // The journal's database and one for each office.
        let mut given = Vec::new();
        while postgres.is_none() && given.len() < 4 {
            given.push(rooms::Database::create().await);
        }
        let servers = Self { postgres, rabbitmq, given, queues };
        for left_out in servers.left_out() {
            eprintln!(
                "left out: chaos does not stop {left_out}, whose programs are not installed; the given server stays up"
            );
        }
        servers
    }

    /// What is not stopped.
    pub fn left_out(&self) -> Vec<&'static str> {
        let postgres = self.postgres.is_none().then_some("PostgreSQL");
        postgres.into_iter().chain(self.rabbitmq.is_none().then_some("RabbitMQ")).collect()
    }

    /// Addresses of four empty databases.
    async fn databases(&self) -> Vec<String> {
        match &self.postgres {
            Some(own) => {
                let mut made = Vec::new();
                for name in ["journal", "first", "second", "third"] {
                    made.push(rooms::database_at(&own.url(), name).await);
                }
                made
            }
            None => self.given.iter().map(|database| database.url.clone()).collect(),
        }
    }

    fn bus(&self) -> Bus {
        let given = || (servers::rabbitmq().unwrap(), self.queues.as_ref().unwrap().prefix.clone());
        let own = self.rabbitmq.as_ref().map(|own| (own.url(), "chaos".to_owned()));
        let (url, prefix) = own.unwrap_or_else(given);
        Bus::RabbitMq { url, prefix }
    }

    /// Clears away what was made on given servers; own ones end by themselves.
    pub async fn stop(self) {
        if let Some(queues) = self.queues {
            queues.delete(&CHANNELS).await;
        }
        for database in self.given {
            database.drop().await;
        }
    }
}

/// The processes and the ways they use.
pub struct Fleet {
    pub processes: Vec<Mutex<Process>>,
    /// Each way by a name for people.
    pub ways: Vec<(String, Proxy)>,
    journal: rehearsal::Journal,
}

impl Fleet {
    /// Founds towns, starts all processes and has the shops call their doors.
    pub async fn launch(folder: &Path, servers: &Servers) -> (Self, Crowd) {
        let mut databases = servers.databases().await.into_iter();
        let journal_url = databases.next().unwrap();
        let mut crowd = Crowd::gather(folder, async || databases.next()).await;
        let mut ways = Vec::new();
        for town in &mut crowd.towns {
            let (shop, office) = (Proxy::before(&town.shop.graphql_url()).await, Proxy::before(&town.office_url).await);
            town.way_to_shop = Some(shop.led(&town.shop.graphql_url()));
            town.office_url = office.led(&town.office_url);
            let name = &town.channel.name;
            ways.extend([(format!("to the shop of {name}"), shop), (format!("to the office of {name}"), office)]);
        }
        let mut fleet =
            Self { processes: Vec::new(), ways, journal: rehearsal::Journal::Postgres(journal_url.clone()) };
        let mut doors = Vec::new();
        for (number, roles) in ROLES.into_iter().enumerate() {
            let home = folder.join(format!("process-{number}"));
            std::fs::create_dir(&home).unwrap();
            let way = Proxy::before(&journal_url).await;
            let journal = rehearsal::Journal::Postgres(way.led(&journal_url));
            fleet.ways.push((format!("from process {number} to the journal"), way));
            let Bus::RabbitMq { url, prefix } = servers.bus() else { unreachable!("the bus is RabbitMQ") };
            let way = Proxy::before(&url).await;
            let bus = Bus::RabbitMq { url: way.led(&url), prefix };
            fleet.ways.push((format!("from process {number} to the bus"), way));
            let (webhooks, admin) = (free_address(), free_address());
            let configuration = rehearsal::configuration(&journal, &bus, webhooks, admin, &crowd.sides());
            let mut process = Process::of(&home, configuration, admin).await;
            process.takes(roles);
            process.start().await;
            fleet.processes.push(Mutex::new(process));
            if number < DOORS {
                let way = Proxy::before(&format!("http://{webhooks}")).await;
                doors.push(way.place().to_string());
                fleet.ways.push((format!("to the door of process {number}"), way));
            }
        }
        for (town, door) in crowd.towns.iter().zip(doors.iter().cycle()) {
            crowd.calls(town, door).await;
        }
        (fleet, crowd)
    }

    pub fn len(&self) -> usize {
        self.processes.len()
    }

    /// The first process, for what is to be asked by the command line.
    pub async fn first(&self) -> MutexGuard<'_, Process> {
        self.processes[0].lock().await
    }

    /// Ends all processes well. Answers the journal they leave behind, past every proxy.
    pub async fn ends(self) -> rehearsal::Journal {
        for process in &self.processes {
            process.lock().await.end().await;
        }
        self.journal
    }
}

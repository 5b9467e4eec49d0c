//! The bridge in one process, between the towns it joins.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::bus::local::LocalBus;
use crate::bus::rabbitmq::RabbitBus;
use crate::flow::receive::Door;
use crate::flow::{Bells, Pace, Role, Running, Stage, poll};
use crate::handlers::{self, Sides};
use crate::journal::clock::Clock;
use crate::journal::postgres::PostgresJournal;
use crate::journal::sqlite::SqliteJournal;
use crate::office::Office;
use crate::policy::Retention;
use crate::storefront::Storefront;

use super::{Progress, Side};

/// Which journal.
#[derive(Debug, Clone)]
pub enum Journal {
    /// One file.
    Sqlite(PathBuf),
    /// A database, made and empty.
    Postgres(String),
}

/// Which bus.
#[derive(Debug, Clone)]
pub enum Bus {
    /// In this process.
    Local,
    /// A broker, and what its queues' names begin with.
    RabbitMq {
        /// Address of the broker.
        url: String,
        /// Beginning of the queues' names.
        prefix: String,
    },
}

/// Stands between a bridge and its ports, for whoever wants to disturb it at a step of its work.
pub trait Around: std::fmt::Debug + Send + Sync {
    /// Stands before the journal.
    fn journal(&self, journal: Arc<dyn crate::journal::Journal>) -> Arc<dyn crate::journal::Journal>;

    /// Stands before the bus.
    fn bus(&self, bus: Arc<dyn crate::bus::Bus>) -> Arc<dyn crate::bus::Bus>;

    /// Stands before a storefront.
    fn storefront(&self, storefront: Arc<dyn Storefront>) -> Arc<dyn Storefront>;

    /// Stands before an office.
    fn office(&self, office: Arc<dyn Office>) -> Arc<dyn Office>;
}

/// What the bridge is built of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The durable record.
    pub journal: Journal,
    /// The distributor of work.
    pub bus: Bus,
    /// Where the webhook door listens; a free port of this machine when none is given.
    pub listen: Option<SocketAddr>,
    /// How eager the stages are.
    pub pace: Pace,
    /// The largest body the door takes, in bytes.
    pub body_limit: usize,
    /// The journal's clock, by which everything that waits for a time is due.
    pub clock: Clock,
    /// What stands between the bridge and its ports, if anything does.
    pub around: Option<Arc<dyn Around>>,
}

/// A running bridge.
pub struct Bridge {
    /// What its stages use.
    pub stage: Stage,
    /// Where its webhook door listens.
    pub door: SocketAddr,
    running: Running,
    server: JoinHandle<()>,
}

impl Bridge {
    /// Starts it with all roles between these towns.
    ///
    /// # Errors
    /// When the journal or bus cannot be opened or the address is taken.
    pub async fn start<S: Side + ?Sized>(plan: &Plan, towns: &[&S]) -> anyhow::Result<Self> {
        let journal: Arc<dyn crate::journal::Journal> = match &plan.journal {
            Journal::Sqlite(path) => Arc::new(SqliteJournal::open_with(path, plan.clock.clone())?),
            Journal::Postgres(url) => {
                PostgresJournal::migrate(url).await?;
                Arc::new(PostgresJournal::connect_with(url, 12, plan.clock.clone()).await?)
            }
        };
        let lanes = crate::bus::lanes(towns.iter().map(|town| &town.channel().name), &handlers::names());
        let bus: Arc<dyn crate::bus::Bus> = match &plan.bus {
            Bus::Local => Arc::new(LocalBus::new(10_000, lanes)),
            Bus::RabbitMq { url, prefix } => Arc::new(RabbitBus::connect(url, prefix, &lanes).await?),
        };
        let around = plan.around.as_deref();
        let (journal, bus) = match around {
            Some(around) => (around.journal(journal), around.bus(bus)),
            None => (journal, bus),
        };
        let mut sides = Sides::default();
        for town in towns {
            let channel = town.channel();
            let (storefront, office) = (town.storefront()?, town.counter_intelligence().await?);
            let (storefront, office) = match around {
                Some(around) => (around.storefront(storefront), around.office(office)),
                None => (storefront, office),
            };
            sides.storefronts.insert(channel.storefront.clone(), storefront);
            sides.offices.insert(channel.office.clone(), office);
            sides.channels.push(Arc::clone(channel));
        }
        let stage = Stage {
            journal,
            bus,
            sides: Arc::new(sides),
            bells: Bells::default(),
            pace: plan.pace,
            keep: Retention::default(),
            beats: crate::flow::Beats::default(),
            circuits: crate::flow::Circuits::default(),
            process: uuid::Uuid::new_v4(),
            stop: CancellationToken::new(),
        };
        let listen = plan.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = crate::ops::web::listen(listen).await?;
        let door = listener.local_addr()?;
        let router = Door::new(
            stage.journal.clone(),
            stage.sides.storefronts.clone(),
            Arc::clone(&stage.bells.deliveries),
            plan.body_limit,
            1024,
        )
        .router();
        let server = crate::ops::web::serve(listener, router, stage.stop.clone());
        Running::introduce(&stage, Role::ALL).await?;
        let running = Running::start(&stage, Role::ALL);
        Ok(Self { stage, door, running, server })
    }

    /// Where a storefront's webhooks go.
    #[must_use]
    pub fn address_for<S: Side + ?Sized>(&self, town: &S) -> String {
        format!("http://{}/webhooks/{}", self.door, town.channel().storefront)
    }

    /// Waits until nothing is under way any more: all webhooks are taken, all changes polled, all work settled, and the last
    /// writes have come back as webhooks and been settled too. Answers whether that was reached. A slow machine is waited for:
    /// `patience` is how long nothing at all may happen, and only what goes round in circles is given up in the end.
    pub async fn at_rest<S: Side + ?Sized>(&self, towns: &[&S], patience: Duration) -> bool {
        let mut progress = self.progress();
        let mut quiet = 0;
        while progress.goes_on(patience).await {
            quiet = if self.is_quiet(towns).await { quiet + 1 } else { 0 };
            if quiet >= 2 {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }

    /// A look at whether anything happens from now on.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress::of(Arc::clone(&self.stage.journal))
    }

    async fn is_quiet<S: Side + ?Sized>(&self, towns: &[&S]) -> bool {
        // Offices are asked last: that is the dearest question.
        if !self.has_finished().await {
            return false;
        }
        for town in towns {
            if tokio::time::timeout(Duration::from_secs(5), town.calls_idle()).await.is_err() {
                return false;
            }
            let Some(office) = self.stage.sides.offices.get(&town.channel().office) else { return false };
            // A poll that finds nothing only counts when there is nothing left that it could not see yet.
            if !town.living_office().is_settled().await.unwrap_or(false) {
                return false;
            }
            for kind in town.channel().every.keys() {
                match poll::once(self.stage.journal.as_ref(), office.as_ref(), *kind).await {
                    Ok(0) => {}
                    Ok(_) => {
                        self.stage.bells.deliveries.notify_one();
                        return false;
                    }
                    Err(_) => return false,
                }
            }
        }
        self.has_finished().await
    }

    async fn has_finished(&self) -> bool {
        self.stage.journal.counts().await.is_ok_and(|counts| counts.unfinished() == 0)
    }

    /// Ends it as SIGTERM does: no new work, what is held is settled. Answers whether all of it was.
    pub async fn end(self, patience: Duration) -> bool {
        let drained = self.running.drain(patience).await;
        // Idle connections may be kept open by the other side; what was being answered is answered by now.
        let _ = tokio::time::timeout(Duration::from_secs(2), self.server).await;
        self.stage.bus.close().await;
        drained
    }
}

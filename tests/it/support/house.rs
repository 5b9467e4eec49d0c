//! A house for one story: towns, a bridge between them, and the promises checked at the end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tillbridge::domain::{BranchCode, Sku};
use tillbridge::flow::Pace;
use tillbridge::handlers::Desk;
use tillbridge::journal::clock::Clock;
use tillbridge::journal::{DeadLetter, Journal, Selection};
use tillbridge::policy::Channel;
use tillbridge::rehearsal::{self, Bridge, Bus, Configuration, MagentoTown, Plan, Side, Town, TownPlan};
use tillbridge::sandbox::magento2::MagentoOptions;
use tokio::time::Instant;

use super::lifetime::{Lifetime, within};
use super::{crowd, rooms, servers};

mod disturbed;
mod ways;

pub use disturbed::Hurry;
pub use ways::Ways;

/// How long nothing at all may happen in a story before what it waits for counts as never.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Which deployment a story is told on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deployment {
    /// SQLite and the bus in the process.
    Embedded,
    /// PostgreSQL and RabbitMQ.
    Distributed,
}

/// Everything around one story.
pub struct House {
    /// The towns with a Shopify; the first is the one stories of one town happen in.
    pub towns: Vec<Town>,
    /// The towns with a Magento.
    pub magentos: Vec<MagentoTown>,
    /// The bridge; `None` while it is down.
    pub bridge: Option<Bridge>,
    plan: Plan,
    deployment: Deployment,
    databases: Vec<rooms::Database>,
    queues: Option<rooms::Queues>,
    ahead: Arc<AtomicI64>,
    /// The channel that is not in the configuration at present.
    left_out: Option<String>,
    /// The process the bridge runs in, where it is to be killed.
    life: Option<Lifetime>,
    folder: TempDir,
}

impl House {
    /// Opens a house with one town and everything at rest: the catalogue is on the web.
    pub async fn open(deployment: Deployment) -> Self {
        Self::open_with(deployment, vec![TownPlan::new("kiwi")]).await
    }

    /// Opens a house with these towns.
    pub async fn open_with(deployment: Deployment, plans: Vec<TownPlan>) -> Self {
        let mut house = Self::build(deployment, plans).await;
        house.opens().await;
        house
    }

    /// Starts the bridge of a house that was only built, and waits until everything is at rest.
    pub async fn opens(&mut self) {
        self.start().await;
        self.rest().await;
    }

    /// A house whose bridge has not been started.
    pub async fn build(deployment: Deployment, plans: Vec<TownPlan>) -> Self {
        let folder = TempDir::new().unwrap();
        let mut databases = Vec::new();
        let (journal, bus, queues) = match deployment {
            Deployment::Embedded => (rehearsal::Journal::Sqlite(folder.path().join("journal.db")), Bus::Local, None),
            Deployment::Distributed => {
                let database = rooms::Database::create().await;
                let journal = rehearsal::Journal::Postgres(database.url.clone());
                databases.push(database);
                let queues = rooms::Queues::new();
                let bus = Bus::RabbitMq { url: servers::rabbitmq().unwrap(), prefix: queues.prefix.clone() };
                (journal, bus, Some(queues))
            }
        };
        let mut towns = Vec::new();
        for plan in plans {
            let plan = with_database(plan, deployment, &mut databases).await;
            towns.push(Town::found(&plan, folder.path()).await.unwrap());
        }
        let pace = Pace { look: Duration::from_millis(100), lease: Duration::from_secs(10), ..Pace::default() };
        let ahead = Arc::new(AtomicI64::new(0));
        let clock = {
            let ahead = Arc::clone(&ahead);
            Clock::from_fn(move || Timestamp::now() + SignedDuration::from_secs(ahead.load(Ordering::Relaxed)))
        };
        let plan = Plan { journal, bus, listen: None, pace, body_limit: 1024 * 1024, clock, around: None };
        Self {
            towns,
            magentos: Vec::new(),
            bridge: None,
            plan,
            deployment,
            databases,
            queues,
            ahead,
            left_out: None,
            life: None,
            folder,
        }
    }

    /// A house with one Magento and everything at rest: the catalogue is on the web.
    pub async fn open_magento(deployment: Deployment) -> Self {
        let mut house = Self::build_magento(deployment, TownPlan::new("kauri")).await;
        house.opens().await;
        house
    }

    /// A house with one Magento, whose bridge has not been started.
    pub async fn build_magento(deployment: Deployment, plan: TownPlan) -> Self {
        Self::build_magento_with(deployment, plan, |_| ()).await
    }

    /// The same, whose shop has other options.
    pub async fn build_magento_with(
        deployment: Deployment,
        plan: TownPlan,
        change: impl FnOnce(&mut MagentoOptions),
    ) -> Self {
        let mut house = Self::build(deployment, Vec::new()).await;
        let plan = with_database(plan, deployment, &mut house.databases).await;
        house.magentos.push(MagentoTown::found_with(&plan, house.folder.path(), change).await.unwrap());
        house
    }

    /// A house with a Shopify, `kiwi`, and a Magento, `kauri`, on one office that is asked for changes so often, whose bridge has
    /// not been started.
    pub async fn build_both(deployment: Deployment, every: Duration) -> Self {
        let plan = |name: &str| TownPlan { every, ..TownPlan::new(name) };
        let mut house = Self::build(deployment, vec![plan("kiwi")]).await;
        let beside = MagentoTown::found_beside(&plan("kauri"), house.town()).await.unwrap();
        house.magentos.push(beside);
        house
    }

    /// The configuration of the same house for a bridge in a process of its own, and where its files lie.
    pub fn written(&self, webhooks: SocketAddr, admin: SocketAddr) -> (Configuration, &Path) {
        let (Plan { journal, bus, .. }, sides) = (&self.plan, self.sides());
        (rehearsal::configuration(journal, bus, webhooks, admin, &sides), self.folder.path())
    }

    /// The journal of a house whose bridge ran in a process of its own and has ended.
    pub async fn left_behind(&self) -> Box<dyn Journal> {
        crowd::opened(&self.plan.journal).await
    }

    /// All towns, whatever their shops are.
    pub fn sides(&self) -> Vec<&dyn Side> {
        let shopify = self.towns.iter().map(|town| town as &dyn Side);
        shopify.chain(self.magentos.iter().map(|town| town as &dyn Side)).collect()
    }

    /// Those whose channels are in the configuration.
    fn configured(&self) -> Vec<&dyn Side> {
        let is_left_out = |side: &dyn Side| self.left_out.as_deref() == Some(side.channel().name.as_str());
        self.sides().into_iter().filter(|side| !is_left_out(*side)).collect()
    }

    /// Takes a channel out of the configuration of bridges that are started from now on, or puts all back.
    pub fn leaves_out(&mut self, channel: Option<&str>) {
        self.left_out = channel.map(str::to_owned);
    }

    /// The Magento of a story with one.
    pub fn magento(&self) -> &MagentoTown {
        &self.magentos[0]
    }

    /// Starts the bridge and points the shops' webhooks at it. A bridge that was down comes back at the same address.
    pub async fn start(&mut self) {
        let sides = self.configured();
        let start = Bridge::start(&self.plan, &sides);
        let bridge = match &self.life {
            Some(life) => within(life, start).await.unwrap(),
            None => start.await.unwrap(),
        };
        if self.plan.listen.is_none() {
            for side in &sides {
                side.calls_at(&bridge.address_for(*side));
            }
            self.plan.listen = Some(bridge.door);
        }
        self.bridge = Some(bridge);
    }

    /// One more bridge over the same journal and bus, as in another process.
    pub async fn one_more(&self) -> Bridge {
        let plan = Plan { listen: None, ..self.plan.clone() };
        Bridge::start(&plan, &self.configured()).await.unwrap()
    }

    /// Ends the bridge as SIGTERM does.
    pub async fn stop(&mut self) {
        assert!(self.bridge.take().unwrap().end(PATIENCE).await, "the bridge did not drain");
    }

    /// The town of a story with one town.
    pub fn town(&self) -> &Town {
        &self.towns[0]
    }

    /// The channel's rules, to be changed while the bridge is down.
    pub fn rules(&mut self) -> &mut Channel {
        assert!(self.bridge.is_none(), "a running bridge has read its rules already");
        let magento = self.magentos.first_mut().map(|town| &mut town.channel);
        Arc::make_mut(self.towns.first_mut().map(|town| &mut town.channel).or(magento).unwrap())
    }

    /// Gives work so long before it counts as lost: for stories in which no process dies, on however slow a machine.
    pub fn lease(&mut self, lease: Duration) {
        assert!(self.bridge.is_none(), "a running bridge has set its pace already");
        self.plan.pace.lease = lease;
    }

    /// What the bridge's clock shows.
    pub fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed))
    }

    /// Puts the bridge's clock forward.
    pub fn time_passes(&self, hours: i64) {
        self.seconds_pass(hours * 3600);
    }

    /// Puts the bridge's clock forward a little.
    pub fn seconds_pass(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Pieces of a SKU at a branch, by the office.
    pub async fn pieces(&self, sku: &str, branch: &str) -> i64 {
        let office = self.sides()[0].living_office();
        office.stock(&Sku::parse(sku).unwrap(), &BranchCode::parse(branch).unwrap()).await.unwrap()
    }

    /// Pieces of a SKU that web orders hold and nobody has shipped yet, as far as the bridge was told.
    pub async fn open_pieces(&self, sku: &Sku) -> i64 {
        let channel = &self.town().channel.name;
        let demand = self.journal().web_demand(channel, &[sku.to_string()]).await.unwrap();
        demand.pieces.iter().map(|one| one.open).chain(demand.open.into_values()).sum()
    }

    /// What a handler of the first town's channel works with.
    pub fn desk(&self) -> Desk<'_> {
        let (channel, sides) = (self.first_channel(), &self.bridge.as_ref().unwrap().stage.sides);
        Desk {
            channel,
            journal: self.journal(),
            storefront: sides.storefronts[&channel.storefront].as_ref(),
            office: sides.offices[&channel.office].as_ref(),
        }
    }

    fn first_channel(&self) -> &Channel {
        let magento = self.magentos.first().map(|town| &town.channel);
        self.towns.first().map(|town| &town.channel).or(magento).unwrap()
    }

    /// The bridge's journal.
    pub fn journal(&self) -> &dyn Journal {
        self.bridge.as_ref().unwrap().stage.journal.as_ref()
    }

    /// Waits until nothing is under way.
    pub async fn rest(&self) {
        let bridge = self.bridge.as_ref().unwrap();
        let rests = bridge.at_rest(&self.configured(), PATIENCE).await;
        assert!(rests, "the bridge never came to rest: {:#?}", self.journal().counts().await.unwrap());
    }

    /// Waits until something is so, as long as anything happens.
    pub async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let mut progress = self.bridge.as_ref().map(Bridge::progress);
        let begun = Instant::now();
        while !is_so().await {
            let goes_on = match &mut progress {
                Some(progress) => progress.goes_on(PATIENCE).await,
                None => begun.elapsed() < PATIENCE,
            };
            if !goes_on {
                let counts = if self.bridge.is_some() { self.journal().counts().await.ok() } else { None };
                panic!("never: {what}; {counts:#?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How many deliveries were kept, duplicates not counted.
    pub async fn received(&self) -> i64 {
        self.journal().counts().await.unwrap().deliveries.values().sum()
    }

    /// The dead letters there are, oldest first.
    pub async fn dead_letters(&self) -> Vec<DeadLetter> {
        self.journal().dead(&Selection { limit: 100, ..Selection::default() }).await.unwrap()
    }

    /// The first town's office stops answering: its file is locked, or its server refuses everybody.
    pub async fn office_goes_away(&self) -> Away<'_> {
        match self.deployment {
            Deployment::Embedded => {
                let path = self.sides()[0].office_address().strip_prefix("sqlite:").unwrap();
                let somebody_else = rusqlite::Connection::open(path).unwrap();
                somebody_else.execute_batch("BEGIN IMMEDIATE").unwrap();
                Away::Locked(somebody_else)
            }
            Deployment::Distributed => {
                // The first database is the journal's, the second the first town's.
                self.databases[1].refuse_everybody().await;
                Away::Refusing(&self.databases[1])
            }
        }
    }

    /// Ends a story that leaves the two sides different on purpose.
    pub async fn stop_without_checks(mut self) {
        self.stop().await;
        self.closes().await;
    }

    /// Closes the shops and clears away what the house made, once no bridge runs any more.
    pub async fn closes(mut self) {
        self.life = None;
        let channels: Vec<String> = self.sides().iter().map(|side| side.channel().name.to_string()).collect();
        for side in self.sides() {
            side.closes().await;
        }
        drop((std::mem::take(&mut self.towns), std::mem::take(&mut self.magentos)));
        if let Some(queues) = self.queues.take() {
            queues.delete(&channels.iter().map(String::as_str).collect::<Vec<_>>()).await;
        }
        for database in std::mem::take(&mut self.databases) {
            database.drop().await;
        }
    }

    /// Ends the story: at rest, every promise is kept and there are as many dead letters as the story expects.
    pub async fn keeps_its_promises(self, dead_letters: usize) {
        self.rest().await;
        let broken = rehearsal::broken(self.journal(), &self.sides(), dead_letters).await.unwrap();
        assert_eq!(broken, Vec::<String>::new(), "on {:?}", self.deployment);
        self.stop_without_checks().await;
    }
}

/// On servers the office has a database of its own.
async fn with_database(mut plan: TownPlan, deployment: Deployment, databases: &mut Vec<rooms::Database>) -> TownPlan {
    if deployment == Deployment::Distributed {
        let database = rooms::Database::create().await;
        plan.office_postgres = Some(database.url.clone());
        databases.push(database);
    }
    plan
}

/// An office that does not answer.
pub enum Away<'house> {
    /// Somebody else is writing to its file and does not come to an end.
    Locked(rusqlite::Connection),
    /// Its server lets nobody in.
    Refusing(&'house rooms::Database),
}

impl Away<'_> {
    /// It answers again.
    pub async fn comes_back(self) {
        match self {
            Self::Locked(somebody_else) => somebody_else.execute_batch("ROLLBACK").unwrap(),
            Self::Refusing(database) => database.let_everybody_in().await,
        }
    }
}

/// Tells one story on both deployments. Without servers the second is left out, aloud.
macro_rules! on_both_deployments {
    ($($(#[$meta:meta])* async fn $name:ident($deployment:ident: Deployment) $body:block)*) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn story($deployment: Deployment) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                story(Deployment::Embedded).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn distributed() {
                if crate::support::rooms::both(stringify!($name)) {
                    story(Deployment::Distributed).await;
                }
            }
        }
    )*};
}
pub(crate) use on_both_deployments;

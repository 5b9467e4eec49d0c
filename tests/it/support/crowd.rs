//! Three towns in three currencies, people who buy there, and the judgement of the books: what storms and chaos have in common.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tillbridge::journal::{Counts, Journal};
use tillbridge::rehearsal::{self, Side, Town, TownPlan};
use tillbridge::sandbox::shopify::WebhookWeather;
use tillbridge::sandbox::shopify::lives::Life;
use tokio::time::Instant;

use super::process::Process;

/// The towns' channels.
pub const CHANNELS: [&str; 3] = ["kiwi", "euro", "yen"];
/// Topics in which the bridge's own writes come back; nothing may follow from them.
const ECHOES: [&str; 2] = ["inventory_levels/update", "products/update"];
/// How long the bridge may need to come to rest.
const REST: Duration = Duration::from_secs(600);

/// Towns and who has been born there.
pub struct Crowd {
    pub towns: Vec<Town>,
    born: Arc<AtomicU64>,
}

impl Crowd {
    /// Founds the towns, one of them in a currency without decimals, one without tax in its prices. `database` makes a database for
    /// an office, where offices are to have one.
    pub async fn gather(folder: &Path, mut database: impl AsyncFnMut() -> Option<String>) -> Self {
        let mut towns = Vec::new();
        for (name, (currency, taxes_included)) in
            CHANNELS.into_iter().zip([("NZD", true), ("EUR", false), ("JPY", true)])
        {
            let mut plan = TownPlan::new(name);
            currency.clone_into(&mut plan.currency);
            plan.taxes_included = taxes_included;
            plan.stock = 100_000;
            plan.every = Duration::from_secs(1);
            plan.office_postgres = database().await;
            towns.push(Town::found(&plan, folder).await.unwrap());
        }
        Self { towns, born: Arc::default() }
    }

    /// The towns as a configuration and the promises know them.
    pub fn sides(&self) -> Vec<&dyn Side> {
        self.towns.iter().map(|town| town as &dyn Side).collect()
    }

    /// Has the shop of a town call the bridge's door at this address, echoes included.
    pub async fn calls(&self, town: &Town, door: &str) {
        let address = format!("http://{door}/webhooks/{}", town.channel.storefront);
        let storefront = town.storefront().unwrap();
        let webhooks = storefront.abilities().webhooks.unwrap();
        for topic in webhooks.wanted_topics().iter().chain(&ECHOES) {
            webhooks.subscribe(topic, &address).await.unwrap();
        }
    }

    /// From now on webhooks come up to three times and overtake each other; the first retry comes after so long.
    pub fn grows_rough(&self, first_retry_after: Duration) {
        for town in &self.towns {
            town.shop.webhook_weather(WebhookWeather {
                same_id_twice: 300,
                new_id_twice: 300,
                delay_up_to: Duration::from_millis(60),
                first_retry_after,
                ..WebhookWeather::default()
            });
        }
    }

    /// How many orders there are so far.
    pub fn born(&self) -> u64 {
        self.born.load(Ordering::Relaxed)
    }

    /// The life of the next order, in this town, from its birth to its end. Those of one seed are the same in every run.
    pub fn next_life(&self, town: &Town, seed: u64) -> (u64, impl Future<Output = ()> + Send + use<>) {
        let number = self.born.fetch_add(1, Ordering::Relaxed);
        let (shop, included) = (town.shop.clone(), town.channel.name.as_str() != "euro");
        let living = async move {
            let goods = shop.catalogue();
            let life = Life::generate(seed + number, goods[0].price.currency(), included, &goods);
            shop.live(&life).await.unwrap();
        };
        (number, living)
    }

    /// How many webhooks nobody took in the end, once none are on their way any more.
    pub async fn webhooks_given_up(&self) -> u64 {
        let mut given_up = 0;
        for town in &self.towns {
            town.shop.webhooks_idle().await;
            given_up += town.shop.webhook_counts().given_up;
        }
        given_up
    }

    /// Waits until nothing differs between the sides any more, nothing is under way, and nothing more is to come: what was told and
    /// what changed is journalled, every figure is explained, and looked at twice it is the same. A figure that is right and not
    /// explained is counted within two minutes, and the count is work like any other.
    pub async fn is_settled(&self, bridge: &Process) {
        let until = Instant::now() + REST;
        let mut before = None;
        loop {
            let now = self.is_at_rest(bridge).await;
            if now.is_ok() && now.as_ref().ok() == before.as_ref() {
                return;
            }
            assert!(Instant::now() < until, "never at rest: {now:#?}\n{}", bridge.last_words());
            before = now.ok();
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// What the journal holds at rest, or why this is none.
    async fn is_at_rest(&self, bridge: &Process) -> Result<serde_json::Value, String> {
        for town in &self.towns {
            let idle = tokio::time::timeout(Duration::from_secs(5), town.shop.webhooks_idle()).await;
            idle.map_err(|_| format!("{} still sends webhooks", town.channel.name))?;
        }
        for town in &self.towns {
            let name = town.channel.name.as_str();
            let differences = town.differences().await.map_err(|error| error.to_string())?;
            if !town.is_on_the_web() || !differences.is_empty() {
                let some: Vec<_> = differences.iter().take(10).collect();
                return Err(format!("{name} does not agree: {some:#?}"));
            }
            if !town.office.is_settled().await.unwrap_or(false) {
                return Err(format!("the office of {name} does not show all of its changes yet"));
            }
            // The bridge's own writes are changes, too, and are read by a poll.
            let polled = bridge.command("poll").arg(name).status().await.map_err(|error| error.to_string())?;
            if !polled.success() {
                return Err(format!("the office of {name} could not be asked"));
            }
        }
        let status = bridge.status().await;
        let unfinished = status["unfinished"].as_i64();
        if unfinished != Some(0) {
            return Err(format!("{unfinished:?} under way: {status:#}"));
        }
        for town in &self.towns {
            let name = town.channel.name.as_str();
            let audited = bridge.command("stock audit").arg(name).status().await;
            if !audited.map_err(|error| error.to_string())?.success() {
                return Err(format!("figures of {name} are not explained yet"));
            }
        }
        Ok(serde_json::json!([status["deliveries"], status["duplicates"]]))
    }

    /// Every promise that was broken, and the journal's figures.
    pub async fn is_judged(&self, journal: &rehearsal::Journal) -> (Vec<String>, Counts) {
        let journal = opened(journal).await;
        let broken = rehearsal::broken(journal.as_ref(), &self.sides(), 0).await.unwrap();
        (broken, journal.counts().await.unwrap())
    }

    /// Closes the shops.
    pub async fn disperses(self) {
        for town in &self.towns {
            town.shop.shutdown().await;
        }
    }
}

/// The journal of a bridge that ran in processes of its own and has ended.
pub async fn opened(journal: &rehearsal::Journal) -> Box<dyn Journal> {
    use tillbridge::journal::postgres::PostgresJournal;
    use tillbridge::journal::sqlite::SqliteJournal;
    match journal {
        rehearsal::Journal::Sqlite(path) => Box::new(SqliteJournal::open(path).unwrap()),
        rehearsal::Journal::Postgres(url) => Box::new(PostgresJournal::connect(url, 2).await.unwrap()),
    }
}

/// A number from the environment.
pub fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

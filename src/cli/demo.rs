//! `tillbridge demo`: the whole bridge at work in a sandbox, in one process and without a network.
//!
//! What comes in: a length of time and a seed. What goes out: a line for each thing that crossed, running totals, and at the end
//! a summary whose books balance, or the promises that were broken. The bridge is the real one; the shop and the office are
//! [`crate::sandbox`]'s.

use std::time::Duration;

use clap::builder::PossibleValuesParser;
use serde::Serialize;
use tokio::time::Instant;

use super::{Exit, Failure, Output};
use crate::config::PROFILE_NAMES;
use crate::rehearsal::{self, Bridge, Bus, Journal, MagentoTown, Plan, Side, Town, TownPlan};

mod crossings;
mod traffic;

use crossings::Crossings;
use traffic::Traffic;

/// How long the bridge may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often crossings are shown.
const GLANCE: Duration = Duration::from_millis(250);
/// How often the running totals are shown.
const TOTALS: Duration = Duration::from_secs(5);

/// Arguments of `tillbridge demo`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tillbridge demo
  tillbridge demo --for 1m --seed 7
  tillbridge demo --profile counter-intelligence-magento2
  tillbridge demo --json | tail -n 1 | jq .invoices
  tillbridge demo --listen                     send it webhooks of your own")]
pub struct Args {
    /// How long traffic lasts
    #[arg(long = "for", value_name = "TIME", default_value = "20s", value_parser = duration)]
    pub(crate) length: Duration,
    /// Which storefront and office are joined
    #[arg(long, value_name = "PROFILE", default_value = PROFILE_NAMES[0], value_parser = PossibleValuesParser::new(PROFILE_NAMES))]
    pub(crate) profile: String,
    /// End with one JSON object on one line
    #[arg(long)]
    pub(crate) json: bool,
    /// Keep the webhook endpoint and the sandbox shop reachable after the traffic, until interrupted
    #[arg(long)]
    pub(crate) listen: bool,
    /// Make this traffic; the same seed makes the same again
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
}

fn duration(text: &str) -> Result<Duration, String> {
    let length = text.parse::<jiff::SignedDuration>().ok().and_then(|length| Duration::try_from(length).ok());
    length.ok_or_else(|| "write a length of time such as `20s` or `1m`".to_owned())
}

/// Runs the demo.
pub async fn run(args: Args, output: &mut Output) -> Result<Exit, Failure> {
    let folder = Folder::new()?;
    let mut plan = TownPlan::new("kiwi-web");
    plan.seed = args.seed;
    plan.styles = 12;
    // The bucket of a standard plan, so that the limiter has something to respect.
    plan.points = (2_000, 100);
    let town: Box<dyn Side> = match args.profile.as_str() {
        "counter-intelligence-magento2" => Box::new(MagentoTown::found(&plan, &folder.0).await?),
        _ => Box::new(Town::found(&plan, &folder.0).await?),
    };
    let town = town.as_ref();
    let plan = Plan {
        journal: Journal::Sqlite(folder.0.join("tillbridge.db")),
        bus: Bus::Local,
        listen: None,
        pace: crate::flow::Pace::default(),
        body_limit: 16 * 1024 * 1024,
        clock: crate::journal::clock::Clock::default(),
        around: None,
    };
    let bridge = Bridge::start(&plan, &[town]).await?;
    town.calls_at(&bridge.address_for(town));
    greet(&args, town, &bridge, output)?;

    if !bridge.at_rest(&[town], PATIENCE).await {
        return Err(Failure::failed(
            "the catalogue did not reach the shop",
            "look at the log; TILLBRIDGE_LOG=debug says more",
        ));
    }
    output.line(format!("the catalogue is on the web: {} products\n", town.products_shown()))?;
    town.grows_stormy();
    let mut crossings = Crossings::from_now(&bridge).await?;
    trade(&args, town, &bridge, &mut crossings, output).await?;

    output.line("\nthe shops close; the bridge finishes what is under way")?;
    output.flush()?;
    let rested = bridge.at_rest(&[town], PATIENCE).await;
    crossings.show(&bridge, output).await?;
    let summary = Summary::draw(&bridge, town, rested).await?;
    if args.listen {
        summary.tell(output)?;
        output.line("\nstill listening; Ctrl-C ends it")?;
        output.flush()?;
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => {}
            interrupted = tokio::signal::ctrl_c() => interrupted?,
        }
    }
    let summary = if args.listen {
        let rested = bridge.at_rest(&[town], PATIENCE).await;
        Summary::draw(&bridge, town, rested).await?
    } else {
        summary
    };
    bridge.end(PATIENCE).await;
    town.closes().await;
    summary.tell(output)?;
    if args.json {
        output.json_line(&summary)?;
    }
    Ok(if summary.broken_promises.is_empty() { Exit::Fine } else { Exit::Broken })
}

/// Lets traffic flow both ways for a while, showing what crosses.
async fn trade(
    args: &Args,
    town: &dyn Side,
    bridge: &Bridge,
    crossings: &mut Crossings,
    output: &mut Output,
) -> Result<(), Failure> {
    let end = Instant::now() + args.length;
    let mut traffic = Traffic::new(town, args.seed);
    let mut glance = tokio::time::interval(GLANCE);
    let mut totals = tokio::time::interval_at(Instant::now() + TOTALS, TOTALS);
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(end) => return Ok(()),
            _ = glance.tick() => {
                crossings.show(bridge, output).await?;
                output.flush()?;
            }
            _ = totals.tick() => {
                let counts = bridge.stage.journal.counts().await?;
                let (invoices, credit_notes) = town.living_office().document_counts().await?;
                let writes = town.writes();
                output.line(format!(
                    "--- so far: {} deliveries, {} duplicates ignored, {invoices} invoices, {credit_notes} credit notes, \
                     {writes} writes to the shop, {} under way",
                    counts.deliveries.values().sum::<i64>(), counts.duplicates, counts.unfinished(),
                ))?;
                output.flush()?;
            }
            happened = traffic.next() => happened?,
        }
    }
}

fn greet(args: &Args, town: &dyn Side, bridge: &Bridge, output: &mut Output) -> Result<(), Failure> {
    let shop = town.introduces();
    output.line(format!(
        "tillbridge demo: a simulated {} and a living Counter Intelligence office, joined by the real bridge",
        shop.kind
    ))?;
    output.line(format!("  shop      {}", shop.address))?;
    output.line(format!("  webhooks  {}", bridge.address_for(town)))?;
    if args.listen {
        // Of the sandbox alone: they open nothing else.
        for (name, value, place) in shop.keys {
            output.line(format!("  {name:<9} {value}   ({place})"))?;
        }
    }
    output.line("")?;
    output.flush()?;
    Ok(())
}

/// What the demo comes to.
#[derive(Debug, Serialize)]
struct Summary {
    deliveries: i64,
    duplicates_ignored: i64,
    deliveries_ignored: i64,
    invoices: i64,
    credit_notes: i64,
    invoiced: String,
    credited: String,
    storefront_writes: usize,
    dead_letters: usize,
    broken_promises: Vec<String>,
}

impl Summary {
    async fn draw(bridge: &Bridge, town: &dyn Side, rested: bool) -> Result<Self, Failure> {
        let journal = bridge.stage.journal.as_ref();
        let counts = journal.counts().await?;
        let dead = journal.dead(&crate::journal::Selection { limit: 10_000, ..Default::default() }).await?.len();
        let mut broken_promises = rehearsal::broken(journal, &[town], dead).await?;
        if !rested {
            broken_promises.push("P4: the bridge did not come to rest".to_owned());
        }
        let (invoices, credit_notes) = town.living_office().document_counts().await?;
        let currency = town.living_office().base_currency().await?;
        let sum = |documents: Vec<crate::sandbox::office::BookedDocument>| {
            crate::domain::Money::sum(currency, documents.iter().map(|one| one.total)).map(|sum| sum.to_string())
        };
        Ok(Self {
            deliveries: counts.deliveries.values().sum(),
            duplicates_ignored: counts.duplicates,
            deliveries_ignored: counts.deliveries.get("ignored").copied().unwrap_or(0),
            invoices,
            credit_notes,
            invoiced: sum(town.living_office().invoices().await?).map_err(anyhow::Error::from)?,
            credited: sum(town.living_office().credit_notes().await?).map_err(anyhow::Error::from)?,
            storefront_writes: town.writes(),
            dead_letters: dead,
            broken_promises,
        })
    }

    fn tell(&self, output: &mut Output) -> Result<(), Failure> {
        output.line("")?;
        let row = |what: &str, figure: String| vec![what.to_owned(), figure];
        output.table(
            &["", ""],
            &[
                row("deliveries", self.deliveries.to_string()),
                row("  duplicates ignored", self.duplicates_ignored.to_string()),
                row("  without news (echoes of our own writes, other topics)", self.deliveries_ignored.to_string()),
                row("invoices", format!("{}   {}", self.invoices, self.invoiced)),
                row("credit notes", format!("{}   {}", self.credit_notes, self.credited)),
                row("writes to the shop", self.storefront_writes.to_string()),
                row("dead letters", self.dead_letters.to_string()),
            ],
        )?;
        if self.broken_promises.is_empty() {
            output.line("every order and refund is in the books once, to the cent; both sides show the same stock")?;
        }
        for promise in &self.broken_promises {
            output.line(format!("broken: {promise}"))?;
        }
        output.flush()?;
        Ok(())
    }
}

/// A folder that is gone when the demo is.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("tillbridge-demo-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

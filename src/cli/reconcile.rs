//! `tillbridge reconcile`: asks a storefront now for what it never told.

use jiff::Timestamp;

use super::output::counted;
use super::pause::channel_named;
use super::{ConfigFile, Exit, Failure, Output};
use crate::app;
use crate::config::Config;
use crate::flow::reconcile::{self, Breadth, Found, Scope, Window};
use crate::handlers::Desk;
use crate::journal::Journal;
use crate::office::Office;
use crate::policy::Channel;
use crate::storefront::Storefront;

/// Arguments of `tillbridge reconcile`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tillbridge reconcile kiwi                                 from where the last one ended
  tillbridge reconcile kiwi --since 2026-11-20T00:00:00Z --dry-run

Asked for are orders, customers where the channel takes them over as they change, and every product; stock has
`tillbridge stock`. What is found becomes a delivery like any other; the running bridge handles it. A webhook
that comes late changes nothing, and fields that are the shop's own are no difference.")]
pub struct Args {
    /// The channel whose storefront is asked
    #[arg(value_name = "CHANNEL")]
    channel: String,
    /// Ask for what changed at or after this time, such as 2026-11-22T00:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Report only
    #[arg(long)]
    dry_run: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Reconciles once.
pub async fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    let config = args.config.load()?;
    let sides = Sides::open(&config, &args.channel).await?;
    let desk = sides.desk();
    let window = Window { since: args.since, overlap: desk.channel.reconcile.overlap, dry_run: args.dry_run };
    let scope = Scope { stock: None, accounts: true, products: Breadth::Whole };
    let found = reconcile::once(&desk, window, scope).await?;
    if args.json {
        output.json(&found)?;
    } else {
        describe(&found, args.dry_run, output)?;
    }
    Ok(Exit::Fine)
}

fn describe(found: &Found, dry_run: bool, output: &mut Output) -> std::io::Result<()> {
    let next = if dry_run { "would be handed over" } else { "is handed over" };
    let missed = |missed: &[String]| counted(missed.len(), "was never told", "were never told");
    let orders = counted(found.orders, "order changed", "orders changed");
    output.line(format_args!("{orders}, {}", missed(&found.missed)))?;
    for order in &found.missed {
        output.line(format_args!("order {order} {next}"))?;
    }
    if let Some(customers) = &found.customers {
        let changed = counted(customers.changed, "customer changed", "customers changed");
        output.line(format_args!("{changed}, {}", missed(&customers.missed)))?;
        for customer in &customers.missed {
            output.line(format_args!("customer {customer} {next}"))?;
        }
    }
    if let Some(products) = &found.products {
        let listed = counted(products.listed, "product at the storefront", "products at the storefront");
        let compared = counted(products.compared, "product of the office", "products of the office");
        let differ = counted(products.differing.len(), "differs", "differ");
        let before = match products.handed_over_before {
            0 => String::new(),
            before => format!(", {} handed over before", counted(before, "more was", "more were")),
        };
        output.line(format_args!("{listed}, {compared} compared, {differ}{before}"))?;
        for drift in &products.differing {
            let prices = drift.prices.iter().map(|sku| format!("the price of variant {sku}"));
            let what: Vec<String> = drift.found.iter().cloned().chain(prices).collect();
            output.line(format_args!("product {} {next}: {}", drift.style, what.join("; ")))?;
        }
    }
    Ok(())
}

/// Both sides of one channel, opened beside a running bridge.
pub(super) struct Sides<'a> {
    channel: &'a Channel,
    journal: std::sync::Arc<dyn Journal>,
    storefront: std::sync::Arc<dyn Storefront>,
    office: std::sync::Arc<dyn Office>,
}

impl<'a> Sides<'a> {
    /// Opens them.
    pub(super) async fn open(config: &'a Config, channel: &str) -> Result<Self, Failure> {
        let channel = channel_named(config, channel)?;
        let missing = |what: &str, name: &str| {
            Failure::usage(format!("there is no {what} `{name}`"), "add it to the configuration")
        };
        let storefront = config.storefronts.iter().find(|storefront| *storefront.name() == channel.storefront);
        let storefront = storefront.ok_or_else(|| missing("storefront", channel.storefront.as_str()))?;
        let office = config.offices.iter().find(|office| *office.name() == channel.office);
        let office = office.ok_or_else(|| missing("office", channel.office.as_str()))?;
        Ok(Self {
            channel,
            journal: app::journal_beside(&config.journal).await?,
            storefront: app::storefront(storefront)?,
            office: app::office(office).await?,
        })
    }

    /// What work on the channel needs.
    pub(super) fn desk(&self) -> Desk<'_> {
        Desk {
            channel: self.channel,
            journal: self.journal.as_ref(),
            storefront: self.storefront.as_ref(),
            office: self.office.as_ref(),
        }
    }
}

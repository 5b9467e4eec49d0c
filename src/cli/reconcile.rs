//! `tillbridge reconcile`: asks a storefront now for what it never told.

use jiff::Timestamp;

use super::output::counted;
use super::pause::channel_named;
use super::{ConfigFile, Exit, Failure, Output};
use crate::app;
use crate::config::Config;
use crate::flow::reconcile::{self, Found, Window};
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

What is found becomes a delivery like any other; the running bridge handles it. A webhook that comes late
changes nothing.")]
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
    let found = reconcile::once(&desk, window, false).await?;
    if args.json {
        output.json(&found)?;
    } else {
        describe(&found, args.dry_run, output)?;
    }
    Ok(Exit::Fine)
}

fn describe(found: &Found, dry_run: bool, output: &mut Output) -> std::io::Result<()> {
    let orders = counted(found.orders, "order changed", "orders changed");
    let missed = counted(found.missed.len(), "was never told", "were never told");
    output.line(format_args!("{orders}, {missed}"))?;
    for order in &found.missed {
        let what = if dry_run { "would be handed over" } else { "is handed over" };
        output.line(format_args!("order {order} {what}"))?;
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

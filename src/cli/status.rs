//! `tillbridge status`: how much work there is, and whether any is stuck.

use std::collections::BTreeMap;

use super::output::counted;
use super::{ConfigFile, Exit, Failure, Output};
use crate::app;
use crate::flow::watch;
use crate::journal::Counts;

/// Arguments of `tillbridge status`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// One JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// The journal's figures, and what storefronts lack.
#[derive(serde::Serialize)]
struct Status<'a> {
    /// Deliveries and handlings under way; what waits for something is not counted.
    unfinished: i64,
    #[serde(flatten)]
    counts: &'a Counts,
    /// What a person should know of a storefront, where there is anything.
    storefronts: &'a BTreeMap<String, Vec<String>>,
}

/// Tells the journal's figures.
pub async fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    let config = args.config.load()?;
    let journal = app::journal_beside(&config.journal).await?;
    let counts = journal.counts().await?;
    let mut notes = BTreeMap::new();
    for storefront in &config.storefronts {
        let told = watch::noted(journal.as_ref(), storefront.name()).await?;
        if !told.is_empty() {
            notes.insert(storefront.name().to_string(), told);
        }
    }
    if args.json {
        output.json(&Status { unfinished: counts.unfinished(), counts: &counts, storefronts: &notes })?;
    } else {
        describe(&counts, output)?;
        for (storefront, notes) in &notes {
            for note in notes {
                output.line(format_args!("look at      {storefront}: {}", super::output::shown(note)))?;
            }
        }
    }
    Ok(Exit::Fine)
}

fn describe(counts: &Counts, output: &mut Output) -> std::io::Result<()> {
    output.line(format_args!("unfinished   {}", counts.unfinished()))?;
    if counts.unfinished() > 0 {
        output.line(format_args!("oldest due   {} s ago", counts.oldest_due_seconds))?;
    }
    output.line(format_args!("dead         {}", dead(counts)))?;
    output.line(format_args!("deliveries   {}", listed(&counts.deliveries)))?;
    output.line(format_args!("duplicates   {}", counts.duplicates))?;
    output.line(format_args!("events       {}", listed(&counts.events)))?;
    for (handler, states) in &counts.handlings {
        output.line(format_args!("handler      {handler}: {}", listed(states)))?;
    }
    output.line(format_args!("effects      {}", listed(&counts.effects)))?;
    for (channel, reason) in &counts.paused {
        output.line(format_args!("paused       {channel}: {}", super::output::shown(reason)))?;
    }
    for (way, reason) in &counts.held {
        output.line(format_args!("held         {way}: {}", super::output::shown(reason)))?;
    }
    if dead(counts) > 0 {
        let letters = counted(dead(counts), "dead letter waits", "dead letters wait");
        output.line(format_args!("\n{letters} for a person: see `tillbridge dead list`"))?;
    }
    Ok(())
}

fn dead(counts: &Counts) -> i64 {
    counts.handlings_in("dead") + counts.deliveries.get("rejected").copied().unwrap_or(0)
}

fn listed(figures: &BTreeMap<String, i64>) -> String {
    let figures: Vec<_> =
        figures.iter().filter(|(_, count)| **count != 0).map(|(name, n)| format!("{n} {name}")).collect();
    if figures.is_empty() { "none".to_owned() } else { figures.join(", ") }
}

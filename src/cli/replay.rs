//! `tillbridge replay`: handles stored events again. Effects that stand are recognised by their keys (P2), so a replay mends
//! what is missing and doubles nothing.

use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::confirm::who;
use super::output::counted;
use super::selection::Filters;
use super::{ConfigFile, Exit, Failure, Output};
use crate::app;
use crate::journal::Journal;

/// How many events are looked at in one transaction.
const PAGE: usize = 1_000;

/// Arguments of `tillbridge replay`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tillbridge replay --since 2h --type sale.invoiced --dry-run
  tillbridge replay --entity product:SHIRT")]
pub struct Args {
    #[command(flatten)]
    filters: Filters,
    /// Every event there is
    #[arg(long)]
    all: bool,
    /// Count only
    #[arg(long)]
    dry_run: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Replays.
pub async fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    let config = args.config.load()?;
    if args.filters.is_empty() && !args.all {
        return Err(Failure::usage("nothing says what to replay", "give filters such as --since 2h, or --all"));
    }
    // Events raised while this runs are handled anyway.
    let mut filters = args.filters.clone();
    filters.until = filters.until.or_else(|| Some(Timestamp::now()));
    let journal = app::journal_beside(&config.journal).await?;
    let count = pages(journal.as_ref(), &filters, true, &ProgressBar::hidden()).await?;
    let count = if args.dry_run {
        count
    } else {
        let bar = ProgressBar::new(count as u64).with_style(style());
        let replayed = pages(journal.as_ref(), &filters, false, &bar).await;
        bar.finish_and_clear();
        replayed?
    };
    if args.json {
        output.json(&serde_json::json!({ "handlings": count, "dry_run": args.dry_run }))?;
    } else {
        let verb = if args.dry_run { "would be handled again" } else { "handed out again" };
        output.line(format_args!("{} {verb}", counted(count, "handling", "handlings")))?;
    }
    Ok(Exit::Fine)
}

async fn pages(journal: &dyn Journal, filters: &Filters, dry_run: bool, bar: &ProgressBar) -> Result<usize, Failure> {
    let mut count = 0;
    let mut after = None;
    loop {
        let (found, last) = journal.replay(&filters.page(after, PAGE), dry_run, &who()).await?;
        count += found;
        bar.set_position(count as u64);
        match last {
            Some(_) if last != after => after = last,
            _ => return Ok(count),
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {pos} of {len} handlings, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

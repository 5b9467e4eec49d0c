//! `tillbridge replay`: handles stored events again, or reads stored deliveries again. Effects that stand are recognised by their keys
//! (P2), so a replay mends what is missing and doubles nothing.

use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use super::confirm::who;
use super::output::{counted, shown};
use super::selection::Filters;
use super::{ConfigFile, Exit, Failure, Output};
use crate::app;
use crate::flow::replay::{Going, PER_SECOND, carry_on};
use crate::journal::{Journal, NewReplay, ReplayMode, ReplayRun};

/// Arguments of `tillbridge replay`
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  tillbridge replay --since 2h --type sale.invoiced --dry-run
  tillbridge replay --entity product:SHIRT
  tillbridge replay --normalise --since 2026-11-01T00:00:00Z --until 2026-11-02T00:00:00Z
  tillbridge replay --resume 3

Ctrl-C stops it; how far it came is kept. It waits while what is live waits, so it may go slower than --per-second says."
)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    filters: Filters,
    /// Everything there is
    #[arg(long)]
    all: bool,
    /// Read the deliveries again: what they mean by then takes the place of what they meant, and is handled where it differs
    #[arg(long)]
    normalise: bool,
    /// Go on with a replay that was stopped
    #[arg(long, value_name = "ID", conflicts_with_all = ["all", "normalise", "dry_run"])]
    resume: Option<i64>,
    /// At most so many handlings or deliveries a second; left out: 20, or what the resumed replay was begun with
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    per_second: Option<u32>,
    /// Count only
    #[arg(long)]
    dry_run: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: ConfigFile,
}

/// Commands of `tillbridge replay`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List every replay: who wanted what done again, when, and how far it came
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// Replays.
pub async fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    if let Some(Command::List { json, config }) = &args.command {
        let journal = app::journal_beside(&config.load()?.journal).await?;
        return list(journal.as_ref(), *json, output).await;
    }
    let config = args.config.load()?;
    if args.resume.is_some() && !args.filters.is_empty() {
        return Err(Failure::usage("--resume goes on with what was begun", "leave the filters out"));
    }
    if args.resume.is_none() && args.filters.is_empty() && !args.all {
        return Err(Failure::usage("nothing says what to replay", "give filters such as --since 2h, or --all"));
    }
    let journal = app::journal_beside(&config.journal).await?;
    let run = match args.resume {
        Some(id) => resumed(journal.as_ref(), id).await?,
        None => match begin(journal.as_ref(), args, output).await? {
            Some(run) => run,
            None => return Ok(Exit::Fine),
        },
    };
    let run = carry(journal.as_ref(), &run, args.per_second.unwrap_or(run.per_second)).await?;
    if args.json {
        output.json(&run)?;
    } else {
        output.line(told(&run))?;
    }
    Ok(Exit::Fine)
}

/// Counts, and begins unless only that was asked for.
async fn begin(journal: &dyn Journal, args: &Args, output: &mut Output) -> Result<Option<ReplayRun>, Failure> {
    let mode = if args.normalise { ReplayMode::Normalise } else { ReplayMode::Handle };
    // What comes while this runs is handled anyway.
    let mut filters = args.filters.clone();
    filters.until = filters.until.or_else(|| Some(journal.now()));
    let selection = filters.page(None, 0);
    let counts = journal.count_replay(mode, &selection).await?;
    let total = counts.values().sum();
    if !args.dry_run {
        let per_second = args.per_second.unwrap_or(PER_SECOND);
        return Ok(Some(journal.begin_replay(&NewReplay { mode, selection, who: who(), per_second, total }).await?));
    }
    if args.json {
        output.json(&serde_json::json!({ "dry_run": true, "mode": mode, "total": total, "counts": counts }))?;
        return Ok(None);
    }
    for (about, count) in &counts {
        output.line(format_args!("{count:>9}  {}", shown(about)))?;
    }
    output.line(format_args!("{} would be {}", things(total, mode), again(mode)))?;
    Ok(None)
}

async fn resumed(journal: &dyn Journal, id: i64) -> Result<ReplayRun, Failure> {
    let run = journal.replays().await?.into_iter().find(|run| run.id == id);
    run.ok_or_else(|| Failure::usage(format!("there is no replay {id}"), "see `tillbridge replay list`"))
}

/// Carries it on with its progress on the terminal, until the end or Ctrl-C.
async fn carry(journal: &dyn Journal, run: &ReplayRun, per_second: u32) -> Result<ReplayRun, Failure> {
    let stop = CancellationToken::new();
    let interrupted = tokio::spawn({
        let stop = stop.clone();
        async move {
            // Without a way to hear of Ctrl-C the process just ends, and how far it came is kept all the same.
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.cancel();
            }
        }
    });
    let bar = ProgressBar::new(u64::try_from(run.total).unwrap_or(0)).with_style(style());
    let carried = carry_on(journal, run.id, per_second, &stop, |going| match going {
        Going::On(run) => {
            bar.set_message("");
            bar.set_position(u64::try_from(run.done).unwrap_or(0));
        }
        Going::Waits(live) => bar.set_message(format!("waits for {live} that are on their way")),
    })
    .await;
    bar.finish_and_clear();
    interrupted.abort();
    carried?.ok_or_else(|| Failure::failed(format!("replay {} is gone", run.id), "begin it again"))
}

async fn list(journal: &dyn Journal, json: bool, output: &mut Output) -> Result<Exit, Failure> {
    let runs = journal.replays().await?;
    if json {
        runs.iter().try_for_each(|run| output.json_line(run))?;
    } else if runs.is_empty() {
        output.line("nothing was replayed")?;
    } else {
        let rows: Vec<Vec<String>> = runs.iter().map(row).collect();
        output.table(&["ID", "BEGUN", "WHO", "MODE", "WHAT", "STATE"], &rows)?;
    }
    Ok(Exit::Fine)
}

fn row(run: &ReplayRun) -> Vec<String> {
    let state = match run.finished_at {
        Some(_) => format!("done, {}", run.done),
        None => format!("{} of {}, last at {:.3}", run.done, run.total, run.changed_at),
    };
    let begun = format!("{:.3}", run.begun_at);
    vec![run.id.to_string(), begun, run.who.clone(), run.mode.as_str().to_owned(), run.what.clone(), state]
}

fn told(run: &ReplayRun) -> String {
    let ReplayRun { id, mode, done, total, .. } = run;
    match run.finished_at {
        Some(_) => format!("{} {}, as replay {id}", things(*done, *mode), again(*mode)),
        None => format!("stopped at {done} of {total}: `tillbridge replay --resume {id}` goes on"),
    }
}

fn things(count: i64, mode: ReplayMode) -> String {
    match mode {
        ReplayMode::Handle => counted(count, "handling", "handlings"),
        ReplayMode::Normalise => counted(count, "delivery", "deliveries"),
    }
}

fn again(mode: ReplayMode) -> &'static str {
    match mode {
        ReplayMode::Handle => "handed out again",
        ReplayMode::Normalise => "read again",
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:30} {pos} of {len}, {eta} left {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

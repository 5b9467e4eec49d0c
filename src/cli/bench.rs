//! `tillbridge bench`: measures the bridge on this machine, each figure beside its reference from the same run.
//!
//! What comes in: which figures. What goes out: a table, or JSON. What is measured runs in processes of its own, started as an
//! operator would start them, over loopback; the load comes from this process and shares the machine's cores with them.

use serde::Serialize;

use super::{Exit, Failure, Output};

mod backlog;
mod child;
mod drain;
mod first_load;
mod flow;
mod growth;
mod ingest;
mod load;
mod memory;
mod orders;
mod outward;
mod past;
mod scene;
mod scope;
mod stock;
mod storeless;
mod sweep;

pub(crate) use scope::Deployment;
use scope::Scope;

/// Arguments of `tillbridge bench`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tillbridge bench                              everything but drain and growth
  tillbridge bench ingest flow                  two of them
  tillbridge bench drain growth                 what takes long, and gigabytes of disk
  tillbridge bench growth --deployment embedded
  DATABASE_URL=postgres://… tillbridge bench    PostgreSQL too; databases of its own are made and dropped

Figures are worth comparing within one run only: machines differ, and so do their days.")]
pub struct Args {
    /// What to measure; left out: everything that takes minutes
    #[arg(value_enum)]
    pub(crate) what: Vec<What>,
    /// Measure this deployment alone; left out: both, the distributed one where its servers are given
    #[arg(long, value_enum)]
    pub(crate) deployment: Option<Deployment>,
    /// One JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Divides every amount of work, for a quick look
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) quick: u64,
    /// The server with storage switched off, for comparison; started by the benchmark itself
    #[arg(long, hide = true)]
    pub(crate) storeless: bool,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    /// Acknowledged-durable webhooks a second
    Ingest,
    /// From webhook to invoice
    Flow,
    /// What stock changes cost at the shop's API
    Stock,
    /// From a change in the office to the shop
    Outward,
    /// A whole catalogue to an empty shop
    Load,
    /// Resident memory
    Memory,
    /// A backlog of a million deliveries; only when named
    Drain,
    /// The same work on journals of 10⁴, 10⁶ and 10⁷ rows, and letting go of what is old; only when named
    Growth,
}

/// One figure with its reference.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// The figure, with its unit.
    pub figure: String,
    /// What it is compared with, and how it compares.
    pub beside: String,
}

impl Figure {
    fn new(what: impl Into<String>, figure: impl Into<String>, beside: impl Into<String>) -> Self {
        Self { what: what.into(), figure: figure.into(), beside: beside.into() }
    }
}

/// So many in a hundred.
fn percent(part: u64, whole: u64) -> String {
    format!("{} %", part * 100 / whole.max(1))
}

/// So many in so long, each second.
fn per_second(count: u64, time: std::time::Duration) -> u64 {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    count.saturating_mul(1_000_000) / micros
}

/// Of sorted times, the one that so many in a thousand stay under.
fn quantile(sorted: &[std::time::Duration], permille: usize) -> std::time::Duration {
    let last = sorted.len().saturating_sub(1);
    sorted.get((sorted.len() * permille / 1000).min(last)).copied().unwrap_or_default()
}

/// A length of time in milliseconds, to a tenth.
fn millis(time: std::time::Duration) -> String {
    let tenths = time.as_micros() / 100;
    format!("{}.{} ms", tenths / 10, tenths % 10)
}

/// Measures.
pub async fn run(args: Args, output: &mut Output) -> Result<Exit, Failure> {
    if args.storeless {
        storeless::serve().await?;
        return Ok(Exit::Fine);
    }
    let named = |what: What| args.what.contains(&what);
    let wanted = |what: What| args.what.is_empty() || named(what);
    let scope = Scope::of(args.quick, args.deployment)?;
    let quick = scope.quick;
    // What a shop's API is asked for is the same on both, and measured on the embedded one.
    let embedded = |what: What| wanted(what) && scope.embedded();
    let mut figures = Vec::new();
    if wanted(What::Ingest) {
        figures.extend(ingest::measure(scope).await?);
    }
    if wanted(What::Flow) {
        figures.extend(flow::measure(scope).await?);
    }
    if embedded(What::Stock) {
        figures.extend(stock::measure().await?);
    }
    if embedded(What::Outward) {
        figures.extend(outward::measure(quick).await?);
    }
    if embedded(What::Load) {
        figures.extend(first_load::measure(quick).await?);
    }
    if embedded(What::Memory) {
        figures.extend(memory::measure(quick).await?);
    }
    // These take a quarter of an hour and gigabytes of disk.
    if named(What::Drain) {
        figures.extend(drain::measure(scope).await?);
    }
    if named(What::Growth) {
        figures.extend(growth::measure(scope).await?);
    }
    if figures.is_empty() {
        let hint =
            "ingest, flow, drain and growth are measured on both deployments, everything else on the embedded one";
        return Err(Failure::usage("nothing of that is measured on this deployment", hint));
    }
    if args.json {
        output.json(&figures)?;
    } else {
        let rows: Vec<Vec<String>> =
            figures.into_iter().map(|figure| vec![figure.what, figure.figure, figure.beside]).collect();
        output.table(&["what", "figure", "beside, in the same run"], &rows)?;
    }
    Ok(Exit::Fine)
}

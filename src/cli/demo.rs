//! `tillbridge demo`: the whole bridge at work in a sandbox.

use std::time::Duration;

use super::{Exit, Failure, Output};

/// Arguments of `tillbridge demo`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How long traffic lasts
    #[arg(long = "for", value_name = "TIME", default_value = "20s", value_parser = duration)]
    pub(crate) length: Duration,
    /// One JSON document at the end
    #[arg(long)]
    pub(crate) json: bool,
    /// Keep serving after the traffic, until interrupted
    #[arg(long)]
    pub(crate) listen: bool,
    /// Makes the same traffic again
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let length = text.parse::<jiff::SignedDuration>().ok().and_then(|length| Duration::try_from(length).ok());
    length.ok_or_else(|| "write a length of time such as `20s` or `1m`".to_owned())
}

/// Runs the demo.
pub async fn run(_args: Args, _output: &mut Output) -> Result<Exit, Failure> {
    Err(Failure::failed("`demo` is not in this build", "use a build that has it"))
}

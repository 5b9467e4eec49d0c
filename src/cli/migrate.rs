//! `tillbridge migrate`: brings the journal's tables up to date. Running it again changes nothing.

use super::{ConfigFile, Exit, Failure, Output};
use crate::app;

/// Arguments of `tillbridge migrate`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An SQLite journal is brought up to date whenever it is opened; this does it without running anything."
)]
pub struct Args {
    #[command(flatten)]
    config: ConfigFile,
}

/// Migrates.
pub async fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    let config = args.config.load()?;
    for step in app::migrate(&config.journal).await? {
        output.line(format_args!("applied {step}"))?;
    }
    output.line("the journal is up to date")?;
    Ok(Exit::Fine)
}

//! `tillbridge bench`: measures the bridge on this machine.

use super::{Exit, Failure, Output};

/// Arguments of `tillbridge bench`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// One JSON document
    #[arg(long)]
    pub(crate) json: bool,
}

/// Measures.
pub async fn run(_args: Args, _output: &mut Output) -> Result<Exit, Failure> {
    Err(Failure::failed("`bench` is not in this build", "use a build that has it"))
}

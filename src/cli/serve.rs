//! `tillbridge serve`: runs the bridge in this process.

use super::{ConfigFile, Exit, Failure, Output};
use crate::flow::Role;

/// Arguments of `tillbridge serve`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tillbridge serve
  tillbridge serve --roles receive,admin       a process for webhooks alone
  tillbridge serve --roles normalise,publish,handle,poll")]
pub struct Args {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// What this process does: receive, normalise, publish, handle, poll, admin; left out: everything
    #[arg(long, value_name = "ROLES", value_delimiter = ',', value_parser = role)]
    pub(crate) roles: Vec<Role>,
}

fn role(word: &str) -> Result<Role, String> {
    Role::from_word(word).ok_or_else(|| {
        let words: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
        crate::config::did_you_mean(word, words)
    })
}

/// Runs until the process is told to end.
pub async fn run(args: Args, _output: &mut Output) -> Result<Exit, Failure> {
    args.config.load()?;
    Err(Failure::failed("`serve` is not in this build", "use a build that has it"))
}

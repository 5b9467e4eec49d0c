//! `tillbridge pause` and `tillbridge resume`: hold a channel's work, and go on.

use super::{ConfigFile, Exit, Failure, Output};
use crate::app;
use crate::config::{Config, did_you_mean};
use crate::policy::Channel;

/// Arguments of `tillbridge pause`
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  tillbridge pause kiwi --why \"stock-take until noon\"")]
pub struct PauseArgs {
    /// The channel
    #[arg(value_name = "CHANNEL")]
    channel: String,
    /// Why, for whoever looks at `tillbridge status`
    #[arg(long, value_name = "TEXT", default_value = "paused by hand")]
    why: String,
    #[command(flatten)]
    config: ConfigFile,
}

/// Arguments of `tillbridge resume`
#[derive(Debug, clap::Args)]
pub struct ResumeArgs {
    /// The channel
    #[arg(value_name = "CHANNEL")]
    channel: String,
    #[command(flatten)]
    config: ConfigFile,
}

/// Pauses.
pub async fn pause(args: &PauseArgs, output: &mut Output) -> Result<Exit, Failure> {
    let config = args.config.load()?;
    let channel = channel_named(&config, &args.channel)?;
    app::journal_beside(&config.journal).await?.pause(&channel.name, &args.why).await?;
    output.line(format_args!("channel `{}` is paused: {}", channel.name, args.why))?;
    Ok(Exit::Fine)
}

/// Resumes.
pub async fn resume(args: &ResumeArgs, output: &mut Output) -> Result<Exit, Failure> {
    let config = args.config.load()?;
    let channel = channel_named(&config, &args.channel)?;
    let was_paused = app::journal_beside(&config.journal).await?.resume(&channel.name).await?;
    let text = if was_paused { "goes on" } else { "was not paused" };
    output.line(format_args!("channel `{}` {text}", channel.name))?;
    Ok(Exit::Fine)
}

/// The channel of that name, or a failure that offers the nearest.
pub(super) fn channel_named<'a>(config: &'a Config, name: &str) -> Result<&'a Channel, Failure> {
    config.channels.iter().find(|channel| channel.name.as_str() == name).ok_or_else(|| {
        let names: Vec<_> = config.channels.iter().map(|channel| channel.name.as_str()).collect();
        Failure::usage(format!("there is no channel `{name}`"), did_you_mean(name, names))
    })
}

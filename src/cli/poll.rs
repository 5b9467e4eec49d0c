//! `tillbridge poll`: asks an office for changes once, now. Polls of the running bridge are not disturbed.

use super::output::counted;
use super::pause::channel_named;
use super::{ConfigFile, Exit, Failure, Output};
use crate::app;
use crate::flow::poll;
use crate::office::ChangeKind;

/// Arguments of `tillbridge poll`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  tillbridge poll kiwi            products, prices and stock
  tillbridge poll kiwi stock")]
pub struct Args {
    /// The channel whose office is asked
    #[arg(value_name = "CHANNEL")]
    channel: String,
    /// What to ask for: `products`, `prices` or `stock`; left out: all of them
    #[arg(value_name = "KIND", value_parser = kind)]
    kind: Option<ChangeKind>,
    #[command(flatten)]
    config: ConfigFile,
}

fn kind(word: &str) -> Result<ChangeKind, String> {
    ChangeKind::from_word(word).ok_or_else(|| {
        let words: Vec<_> = ChangeKind::ALL.iter().map(|kind| kind.as_str()).collect();
        crate::config::did_you_mean(word, words)
    })
}

/// Polls once.
pub async fn run(args: &Args, output: &mut Output) -> Result<Exit, Failure> {
    let config = args.config.load()?;
    let channel = channel_named(&config, &args.channel)?;
    let journal = app::journal_beside(&config.journal).await?;
    let settings = config.offices.iter().find(|office| *office.name() == channel.office);
    let settings = settings.ok_or_else(|| {
        Failure::usage(format!("there is no office `{}`", channel.office), "add it to the configuration")
    })?;
    let office = app::office(settings).await?;
    let kinds = args.kind.map_or_else(|| channel.every.keys().copied().collect(), |kind| vec![kind]);
    for kind in kinds {
        let new = poll::once(journal.as_ref(), office.as_ref(), kind).await?;
        output.line(format_args!("{}: {}", kind.as_str(), counted(new, "new delivery", "new deliveries")))?;
    }
    Ok(Exit::Fine)
}

//! `tillbridge dead`: looks after dead letters. Each is shown with what happened and what to do about it.

use std::path::PathBuf;

use super::confirm::{confirm, who};
use super::output::{counted, shown};
use super::selection::Filters;
use super::{ConfigFile, Exit, Failure, Output};
use crate::app;
use crate::journal::{DeadLetter, Journal, Selection};

mod edit;

/// How many dead letters are read or written at once.
const PAGE: usize = 1_000;

/// Commands of `tillbridge dead`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List dead letters, oldest first
    List {
        #[command(flatten)]
        filters: Filters,
        #[command(flatten)]
        saying: Saying,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Show one dead letter: what happened and what to do
    Show {
        /// Its id, as in the list: `h12` or `d0192…`
        #[arg(value_name = "ID")]
        id: String,
        /// What it says instead, as it came: names, addresses and amounts
        #[arg(long, conflicts_with = "json")]
        body: bool,
        /// One JSON document
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Correct what a dead letter says, and try again; what it said before is kept
    #[command(after_help = "Example:
  tillbridge dead show h12 --body > h12.json
  tillbridge dead edit h12 --from h12.json --why \"the buyer's postcode was on the wrong line\"

Of an event only the data may be changed. It is read as strictly as the first time.")]
    Edit {
        /// Its id, as in the list: `h12` or `d0192…`
        #[arg(value_name = "ID")]
        id: String,
        /// The file with what it should have said, whole
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// Why
        #[arg(long, value_name = "TEXT")]
        why: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// List corrections, or show what a letter said before one
    Edits {
        /// Show what the letter said before the correction of this number
        #[arg(long, value_name = "NUMBER")]
        before: Option<i64>,
        /// One JSON object a line
        #[arg(long, conflicts_with = "before")]
        json: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Try again, once the cause is mended
    #[command(after_help = "Examples:
  tillbridge dead retry h12 h13
  tillbridge dead retry --handler invoice --since 1d
  tillbridge dead retry --text \"SKU SHIRT-RED-M\"
  tillbridge dead retry --all --yes")]
    Retry {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// End for good, with a reason for the audit trail
    #[command(after_help = "Example:
  tillbridge dead discard h12 --why \"booked by hand as invoice 4711\"")]
    Discard {
        /// Why
        #[arg(long, value_name = "TEXT")]
        why: String,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// Which dead letters are meant
#[derive(Debug, Clone, clap::Args)]
pub struct Which {
    /// Ids, as in the list
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// Go on without being asked
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    saying: Saying,
}

impl Which {
    fn narrows(&self) -> bool {
        !self.filters.is_empty() || self.saying.text.is_some()
    }
}

/// What dead letters say
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Saying {
    /// Those whose reason has this text in it, in capitals or not
    #[arg(help_heading = "Filters", long, value_name = "TEXT")]
    text: Option<String>,
}

impl Saying {
    /// One page of what the filters select, narrowed by what the letters say.
    fn page(&self, filters: &Filters, after: Option<i64>, limit: usize) -> Selection {
        Selection { text: self.text.clone(), ..filters.page(after, limit) }
    }
}

/// Runs a command of `tillbridge dead`.
pub async fn run(command: &Command, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        Command::List { filters, saying, limit, json, config } => {
            let journal = app::journal_beside(&config.load()?.journal).await?;
            list(journal.as_ref(), filters, saying, *limit, *json, output).await
        }
        Command::Show { id, body, json, config } => {
            let journal = app::journal_beside(&config.load()?.journal).await?;
            let letter = find(journal.as_ref(), id).await?;
            if *body {
                edit::body(journal.as_ref(), id, output).await?;
            } else if *json {
                output.json(&letter)?;
            } else {
                show(&letter, output)?;
            }
            Ok(Exit::Fine)
        }
        Command::Edit { id, from, why, config } => {
            if why.trim().is_empty() {
                return Err(Failure::usage("--why is empty", "say why, for whoever reads the audit trail"));
            }
            let journal = app::journal_beside(&config.load()?.journal).await?;
            edit::edit(journal.as_ref(), id, from, why, output).await
        }
        Command::Edits { before, json, config } => {
            let journal = app::journal_beside(&config.load()?.journal).await?;
            match before {
                Some(number) => edit::before(journal.as_ref(), *number, output).await,
                None => edit::list(journal.as_ref(), *json, output).await,
            }
        }
        Command::Retry { which, config } => {
            let journal = app::journal_beside(&config.load()?.journal).await?;
            let ids = chosen(journal.as_ref(), which, "retry").await?;
            let mut done = 0;
            for page in ids.chunks(PAGE) {
                done += journal.retry_dead(page, &who()).await?;
            }
            told(done, ids.len(), "handed out again", output)
        }
        Command::Discard { why, which, config } => {
            if why.trim().is_empty() {
                return Err(Failure::usage("--why is empty", "say why, for whoever reads the audit trail"));
            }
            let journal = app::journal_beside(&config.load()?.journal).await?;
            let ids = chosen(journal.as_ref(), which, "discard").await?;
            let mut done = 0;
            for page in ids.chunks(PAGE) {
                done += journal.discard_dead(page, &who(), why).await?;
            }
            told(done, ids.len(), "ended for good", output)
        }
    }
}

async fn list(
    journal: &dyn Journal,
    filters: &Filters,
    saying: &Saying,
    limit: u32,
    json: bool,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let limit = limit as usize;
    let mut letters = journal.dead(&saying.page(filters, None, (limit + 1).min(10_000))).await?;
    let more = letters.len() > limit;
    letters.truncate(limit);
    if json {
        letters.iter().try_for_each(|letter| output.json_line(letter))?;
    } else if letters.is_empty() {
        output.line("there are no dead letters")?;
    } else {
        let table: Vec<_> = letters.iter().map(cells).collect();
        output.table(&["SINCE", "ID", "CHANNEL", "HANDLER", "ABOUT", "ENTITY", "REASON"], &table)?;
    }
    if more {
        output.flush()?;
        eprintln!("there are more; narrow the list, or raise --limit");
    }
    Ok(Exit::Fine)
}

fn cells(letter: &DeadLetter) -> Vec<String> {
    let DeadLetter { since, id, channel, handler, about, entity, reason, .. } = letter;
    let start = |text: &str| text.chars().take(100).collect::<String>();
    let since = format!("{since:.3}");
    vec![since, id.clone(), channel.clone(), handler.clone(), about.clone(), entity.clone(), start(reason)]
}

fn show(letter: &DeadLetter, output: &mut Output) -> std::io::Result<()> {
    let rows = [
        ("id", letter.id.clone()),
        ("channel", letter.channel.clone()),
        ("handler", letter.handler.clone()),
        ("about", letter.about.clone()),
        ("entity", letter.entity.clone()),
        ("since", format!("{:.3}", letter.since)),
        ("failures", letter.failures.to_string()),
        ("happened", letter.reason.clone()),
        ("to do", letter.action.clone()),
    ];
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        output.line(format_args!("{name:<9} {}", shown(value)))?;
    }
    let id = &letter.id;
    output.line(format_args!("\nthen: tillbridge dead retry {id}, or tillbridge dead discard {id} --why \"…\""))
}

async fn find(journal: &dyn Journal, id: &str) -> Result<DeadLetter, Failure> {
    let mut after = None;
    loop {
        let page = journal.dead(&Filters::default().page(after, PAGE)).await?;
        after = page.last().map(|letter| letter.row);
        let full = page.len() == PAGE;
        if let Some(letter) = page.into_iter().find(|letter| letter.id == id) {
            return Ok(letter);
        }
        if !full {
            let what = format!("there is no dead letter `{}`", shown(id));
            return Err(Failure::failed(what, "`tillbridge dead list` shows their ids"));
        }
    }
}

/// The ids that are meant; many at once are asked about first.
async fn chosen(journal: &dyn Journal, which: &Which, verb: &str) -> Result<Vec<String>, Failure> {
    if !which.ids.is_empty() {
        if which.narrows() {
            return Err(Failure::usage("both ids and filters are given", "give one of them"));
        }
        return Ok(which.ids.clone());
    }
    if !which.narrows() && !which.all {
        return Err(Failure::usage(
            format!("nothing says which dead letters to {verb}"),
            "give ids, filters such as --handler, or --all",
        ));
    }
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let page = journal.dead(&which.saying.page(&which.filters, after, PAGE)).await?;
        after = page.last().map(|letter| letter.row);
        let full = page.len() == PAGE;
        ids.extend(page.into_iter().map(|letter| letter.id));
        if !full {
            break;
        }
    }
    let letters = counted(ids.len(), "dead letter", "dead letters");
    if !ids.is_empty() && !confirm(&format!("{verb} {letters}?"), which.yes)? {
        return Err(Failure::failed(format!("nothing was done: {letters} left as they are"), "answer `y` to go on"));
    }
    Ok(ids)
}

fn told(done: usize, asked: usize, what: &str, output: &mut Output) -> Result<Exit, Failure> {
    output.line(format_args!("{} {what}", counted(done, "dead letter", "dead letters")))?;
    if done < asked {
        output.flush()?;
        let missing = counted(asked - done, "id names no dead letter", "ids name no dead letter");
        return Err(Failure::failed(missing, "`tillbridge dead list` shows their ids"));
    }
    Ok(Exit::Fine)
}

//! `tillbridge privacy`: requests about personal data, what was done about each, and the export of what is kept of a person.
//! Only the export shows personal data, into a file that its owner alone may read.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::value::RawValue;

use super::confirm::who;
use super::output::counted;
use super::pause::channel_named;
use super::{ConfigFile, Exit, Failure, Output};
use crate::domain::{Fact, Person, PrivacyWish};
use crate::handlers::concerns;
use crate::journal::{Journal, KeptDocument, Place, PrivacyRecord};
use crate::policy::Channel;
use crate::{app, journal};

/// Documents read at once.
const PAGE: usize = 500;

/// Commands of `tillbridge privacy`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List every request with what was done about it
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Show one request: what was asked, when, and what was done
    Show {
        /// Its number, as in the list
        #[arg(value_name = "NUMBER")]
        id: i64,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Write what is kept of the person who asked into a file
    #[command(after_help = "Example:
  tillbridge privacy export 4 --to customer.json

The file can be read by its owner alone. What the office keeps is not in it: `tillbridge privacy show` names the
customer's numbers there.")]
    Export {
        /// The request's number, as in the list
        #[arg(value_name = "NUMBER")]
        id: i64,
        /// The file; it must not be there yet
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// Runs a command of `tillbridge privacy`.
pub async fn run(command: &Command, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        Command::List { json, config } => {
            let records = app::journal_beside(&config.load()?.journal).await?.privacy_records().await?;
            if *json {
                records.iter().try_for_each(|record| output.json_line(record))?;
            } else if records.is_empty() {
                output.line("no requests")?;
            } else {
                let header = ["NUMBER", "CHANNEL", "ASKED", "WISH", "CUSTOMER", "STATE"];
                output.table(&header, &records.iter().map(row).collect::<Vec<_>>())?;
            }
            Ok(Exit::Fine)
        }
        Command::Show { id, config } => {
            let journal = app::journal_beside(&config.load()?.journal).await?;
            output.json(&record(journal.as_ref(), *id).await?)?;
            Ok(Exit::Fine)
        }
        Command::Export { id, to, config } => {
            let config = config.load()?;
            let journal = app::journal_beside(&config.journal).await?;
            let record = record(journal.as_ref(), *id).await?;
            if record.wish != PrivacyWish::Export {
                return Err(Failure::usage(
                    format!("request {id} does not ask for an export"),
                    "see `tillbridge privacy list`",
                ));
            }
            let channel = channel_named(&config, &record.channel)?;
            let (deliveries, events) = export(journal.as_ref(), channel, &record, to).await?;
            journal.finish_privacy(record.id, &who(), Some((deliveries, events))).await?;
            let deliveries = counted(deliveries, "delivery", "deliveries");
            output.line(format_args!(
                "{deliveries} and {} are in {}",
                counted(events, "event", "events"),
                to.display()
            ))?;
            Ok(Exit::Fine)
        }
    }
}

async fn record(journal: &dyn Journal, id: i64) -> Result<PrivacyRecord, Failure> {
    let found = journal.privacy_records().await?.into_iter().find(|record| record.id == id);
    found.ok_or_else(|| Failure::usage(format!("there is no request {id}"), "see `tillbridge privacy list`"))
}

fn row(record: &PrivacyRecord) -> Vec<String> {
    let done = if record.wish == PrivacyWish::Export { "exported" } else { "erased" };
    let state = match (record.finished_at, record.wish) {
        (Some(at), _) => format!(
            "{}: {} and {} {done}",
            at.strftime("%Y-%m-%d"),
            counted(record.deliveries, "delivery", "deliveries"),
            counted(record.events, "event", "events")
        ),
        (None, PrivacyWish::Export) => "waits for `tillbridge privacy export`".to_owned(),
        (None, _) => "under way".to_owned(),
    };
    let asked = record.asked_at.strftime("%Y-%m-%d").to_string();
    vec![
        record.id.to_string(),
        record.channel.clone(),
        asked,
        record.wish.as_str().into(),
        record.customer.clone(),
        state,
    ]
}

/// What is written into the file.
#[derive(Serialize)]
struct Export<'a> {
    request: &'a PrivacyRecord,
    deliveries: Vec<Kept>,
    events: Vec<Kept>,
}

#[derive(Serialize)]
struct Kept {
    from: String,
    about: String,
    at: jiff::Timestamp,
    content: Box<RawValue>,
}

/// Gathers and writes; answers how many deliveries and events it was.
async fn export(
    journal: &dyn Journal,
    channel: &Channel,
    record: &PrivacyRecord,
    to: &Path,
) -> Result<(i64, i64), Failure> {
    let person = person(journal, record).await?;
    let (mut deliveries, mut events) = (Vec::new(), Vec::new());
    let mut place = Place::START;
    while place != Place::End {
        let of_events = matches!(place, Place::Events(_));
        let page = journal.kept(place.clone(), PAGE).await?;
        let theirs = page.documents.into_iter().filter(|one| concerns(channel, &person, record.wish, one, of_events));
        if of_events { &mut events } else { &mut deliveries }.extend(theirs.map(kept).collect::<Result<Vec<_>, _>>()?);
        place = page.next;
    }
    let count = |kept: &[Kept]| i64::try_from(kept.len()).unwrap_or(i64::MAX);
    let counts = (count(&deliveries), count(&events));
    let text =
        serde_json::to_vec_pretty(&Export { request: record, deliveries, events }).map_err(std::io::Error::from)?;
    let mut file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(to)?;
    file.write_all(&text)?;
    file.sync_all()?;
    Ok(counts)
}

/// Whom the request names, from the event that carries it.
async fn person(journal: &dyn Journal, record: &PrivacyRecord) -> Result<Person, Failure> {
    let gone = || {
        Failure::failed(format!("request {} is not in the journal any more", record.id), "ask the shop for it again")
    };
    let trace = journal.trace(record.delivery.0).await?.ok_or_else(gone)?;
    for event in trace.events.iter().filter(|event| event.channel == record.channel) {
        if let Some(Fact::PrivacyRequested(request)) = journal.event(event.id).await?.map(|event| event.draft.fact) {
            return Ok(Person { numbers: record.office_numbers.clone(), ..request.person });
        }
    }
    Err(gone())
}

/// A document as JSON; what is none goes in as text.
fn kept(document: KeptDocument) -> Result<Kept, journal::JournalError> {
    let text = String::from_utf8_lossy(&document.body).into_owned();
    let content = RawValue::from_string(text.clone()).or_else(|_| serde_json::value::to_raw_value(&text));
    let content = content.map_err(|error| journal::JournalError::Broken(error.to_string()))?;
    Ok(Kept { from: document.origin, about: document.about, at: document.at, content })
}

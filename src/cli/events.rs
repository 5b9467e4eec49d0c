//! `tillbridge events`: looks up events and what became of them.

use uuid::Uuid;

use super::output::shown;
use super::selection::Filters;
use super::trace::tell;
use super::{ConfigFile, Exit, Failure, Output};
use crate::app;
use crate::domain::{Event, EventId};
use crate::journal::{EventRow, Journal};

/// How far back a listing begins when nothing is said.
const DEFAULT_SINCE: &str = "24h";

/// The attributes a person looks for first.
const FIRST: &[&str] = &["type", "id", "channel", "subject", "time"];

/// Commands of `tillbridge events`
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List events, oldest first; without --since, those of the last 24 hours
    #[command(after_help = "Examples:
  tillbridge events list --type sale.invoiced --since 2h
  tillbridge events list --entity order:5900000000001 --since 90d --json")]
    List {
        #[command(flatten)]
        filters: Filters,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Go on after this row, as the listing before said
        #[arg(long, value_name = "ROW")]
        after: Option<i64>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Show one event; its contents, which may be personal, with --body alone
    Show {
        /// The event's number
        #[arg(value_name = "ID")]
        id: Uuid,
        /// With its contents: names, addresses and amounts
        #[arg(long)]
        body: bool,
        /// One JSON document, in CloudEvents form
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Tell the story of a delivery or event: what came in, what it meant, what was written
    Trace {
        /// The number of the delivery or the event
        #[arg(value_name = "ID")]
        id: Uuid,
        /// One JSON document
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        config: ConfigFile,
    },
}

/// Runs a command of `tillbridge events`.
pub async fn run(command: &Command, output: &mut Output) -> Result<Exit, Failure> {
    match command {
        Command::List { filters, limit, after, json, config } => {
            let journal = app::journal_beside(&config.load()?.journal).await?;
            list(journal.as_ref(), filters, *limit, *after, *json, output).await
        }
        Command::Show { id, body, json, config } => {
            let journal = app::journal_beside(&config.load()?.journal).await?;
            match journal.event(EventId(*id)).await? {
                Some(event) => show(&event, *body, *json, output),
                None => Err(not_kept(journal.as_ref(), *id).await?),
            }
        }
        Command::Trace { id, json, config } => {
            let journal = app::journal_beside(&config.load()?.journal).await?;
            let trace = journal.trace(*id).await?.ok_or_else(|| unknown("delivery or event", *id))?;
            if *json {
                output.json(&trace)?;
            } else {
                tell(&trace, output)?;
            }
            Ok(Exit::Fine)
        }
    }
}

fn unknown(what: &str, id: Uuid) -> Failure {
    Failure::failed(format!("the journal has no {what} {id}"), "`tillbridge events list` shows numbers of events")
}

/// Why an event cannot be shown: it went with age, or there never was one.
async fn not_kept(journal: &dyn Journal, id: Uuid) -> Result<Failure, Failure> {
    let events = journal.trace(id).await?.map_or_else(Vec::new, |trace| trace.events);
    if events.iter().any(|event| event.id == EventId(id)) {
        let what = format!("what event {id} said went with age: [journal] keep_events");
        return Ok(Failure::failed(what, "`tillbridge events trace` shows what is left"));
    }
    Ok(unknown("event", id))
}

async fn list(
    journal: &dyn Journal,
    filters: &Filters,
    limit: u32,
    after: Option<i64>,
    json: bool,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let mut filters = filters.clone();
    if filters.since.is_none() && after.is_none() {
        filters.since = super::selection::time(DEFAULT_SINCE).ok();
    }
    let limit = limit as usize;
    // One more than is shown tells whether there is more.
    let mut rows = journal.events(&filters.page(after, (limit + 1).min(10_000))).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    if json {
        rows.iter().try_for_each(|row| output.json_line(row))?;
    } else {
        let table: Vec<_> = rows.iter().map(cells).collect();
        output.table(&["RAISED", "ID", "TYPE", "CHANNEL", "ENTITY", "HANDLINGS"], &table)?;
    }
    if let (true, Some(last)) = (more, rows.last()) {
        output.flush()?;
        eprintln!("there are more; go on with --after {}", last.row);
    }
    Ok(Exit::Fine)
}

fn cells(row: &EventRow) -> Vec<String> {
    let EventRow { raised_at, id, event_type, channel, entity, handlings, .. } = row;
    vec![
        format!("{raised_at:.3}"),
        id.to_string(),
        event_type.clone(),
        channel.clone(),
        entity.clone(),
        handlings.join(", "),
    ]
}

fn show(event: &Event, body: bool, json: bool, output: &mut Output) -> Result<Exit, Failure> {
    let text = event.to_cloud_event().map_err(|error| broken(&error))?;
    let mut value: serde_json::Map<_, _> = serde_json::from_str(&text).map_err(|error| broken(&error))?;
    let data = value.remove("data").filter(|_| body);
    if json {
        value.extend(data.map(|data| ("data".to_owned(), data)));
        output.json(&value)?;
        return Ok(Exit::Fine);
    }
    let first = FIRST.iter().filter_map(|name| value.remove_entry(*name)).collect::<Vec<_>>();
    for (name, value) in first.iter().map(|(name, value)| (name, value)).chain(&value) {
        output.line(format_args!("{name:<16} {}", shown(value.as_str().unwrap_or_default())))?;
    }
    match data {
        Some(data) => {
            output.line("data")?;
            output.json(&data)?;
        }
        None => output.line(format_args!("{:<16} not shown, it may be personal; --body shows it", "data"))?,
    }
    Ok(Exit::Fine)
}

fn broken(error: &dyn std::fmt::Display) -> Failure {
    Failure::failed(format!("the event cannot be written as JSON: {error}"), "report this as a defect")
}

//! What a replay goes through: its records, its pages, and what it would hand out.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::filter::Filter;
use super::{MOST_ROWS, Reader};
use crate::journal::clock::{id_at, timestamp};
use crate::journal::replays::{KeptReplay, ReplayMode, ReplayRun, read};
use crate::journal::value::{Row, Value};
use crate::journal::{JournalError, Selection};

/// Rows looked at in one counting statement.
const PAGE: usize = 1_000;
/// Numbers of events are drawn before they are committed: between neighbours in time they may be out of order by about so many.
const NEIGHBOURS: i64 = 1_000;
/// A delivery's number is drawn a moment before the time it is received at, and is never of an earlier time, though it may be of a later
/// one where a clock went back; so much is allowed for, in microseconds.
const MOMENT: i64 = 1_000_000;

const EVENTS: &str = "SELECT e.seq FROM event e WHERE length(e.body) > 0 AND e.seq > ";
const COUNT_EVENTS: &str = "SELECT e.kind, h.handler, COUNT(*) FROM event e JOIN handling h ON h.event = e.seq \
    WHERE length(e.body) > 0 AND h.state IN ('done', 'ignored', 'dead') AND e.seq > ";
const FIRST: &str = "SELECT MIN(seq) FROM (SELECT seq FROM event WHERE length(body) > 0 AND raised_at >= $1 \
    ORDER BY raised_at, seq LIMIT $2) AS first";
const LAST: &str = "SELECT MAX(seq) FROM (SELECT seq FROM event WHERE length(body) > 0 AND raised_at < $1 \
    ORDER BY raised_at DESC, seq DESC LIMIT $2) AS last";
const NEWEST: &str = "SELECT id FROM delivery ORDER BY id DESC LIMIT 1";
const OF_HANDLER: &str = " AND EXISTS (SELECT 1 FROM handling h WHERE h.event = e.seq AND h.handler = {})";
const DELIVERIES: &str = "SELECT d.id FROM delivery d WHERE d.due IS NULL AND d.state IN ('handled', 'ignored') AND ";
const COUNT_DELIVERIES: &str = "SELECT d.origin, d.topic, COUNT(*) FROM delivery d \
    WHERE d.due IS NULL AND d.state IN ('handled', 'ignored') AND ";
const RECORDS: &str = "SELECT id, mode, selection, who, per_second, total, done, place, stop, begun_at, changed_at, finished_at \
    FROM replay WHERE (id = $1 OR CAST($1 AS bigint) = 0) ORDER BY id";

/// The part of a statement both dialects say differently: whether a delivery `d` still has what it said.
pub(in crate::journal) type StillKept = &'static str;

/// From where and how far a replay goes.
pub(in crate::journal) async fn bounds(
    reader: &dyn Reader,
    mode: ReplayMode,
    since: Option<Timestamp>,
    until: Timestamp,
) -> Result<(String, String), JournalError> {
    let (since, until) = (since.map(Timestamp::as_microsecond), until.as_microsecond());
    if mode == ReplayMode::Normalise {
        let from = since.map_or(Uuid::nil(), |since| id_at(since.saturating_sub(MOMENT)));
        let newest = reader.rows(NEWEST, vec![]).await?;
        let to = newest.first().map_or(Ok(Uuid::nil()), |row| row.uuid(0))?;
        return Ok((from.simple().to_string(), to.simple().to_string()));
    }
    let number = async |sql, moment: i64| {
        let rows = reader.rows(sql, vec![moment.into(), NEIGHBOURS.into()]).await?;
        rows.first().map_or(Ok(None), |row| row.opt_int(0))
    };
    let last = number(LAST, until).await?.unwrap_or(0);
    let first = match since {
        Some(since) => number(FIRST, since).await?.map_or(last, |first| first - 1),
        None => 0,
    };
    Ok((first.to_string(), last.to_string()))
}

/// One page of what is done again.
#[derive(Debug, Default)]
pub(in crate::journal) struct Page {
    /// Numbers of events, or ids of deliveries.
    pub keys: Vec<Value>,
    /// Where the next page begins.
    pub to: String,
    /// Whether there is none.
    pub is_last: bool,
}

/// The next page of a replay.
pub(in crate::journal) async fn replay_page(
    reader: &dyn Reader,
    kept: StillKept,
    replay: &KeptReplay,
    limit: usize,
) -> Result<Page, JournalError> {
    let limit = limit.clamp(1, MOST_ROWS);
    let KeptReplay { run, selection, place, stop } = replay;
    let mut filter = match run.mode {
        ReplayMode::Handle => events(EVENTS, selection, number(place)?, number(stop)?),
        ReplayMode::Normalise => deliveries(DELIVERIES, kept, selection, uuid(place)?, uuid(stop)?),
    };
    filter.then(if run.mode == ReplayMode::Handle { " ORDER BY e.seq" } else { " ORDER BY d.id" });
    filter.with(" LIMIT {}", i64::try_from(limit).unwrap_or(i64::MAX));
    let rows = reader.rows(&filter.sql, filter.params).await?;
    let keys: Vec<Value> = rows.into_iter().filter_map(|row| row.0.into_iter().next()).collect();
    let to = match keys.last() {
        Some(Value::Int(seq)) => seq.to_string(),
        Some(Value::Bytes(id)) => Uuid::from_slice(id).map_err(|_| broken())?.simple().to_string(),
        _ => stop.clone(),
    };
    Ok(Page { is_last: keys.len() < limit, keys, to })
}

fn events(select: &str, selection: &Selection, after: i64, stop: i64) -> Filter {
    let mut filter = Filter::new(select);
    filter.with("{}", after).with(" AND e.seq <= {}", stop).between("e.raised_at", selection).event(selection);
    if let Some(handler) = &selection.handler {
        filter.with(OF_HANDLER, handler.as_str());
    }
    filter
}

fn deliveries(select: &str, kept: StillKept, selection: &Selection, after: Uuid, stop: Uuid) -> Filter {
    let mut filter = Filter::new(&format!("{select}{kept}"));
    filter.with(" AND d.id > {}", after).with(" AND d.id <= {}", stop).between("d.received_at", selection);
    if let Some(delivery) = selection.delivery {
        filter.with(" AND d.id = {}", delivery.0);
    }
    let Selection { event_type, entity, channel, handler, event, .. } = selection;
    if event_type.is_some() || entity.is_some() || channel.is_some() || handler.is_some() || event.is_some() {
        filter.then(" AND EXISTS (SELECT 1 FROM event e WHERE e.delivery = d.id").event(selection);
        if let Some(handler) = handler {
            filter.with(OF_HANDLER, handler.as_str());
        }
        filter.then(")");
    }
    filter
}

/// What a replay would hand out, by what it is about; page by page, so that no statement runs for long.
pub(in crate::journal) async fn count_replay(
    reader: &dyn Reader,
    kept: StillKept,
    mode: ReplayMode,
    selection: &Selection,
    until: Timestamp,
) -> Result<BTreeMap<String, i64>, JournalError> {
    let (mut place, stop) = bounds(reader, mode, selection.since, until).await?;
    let mut counts = BTreeMap::new();
    loop {
        let run = KeptReplay::looked_at(mode, selection.clone(), place.clone(), stop.clone());
        let page = replay_page(reader, kept, &run, PAGE).await?;
        if page.keys.is_empty() {
            return Ok(counts);
        }
        let (mut filter, between) = match mode {
            ReplayMode::Handle => (events(COUNT_EVENTS, selection, number(&place)?, number(&page.to)?), " for "),
            ReplayMode::Normalise => {
                (deliveries(COUNT_DELIVERIES, kept, selection, uuid(&place)?, uuid(&page.to)?), " ")
            }
        };
        if let (ReplayMode::Handle, Some(handler)) = (mode, &selection.handler) {
            filter.with(" AND h.handler = {}", handler.as_str());
        }
        filter.then(" GROUP BY 1, 2");
        for row in reader.rows(&filter.sql, filter.params).await? {
            *counts.entry(format!("{}{between}{}", row.text(0)?, row.text(1)?)).or_default() += row.int(2)?;
        }
        if page.is_last {
            return Ok(counts);
        }
        place = page.to;
    }
}

/// The records; number 0 means all.
pub(in crate::journal) async fn replays(reader: &dyn Reader, id: i64) -> Result<Vec<KeptReplay>, JournalError> {
    reader.rows(RECORDS, vec![id.into()]).await?.iter().map(record).collect()
}

fn record(row: &Row) -> Result<KeptReplay, JournalError> {
    let (selection, what) = read(row.text(2)?)?;
    let run = ReplayRun {
        id: row.int(0)?,
        mode: ReplayMode::from_word(row.text(1)?).ok_or_else(broken)?,
        what,
        who: row.text(3)?.to_owned(),
        per_second: u32::try_from(row.int(4)?).map_err(|_| broken())?,
        total: row.int(5)?,
        done: row.int(6)?,
        begun_at: timestamp(row.int(9)?)?,
        changed_at: timestamp(row.int(10)?)?,
        finished_at: row.opt_int(11)?.map(timestamp).transpose()?,
    };
    Ok(KeptReplay { run, selection, place: row.text(7)?.to_owned(), stop: row.text(8)?.to_owned() })
}

impl KeptReplay {
    /// One that is only looked at.
    fn looked_at(mode: ReplayMode, selection: Selection, place: String, stop: String) -> Self {
        let epoch = Timestamp::UNIX_EPOCH;
        let run = ReplayRun {
            id: 0,
            mode,
            what: String::new(),
            who: String::new(),
            per_second: 0,
            total: 0,
            done: 0,
            begun_at: epoch,
            changed_at: epoch,
            finished_at: None,
        };
        Self { run, selection, place, stop }
    }
}

fn number(place: &str) -> Result<i64, JournalError> {
    place.parse().map_err(|_| broken())
}

fn uuid(place: &str) -> Result<Uuid, JournalError> {
    Uuid::parse_str(place).map_err(|_| broken())
}

fn broken() -> JournalError {
    JournalError::Broken("the record of a replay cannot be read".to_owned())
}

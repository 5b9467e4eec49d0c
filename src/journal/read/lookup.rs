//! Look-ups by key, answered in the order asked: cursors, cross-references both ways, what was last written.

use std::collections::HashMap;

use super::{Reader, rows_by_key};
use crate::domain::{ChannelName, Version};
use crate::journal::value::Value;
use crate::journal::{JournalError, LinkKind, Written, text};

const CURSOR: &str = "SELECT position FROM poll_cursor WHERE task = $1";
const LINKS: &str = "SELECT column1, \
    (SELECT l.other FROM link l WHERE l.channel = $1 AND l.kind = $2 AND l.key = column1) FROM {}";
const LINKS_BACK: &str = "SELECT column1, \
    (SELECT l.key FROM link l WHERE l.channel = $1 AND l.kind = $2 AND l.other = column1) FROM {}";
const WRITTEN: &str = "SELECT column1, (SELECT w.value FROM written w WHERE w.channel = $1 AND w.entity = column1), \
    (SELECT w.version FROM written w WHERE w.channel = $1 AND w.entity = column1) FROM {}";
const IN_DOUBT: &str = "SELECT column1, \
    (SELECT e.plan FROM effect e WHERE e.channel = $1 AND e.key = column1 AND e.state = 'intended') FROM {}";

/// The plans of effects whose outcome is not known.
pub(in crate::journal) async fn in_doubt(
    reader: &dyn Reader,
    channel: &ChannelName,
    keys: &[String],
) -> Result<Vec<Option<String>>, JournalError> {
    texts(reader, IN_DOUBT, &[channel.as_str().into()], keys).await
}

/// The cursor of a poll task.
pub(in crate::journal) async fn cursor(reader: &dyn Reader, task: &str) -> Result<Option<String>, JournalError> {
    let rows = reader.rows(CURSOR, vec![text::clean(task).as_ref().into()]).await?;
    rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// The text of each key that has one.
async fn texts(
    reader: &dyn Reader,
    sql: &str,
    fixed: &[Value],
    keys: &[String],
) -> Result<Vec<Option<String>>, JournalError> {
    let wanted: Vec<_> = keys.iter().map(|key| text::clean(key)).collect();
    let mut found = HashMap::new();
    for row in rows_by_key(reader, sql, fixed, wanted.iter().map(|key| Value::from(key.as_ref()))).await? {
        found.insert(row.text(0)?.to_owned(), row.opt_text(1)?.map(str::to_owned));
    }
    Ok(wanted.iter().map(|key| found.get(key.as_ref()).cloned().flatten()).collect())
}

/// The other side's ids of these keys.
pub(in crate::journal) async fn links(
    reader: &dyn Reader,
    channel: &ChannelName,
    kind: LinkKind,
    keys: &[String],
) -> Result<Vec<Option<String>>, JournalError> {
    texts(reader, LINKS, &[channel.as_str().into(), kind.as_str().into()], keys).await
}

/// Our keys of these ids of the other side.
pub(in crate::journal) async fn links_back(
    reader: &dyn Reader,
    channel: &ChannelName,
    kind: LinkKind,
    others: &[String],
) -> Result<Vec<Option<String>>, JournalError> {
    texts(reader, LINKS_BACK, &[channel.as_str().into(), kind.as_str().into()], others).await
}

/// What was last written for these entities.
pub(in crate::journal) async fn written(
    reader: &dyn Reader,
    channel: &ChannelName,
    entities: &[String],
) -> Result<Vec<Option<Written>>, JournalError> {
    let wanted: Vec<_> = entities.iter().map(|entity| text::clean(entity)).collect();
    let keys = wanted.iter().map(|entity| Value::from(entity.as_ref()));
    let mut found = HashMap::new();
    for row in rows_by_key(reader, WRITTEN, &[channel.as_str().into()], keys).await? {
        if let Some(value) = row.opt_text(1)? {
            found.insert(row.text(0)?.to_owned(), (Version(row.int(2)?), value.to_owned()));
        }
    }
    Ok(entities
        .iter()
        .zip(wanted)
        .map(|(entity, key)| {
            let (version, value) = found.get(key.as_ref())?.clone();
            Some(Written { entity: entity.clone(), version, value })
        })
        .collect())
}

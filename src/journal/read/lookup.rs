//! Look-ups by key, answered in the order asked: cursors, cross-references both ways, what was last written.

use std::collections::HashMap;

use super::{Reader, rows_for};
use crate::domain::{ChannelName, Version};
use crate::journal::value::Value;
use crate::journal::{JournalError, LinkKind, Written, text};

const CURSOR: &str = "SELECT position FROM poll_cursor WHERE task = $1";
const LINKS: &str = "SELECT key, other FROM link WHERE channel = $1 AND kind = $2 AND key IN ({})";
const LINKS_BACK: &str = "SELECT other, key FROM link WHERE channel = $1 AND kind = $2 AND other IN ({})";
const WRITTEN: &str = "SELECT entity, version, value FROM written WHERE channel = $1 AND entity IN ({})";

const IN_DOUBT: &str =
    "SELECT key, plan FROM effect WHERE channel = $1 AND state = 'intended' AND plan IS NOT NULL AND key IN ({})";

/// The plans of effects whose outcome is not known.
pub(in crate::journal) async fn in_doubt(
    reader: &dyn Reader,
    channel: &ChannelName,
    keys: &[String],
) -> Result<Vec<Option<String>>, JournalError> {
    let wanted: Vec<_> = keys.iter().map(|key| text::clean(key)).collect();
    let mut found = HashMap::new();
    let asked = wanted.iter().map(|key| Value::from(key.as_ref()));
    for row in rows_for(reader, IN_DOUBT, &[channel.as_str().into()], asked).await? {
        found.insert(row.text(0)?.to_owned(), row.text(1)?.to_owned());
    }
    Ok(wanted.iter().map(|key| found.get(key.as_ref()).cloned()).collect())
}

/// The cursor of a poll task.
pub(in crate::journal) async fn cursor(reader: &dyn Reader, task: &str) -> Result<Option<String>, JournalError> {
    let rows = reader.rows(CURSOR, vec![text::clean(task).as_ref().into()]).await?;
    rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
}

async fn pairs(
    reader: &dyn Reader,
    sql: &str,
    channel: &ChannelName,
    kind: LinkKind,
    keys: &[String],
) -> Result<Vec<Option<String>>, JournalError> {
    let fixed = [channel.as_str().into(), kind.as_str().into()];
    let wanted: Vec<_> = keys.iter().map(|key| text::clean(key)).collect();
    let mut found = HashMap::new();
    for row in rows_for(reader, sql, &fixed, wanted.iter().map(|key| Value::from(key.as_ref()))).await? {
        found.insert(row.text(0)?.to_owned(), row.text(1)?.to_owned());
    }
    Ok(wanted.iter().map(|key| found.get(key.as_ref()).cloned()).collect())
}

/// The other side's ids of these keys.
pub(in crate::journal) async fn links(
    reader: &dyn Reader,
    channel: &ChannelName,
    kind: LinkKind,
    keys: &[String],
) -> Result<Vec<Option<String>>, JournalError> {
    pairs(reader, LINKS, channel, kind, keys).await
}

/// Our keys of these ids of the other side.
pub(in crate::journal) async fn links_back(
    reader: &dyn Reader,
    channel: &ChannelName,
    kind: LinkKind,
    others: &[String],
) -> Result<Vec<Option<String>>, JournalError> {
    pairs(reader, LINKS_BACK, channel, kind, others).await
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
    for row in rows_for(reader, WRITTEN, &[channel.as_str().into()], keys).await? {
        found.insert(row.text(0)?.to_owned(), (Version(row.int(1)?), row.text(2)?.to_owned()));
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

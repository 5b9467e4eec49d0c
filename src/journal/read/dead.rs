//! Dead letters: handlings that gave up and deliveries that could not be understood, in the order they were set aside.

use uuid::Uuid;

use super::filter::Filter;
use super::{Reader, page};
use crate::domain::HandlerName;
use crate::journal::clock::timestamp;
use crate::journal::value::Row;
use crate::journal::{DeadLetter, JournalError, Selection};

/// What a rejected delivery is listed under in place of a handler.
const NORMALISE: &str = "normalise";
const ACTION: &str = "trace it to see what came, mend the cause, then retry it to have it read again, or discard it";

const HANDLINGS: &str = "SELECT d.seq, d.since, h.id, NULL, h.channel, h.handler, e.kind, e.entity, h.failures, h.reason, \
    h.action FROM dead d JOIN handling h ON h.id = d.handling JOIN event e ON e.seq = h.event WHERE d.seq > ";
const DELIVERIES: &str = "SELECT d.seq, d.since, NULL, v.id, v.origin, 'normalise', v.topic, '', v.attempts, v.reason, '' \
    FROM dead d JOIN delivery v ON v.id = d.delivery WHERE d.seq > ";

/// The name of a dead letter on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::journal) enum DeadId {
    Handling(i64),
    Delivery(Uuid),
}

impl DeadId {
    /// Reads `h<number>` or `d<uuid>`.
    pub(in crate::journal) fn parse(text: &str) -> Option<Self> {
        match text.split_at_checked(1)? {
            ("h", number) => number.parse().ok().map(Self::Handling),
            ("d", uuid) => uuid.parse().ok().map(Self::Delivery),
            _ => None,
        }
    }

    /// Sorts names into handlings and deliveries, each once, in order. What is no name names nothing.
    pub(in crate::journal) fn sort(ids: &[String]) -> (Vec<i64>, Vec<Uuid>) {
        let (mut handlings, mut deliveries) = (Vec::new(), Vec::new());
        for id in ids.iter().filter_map(|id| Self::parse(id)) {
            match id {
                Self::Handling(number) => handlings.push(number),
                Self::Delivery(uuid) => deliveries.push(uuid),
            }
        }
        handlings.sort_unstable();
        handlings.dedup();
        deliveries.sort_unstable();
        deliveries.dedup();
        (handlings, deliveries)
    }
}

/// Lists dead letters, oldest first. Deliveries have neither event, entity nor channel: a selection by one of those
/// shows handlings only.
pub(in crate::journal) async fn dead(
    reader: &dyn Reader,
    selection: &Selection,
) -> Result<Vec<DeadLetter>, JournalError> {
    let after = selection.after.unwrap_or(0);
    let of_events = selection.event_type.is_some()
        || selection.entity.is_some()
        || selection.channel.is_some()
        || selection.event.is_some();
    let handler = selection.handler.as_ref().map(HandlerName::as_str);
    let mut filter = Filter::new("SELECT * FROM (");
    filter.with(&format!("{HANDLINGS}{{}}"), after).between("h.raised_at", selection).event(selection);
    if let Some(handler) = handler {
        filter.with(" AND h.handler = {}", handler);
    }
    if let Some(text) = &selection.text {
        filter.with(" AND lower(h.reason) LIKE {} ESCAPE '!'", containing(text).as_str());
    }
    if !of_events && handler.is_none_or(|handler| handler == NORMALISE) {
        filter.with(&format!(" UNION ALL {DELIVERIES}{{}}"), after).between("v.received_at", selection);
        if let Some(delivery) = selection.delivery {
            filter.with(" AND v.id = {}", delivery.0);
        }
        if let Some(text) = &selection.text {
            filter.with(" AND lower(v.reason) LIKE {} ESCAPE '!'", containing(text).as_str());
        }
    }
    filter.then(") AS letters ORDER BY 1").with(" LIMIT {}", i64::try_from(page(selection)).unwrap_or(i64::MAX));
    reader.rows(&filter.sql, filter.params).await?.iter().map(letter).collect()
}

/// What `LIKE` is to find: the text anywhere, with no sign of it meaning anything else.
fn containing(text: &str) -> String {
    let plain = text.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{plain}%")
}

fn letter(row: &Row) -> Result<DeadLetter, JournalError> {
    let (id, action) = if row.is_null(3) {
        (format!("h{}", row.int(2)?), row.text(10)?.to_owned())
    } else {
        (format!("d{}", row.uuid(3)?), ACTION.to_owned())
    };
    Ok(DeadLetter {
        row: row.int(0)?,
        id,
        channel: row.text(4)?.to_owned(),
        handler: row.text(5)?.to_owned(),
        about: row.text(6)?.to_owned(),
        entity: row.text(7)?.to_owned(),
        since: timestamp(row.int(1)?)?,
        failures: u32::try_from(row.int(8)?).unwrap_or(u32::MAX),
        reason: row.text(9)?.to_owned(),
        action,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_dead_letters_are_read() {
        let uuid = Uuid::from_u128(7);
        assert_eq!(DeadId::parse("h12"), Some(DeadId::Handling(12)));
        assert_eq!(DeadId::parse(&format!("d{uuid}")), Some(DeadId::Delivery(uuid)));
        for nonsense in ["", "h", "d", "12", "hx", "d12", "ä1"] {
            assert_eq!(DeadId::parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn each_name_counts_once() {
        let ids = ["h2", "h1", "h2", "nonsense"].map(str::to_owned);
        assert_eq!(DeadId::sort(&ids), (vec![1, 2], vec![]));
    }
}

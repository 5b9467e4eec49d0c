//! Figures: sums of the totals kept with each transaction, and the age of the oldest work from the index of what is due.

use super::Reader;
use crate::journal::tally::{DELIVERY, DUPLICATE, EFFECT, EVENT, HANDLING};
use crate::journal::value::Value;
use crate::journal::{Counts, JournalError};

const TOTALS: &str =
    "SELECT what, name, state, CAST(SUM(n) AS BIGINT) FROM tally GROUP BY what, name, state HAVING SUM(n) <> 0";
const PAUSED: &str = "SELECT name, paused FROM channel WHERE paused IS NOT NULL";
const OLDEST: &str = "SELECT MIN(due) FROM (SELECT MIN(due) AS due FROM delivery WHERE due <= $1 UNION ALL \
    SELECT (SELECT MIN(h.due) FROM handling h WHERE h.channel = c.name AND h.handler = t.name AND h.due <= $1) AS due \
    FROM channel c CROSS JOIN (SELECT DISTINCT name FROM tally WHERE what = 'handling') t) AS oldest";

/// Figures as of `now`, in microseconds.
pub(in crate::journal) async fn counts(reader: &dyn Reader, now: i64) -> Result<Counts, JournalError> {
    let mut counts = Counts::default();
    for row in reader.rows(TOTALS, vec![]).await? {
        let (name, state, number) = (row.text(1)?.to_owned(), row.text(2)?.to_owned(), row.int(3)?);
        match row.text(0)? {
            DELIVERY => drop(counts.deliveries.insert(state, number)),
            DUPLICATE => counts.duplicates = number,
            EVENT => drop(counts.events.insert(name, number)),
            HANDLING => drop(counts.handlings.entry(name).or_default().insert(state, number)),
            EFFECT => drop(counts.effects.insert(name, number)),
            other => return Err(JournalError::Broken(format!("a total of unknown kind: `{other}`"))),
        }
    }
    for row in reader.rows(PAUSED, vec![]).await? {
        counts.paused.insert(row.text(0)?.to_owned(), row.text(1)?.to_owned());
    }
    for circuit in super::circuits(reader).await? {
        counts.held.insert(format!("{} {}", circuit.channel, circuit.way.as_str()), circuit.reason);
    }
    for row in reader.rows(OLDEST, vec![Value::Int(now)]).await? {
        counts.oldest_due_seconds = row.opt_int(0)?.map_or(0, |due| (now - due) / 1_000_000);
    }
    Ok(counts)
}

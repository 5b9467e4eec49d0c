//! The oldest rows that still have their contents, and whether something unfinished needs them.
//!
//! What needs a row is asked row by row: left to itself, PostgreSQL reads all handlings there are to answer `EXISTS` for one page.

use super::{MOST_ROWS, Reader};
use crate::journal::JournalError;
use crate::journal::upkeep::{Candidate, Mark};
use crate::journal::value::Row;

/// A handling that is not final or was given up needs its event; an order that holds pieces, or whose pieces are not all booked,
/// may still change; and an open request about personal data is carried out from its own event.
pub(in crate::journal) const EVENTS: &str = "SELECT e.raised_at, e.seq, CASE WHEN \
    (SELECT 1 FROM handling h WHERE h.event = e.seq AND (h.due IS NOT NULL OR h.state = 'dead') LIMIT 1) IS NOT NULL OR \
    (SELECT 1 FROM web_piece w WHERE w.channel = e.channel AND w.entity = e.entity AND w.live > 0 LIMIT 1) IS NOT NULL OR \
    (SELECT 1 FROM privacy p WHERE p.channel = e.channel AND p.delivery = e.delivery AND p.finished_at IS NULL LIMIT 1) \
    IS NOT NULL \
    THEN 1 ELSE 0 END FROM event e WHERE length(e.body) > 0 AND (e.raised_at, e.seq) > ($1, $2) \
    ORDER BY e.raised_at, e.seq LIMIT $3";

/// What each dialect puts behind its deliveries `d`: whether anything that came of one is unfinished.
macro_rules! in_use {
    () => {
        "CASE WHEN (SELECT 1 FROM event e JOIN handling h ON h.event = e.seq \
        WHERE e.delivery = d.id AND (h.due IS NOT NULL OR h.state = 'dead') LIMIT 1) IS NOT NULL OR \
        (SELECT 1 FROM privacy p WHERE p.delivery = d.id AND p.finished_at IS NULL LIMIT 1) IS NOT NULL THEN 1 ELSE 0 END"
    };
}
pub(in crate::journal) use in_use;

/// One page after a mark.
pub(in crate::journal) async fn candidates(
    reader: &dyn Reader,
    sql: &str,
    after: Mark,
    limit: usize,
) -> Result<Vec<Candidate>, JournalError> {
    let most = i64::try_from(limit.min(MOST_ROWS)).unwrap_or(i64::MAX);
    reader.rows(sql, vec![after.at.into(), after.key, most.into()]).await?.into_iter().map(candidate).collect()
}

fn candidate(row: Row) -> Result<Candidate, JournalError> {
    let (at, in_use) = (row.int(0)?, row.int(2)? == 1);
    let mut fields = row.0;
    Ok(Candidate { mark: Mark { at, key: fields.swap_remove(1) }, in_use })
}

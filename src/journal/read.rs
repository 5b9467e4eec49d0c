//! Everything that only reads, written once for both databases: listings, traces, figures, look-ups.
//!
//! A database gives [`Reader::rows`]; statements here use `$1` placeholders and what both dialects know.

mod circuits;
mod counts;
mod dead;
mod demand;
mod edits;
mod events;
mod filter;
mod lookup;
mod privacy;
mod replays;
mod sweep;
mod trace;

use async_trait::async_trait;

pub(super) use circuits::circuits;
pub(super) use counts::counts;
pub(super) use dead::{DeadId, dead};
pub(super) use demand::{demand, orders, raised, raised_versions};
pub(super) use edits::{before_edit, edits, letter};
pub(super) use events::{event, events};
pub(super) use lookup::{cursor, in_doubt, links, links_back, written};
pub(super) use privacy::{kept, records as privacy_records};
pub(super) use replays::{Page, StillKept, bounds, count_replay, replay_page, replays};
pub(super) use sweep::{EVENTS as OLD_EVENTS, candidates as old, in_use};
pub(super) use trace::trace;

use super::value::{Row, Value};
use super::{JournalError, Selection};

/// Most rows of one listing.
const MOST_ROWS: usize = 10_000;

/// Runs one reading statement.
#[async_trait]
pub(super) trait Reader: Sync {
    /// The rows of a statement with `$1` placeholders.
    async fn rows(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, JournalError>;
}

/// The page size of a selection; zero, the default, does not narrow.
fn page(selection: &Selection) -> usize {
    if selection.limit == 0 { MOST_ROWS } else { selection.limit.min(MOST_ROWS) }
}

/// Runs a statement for many keys, in few sizes so that few statements are ever prepared. `{}` in the text becomes the list
/// of placeholders after the first `fixed` ones.
async fn rows_for(
    reader: &dyn Reader,
    sql: &str,
    fixed: &[Value],
    keys: impl IntoIterator<Item = Value>,
) -> Result<Vec<Row>, JournalError> {
    rows_with(reader, sql, fixed, keys, |mark| mark).await
}

/// The same for a look-up in a subquery of its own for each key, named `column1`: `{}` becomes a table of them. Asked for in a list
/// instead, keys may be looked for in all there is of their channel: a planner that has no statistics yet believes that to be little.
async fn rows_by_key(
    reader: &dyn Reader,
    sql: &str,
    fixed: &[Value],
    keys: impl IntoIterator<Item = Value>,
) -> Result<Vec<Row>, JournalError> {
    rows_with(reader, &sql.replace("{}", "(VALUES {}) AS asked"), fixed, keys, |mark| format!("({mark})")).await
}

async fn rows_with(
    reader: &dyn Reader,
    sql: &str,
    fixed: &[Value],
    keys: impl IntoIterator<Item = Value>,
    listed: impl Fn(String) -> String,
) -> Result<Vec<Row>, JournalError> {
    const SIZES: [usize; 4] = [1, 8, 64, 512];
    let keys: Vec<Value> = keys.into_iter().collect();
    let mut found = Vec::new();
    for chunk in keys.chunks(SIZES[3]) {
        let size = SIZES.into_iter().find(|size| *size >= chunk.len()).unwrap_or(chunk.len());
        let marks: Vec<String> = (0..size).map(|n| listed(format!("${}", fixed.len() + n + 1))).collect();
        let mut params = fixed.to_vec();
        params.extend_from_slice(chunk);
        params.resize(fixed.len() + size, chunk[chunk.len() - 1].clone());
        found.extend(reader.rows(&sql.replace("{}", &marks.join(", ")), params).await?);
    }
    Ok(found)
}

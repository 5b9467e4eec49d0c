//! The effect ledger: what is about to happen is committed before it does.

use rusqlite::params;

use super::demand;
use super::work::Work;
use crate::journal::{Intent, JournalError, Standing, text};

const INTEND: &str = "INSERT INTO effect (channel, key, handling, state, changed_at) VALUES (?1, ?2, ?3, 'intended', ?4) \
    ON CONFLICT DO NOTHING";
const STANDING: &str = "SELECT state, result FROM effect WHERE channel = ?1 AND key = ?2";

/// Writes intents; answers how each effect stood.
pub(super) fn intend(work: &Work<'_>, intents: &[Intent]) -> Result<Vec<Standing>, JournalError> {
    intents.iter().map(|intent| intend_one(work, intent)).collect()
}

fn intend_one(work: &Work<'_>, intent: &Intent) -> Result<Standing, JournalError> {
    demand::intend(work, intent)?;
    let (channel, key) = (intent.channel.as_str(), text::clean(&intent.key));
    if work.run(INTEND, params![channel, key, intent.handling.0, work.now])? == 1 {
        return Ok(Standing::Fresh);
    }
    let found = work.first(STANDING, params![channel, key], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    match found {
        Some((state, result)) if state == "done" => Ok(Standing::Done(result)),
        _ => Ok(Standing::InDoubt),
    }
}

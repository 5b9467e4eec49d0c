//! The effect ledger: what is about to happen is committed before it does.

use rusqlite::params;

use super::demand;
use super::work::Work;
use crate::journal::{Intent, JournalError, Standing, text};

const INTEND: &str = "INSERT INTO effect (channel, key, handling, state, plan, changed_at) VALUES (?1, ?2, ?3, 'intended', ?5, ?4) \
    ON CONFLICT DO NOTHING";
const STANDING: &str = "SELECT state, result, plan FROM effect WHERE channel = ?1 AND key = ?2";

/// Writes intents; answers how each effect stood.
pub(super) fn intend(work: &Work<'_>, intents: &[Intent]) -> Result<Vec<Standing>, JournalError> {
    intents.iter().map(|intent| intend_one(work, intent)).collect()
}

fn intend_one(work: &Work<'_>, intent: &Intent) -> Result<Standing, JournalError> {
    demand::intend(work, intent)?;
    let (channel, key) = (intent.channel.as_str(), text::clean(&intent.key));
    if work.run(INTEND, params![channel, key, intent.handling.0, work.now, intent.plan.as_deref().map(text::clean)])?
        == 1
    {
        return Ok(Standing::Fresh);
    }
    let found =
        work.first(STANDING, params![channel, key], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))?;
    match found {
        Some((state, result, _)) if state == "done" => Ok(Standing::Done(result)),
        found => Ok(Standing::InDoubt { plan: found.and_then(|(_, _, plan)| plan) }),
    }
}

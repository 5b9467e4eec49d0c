//! Attempts end, with everything that is kept with them, in one transaction.

use rusqlite::{Row, params};

use super::work::Work;
use super::{circuits, demand};
use crate::domain::ChannelName;
use crate::journal::plan::LinkRow;
use crate::journal::plan::settle::{OpenCircuits, Running, Settled, stand, turn_wake};
use crate::journal::{Applied, JournalError, Settlement, Written, text};

const RUNNING: &str =
    "SELECT id, handler, channel, entity, fence, failures, turn FROM handling WHERE id = ?1 AND state = 'running'";
const LINK: &str = "SELECT other FROM link WHERE channel = ?1 AND kind = ?2 AND key = ?3";
const LINK_BACK: &str = "SELECT key FROM link WHERE channel = ?1 AND kind = ?2 AND other = ?3";
const LINK_OUT: &str = "DELETE FROM link WHERE channel = ?1 AND kind = ?2 AND key = ?3";
const LINK_IN: &str = "INSERT INTO link (channel, kind, key, other) VALUES (?1, ?2, ?3, ?4)";
const WRITTEN: &str = "INSERT INTO written (channel, entity, version, value) VALUES (?1, ?2, ?3, ?4) \
    ON CONFLICT (channel, entity) DO UPDATE SET version = excluded.version, value = excluded.value \
    WHERE excluded.version >= written.version";
const EFFECT: &str = "INSERT INTO effect (channel, key, handling, kind, state, result, times, changed_at) \
    VALUES (?1, ?2, ?3, ?4, 'done', ?5, 1, ?6) ON CONFLICT (channel, key) DO UPDATE SET handling = excluded.handling, \
    kind = excluded.kind, state = 'done', result = excluded.result, times = times + 1, plan = NULL, changed_at = excluded.changed_at \
    RETURNING times";
const GIVE_BACK: &str =
    "UPDATE turn SET held = held - ?4 WHERE channel = ?1 AND entity = ?2 AND token = ?3 RETURNING held";
const END_TURN: &str = "DELETE FROM turn WHERE channel = ?1 AND entity = ?2 AND token = ?3";

fn running(row: &Row<'_>) -> rusqlite::Result<Running> {
    Ok(Running {
        id: row.get(0)?,
        handler: row.get(1)?,
        channel: row.get(2)?,
        entity: row.get(3)?,
        fence: row.get(4)?,
        failures: row.get(5)?,
        turn: row.get(6)?,
    })
}

/// Applies what may be applied.
pub(super) fn settle(work: &Work<'_>, settlements: &[Settlement]) -> Result<Applied, JournalError> {
    let mut held = Vec::with_capacity(settlements.len());
    for settlement in settlements {
        held.extend(work.first(RUNNING, params![settlement.handling.0], running)?);
    }
    let standing = stand(settlements, held);
    let mut known = Vec::new();
    for (channel, kind, key) in standing.keys() {
        let other = work.first(LINK, params![channel, kind, key], |row| row.get(0))?;
        known.extend(other.map(|other| LinkRow { channel: channel.to_owned(), kind, key, other }));
    }
    for (channel, kind, other) in standing.others() {
        let key = work.first(LINK_BACK, params![channel, kind, other], |row| row.get(0))?;
        known.extend(key.map(|key| LinkRow { channel: channel.to_owned(), kind, key, other }));
    }
    let mut open = OpenCircuits::new();
    for (channel, way) in standing.holding() {
        if circuits::is_open(work, &channel, &way)? {
            open.insert((channel, way));
        }
    }
    let settled = standing.decide(known, &open, work.now);
    keep(work, &settled)?;
    let woke = give_back(work, &settled)?;
    let ready = woke || settled.is_due(work.now);
    work.tally().absorb(settled.tally);
    Ok(Applied { each: settled.applied, ready })
}

fn keep(work: &Work<'_>, settled: &Settled) -> Result<(), JournalError> {
    work.carry_out(&settled.moves, &settled.dead)?;
    for link in &settled.links_out {
        work.run(LINK_OUT, params![link.channel, link.kind, link.key])?;
    }
    for link in &settled.links_in {
        work.run(LINK_IN, params![link.channel, link.kind, link.key, link.other])?;
    }
    for state in &settled.written {
        work.run(WRITTEN, params![state.channel, state.entity, state.version, state.value])?;
    }
    if settled.effects.is_empty() {
        return Ok(());
    }
    // A plan names its buyer: done, it is to leave the file too.
    work.overwriting(|| record(work, settled))
}

fn record(work: &Work<'_>, settled: &Settled) -> Result<(), JournalError> {
    for effect in &settled.effects {
        let done = params![effect.channel, effect.key, effect.handling, effect.kind, effect.result, work.now];
        if work.first(EFFECT, done, |row| row.get::<_, i64>(0))? == Some(1) {
            work.tally().effect(effect.kind);
        }
        demand::booked(work, &effect.channel, &effect.key)?;
    }
    Ok(())
}

/// Commits what is about to be written.
pub(super) fn keep_written(work: &Work<'_>, channel: &ChannelName, written: &[Written]) -> Result<(), JournalError> {
    for Written { entity, version, value } in written {
        work.run(WRITTEN, params![channel.as_str(), text::clean(entity), version.0, text::clean(value)])?;
    }
    Ok(())
}

/// Gives the turns back and wakes whoever waited for a turn or a link; answers whether anybody did.
fn give_back(work: &Work<'_>, settled: &Settled) -> Result<bool, JournalError> {
    let mut woke = false;
    for turn in &settled.turns {
        let held = work.first(GIVE_BACK, params![turn.channel, turn.entity, turn.token, turn.by], |row| row.get(0))?;
        if held.is_some_and(|held: i64| held <= 0) {
            work.run(END_TURN, params![turn.channel, turn.entity, turn.token])?;
            woke |= work.wake(&turn_wake(turn.channel.clone(), turn.entity.clone()))?;
        }
    }
    for wake in &settled.wakes {
        woke |= work.wake(wake)?;
    }
    Ok(woke)
}

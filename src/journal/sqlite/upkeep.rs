//! Removes what is old, and says whose task it is. What goes is overwritten in the file, for it names people; the room is used again.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::params;
use uuid::Uuid;

use super::SqliteJournal;
use super::work::Work;
use crate::domain::StorefrontName;
use crate::journal::clock::span;
use crate::journal::plan::handling_state;
use crate::journal::plan::retention::{FINAL, key_stays};
use crate::journal::read::{OLD_EVENTS, in_use, old};
use crate::journal::upkeep::{Mark, Old, Swept, Upkeep, choose};
use crate::journal::value::Value;
use crate::journal::{JournalError, text};

/// What still has its contents, oldest first, is what the table of contents holds.
const DELIVERIES: &str = concat!(
    "SELECT d.received_at, c.delivery, ",
    in_use!(),
    " FROM delivery_content c JOIN delivery d ON d.seq = c.delivery WHERE c.delivery > $2 AND d.due IS NULL \
    AND d.state <> 'rejected' ORDER BY c.delivery LIMIT $3"
);
const HOLD: &str = "INSERT INTO lease (task, owner, until) VALUES (?1, ?2, ?3) \
    ON CONFLICT (task) DO UPDATE SET owner = excluded.owner, until = excluded.until \
    WHERE lease.owner = excluded.owner OR lease.until <= ?4";
const EMPTY: &str = "DELETE FROM delivery_content WHERE delivery = ?1 \
    AND EXISTS (SELECT 1 FROM delivery WHERE seq = ?1 AND due IS NULL AND state <> 'rejected')";
const HANDLINGS: &str = "SELECT handler, state FROM handling WHERE event = ?1";
const KIND: &str = "SELECT kind FROM event WHERE seq = ?1 AND length(body) > 0";
const END_HANDLINGS: &str = "DELETE FROM handling WHERE event = ?1";
const EMPTY_EVENT: &str = "UPDATE event SET body = x'' WHERE seq = ?1";
const EMPTY_EDITS: &str = "UPDATE edit SET original = x'' WHERE at < ?1 AND length(original) > 0";
const END_EVENT: &str = "DELETE FROM event WHERE seq = ?1";

#[async_trait]
impl Upkeep for SqliteJournal {
    async fn hold(&self, task: &str, owner: Uuid, lease: Duration) -> Result<bool, JournalError> {
        let task = text::key(task).into_owned();
        let hold = move |work: &Work<'_>| {
            let until = work.now.saturating_add(span(lease));
            Ok(work.run(HOLD, params![task, owner.as_bytes(), until, work.now])? == 1)
        };
        self.writer.do_soon(hold).await
    }

    /// The file belongs to one process.
    async fn share(&self, storefronts: &[StorefrontName], _: Uuid, _: Duration) -> Result<Vec<usize>, JournalError> {
        Ok(vec![1; storefronts.len()])
    }

    async fn sweep(
        &self,
        what: Old,
        before: Timestamp,
        after: Option<Mark>,
        limit: usize,
    ) -> Result<Swept, JournalError> {
        let sql = match what {
            Old::Deliveries => DELIVERIES,
            Old::Events => OLD_EVENTS,
        };
        let after = after.unwrap_or(Mark { at: 0, key: Value::Int(0) });
        let (go, next) = choose(old(&self.readers, sql, after, limit).await?, before, limit);
        if go.is_empty() && next.is_some() {
            return Ok(Swept { next, ..Swept::default() });
        }
        // Corrections are few: the last batch takes all of theirs.
        let corrected = (what == Old::Deliveries && next.is_none()).then_some(before.as_microsecond());
        let remove = move |work: &Work<'_>| {
            corrected.map_or(Ok(0), |before| work.run(EMPTY_EDITS, params![before]))?;
            remove(work, what, &go)
        };
        let swept = self.writer.do_soon(move |work| work.overwriting(|| remove(work))).await?;
        Ok(Swept { next, ..swept })
    }
}

fn remove(work: &Work<'_>, what: Old, rows: &[Value]) -> Result<Swept, JournalError> {
    let mut swept = Swept::default();
    for row in rows {
        let Value::Int(seq) = row else { continue };
        match what {
            Old::Deliveries => swept.deliveries += work.run(EMPTY, params![seq])? as u64,
            Old::Events => event(work, *seq, &mut swept)?,
        }
    }
    Ok(swept)
}

/// Whatever was handed out again since the look is left alone.
fn event(work: &Work<'_>, seq: i64, swept: &mut Swept) -> Result<(), JournalError> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?));
    let handlings = work.rows(HANDLINGS, params![seq], read)?;
    if handlings.iter().any(|(_, state)| !FINAL.contains(&state.as_str())) {
        return Ok(());
    }
    let Some(kind) = work.first(KIND, params![seq], |row| row.get::<_, String>(0))? else { return Ok(()) };
    for (handler, state) in &handlings {
        work.tally().handling(handler, handling_state(state)?, -1);
    }
    swept.handlings += work.run(END_HANDLINGS, params![seq])? as u64;
    if key_stays(&kind) {
        work.run(EMPTY_EVENT, params![seq])?;
    } else {
        work.run(END_EVENT, params![seq])?;
        work.tally().events(&kind, -1);
    }
    swept.events += 1;
    Ok(())
}

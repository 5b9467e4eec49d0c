//! Circuits open, are looked at and close; what they held goes on.

use async_trait::async_trait;
use rusqlite::params;

use super::SqliteJournal;
use super::work::Work;
use crate::domain::{ChannelName, HandlerName};
use crate::journal::circuits::{Circuit, Circuits, Way, wait_after};
use crate::journal::{JournalError, read, text};

const OPEN: &str = "INSERT INTO circuit (channel, way, reason, opened_at, looks, look_at) VALUES (?1, ?2, ?3, ?4, 0, ?5) \
    ON CONFLICT (channel, way) DO NOTHING";
const LOOKS: &str = "SELECT looks FROM circuit WHERE channel = ?1 AND way = ?2 AND look_at <= ?3";
const LOOK: &str = "UPDATE circuit SET looks = looks + 1, look_at = ?3 WHERE channel = ?1 AND way = ?2";
const CLOSE: &str = "DELETE FROM circuit WHERE channel = ?1 AND way = ?2";
const GO_ON: &str = "UPDATE handling SET due = ?2 WHERE id IN (SELECT id FROM handling WHERE channel = ?1 AND due > ?2 \
    AND state = 'ready' AND (?4 IS NULL OR handler = ?4) ORDER BY due, id LIMIT ?3)";
const IS_OPEN: &str = "SELECT 1 FROM circuit WHERE channel = ?1 AND way = ?2";

#[async_trait]
impl Circuits for SqliteJournal {
    async fn open_circuit(&self, channel: &ChannelName, way: &Way, reason: &str) -> Result<bool, JournalError> {
        let (channel, way, reason) = (channel.clone(), way.clone(), text::reason(reason));
        let open = move |work: &Work<'_>| {
            let look_at = work.now.saturating_add(wait_after(0));
            Ok(work.run(OPEN, params![channel.as_str(), way.as_str(), reason, work.now, look_at])? == 1)
        };
        self.writer.do_soon(open).await
    }

    async fn circuits(&self) -> Result<Vec<Circuit>, JournalError> {
        read::circuits(&self.readers).await
    }

    async fn take_look(&self, channel: &ChannelName, way: &Way) -> Result<bool, JournalError> {
        let (channel, way) = (channel.clone(), way.clone());
        let look = move |work: &Work<'_>| {
            let (channel, way) = (channel.as_str(), way.as_str());
            let looks = work.first(LOOKS, params![channel, way, work.now], |row| row.get::<_, i64>(0))?;
            let Some(looks) = looks else { return Ok(false) };
            let look_at = work.now.saturating_add(wait_after(looks.saturating_add(1)));
            Ok(work.run(LOOK, params![channel, way, look_at])? == 1)
        };
        self.writer.do_soon(look).await
    }

    async fn close_circuit(&self, channel: &ChannelName, way: &Way) -> Result<bool, JournalError> {
        let (channel, way) = (channel.clone(), way.clone());
        self.writer.do_soon(move |work| Ok(work.run(CLOSE, params![channel.as_str(), way.as_str()])? == 1)).await
    }

    async fn go_on(
        &self,
        channel: &ChannelName,
        handler: Option<&HandlerName>,
        most: usize,
    ) -> Result<usize, JournalError> {
        let (channel, handler) = (channel.clone(), handler.cloned());
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let go_on = move |work: &Work<'_>| {
            let handler = handler.as_ref().map(HandlerName::as_str);
            work.run(GO_ON, params![channel.as_str(), work.now, most, handler])
        };
        self.writer.do_soon(go_on).await
    }
}

/// Whether a circuit is open.
pub(super) fn is_open(work: &Work<'_>, channel: &str, way: &str) -> Result<bool, JournalError> {
    Ok(work.first(IS_OPEN, params![channel, way], |_| Ok(()))?.is_some())
}

//! Circuits open, are looked at and close; what they held goes on.
//!
//! A handling that begins to be held and the closing of its circuit must not miss each other. Whoever holds locks the circuit's row
//! before it looks: the closing waits until that is committed, or has taken the row away before. What goes on is looked for after it.

use async_trait::async_trait;

use super::PostgresJournal;
use super::trouble::Trouble;
use super::work::{Batch, Work};
use crate::domain::{ChannelName, HandlerName};
use crate::journal::circuits::{Circuit, Circuits, Way, wait_after};
use crate::journal::plan::settle::{OpenCircuits, Standing};
use crate::journal::{JournalError, read, text};

const OPEN: &str = "INSERT INTO circuit (channel, way, reason, opened_at, looks, look_at) VALUES ($1, $2, $3, $4, 0, $5) \
    ON CONFLICT (channel, way) DO NOTHING";
const LOOKS: &str = "SELECT looks FROM circuit WHERE channel = $1 AND way = $2 AND look_at <= $3 FOR UPDATE";
const LOOK: &str = "UPDATE circuit SET looks = looks + 1, look_at = $3 WHERE channel = $1 AND way = $2";
const CLOSE: &str = "DELETE FROM circuit WHERE channel = $1 AND way = $2";
/// What is locked is being moved on by whoever locked it.
const GO_ON: &str = "UPDATE handling SET due = $2 WHERE id IN (SELECT id FROM handling WHERE channel = $1 AND due > $2 \
    AND state = 'ready' AND ($4::text IS NULL OR handler = $4) ORDER BY due, id LIMIT $3 FOR UPDATE SKIP LOCKED)";
const WHICH_ARE_OPEN: &str = "SELECT c.channel, c.way FROM unnest($1::text[], $2::text[]) AS t(channel, way) \
    JOIN circuit c ON c.channel = t.channel AND c.way = t.way ORDER BY c.channel, c.way FOR SHARE OF c";

#[async_trait]
impl Circuits for PostgresJournal {
    async fn open_circuit(&self, channel: &ChannelName, way: &Way, reason: &str) -> Result<bool, JournalError> {
        self.work(Open { channel, way, reason: text::reason(reason) }).await
    }

    async fn circuits(&self) -> Result<Vec<Circuit>, JournalError> {
        read::circuits(&self.pool).await
    }

    async fn take_look(&self, channel: &ChannelName, way: &Way) -> Result<bool, JournalError> {
        self.work(Look { channel, way }).await
    }

    async fn close_circuit(&self, channel: &ChannelName, way: &Way) -> Result<bool, JournalError> {
        self.work(Close { channel, way }).await
    }

    async fn go_on(
        &self,
        channel: &ChannelName,
        handler: Option<&HandlerName>,
        most: usize,
    ) -> Result<usize, JournalError> {
        self.work(GoOn { channel, handler, most }).await
    }
}

/// Opens one.
struct Open<'a> {
    channel: &'a ChannelName,
    way: &'a Way,
    reason: String,
}

#[async_trait]
impl Batch for Open<'_> {
    type Answer = bool;

    async fn run(&self, work: &Work<'_>) -> Result<bool, Trouble> {
        let look_at = work.now.saturating_add(wait_after(0));
        let (channel, way) = (self.channel.as_str(), self.way.as_str());
        Ok(work.run(OPEN, &[&channel, &way, &self.reason, &work.now, &look_at]).await? == 1)
    }
}

/// Takes the next look.
struct Look<'a> {
    channel: &'a ChannelName,
    way: &'a Way,
}

#[async_trait]
impl Batch for Look<'_> {
    type Answer = bool;

    async fn run(&self, work: &Work<'_>) -> Result<bool, Trouble> {
        let (channel, way) = (self.channel.as_str(), self.way.as_str());
        let found = work.rows(LOOKS, &[&channel, &way, &work.now]).await?;
        let Some(row) = found.first() else { return Ok(false) };
        let looks: i64 = row.try_get(0)?;
        let look_at = work.now.saturating_add(wait_after(looks.saturating_add(1)));
        Ok(work.run(LOOK, &[&channel, &way, &look_at]).await? == 1)
    }
}

/// Closes one.
struct Close<'a> {
    channel: &'a ChannelName,
    way: &'a Way,
}

#[async_trait]
impl Batch for Close<'_> {
    type Answer = bool;

    async fn run(&self, work: &Work<'_>) -> Result<bool, Trouble> {
        Ok(work.run(CLOSE, &[&self.channel.as_str(), &self.way.as_str()]).await? == 1)
    }
}

/// Makes what rests due.
struct GoOn<'a> {
    channel: &'a ChannelName,
    handler: Option<&'a HandlerName>,
    most: usize,
}

#[async_trait]
impl Batch for GoOn<'_> {
    type Answer = usize;

    async fn run(&self, work: &Work<'_>) -> Result<usize, Trouble> {
        let (handler, most) = (self.handler.map(HandlerName::as_str), i64::try_from(self.most).unwrap_or(i64::MAX));
        let due = work.run(GO_ON, &[&self.channel.as_str(), &work.now, &most, &handler]).await?;
        Ok(usize::try_from(due).unwrap_or(usize::MAX))
    }
}

/// Which of the circuits are open that a batch of settlements wants to be held by.
pub(super) async fn open_of(work: &Work<'_>, standing: &Standing<'_>) -> Result<OpenCircuits, Trouble> {
    let wanted = standing.holding();
    if wanted.is_empty() {
        return Ok(OpenCircuits::new());
    }
    let (channels, ways): (Vec<&str>, Vec<&str>) =
        wanted.iter().map(|(channel, way)| (channel.as_str(), way.as_str())).unzip();
    let found = work.rows(WHICH_ARE_OPEN, &[&channels, &ways]).await?;
    found.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

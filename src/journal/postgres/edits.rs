//! Corrects dead letters; what they said before is kept.

use async_trait::async_trait;

use super::PostgresJournal;
use super::operate::{RetryDead, record};
use super::trouble::Trouble;
use super::work::{Batch, Work};
use crate::journal::edits::{Edit, Edited, Edits};
use crate::journal::read::{self, DeadId};
use crate::journal::{JournalError, audit, plan, text};

const BODY: &str = "SELECT body FROM delivery WHERE id = $1 AND state = 'rejected'";
const DELIVERY: &str = "SELECT body FROM delivery WHERE id = $1 AND state = 'rejected' FOR UPDATE";
const EVENT: &str = "SELECT e.body FROM handling h JOIN event e ON e.seq = h.event WHERE h.id = $1 AND h.state = 'dead' \
    FOR UPDATE OF h, e";
const KEEP: &str = "INSERT INTO edit (letter, at, who, why, original) VALUES ($1, $2, $3, $4, $5)";
const EDIT_DELIVERY: &str = "UPDATE delivery SET body = $2 WHERE id = $1";
const EDIT_EVENT: &str = "UPDATE event SET body = $2 WHERE seq = (SELECT event FROM handling WHERE id = $1)";

#[async_trait]
impl Edits for PostgresJournal {
    async fn letter(&self, id: &str) -> Result<Option<Vec<u8>>, JournalError> {
        read::letter(&self.pool, BODY, id).await
    }

    async fn edit_dead(&self, id: &str, contents: &[u8], who: &str, why: &str) -> Result<Edited, JournalError> {
        let Some(letter) = DeadId::parse(id) else { return Ok(Edited::NoLetter) };
        self.work(Editing { name: id, letter, contents, who, why }).await
    }

    async fn edits(&self) -> Result<Vec<Edit>, JournalError> {
        read::edits(&self.pool).await
    }

    async fn before_edit(&self, edit: i64) -> Result<Option<Vec<u8>>, JournalError> {
        read::before_edit(&self.pool, edit).await
    }
}

/// One correction.
struct Editing<'a> {
    name: &'a str,
    letter: DeadId,
    contents: &'a [u8],
    who: &'a str,
    why: &'a str,
}

#[async_trait]
impl Batch for Editing<'_> {
    type Answer = Edited;

    async fn run(&self, work: &Work<'_>) -> Result<Edited, Trouble> {
        let rows = match &self.letter {
            DeadId::Handling(id) => work.rows(EVENT, &[id]).await?,
            DeadId::Delivery(id) => work.rows(DELIVERY, &[&id.as_bytes().as_slice()]).await?,
        };
        let Some(row) = rows.first() else { return Ok(Edited::NoLetter) };
        let before: &[u8] = row.try_get(0)?;
        let checked = match &self.letter {
            DeadId::Handling(_) => plan::edit::event(before, self.contents),
            DeadId::Delivery(_) => plan::edit::delivery(self.contents),
        };
        let after = match checked {
            Ok(after) => after,
            Err(reason) => return Ok(Edited::Refused(reason)),
        };
        let (who, why) = (text::reason(self.who), text::reason(self.why));
        work.run(KEEP, &[&self.name, &work.now, &who, &why, &before]).await?;
        match &self.letter {
            DeadId::Handling(id) => work.run(EDIT_EVENT, &[id, &after]).await?,
            DeadId::Delivery(id) => work.run(EDIT_DELIVERY, &[&id.as_bytes().as_slice(), &after]).await?,
        };
        record(work, self.who, audit::EDIT, &[self.name.to_owned()], self.why).await?;
        RetryDead { ids: &[self.name.to_owned()], who: self.who }.run(work).await?;
        Ok(Edited::Done)
    }
}

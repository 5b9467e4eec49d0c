//! Corrects dead letters; what they said before is kept.

use async_trait::async_trait;
use rusqlite::params;

use super::SqliteJournal;
use super::operate::{record, retry_dead};
use super::work::Work;
use crate::journal::edits::{Edit, Edited, Edits};
use crate::journal::read::{self, DeadId};
use crate::journal::{JournalError, audit, plan, text};

const BODY: &str = "SELECT c.body FROM delivery d JOIN delivery_content c ON c.delivery = d.seq \
    WHERE d.id = $1 AND d.state = 'rejected'";
const DELIVERY: &str = "SELECT c.body FROM delivery d JOIN delivery_content c ON c.delivery = d.seq \
    WHERE d.id = ?1 AND d.state = 'rejected'";
const EVENT: &str =
    "SELECT e.body FROM handling h JOIN event e ON e.seq = h.event WHERE h.id = ?1 AND h.state = 'dead'";
const KEEP: &str = "INSERT INTO edit (letter, at, who, why, original) VALUES (?1, ?2, ?3, ?4, ?5)";
const EDIT_DELIVERY: &str =
    "UPDATE delivery_content SET body = ?2 WHERE delivery = (SELECT seq FROM delivery WHERE id = ?1)";
const EDIT_EVENT: &str = "UPDATE event SET body = ?2 WHERE seq = (SELECT event FROM handling WHERE id = ?1)";

#[async_trait]
impl Edits for SqliteJournal {
    async fn letter(&self, id: &str) -> Result<Option<Vec<u8>>, JournalError> {
        read::letter(&self.readers, BODY, id).await
    }

    async fn edit_dead(&self, id: &str, contents: &[u8], who: &str, why: &str) -> Result<Edited, JournalError> {
        let (id, contents, who, why) = (id.to_owned(), contents.to_vec(), who.to_owned(), why.to_owned());
        self.writer.do_soon(move |work| edit(work, &id, &contents, &who, &why)).await
    }

    async fn edits(&self) -> Result<Vec<Edit>, JournalError> {
        read::edits(&self.readers).await
    }

    async fn before_edit(&self, edit: i64) -> Result<Option<Vec<u8>>, JournalError> {
        read::before_edit(&self.readers, edit).await
    }
}

fn edit(work: &Work<'_>, name: &str, contents: &[u8], who: &str, why: &str) -> Result<Edited, JournalError> {
    let body = |row: &rusqlite::Row<'_>| row.get::<_, Vec<u8>>(0);
    let (before, checked) = match DeadId::parse(name) {
        Some(DeadId::Handling(id)) => {
            let Some(before) = work.first(EVENT, params![id], body)? else { return Ok(Edited::NoLetter) };
            let checked = plan::edit::event(&before, contents);
            (before, checked)
        }
        Some(DeadId::Delivery(id)) => {
            let Some(before) = work.first(DELIVERY, params![id.as_bytes()], body)? else { return Ok(Edited::NoLetter) };
            (before, plan::edit::delivery(contents))
        }
        None => return Ok(Edited::NoLetter),
    };
    let after = match checked {
        Ok(after) => after,
        Err(reason) => return Ok(Edited::Refused(reason)),
    };
    work.run(KEEP, params![name, work.now, text::reason(who), text::reason(why), before])?;
    match DeadId::parse(name) {
        Some(DeadId::Handling(id)) => work.run(EDIT_EVENT, params![id, after])?,
        Some(DeadId::Delivery(id)) => work.run(EDIT_DELIVERY, params![id.as_bytes(), after])?,
        None => 0,
    };
    record(work, who, audit::EDIT, name, why)?;
    retry_dead(work, &[name.to_owned()], who)?;
    Ok(Edited::Done)
}

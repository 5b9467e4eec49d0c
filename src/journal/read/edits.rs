//! What dead letters say, and the record of corrections.

use super::{DeadId, Reader};
use crate::journal::JournalError;
use crate::journal::clock::timestamp;
use crate::journal::edits::Edit;
use crate::journal::pack::unpack;
use crate::journal::value::Row;

const EVENT: &str =
    "SELECT e.body FROM handling h JOIN event e ON e.seq = h.event WHERE h.id = $1 AND h.state = 'dead'";
const EDITS: &str =
    "SELECT id, letter, at, who, why, CASE WHEN length(original) > 0 THEN 1 ELSE 0 END FROM edit ORDER BY id";
const BEFORE: &str = "SELECT original FROM edit WHERE id = $1 AND length(original) > 0";

/// What a dead letter says. `delivery` is the dialect's statement for the body of a rejected delivery.
pub(in crate::journal) async fn letter(
    reader: &dyn Reader,
    delivery: &str,
    id: &str,
) -> Result<Option<Vec<u8>>, JournalError> {
    let rows = match DeadId::parse(id) {
        Some(DeadId::Handling(number)) => reader.rows(EVENT, vec![number.into()]).await?,
        Some(DeadId::Delivery(number)) => reader.rows(delivery, vec![number.into()]).await?,
        None => return Ok(None),
    };
    rows.first().map(|row| unpack(row.bytes(0)?)).transpose()
}

/// Every correction.
pub(in crate::journal) async fn edits(reader: &dyn Reader) -> Result<Vec<Edit>, JournalError> {
    reader.rows(EDITS, vec![]).await?.iter().map(edit).collect()
}

fn edit(row: &Row) -> Result<Edit, JournalError> {
    Ok(Edit {
        id: row.int(0)?,
        letter: row.text(1)?.to_owned(),
        at: timestamp(row.int(2)?)?,
        who: row.text(3)?.to_owned(),
        why: row.text(4)?.to_owned(),
        kept: row.int(5)? == 1,
    })
}

/// What a letter said before a correction.
pub(in crate::journal) async fn before_edit(reader: &dyn Reader, id: i64) -> Result<Option<Vec<u8>>, JournalError> {
    let rows = reader.rows(BEFORE, vec![id.into()]).await?;
    rows.first().map(|row| unpack(row.bytes(0)?)).transpose()
}

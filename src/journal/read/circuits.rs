//! Which circuits are open.

use super::Reader;
use crate::domain::ChannelName;
use crate::journal::JournalError;
use crate::journal::circuits::{Circuit, Way};
use crate::journal::clock::timestamp;
use crate::journal::value::Row;

const OPEN: &str = "SELECT channel, way, reason, opened_at, look_at FROM circuit ORDER BY channel, way";

/// Every open circuit.
pub(in crate::journal) async fn circuits(reader: &dyn Reader) -> Result<Vec<Circuit>, JournalError> {
    reader.rows(OPEN, vec![]).await?.iter().map(circuit).collect()
}

fn circuit(row: &Row) -> Result<Circuit, JournalError> {
    Ok(Circuit {
        channel: ChannelName::parse(row.text(0)?).map_err(|error| JournalError::Broken(error.to_string()))?,
        way: Way::from_word(row.text(1)?)?,
        reason: row.text(2)?.to_owned(),
        opened_at: timestamp(row.int(3)?)?,
        look_at: timestamp(row.int(4)?)?,
    })
}

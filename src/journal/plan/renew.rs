//! A delivery is read again: whether it means something else by now.

use crate::domain::Event;
use crate::journal::JournalError;
use crate::journal::pack::{pack, unpack_text};

/// An event as it is to be kept in the place of the one its delivery raised before: under its old number, and only where it says
/// something else. One that cannot be read any more is replaced.
pub(in crate::journal) fn renewed(old: &[u8], new: &[u8]) -> Result<Option<Vec<u8>>, JournalError> {
    let read = |body: &[u8]| {
        let json = unpack_text(body)?;
        Event::from_cloud_event(&json).map_err(|error| JournalError::Broken(error.to_string()))
    };
    let new = read(new)?;
    let renewed = match read(old) {
        Ok(old) if old.draft == new.draft => return Ok(None),
        Ok(old) => Event { id: old.id, ..new },
        Err(_) => new,
    };
    let json = renewed.to_cloud_event().map_err(|error| JournalError::Broken(error.to_string()))?;
    Ok(Some(pack(json.as_bytes())))
}

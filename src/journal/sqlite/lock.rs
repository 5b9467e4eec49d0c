//! Keeps a second process out of the file: two writers would take each other's work for a dead process's.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use crate::journal::JournalError;

/// Locks `<path>.lock` for as long as the returned file is open; the operating system lets go when the process ends, however
/// it ends.
pub(super) fn acquire(path: &Path) -> Result<File, JournalError> {
    let lock_path = beside(path, ".lock");
    let failed = |error: std::io::Error| {
        JournalError::Unavailable(format!("the lock file {} cannot be written: {error}", lock_path.display()))
    };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::Unavailable(format!(
            "another process has the journal {} open; an embedded journal serves one process, so stop the other one, or use \
             PostgreSQL for several",
            path.display()
        ))),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The path with an ending added to its file name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

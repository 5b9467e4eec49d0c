//! Keeps a second process out of the file: two writers would take each other's work for a dead process's.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::journal::JournalError;

/// How long a lock is tried for that somebody holds, and how often. A process that is about to end holds it a moment longer, and so
/// does a copy of one that is about to become another program.
const PATIENCE: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(10);

/// Locks `<path>.lock` for as long as the returned file is open; the operating system lets go when the process ends, however
/// it ends. Waits for up to a second.
pub(super) fn acquire(path: &Path) -> Result<File, JournalError> {
    let lock_path = beside(path, ".lock");
    let failed = |error: std::io::Error| {
        JournalError::Unavailable(format!("the lock file {} cannot be written: {error}", lock_path.display()))
    };
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path).map_err(failed)?;
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOOK),
            Err(TryLockError::WouldBlock) => {
                return Err(JournalError::Unavailable(format!(
                    "another process has the journal {} open; an embedded journal serves one process, so stop the other one, or \
                     use PostgreSQL for several",
                    path.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

/// The path with an ending added to its file name.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_lock_that_was_let_go_is_to_be_had_while_other_programs_are_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    std::process::Command::new("true").status().unwrap();
                }
            });
            let locked = (0..500).try_for_each(|_| acquire(&path).map(drop));
            is_over.store(true, Ordering::Relaxed);
            locked.unwrap();
        });
    }

    #[test]
    fn a_lock_that_is_held_is_not_to_be_had() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let held = acquire(&path).unwrap();
        assert!(acquire(&path).unwrap_err().to_string().contains("another process has the journal"));
        drop(held);
        acquire(&path).unwrap();
    }
}

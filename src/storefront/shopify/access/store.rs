//! The file that keeps an expiring token with its refresh token.
//!
//! What comes in: a pair just granted. What goes out: the pair that holds now. A pair is written whole or not at all: a new file,
//! readable by its owner alone, forced to disk and renamed over the old one. A lock beside it lets one process at a time read,
//! ask and write; the operating system lets go of it when a process ends, however it ends.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::{CallError, Secret};

/// The file and the refresh token that everything began with.
pub struct Store {
    file: PathBuf,
    first: Secret,
}

/// A pair, and how long its token works.
#[derive(Clone)]
pub struct Kept {
    pub access_token: Secret,
    pub granted: Timestamp,
    pub ends: Timestamp,
    pub refresh_token: Secret,
}

#[derive(Serialize, Deserialize)]
struct Page {
    /// Says which configured refresh token this pair descends from: another one there is a new installation.
    began_with: String,
    access_token: String,
    granted_at: Timestamp,
    ends_at: Timestamp,
    refresh_token: String,
}

/// The store while this process alone may read and write it.
pub struct Locked<'a> {
    store: &'a Store,
    _lock: File,
}

impl Store {
    pub fn new(file: PathBuf, first: Secret) -> Self {
        Self { file, first }
    }

    /// The refresh token to begin with.
    pub fn first(&self) -> &Secret {
        &self.first
    }

    /// Waits for other processes, off the runtime's threads.
    pub async fn lock(&self) -> Result<Locked<'_>, CallError> {
        let path = beside(&self.file, ".lock");
        let lock = off_thread(&self.file, "locked", move || {
            let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
            file.lock()?;
            Ok(file)
        })
        .await?;
        Ok(Locked { store: self, _lock: lock })
    }

    fn origin(&self) -> String {
        BASE64.encode(&Sha256::digest(self.first.expose().as_bytes())[..12])
    }
}

impl Locked<'_> {
    /// The pair there is, unless it descends from another installation.
    pub async fn read(&self) -> Result<Option<Kept>, CallError> {
        let path = self.store.file.clone();
        let text = off_thread(&self.store.file, "read", move || match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        });
        let Some(text) = text.await? else { return Ok(None) };
        let page: Page = serde_json::from_slice(&text).map_err(|_| {
            let path = self.store.file.display();
            CallError::Unauthorised(format!(
                "{path} is no file of tokens: name another `token_file`, or install the app anew and remove this file"
            ))
        })?;
        Ok((page.began_with == self.store.origin()).then(|| Kept {
            access_token: Secret::new(page.access_token),
            granted: page.granted_at,
            ends: page.ends_at,
            refresh_token: Secret::new(page.refresh_token),
        }))
    }

    /// Keeps a pair for good. When this fails the pair must not be used: the one on disk still works.
    pub async fn write(&self, kept: Kept) -> Result<(), CallError> {
        let path = self.store.file.clone();
        let began_with = self.store.origin();
        off_thread(&self.store.file, "written", move || {
            let page = Page {
                began_with,
                access_token: kept.access_token.expose().to_owned(),
                granted_at: kept.granted,
                ends_at: kept.ends,
                refresh_token: kept.refresh_token.expose().to_owned(),
            };
            replace(&path, &serde_json::to_vec(&page)?)
        })
        .await
    }
}

/// Puts a file in the place of another, whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let new = beside(path, ".new");
    // Left over by a process that died; only the holder of the lock is here.
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&new, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

async fn off_thread<T: Send + 'static>(
    path: &Path,
    what: &'static str,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, CallError> {
    let failed = |error: &dyn std::fmt::Display| {
        let path = path.display();
        CallError::Unauthorised(format!(
            "the file of tokens {path} cannot be {what} ({error}): give this program a folder it may write to"
        ))
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(failed(&error)),
        Err(error) => Err(failed(&error)),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

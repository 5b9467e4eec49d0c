//! Files as the shop keeps them: fetched from an address, ready after a while, attached to products.
//!
//! What comes in: `fileCreate`, `fileUpdate`, and pictures of `productSet`. What goes out: how each file stands by the clock.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::ids::Ids;

/// A file whose address has this in it cannot be fetched.
const BROKEN: &str = "broken";

/// Every file of the shop.
#[derive(Debug, Default)]
pub(super) struct Files {
    files: BTreeMap<u64, ShopFile>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopFile {
    /// Id.
    pub id: u64,
    /// Its name at the shop, where it has one.
    pub name: Option<String>,
    /// Where it was fetched from last.
    pub source: String,
    /// Text for those who cannot see it.
    pub alt: Option<String>,
    /// How often it was fetched.
    pub fetched: u32,
    since: Timestamp,
}

impl ShopFile {
    /// The API's word for how it stands.
    pub(super) fn status(&self, now: Timestamp, takes: Duration) -> &'static str {
        let age = Duration::try_from(now.duration_since(self.since)).unwrap_or_default();
        match () {
            () if age < takes / 2 => "UPLOADED",
            () if age < takes => "PROCESSING",
            () if self.source.contains(BROKEN) => "FAILED",
            () => "READY",
        }
    }
}

impl Files {
    pub(super) fn get(&self, id: u64) -> Option<&ShopFile> {
        self.files.get(&id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &ShopFile> {
        self.files.values()
    }

    pub(super) fn named(&self, name: &str) -> Option<&ShopFile> {
        self.files.values().find(|file| file.name.as_deref() == Some(name))
    }

    /// Fetches a file anew, under a name of its own or none.
    pub(super) fn add(
        &mut self,
        ids: &mut Ids,
        name: Option<String>,
        source: &str,
        alt: Option<String>,
        now: Timestamp,
    ) -> u64 {
        let id = ids.next();
        let file = ShopFile { id, name, source: source.to_owned(), alt, fetched: 1, since: now };
        self.files.insert(id, file);
        id
    }

    /// Fetches a file again in place of what it was.
    pub(super) fn replace(&mut self, id: u64, source: &str, alt: Option<String>, now: Timestamp) {
        if let Some(file) = self.files.get_mut(&id) {
            source.clone_into(&mut file.source);
            file.alt = alt.or(file.alt.take());
            file.fetched += 1;
            file.since = now;
        }
    }
}

//! Signs of life of the stages' loops, so that readiness tells what truly works and not what was started.
//!
//! What comes in: each loop's result on every round. What goes out: for each loop, whether its last round was good and when.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// One loop's last signs.
#[derive(Debug, Clone)]
pub struct Beat {
    /// When it last came round, well or not.
    pub seen: Instant,
    /// What stands in its way, if anything.
    pub trouble: Option<String>,
    /// How long it may be silent before it counts as stuck.
    pub patience: Duration,
}

impl Beat {
    /// Why the loop is not alive and well, if it is not.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        if let Some(trouble) = &self.trouble {
            return Some(trouble.clone());
        }
        let silent = self.seen.elapsed();
        (silent > self.patience).then(|| format!("no sign of life for {} s", silent.as_secs()))
    }
}

/// The signs of all loops of a process.
#[derive(Debug, Clone, Default)]
pub struct Beats(Arc<Mutex<BTreeMap<String, Beat>>>);

impl Beats {
    /// A loop came round; `trouble` is what stands in its way.
    pub fn beat(&self, name: &str, patience: Duration, trouble: Option<String>) {
        let mut beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let beat = Beat { seen: Instant::now(), trouble, patience };
        match beats.get_mut(name) {
            Some(known) => *known = beat,
            None => {
                beats.insert(name.to_owned(), beat);
            }
        }
    }

    /// All signs.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Beat> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

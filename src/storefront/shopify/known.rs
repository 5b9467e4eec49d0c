//! What was learnt of a shop and does not change by itself: asked once, kept for as long as the process lives.
//!
//! What comes in: answers to look-ups. What goes out: the same answers without a call. Nothing here is a truth of its own:
//! forgetting all of it costs calls and nothing else.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Owner, namespace and key of a metafield.
type Place = (&'static str, String, String);

/// A metafield definition that was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its type; `None`: the shop has none.
    pub kind: Option<String>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Known {
    /// Metafield definitions by owner, namespace and key.
    definitions: Mutex<HashMap<Place, Definition>>,
    /// Collections by the office's key of their category.
    collections: Mutex<HashMap<String, String>>,
    /// Currencies of price lists by id.
    price_lists: Mutex<HashMap<String, String>>,
}

fn locked<T>(shelf: &Mutex<T>) -> MutexGuard<'_, T> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    pub fn definition(&self, owner: &'static str, namespace: &str, key: &str) -> Option<Definition> {
        locked(&self.definitions).get(&(owner, namespace.to_owned(), key.to_owned())).cloned()
    }

    pub fn keep_definition(&self, owner: &'static str, namespace: &str, key: &str, kind: Option<String>) {
        locked(&self.definitions).insert((owner, namespace.to_owned(), key.to_owned()), Definition { kind });
    }

    /// Definitions were found to be other than kept.
    pub fn forget_definitions(&self) {
        locked(&self.definitions).clear();
    }

    pub fn collection(&self, key: &str) -> Option<String> {
        locked(&self.collections).get(key).cloned()
    }

    pub fn keep_collection(&self, key: &str, id: String) {
        locked(&self.collections).insert(key.to_owned(), id);
    }

    /// One of them is not there any more.
    pub fn forget_collections(&self) {
        locked(&self.collections).clear();
    }

    pub fn price_list(&self, id: &str) -> Option<String> {
        locked(&self.price_lists).get(id).cloned()
    }

    pub fn keep_price_list(&self, id: &str, currency: String) {
        locked(&self.price_lists).insert(id.to_owned(), currency);
    }
}

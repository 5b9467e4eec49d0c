//! What was learnt of a store and does not change by itself: asked once, kept for as long as the process lives.
//!
//! What comes in: answers to look-ups. What goes out: the same answers without a call. Nothing here is a truth of its own:
//! forgetting all of it costs calls and nothing else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use super::products::{Attributes, SetId};
use super::wire::Id;

/// The store view we speak for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// Its id.
    pub store: Id,
    /// The website it belongs to.
    pub website: Id,
}

/// Where stock is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inventory {
    /// In source items of MSI.
    Sources,
    /// In the one stock item of a product: MSI is not installed.
    Legacy,
}

/// Regions of a country: code, id and name.
pub type Regions = Arc<Vec<(String, Id, String)>>;

/// See the module.
#[derive(Debug, Default)]
pub struct Known {
    /// The store view.
    pub view: OnceCell<View>,
    /// Where stock is kept.
    pub inventory: OnceCell<Inventory>,
    /// Whether special prices are scheduled updates (Adobe Commerce).
    pub staging: OnceCell<bool>,
    /// The attribute set new products get.
    pub new_set: OnceCell<SetId>,
    /// Only one at a time makes options of attributes or categories.
    pub making: tokio::sync::Mutex<()>,
    /// Attributes of sets.
    sets: Mutex<HashMap<SetId, Arc<Attributes>>>,
    /// Option ids by attribute code and label in lower case.
    options: Mutex<HashMap<(String, String), Id>>,
    /// Categories by the office's key and name.
    categories: Mutex<HashMap<(String, String), Id>>,
    /// Websites by store view.
    websites: Mutex<HashMap<Id, Id>>,
    /// Regions by country.
    regions: Mutex<HashMap<String, Regions>>,
}

fn locked<T>(shelf: &Mutex<T>) -> MutexGuard<'_, T> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Known {
    pub fn set(&self, id: SetId) -> Option<Arc<Attributes>> {
        locked(&self.sets).get(&id).cloned()
    }

    pub fn keep_set(&self, id: SetId, attributes: Arc<Attributes>) {
        locked(&self.sets).insert(id, attributes);
    }

    pub fn option(&self, attribute: &str, label: &str) -> Option<Id> {
        locked(&self.options).get(&(attribute.to_owned(), label.to_owned())).copied()
    }

    pub fn keep_options(&self, attribute: &str, labels: impl IntoIterator<Item = (String, Id)>) {
        locked(&self.options).extend(labels.into_iter().map(|(label, id)| ((attribute.to_owned(), label), id)));
    }

    pub fn category(&self, key: &str, name: &str) -> Option<Id> {
        locked(&self.categories).get(&(key.to_owned(), name.to_owned())).copied()
    }

    pub fn keep_category(&self, key: &str, name: &str, id: Id) {
        locked(&self.categories).insert((key.to_owned(), name.to_owned()), id);
    }

    pub fn website(&self, view: Id) -> Option<Id> {
        locked(&self.websites).get(&view).copied()
    }

    pub fn keep_websites(&self, views: impl IntoIterator<Item = (Id, Id)>) {
        locked(&self.websites).extend(views);
    }

    pub fn regions(&self, country: &str) -> Option<Regions> {
        locked(&self.regions).get(country).cloned()
    }

    pub fn keep_regions(&self, country: &str, regions: Regions) {
        locked(&self.regions).insert(country.to_owned(), regions);
    }

    /// Something of the catalogue is not there any more.
    pub fn forget_catalogue(&self) {
        locked(&self.sets).clear();
        locked(&self.options).clear();
        locked(&self.categories).clear();
    }
}

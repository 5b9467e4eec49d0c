//! The collection a product's category becomes, where categories become collections (F-327, F-351).
//!
//! What comes in: the office's key and name of the category. What goes out: the collection's id, and what is kept of it: the id
//! with the name it had, so that a storefront can tell a category the office renamed from one the shop renamed.

use crate::domain::{CallError, Product};
use crate::handlers::Desk;
use crate::journal::{Claim, JournalError, Written};
use crate::storefront::{CategoryAs, CategoryWish};

/// See the module.
pub struct Shelf {
    id: Option<String>,
    kept: Option<Written>,
}

/// Why there is none.
pub enum Unshelved {
    Call(CallError),
    Journal(JournalError),
}

impl From<Unshelved> for super::Failure {
    fn from(why: Unshelved) -> Self {
        match why {
            Unshelved::Call(error) => Self::Call(error),
            Unshelved::Journal(error) => Self::Journal(error),
        }
    }
}

impl Shelf {
    pub async fn of(desk: &Desk<'_>, claim: &Claim, product: &Product) -> Result<Self, Unshelved> {
        let becomes = desk.channel.catalogue.category == CategoryAs::Collection;
        let Some(title) = product.category.as_ref().filter(|_| becomes) else {
            return Ok(Self { id: None, kept: None });
        };
        let key = product.category_key.as_ref().unwrap_or(title);
        let entity = format!("collection:{key}");
        let last = desk.journal.written(&desk.channel.name, std::slice::from_ref(&entity)).await;
        let last = last.map_err(Unshelved::Journal)?.into_iter().flatten().next();
        let known = last.as_ref().and_then(|last| last.value.split_once('|'));
        let id = desk.storefront.collection(&CategoryWish { key, title, known }).await.map_err(Unshelved::Call)?;
        let (value, version) = (format!("{id}|{title}"), claim.event.draft.version);
        let is_news = last.is_none_or(|last| last.value != value);
        Ok(Self { id: Some(id), kept: is_news.then_some(Written { entity, version, value }) })
    }

    /// The collection's id.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// What is to be kept of it.
    pub fn kept(self) -> Option<Written> {
        self.kept
    }
}

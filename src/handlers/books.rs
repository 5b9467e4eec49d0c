//! The ledger of each order, as the journal keeps it: what is booked so far, written in the settlement of the document.

use std::collections::HashMap;

use crate::domain::{Books, Currency, DocumentRef, Entry, MoneyError, Version};
use crate::journal::{JournalError, Written};

use super::Desk;

/// The books of the orders of one batch.
pub(super) struct Ledgers {
    books: HashMap<String, Books>,
}

impl Ledgers {
    /// Reads the books of these orders, each named by its first invoice's reference.
    pub async fn read(desk: &Desk<'_>, orders: impl IntoIterator<Item = &DocumentRef>) -> Result<Self, JournalError> {
        let mut orders: Vec<String> = orders.into_iter().map(ToString::to_string).collect();
        orders.sort_unstable();
        orders.dedup();
        let written = desk.journal.written(&desk.channel.name, &orders).await?;
        let mut books = HashMap::new();
        for written in written.into_iter().flatten() {
            let read = serde_json::from_str(&written.value);
            let read =
                read.map_err(|_| JournalError::Broken(format!("the books of {} cannot be read", written.entity)))?;
            books.insert(written.entity, read);
        }
        Ok(Self { books })
    }

    /// What is booked for an order; `None` for nothing at all.
    pub fn of(&self, order: &DocumentRef) -> Option<&Books> {
        self.books.get(order.as_str())
    }

    /// Adds a document that was booked. Answers what the journal is to keep.
    pub fn enter(&mut self, order: &DocumentRef, currency: Currency, entry: &Entry) -> Result<Written, MoneyError> {
        let books = self.books.entry(order.to_string()).or_insert_with(|| Books::empty(currency));
        books.enter(entry)?;
        let value = serde_json::to_string(books).unwrap_or_default();
        Ok(Written { entity: order.to_string(), version: Version(0), value })
    }
}

//! Kudos Counter Intelligence, met at the contract in `schemas/office/contract.md`, on PostgreSQL or SQLite.
//!
//! What comes in: cursors and finished documents. What goes out: changed records as deliveries, their meaning, and booked
//! numbers. It keeps P2's far end (the office refuses a reference twice; what is in the books is found, not written again)
//! and the tie rule of F-032. It never retries: the flow does, from the class of the error.
//! Next in the flow: [`crate::flow::poll`] for changes, [`crate::handlers`] for what was booked.

use async_trait::async_trait;

use super::{
    Booked, ChangeKind, ChangePage, Document, DocumentCustomer, DocumentKind, KnownItems, Office, OfficeDescription,
    StockReading,
};
use crate::domain::{BranchCode, CallError, Delivery, Normalised, OfficeName, Sku};
use database::{Database, Written, on};

mod book;
mod changes;
mod customers;
pub(crate) mod database;
mod details;
mod find;
mod items;
mod normalise;
mod people;
mod postgres;
mod probe;
mod record;
mod refusals;
mod snapshots;
mod sqlite;
mod staging;

/// A Counter Intelligence office.
#[derive(Debug, Clone)]
pub struct CounterIntelligence {
    name: OfficeName,
    database: Database,
}

impl CounterIntelligence {
    /// Prepares the connection to an office's database: `postgres://user:password@host/database` or `sqlite:PATH`. A server
    /// that is down now may come up later: calls answer [`CallError::Transient`] until then. Must be called within a Tokio
    /// runtime.
    ///
    /// # Errors
    /// [`CallError::Rejected`] when the address cannot be understood or the SQLite file does not exist.
    #[allow(clippy::unused_async, reason = "a port's constructor may call; this one has nothing to wait for today")]
    pub async fn connect(name: OfficeName, url: &str) -> Result<Self, CallError> {
        Ok(Self { name, database: Database::open(url)? })
    }
}

/// Both writes may be repeated, so one whose end is not known simply is.
fn settled<T>(written: Written<T>) -> Result<T, CallError> {
    match written {
        Written::Committed(done) => Ok(done),
        Written::Unknown(_, reason) => Err(CallError::Transient(reason)),
    }
}

#[async_trait]
impl Office for CounterIntelligence {
    fn name(&self) -> &OfficeName {
        &self.name
    }

    async fn probe(&self) -> Result<OfficeDescription, CallError> {
        probe::probe(&self.database).await
    }

    async fn changes(&self, kind: ChangeKind, cursor: Option<&str>, limit: usize) -> Result<ChangePage, CallError> {
        changes::read(&self.database, &self.name, kind, cursor, limit).await
    }

    async fn stock(&self, wanted: &[(Sku, BranchCode)]) -> Result<Vec<Option<StockReading>>, CallError> {
        let wanted = wanted.to_vec();
        self.database.read(on(move |session| Box::pin(snapshots::stock_now(session, wanted)))).await
    }

    fn normalise(&self, delivery: &Delivery) -> Normalised {
        normalise::normalise(delivery)
    }

    async fn items(&self, skus: &[Sku], barcodes: &[String]) -> Result<KnownItems, CallError> {
        let (skus, barcodes) = (skus.to_vec(), barcodes.to_vec());
        self.database.read(on(move |session| Box::pin(items::items(session, skus, barcodes)))).await
    }

    async fn find(&self, kind: DocumentKind, references: &[String]) -> Result<Vec<Option<Booked>>, CallError> {
        let references = references.to_vec();
        let found = self.database.read(on(move |session| Box::pin(find::find(session, kind, references)))).await?;
        Ok(found)
    }

    async fn customer_numbers(&self, keys: &[String], emails: &[String]) -> Result<Vec<String>, CallError> {
        let (keys, emails) = (keys.to_vec(), emails.to_vec());
        self.database.read(on(move |session| Box::pin(customers::numbers(session, keys, emails)))).await
    }

    async fn put_customer(&self, customer: &DocumentCustomer) -> Result<String, CallError> {
        let customer = customer.clone();
        let work = on(move |session| Box::pin(customers::put(session, customer)));
        settled(self.database.write(work).await?)
    }

    async fn adopt_key(&self, of: &str, key: &str) -> Result<Option<String>, CallError> {
        let (of, key) = (of.to_owned(), key.to_owned());
        let work = on(move |session| Box::pin(customers::adopt(session, of, key)));
        settled(self.database.write(work).await?)
    }

    async fn book(&self, documents: &[Document]) -> Vec<Result<Booked, CallError>> {
        book::book(&self.database, documents).await
    }
}

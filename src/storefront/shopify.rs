//! Shopify: the storefront adapter over its webhooks (REST bodies) and its GraphQL Admin API, version 2026-10.
//!
//! What comes in: webhook calls, and decisions of handlers. What goes out: verified deliveries, event drafts, and writes to the
//! shop. One value serves one shop and is shared by all workers, because they share the shop's bucket of cost points.
//! Reading order: `verify`, `normalise`, then `client` with the writes beside it (`catalogue`, `stock`, `subscriptions`).
//! Next in the flow: [`crate::flow`].

mod abilities;
mod access;
mod accounts;
mod bulk;
mod catalogue;
mod client;
mod config;
mod customers;
mod graphql;
mod known;
mod locations;
mod normalise;
mod order;
mod phone;
mod prices;
mod reconcile;
mod refusal;
mod shop;
mod stock;
mod subscriptions;
mod verify;

use async_trait::async_trait;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::{
    Abilities, Call, CategoryWish, CustomerWrite, CustomerWritten, PriceRow, ProductLink, ProductStep, ProductWish,
    Refusal, StockFigure, StockOutcome, StockRow, Storefront, StorefrontDescription,
};
use crate::domain::{CallError, Delivery, NewDelivery, Normalised, Secret, StorefrontName, Verified, WebOrder};
use client::{Client, Deadlines};
use known::Known;

pub use crate::domain::Access;
pub use config::{API_VERSION, DEFAULT_KEY_NAMESPACE, ShopifyConfig, ShopifyConfigError};

/// One Shopify store.
#[derive(Debug)]
pub struct Shopify {
    name: StorefrontName,
    shop: String,
    webhook_secrets: Vec<Secret>,
    client: Client,
    publication_names: Vec<String>,
    publication_ids: OnceCell<Vec<String>>,
    key_namespace: String,
    known: Known,
    /// For files the shop has elsewhere: without the access token.
    files: reqwest::Client,
}

impl Shopify {
    /// Makes the adapter; calls nobody. A TLS provider must have been installed for the process.
    ///
    /// # Errors
    /// [`ShopifyConfigError`] naming the setting that cannot be used.
    pub fn new(config: ShopifyConfig) -> Result<Self, ShopifyConfigError> {
        let shop = config.checked_shop()?;
        let endpoint = config.checked_endpoint(&shop)?;
        Ok(Self {
            client: Client::new(&shop, endpoint, config.access.clone(), Deadlines::default())?,
            webhook_secrets: config.checked_secrets()?,
            key_namespace: config.checked_namespace()?,
            shop,
            name: config.name,
            publication_names: config.publications,
            publication_ids: OnceCell::new(),
            known: Known::default(),
            files: client::for_files()?,
        })
    }
}

#[async_trait]
impl Storefront for Shopify {
    fn name(&self) -> &StorefrontName {
        &self.name
    }

    fn abilities(&self) -> Abilities<'_> {
        self.declared()
    }

    fn can_wait(&self, call: &Call) -> bool {
        verify::can_wait(call)
    }

    fn verify(&self, call: Call) -> Result<Verified<NewDelivery>, Refusal> {
        self.verify_call(call)
    }

    fn normalise(&self, delivery: &Delivery) -> Normalised {
        normalise::normalise(delivery)
    }

    fn web_order(&self, delivery: &Delivery) -> Option<WebOrder> {
        normalise::web_order(delivery)
    }

    fn account_id(&self, id: &str) -> String {
        format!("gid://shopify/Customer/{id}")
    }

    async fn describe(&self) -> Result<StorefrontDescription, CallError> {
        self.read_description().await
    }

    async fn create_product(&self, wish: &ProductWish<'_>) -> Result<ProductStep, CallError> {
        self.create(wish).await
    }

    async fn update_product(&self, link: &ProductLink, wish: &ProductWish<'_>) -> Result<ProductStep, CallError> {
        self.update(link, wish).await
    }

    async fn archive_product(&self, product: &str, for_good: bool) -> Result<(), CallError> {
        self.archive(product, for_good).await
    }

    async fn collection(&self, category: &CategoryWish<'_>) -> Result<String, CallError> {
        self.collection_of(category.key, category.title).await
    }

    async fn set_prices(&self, product: &str, rows: &[PriceRow]) -> Result<(), CallError> {
        self.write_prices(product, rows).await
    }

    async fn set_stock(
        &self,
        key: Uuid,
        figure: StockFigure,
        rows: &[StockRow],
    ) -> Result<Vec<StockOutcome>, CallError> {
        self.write_stock(key, figure, rows).await
    }

    async fn stock(&self, figure: StockFigure, places: &[(String, String)]) -> Result<Vec<Option<i64>>, CallError> {
        self.read_stock(figure, places).await
    }

    fn alerts(&self) -> Vec<String> {
        self.client.alerts()
    }

    fn shared_by(&self, processes: usize) {
        self.client.shared_by(processes);
    }

    fn stock_batch(&self) -> usize {
        stock::MOST_ROWS
    }

    async fn write_customer(&self, write: &CustomerWrite) -> Result<CustomerWritten, CallError> {
        self.put_customer(write).await
    }
}

/// For writes that look before they write: a lost answer is found out by trying again.
fn repeatable(error: CallError) -> CallError {
    match error {
        CallError::InDoubt(what) => CallError::Transient(what),
        other => other,
    }
}

//! Magento 2: the storefront adapter over its web API (REST), for Magento Open Source, Mage-OS and Adobe Commerce from 2.3.
//!
//! What comes in: calls of whatever module the store has for them, and decisions of handlers. What goes out: verified
//! deliveries, event drafts, and writes to the store. One value serves one store and is shared by all workers, because they
//! share the calls one store is asked to bear.
//! Reading order: `access`, `client`, then what is built on them.
//! Next in the flow: [`crate::flow`].

mod access;
mod client;
mod config;

use async_trait::async_trait;
use uuid::Uuid;

use super::{
    Abilities, Call, CustomerWrite, CustomerWritten, ListedOrder, OrderPage, Picture, PictureWay, PicturesPut,
    PriceRow, ProductLink, ProductPictures, ProductStep, ProductWish, Refusal, StockFigure, StockOutcome, StockRow,
    Storefront, StorefrontDescription,
};
use crate::domain::{
    CallError, Delivery, DocumentRef, NewDelivery, Normalised, OrderState, Payment, StorefrontName, Verified, WebOrder,
};
use client::{Client, Deadlines};

pub use access::{Access, OAuth};
pub use config::{DEFAULT_STORE, Magento2Config, Magento2ConfigError, WaysIn, is_store_code};

/// One Magento store.
#[derive(Debug)]
pub struct Magento2 {
    name: StorefrontName,
    client: Client,
}

impl Magento2 {
    /// Makes the adapter; calls nobody. A TLS provider must have been installed for the process.
    ///
    /// # Errors
    /// [`Magento2ConfigError`] naming the setting that cannot be used.
    pub fn new(config: Magento2Config) -> Result<Self, Magento2ConfigError> {
        let (base, store) = (config.checked_url()?, config.checked_store()?);
        Ok(Self { client: Client::new(base, store, config.access, Deadlines::default())?, name: config.name })
    }
}

/// The answer of what this adapter cannot do.
fn lacking<T>(what: &str) -> Result<T, CallError> {
    Err(CallError::Rejected(format!("the Magento adapter cannot {what}")))
}

#[async_trait]
impl Storefront for Magento2 {
    fn name(&self) -> &StorefrontName {
        &self.name
    }

    fn abilities(&self) -> Abilities<'_> {
        Abilities {
            bulk: None,
            operations: None,
            pictures: PictureWay::OnProducts(self),
            price_lists: None,
            locations: None,
            webhooks: None,
            product_types: false,
            metafields: false,
            consent: false,
            // None until all of the way in is there: a channel does not start with half of it.
            moments: &[],
            figures: &[],
        }
    }

    fn verify(&self, _call: Call) -> Result<Verified<NewDelivery>, Refusal> {
        Err(Refusal::Unauthenticated("this storefront takes no calls"))
    }

    fn normalise(&self, _delivery: &Delivery) -> Normalised {
        Normalised::Ignored("the Magento adapter does not read deliveries".into())
    }

    fn web_order(&self, _delivery: &Delivery) -> Option<WebOrder> {
        None
    }

    async fn describe(&self) -> Result<StorefrontDescription, CallError> {
        lacking("describe the store")
    }

    async fn payments(&self, _order: &str) -> Result<Vec<Payment>, CallError> {
        lacking("read payments")
    }

    async fn order(&self, _sale: &DocumentRef) -> Result<OrderState, CallError> {
        lacking("read orders")
    }

    async fn create_product(&self, _wish: &ProductWish<'_>) -> Result<ProductStep, CallError> {
        lacking("create products")
    }

    async fn update_product(&self, _link: &ProductLink, _wish: &ProductWish<'_>) -> Result<ProductStep, CallError> {
        lacking("change products")
    }

    async fn archive_product(&self, _product: &str, _for_good: bool) -> Result<(), CallError> {
        lacking("take products off the web")
    }

    async fn collection(&self, _key: &str, _title: &str) -> Result<String, CallError> {
        lacking("make categories")
    }

    async fn set_prices(&self, _product: &str, _rows: &[PriceRow]) -> Result<(), CallError> {
        lacking("set prices")
    }

    async fn set_stock(
        &self,
        _key: Uuid,
        _figure: StockFigure,
        _rows: &[StockRow],
    ) -> Result<Vec<StockOutcome>, CallError> {
        lacking("set stock")
    }

    async fn orders_since(&self, _since: jiff::Timestamp, _after: Option<&str>) -> Result<OrderPage, CallError> {
        lacking("list orders")
    }

    async fn missed_order(&self, _order: &ListedOrder) -> Result<NewDelivery, CallError> {
        lacking("read orders")
    }

    async fn stock(&self, _figure: StockFigure, _places: &[(String, String)]) -> Result<Vec<Option<i64>>, CallError> {
        lacking("read stock")
    }

    fn alerts(&self) -> Vec<String> {
        Vec::new()
    }

    fn stock_batch(&self) -> usize {
        20
    }

    async fn write_customer(&self, _write: &CustomerWrite) -> Result<CustomerWritten, CallError> {
        lacking("write customers")
    }
}

#[async_trait]
impl ProductPictures for Magento2 {
    async fn put_pictures(
        &self,
        _product: &str,
        _add: &[Picture],
        _remove: &[String],
    ) -> Result<PicturesPut, CallError> {
        lacking("put pictures onto products")
    }
}

//! Magento 2: the storefront adapter over its web API (REST), for Magento Open Source, Mage-OS and Adobe Commerce from 2.3.
//!
//! What comes in: calls of whatever module the store has for them, and decisions of handlers. What goes out: verified
//! deliveries, event drafts, and writes to the store. One value serves one store and is shared by all workers, because they
//! share the calls one store is asked to bear.
//! Reading order: `access`, `client`, then what is built on them.
//! Next in the flow: [`crate::flow`].

mod access;
mod categories;
mod client;
mod config;
mod criteria;
mod customers;
mod known;
mod normalise;
mod pictures;
mod prices;
mod probe;
mod products;
mod read;
mod stock;
mod verify;
mod view;
mod wire;

use async_trait::async_trait;
use uuid::Uuid;

use super::{
    Abilities, Call, CategoryWish, CustomerWrite, CustomerWritten, Picture, PictureWay, PicturesPut, PriceRow,
    ProductLink, ProductPictures, ProductStep, ProductWish, Refusal, SalesWay, StockFigure, StockOutcome, StockRow,
    Storefront, StorefrontDescription,
};
use crate::domain::{CallError, Delivery, NewDelivery, Normalised, SaleMoment, StorefrontName, Verified, WebOrder};
use client::{Client, Deadlines};
use known::Known;
use verify::{Keys, PublicKey};

pub use crate::domain::{IntegrationAccess as Access, OAuthKeys as OAuth};
pub use config::{AttributeNames, DEFAULT_STORE, Magento2Config, Magento2ConfigError, WaysIn};

/// One Magento store.
#[derive(Debug)]
pub struct Magento2 {
    name: StorefrontName,
    /// Base URL, as people know the store.
    url: String,
    client: Client,
    /// Code of the store view we speak for.
    store: String,
    /// Whether only sales and accounts of its website are taken in.
    only_its_website: bool,
    /// What the store calls colour and size.
    names: AttributeNames,
    known: Known,
    /// For pictures of the office: without the store's access.
    pictures: reqwest::Client,
    ways_in: WaysIn,
    /// The store's own keys of Adobe Commerce Webhooks.
    commerce_keys: Vec<PublicKey>,
    /// Adobe's keys of I/O Events.
    keys: Keys,
}

impl Magento2 {
    /// Makes the adapter; calls nobody. A TLS provider must have been installed for the process.
    ///
    /// # Errors
    /// [`Magento2ConfigError`] naming the setting that cannot be used.
    pub fn new(config: Magento2Config) -> Result<Self, Magento2ConfigError> {
        let (base, store) = (config.checked_url()?, config.checked_store()?);
        let url = base.as_str().trim_end_matches('/').to_owned();
        let pictures = pictures::client().map_err(|error| Magento2ConfigError::Client(error.to_string()))?;
        let client = Client::new(base, store.clone(), config.access, Deadlines::default())?;
        let key = |pem: &crate::domain::Secret| PublicKey::from_pem(pem.expose());
        let commerce_keys: Option<Vec<_>> = config.ways_in.commerce_webhooks.iter().map(key).collect();
        let no_key = "it is no RSA public key in PEM (-----BEGIN PUBLIC KEY-----)";
        Ok(Self {
            url,
            client,
            store,
            only_its_website: config.only_its_website,
            names: config.names,
            known: Known::default(),
            pictures,
            commerce_keys: commerce_keys.ok_or(Magento2ConfigError::WayIn("commerce_webhooks_key", no_key))?,
            keys: Keys::new(config.ways_in.io_events_keys.as_deref())?,
            ways_in: config.ways_in,
            name: config.name,
        })
    }
}

#[async_trait]
impl Storefront for Magento2 {
    fn name(&self) -> &StorefrontName {
        &self.name
    }

    fn abilities(&self) -> Abilities<'_> {
        Abilities {
            sales: SalesWay::Documents(self),
            bulk: None,
            operations: None,
            listings: None,
            pictures: PictureWay::OnProducts(self),
            price_lists: None,
            locations: None,
            webhooks: None,
            product_types: false,
            metafields: false,
            consent: false,
            moments: &[SaleMoment::Paid],
            // Which one depends on whether MSI is installed, which the first call shows.
            figures: &[StockFigure::OnHand, StockFigure::Available],
        }
    }

    async fn prepare(&self, call: &Call) {
        if !self.ways_in.io_events.is_empty() {
            self.keys.prepare(call).await;
        }
    }

    fn challenge(&self, query: &str) -> Option<String> {
        (!self.ways_in.io_events.is_empty()).then(|| verify::challenge(query)).flatten()
    }

    fn acknowledgement(&self) -> &'static str {
        // What Adobe Commerce Webhooks wait for before the shopper goes on; the other senders read only the status.
        r#"{"op":"success"}"#
    }

    fn can_wait(&self, call: &Call) -> bool {
        verify::can_wait(call)
    }

    fn verify(&self, call: Call) -> Result<Verified<NewDelivery>, Refusal> {
        self.verify_call(&call)
    }

    fn normalise(&self, delivery: &Delivery) -> Normalised {
        normalise::normalise(delivery)
    }

    fn web_order(&self, delivery: &Delivery) -> Option<WebOrder> {
        normalise::web_order(delivery)
    }

    async fn describe(&self) -> Result<StorefrontDescription, CallError> {
        self.read_description().await
    }

    async fn create_product(&self, wish: &ProductWish<'_>) -> Result<ProductStep, CallError> {
        self.put_product(None, wish).await
    }

    async fn update_product(&self, link: &ProductLink, wish: &ProductWish<'_>) -> Result<ProductStep, CallError> {
        self.put_product(Some(link), wish).await
    }

    async fn archive_product(&self, product: &str, _for_good: bool) -> Result<(), CallError> {
        self.disable(product).await
    }

    async fn collection(&self, category: &CategoryWish<'_>) -> Result<String, CallError> {
        self.category_of(category).await
    }

    async fn set_prices(&self, _product: &str, rows: &[PriceRow]) -> Result<(), CallError> {
        self.write_prices(rows).await
    }

    async fn set_stock(
        &self,
        _key: Uuid,
        figure: StockFigure,
        rows: &[StockRow],
    ) -> Result<Vec<StockOutcome>, CallError> {
        self.write_stock(figure, rows).await
    }

    async fn stock(&self, figure: StockFigure, places: &[(String, String)]) -> Result<Vec<Option<i64>>, CallError> {
        self.read_stock(figure, places).await
    }

    fn alerts(&self) -> Vec<String> {
        Vec::new()
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

#[async_trait]
impl ProductPictures for Magento2 {
    async fn put_pictures(&self, product: &str, add: &[Picture], remove: &[String]) -> Result<PicturesPut, CallError> {
        self.put_on(product, add, remove).await
    }
}

/// For writes that look before they write: a lost answer is found out by trying again.
fn repeatable(error: CallError) -> CallError {
    match error {
        CallError::InDoubt(what) => CallError::Transient(what),
        other => other,
    }
}

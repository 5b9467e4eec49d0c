//! The storefront port: what the bridge asks of any web shop. One folder per kind beneath.
//!
//! What comes in: calls from a shop ([`Storefront::verify`], [`Storefront::normalise`]) and decisions of handlers (the writes).
//! What goes out: [`Verified`] deliveries, event drafts, and outcomes classed by [`CallError`].
//! It keeps P1's first half (nothing unverified is journalled) and P3 at the far end (a stock write names the figure it
//! replaces). It never touches the journal and never retries: the flow does, from the class of the error.
//! Next in the flow: [`crate::flow::receive`] journals what was verified.

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

use crate::domain::{
    Address, CallError, Consent, CustomerProfile, Delivery, Money, NewDelivery, Normalised, Sku, StorefrontName,
    Verified, WebOrder,
};

mod abilities;
mod listing;
mod places;
mod showing;

pub mod magento2;
pub mod shopify;

pub use abilities::{
    Abilities, BulkProducts, ChangedPage, Documents, Listings, NewLocations, PictureFiles, PictureWay, PriceLists,
    ProductOperations, ProductPictures, SalesWay, Subscriptions, WholeOrders,
};
pub use listing::{
    AccountPage, ListedAccount, ListedOrder, ListedProduct, OrderPage, ProductDrift, ProductPage, Visibility,
};
pub use showing::{
    BulkProduct, BulkState, CatalogueRules, CategoryAs, CategoryWish, FileState, ListPrice, MetafieldRule, NewProducts,
    Picture, PicturesPut, PriceRules, ProductStep, ProductWish, Texts,
};

/// A call to our webhook endpoint, as it came over the wire.
#[derive(Debug, Clone)]
pub struct Call {
    /// Path segments after the storefront's name, for senders that put the topic there.
    pub path: Vec<String>,
    /// Header names in lower case, with their values; values that are not text are left out.
    pub headers: Vec<(String, String)>,
    /// The bytes of the body, untouched.
    pub body: Bytes,
}

impl Call {
    /// The first header of that lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// Why a call was turned away at the door. Texts never repeat what the caller sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No signature, or not ours. Answered with 401.
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// Signed properly, but without what a delivery needs. Answered with 400.
    #[error("{0}")]
    Malformed(String),
    /// What would prove it is not at hand just now. Answered with 503: the sender comes again.
    #[error("{0}")]
    NotYet(&'static str),
}

/// A storefront's own description, for `check` and for start-up.
#[derive(Debug, Clone, serde::Serialize)]
pub struct StorefrontDescription {
    /// Its name for itself, such as the shop's domain.
    pub identity: String,
    /// API version in use.
    pub version: String,
    /// Currency it books in.
    pub currency: String,
    /// Permissions granted.
    pub scopes: Vec<String>,
    /// Permissions the bridge needs but was not granted.
    pub missing_scopes: Vec<String>,
    /// Places that can hold stock: id and name.
    pub locations: Vec<(String, String)>,
}

/// The storefront's ids of a product, kept as cross-references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductLink {
    /// Id of the product.
    pub product: String,
    /// Ids of its variants.
    pub variants: Vec<VariantLink>,
}

/// The storefront's ids of one variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantLink {
    /// The office's key.
    pub sku: Sku,
    /// Id of the variant.
    pub variant: String,
    /// Id under which its stock is kept.
    pub stock_item: String,
}

/// A price to set. `compare_at: None` clears the struck-through price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRow {
    /// Id of the variant.
    pub variant: String,
    /// What the buyer pays.
    pub price: Money,
    /// Former price to strike through while a sale is on.
    pub compare_at: Option<Money>,
}

/// A stock figure to set at one location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockRow {
    /// Id under which the stock is kept.
    pub stock_item: String,
    /// Id of the location.
    pub location: String,
    /// The new figure.
    pub quantity: i64,
    /// The figure believed to be there now; `None` when nothing is known, which sets without comparing.
    pub expected: Option<i64>,
}

/// Which of the storefront's figures the office's figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StockFigure {
    /// Pieces on the shelf; the storefront takes off open orders by itself.
    OnHand,
    /// Pieces that can be sold.
    Available,
}

/// What became of one stock row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StockOutcome {
    /// The figure stands.
    Written,
    /// Another figure was there than expected, be it the one that was to be written; nothing was written for this row. Decide
    /// again with this one.
    Stale {
        /// The figure found.
        found: i64,
    },
    /// The row was refused.
    Failed(CallError),
}

/// Who decides a field of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The office: its value is written.
    Office,
    /// The storefront: the office's value only fills what is empty.
    Storefront,
}

/// Who decides each field of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerOwners {
    /// First and last name.
    pub names: Owner,
    /// E-mail address, by which people log in.
    pub email: Owner,
    /// Telephone number.
    pub phone: Owner,
    /// The office's own addresses; those people entered at the storefront are never touched.
    pub addresses: Owner,
}

/// An address the office's customer was given at the storefront.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAddress {
    /// `billing` or `shipping`.
    pub kind: &'static str,
    /// The storefront's id.
    pub id: String,
}

/// A customer to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerWrite {
    /// The storefront's ids they may have, the surest first.
    pub known: Vec<String>,
    /// What the office knows.
    pub profile: CustomerProfile,
    /// What they said about marketing mail; `None` leaves it to the storefront.
    pub consent: Option<Consent>,
    /// Who decides which field.
    pub owners: CustomerOwners,
    /// Addresses that were added for them before.
    pub addresses: Vec<KnownAddress>,
}

/// An address that is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenAddress {
    /// `billing` or `shipping`.
    pub kind: &'static str,
    /// The storefront's id.
    pub id: String,
    /// What it says.
    pub address: Address,
}

/// A customer that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerWritten {
    /// The storefront's id.
    pub id: String,
    /// The office's addresses there.
    pub addresses: Vec<WrittenAddress>,
    /// Whether anything had to be written.
    pub changed: bool,
    /// What could not be taken over and why, naming nobody.
    pub notes: Vec<String>,
}

/// A webhook subscription at the storefront.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Subscription {
    /// The storefront's id of it.
    pub id: String,
    /// What it is about.
    pub topic: String,
    /// Where it is sent to.
    pub address: String,
    /// Version its bodies are written in.
    pub version: String,
}

/// A web shop.
#[async_trait]
pub trait Storefront: Send + Sync + 'static {
    /// Its name in the configuration.
    fn name(&self) -> &StorefrontName;

    /// What it can do beyond what every storefront can. Calls nobody.
    fn abilities(&self) -> Abilities<'_>;

    /// Fetches what a call is to be proved by, such as a published key, where it is not at hand; [`Storefront::verify`] says so when
    /// it could not be had. Has a deadline, and is asked again only after a while. A read: may be repeated.
    async fn prepare(&self, _call: &Call) {}

    /// Whether a call, of which all but the body was read, may be turned away before others when there are too many: an echo of what we
    /// wrote, or news of an account, which comes again and is found by asking. What may be about money may not. Nothing of the call
    /// is proved yet. Calls nobody.
    fn can_wait(&self, call: &Call) -> bool;

    /// What a registration of our address asks us to echo, where this storefront's may ask that.
    fn challenge(&self, _query: &str) -> Option<String> {
        None
    }

    /// What a call that was journalled is answered with, besides 200: JSON, or nothing.
    fn acknowledgement(&self) -> &'static str {
        ""
    }

    /// Proves who sent a call, over the raw bytes and in constant time, and says what makes the delivery unique.
    ///
    /// # Errors
    /// [`Refusal`] when the signature is missing or wrong, or a header every delivery has is missing.
    fn verify(&self, call: Call) -> Result<Verified<NewDelivery>, Refusal>;

    /// Says what a delivery means. Pure: the same delivery always means the same.
    fn normalise(&self, delivery: &Delivery) -> Normalised;

    /// Says what a delivery tells of the pieces an order takes from stock; `None` where it tells nothing of that. Pure.
    fn web_order(&self, delivery: &Delivery) -> Option<WebOrder>;

    /// The id under which an account is written here ([`CustomerWritten::id`]) whom deliveries call by that one. Pure.
    fn account_id(&self, id: &str) -> String {
        id.to_owned()
    }

    /// Asks the storefront who it is and what it permits. A read: may be repeated.
    async fn describe(&self) -> Result<StorefrontDescription, CallError>;

    /// Creates a product with its variants, or finds the one that carries the same office key: repeating it is safe.
    /// Published where the configuration says.
    async fn create_product(&self, wish: &ProductWish<'_>) -> Result<ProductStep, CallError>;

    /// Brings a known product's office-owned fields and its set of variants up to date, leaving the shop's own alone, and
    /// makes it visible where the rules say so. Sets absolute values: repeating it is safe.
    async fn update_product(&self, link: &ProductLink, wish: &ProductWish<'_>) -> Result<ProductStep, CallError>;

    /// Takes a product off the web without deleting it, `for_good` where the office has deleted it. Repeating it is safe.
    async fn archive_product(&self, product: &str, for_good: bool) -> Result<(), CallError>;

    /// The id of the collection of a category, made on first sight; where the storefront has a tree, it follows the office's
    /// name of it. Repeating it is safe.
    async fn collection(&self, category: &CategoryWish<'_>) -> Result<String, CallError>;

    /// Sets prices of variants of one product. Sets absolute values: repeating it is safe.
    async fn set_prices(&self, product: &str, rows: &[PriceRow]) -> Result<(), CallError>;

    /// Sets stock figures, at most [`Storefront::stock_batch`] rows. `key` makes a repetition of the same call harmless; a new
    /// decision needs a new key. The answer has one outcome per row, in order.
    async fn set_stock(
        &self,
        key: Uuid,
        figure: StockFigure,
        rows: &[StockRow],
    ) -> Result<Vec<StockOutcome>, CallError>;

    /// Reads stock figures at their places, item and location. A read: may be repeated. One entry per place, in order; `None`
    /// where there is no such item.
    async fn stock(&self, figure: StockFigure, places: &[(String, String)]) -> Result<Vec<Option<i64>>, CallError>;

    /// What the storefront's answers and calls have shown lately that a person should know of, such as another API version
    /// than ours. Calls nobody.
    fn alerts(&self) -> Vec<String>;

    /// So many processes use its access now, the caller's among them: each keeps to its part of what the storefront bears. Calls nobody.
    fn shared_by(&self, processes: usize);

    /// The most rows one stock call takes.
    fn stock_batch(&self) -> usize;

    /// Finds or makes an account and writes what differs. Looks before each step: repeating it is safe.
    async fn write_customer(&self, write: &CustomerWrite) -> Result<CustomerWritten, CallError>;
}

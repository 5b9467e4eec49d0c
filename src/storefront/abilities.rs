//! What only some storefronts can do. An adapter declares all of it in one place ([`super::Storefront::abilities`]): what takes
//! calls of its own is a trait behind an `Option`, what does not is a flag.
//!
//! What comes in: nothing. What goes out: the declaration. Handlers take the plain way where an ability is missing, and a channel
//! whose rules ask for one that is missing is refused at start ([`crate::policy::Channel::asks_too_much`]).

use std::collections::HashMap;

use async_trait::async_trait;

use super::{
    AccountPage, BulkProduct, BulkState, FileState, ListedOrder, OrderPage, Picture, PicturesPut, PriceRow,
    ProductDrift, ProductLink, ProductPage, ProductWish, StockFigure, Subscription,
};
use crate::domain::{
    Branch, CallError, DocumentHinted, DocumentRef, HintedKind, NewDelivery, OrderState, Payment, SaleMoment,
};

/// What a storefront can do beyond what every one can.
#[derive(Clone, Copy)]
pub struct Abilities<'a> {
    /// How its sales are told and read.
    pub sales: SalesWay<'a>,
    /// Takes many new products at once.
    pub bulk: Option<&'a dyn BulkProducts>,
    /// Writes large products while nobody waits ([`super::ProductStep::UnderWay`]).
    pub operations: Option<&'a dyn ProductOperations>,
    /// Lists its accounts and products, so that what it never told of them is found.
    pub listings: Option<&'a dyn Listings>,
    /// How pictures come to products.
    pub pictures: PictureWay<'a>,
    /// Has price lists of markets beside its own prices.
    pub price_lists: Option<&'a dyn PriceLists>,
    /// Lets us make places that hold stock.
    pub locations: Option<&'a dyn NewLocations>,
    /// Lets us subscribe to its webhooks.
    pub webhooks: Option<&'a dyn Subscriptions>,
    /// Has a plain text that says what type a product is.
    pub product_types: bool,
    /// Shows further fields of the office as metafields.
    pub metafields: bool,
    /// Keeps since when a word about marketing mail holds, so that the newer of two can be told.
    pub consent: bool,
    /// The moments of a sale it tells of.
    pub moments: &'static [SaleMoment],
    /// The figures that can be set.
    pub figures: &'static [StockFigure],
}

/// How a storefront's sales are told and read.
#[derive(Clone, Copy)]
pub enum SalesWay<'a> {
    /// As orders, from which we reckon what is to be booked.
    Orders(&'a dyn WholeOrders),
    /// As documents of its own: each of its invoices and refunds is booked as one.
    Documents(&'a dyn Documents),
}

/// Orders that can be read whole.
#[async_trait]
pub trait WholeOrders: Send + Sync {
    /// Reads how an order was paid, in the shop's currency. A read: may be repeated.
    async fn payments(&self, order: &str) -> Result<Vec<Payment>, CallError>;

    /// Reads everything about an order, by its first invoice's reference: to the end of every list. A read: may be repeated.
    async fn order(&self, sale: &DocumentRef) -> Result<OrderState, CallError>;

    /// Lists orders that changed since a moment, oldest change first, a page at a time; `after` is the page before's `next`.
    /// Fails where the storefront did not take the question as it was meant. A read: may be repeated.
    async fn orders_since(&self, since: jiff::Timestamp, after: Option<&str>) -> Result<OrderPage, CallError>;

    /// Reads an order nobody told of and says it as a delivery, which is the same each time as long as the order is; one that
    /// cannot be read as the news that it changed. Reads only.
    async fn missed_order(&self, order: &ListedOrder) -> Result<NewDelivery, CallError>;
}

/// Documents that are read one by one, when something hints at them, and by asking what changed.
#[async_trait]
pub trait Documents: Send + Sync {
    /// Reads a document with all it has to be joined with, as deliveries that are the same each time as long as the documents are;
    /// `None` where there is no such document. A read: may be repeated.
    async fn read(&self, hint: &DocumentHinted) -> Result<Option<Vec<NewDelivery>>, CallError>;

    /// Reads the documents of a kind that changed within a window, oldest change first, a page at a time, as [`Documents::read`]
    /// does; `after` is the page before's `next`. A read: may be repeated.
    async fn changed(
        &self,
        kind: HintedKind,
        window: (jiff::Timestamp, jiff::Timestamp),
        after: Option<&str>,
    ) -> Result<ChangedPage, CallError>;
}

/// A page of documents that changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedPage {
    /// Ids of the documents.
    pub ids: Vec<String>,
    /// What was read for them.
    pub deliveries: Vec<NewDelivery>,
    /// Where to read on; `None` at the end.
    pub next: Option<String>,
}

/// How pictures come to products.
#[derive(Clone, Copy)]
pub enum PictureWay<'a> {
    /// Uploaded apart, as files that several products may show.
    Files(&'a dyn PictureFiles),
    /// Put onto each product.
    OnProducts(&'a dyn ProductPictures),
}

/// Takes many new products at once, to be written by the storefront itself outside its rate limit.
#[async_trait]
pub trait BulkProducts: Send + Sync {
    /// Hands over products the storefront does not have yet; answers the operation's number. Each is found by the office's key:
    /// handing over the same again is safe.
    async fn bulk_create(&self, wishes: &[ProductWish<'_>]) -> Result<String, CallError>;

    /// Hands over products to be shown where the configuration says; answers the operation's number. Repeating it is safe.
    async fn bulk_publish(&self, products: &[String]) -> Result<String, CallError>;

    /// How far a bulk operation is. A read: may be repeated.
    async fn bulk_state(&self, operation: &str) -> Result<BulkState, CallError>;

    /// The products a bulk operation has written, from its result; what it could not write is left out. A read.
    async fn bulk_products(&self, address: &str) -> Result<Vec<BulkProduct>, CallError>;

    /// The files of each product's pictures, in order, from the result of [`BulkProducts::bulk_publish`]. A read.
    async fn bulk_media(&self, address: &str) -> Result<HashMap<String, Vec<String>>, CallError>;

    /// The most variants of a product that may be handed over.
    fn bulk_variants(&self) -> usize;
}

/// Writes large products while nobody waits.
#[async_trait]
pub trait ProductOperations: Send + Sync {
    /// Whether an operation of [`super::ProductStep::UnderWay`] has come to its end; then the same write is asked for again.
    /// What the storefront has against it is an error. A read: may be repeated.
    async fn product_operation(&self, operation: &str) -> Result<bool, CallError>;
}

/// Lists accounts and products, for reconciliation.
#[async_trait]
pub trait Listings: Send + Sync {
    /// Lists accounts that changed since a moment, oldest change first, a page at a time; `after` is the page before's `next`. Each
    /// comes with the delivery that would have told of it, the same each time as long as the account is. Fails where the
    /// storefront did not take the question as it was meant. A read: may be repeated.
    async fn accounts_since(&self, since: jiff::Timestamp, after: Option<&str>) -> Result<AccountPage, CallError>;

    /// Lists products, oldest change first, a page at a time: those that changed since a moment, or without one all there are.
    /// Fails where the storefront did not take the question as it was meant. A read: may be repeated.
    async fn products_since(
        &self,
        since: Option<jiff::Timestamp>,
        after: Option<&str>,
    ) -> Result<ProductPage, CallError>;

    /// Says in what a known product differs from how it is to be, down to its last variant: what [`super::Storefront::update_product`]
    /// would write, and the prices, which have versions of their own. A read: may be repeated.
    async fn compare_product(&self, link: &ProductLink, wish: &ProductWish<'_>) -> Result<ProductDrift, CallError>;
}

/// Pictures uploaded apart, as files.
#[async_trait]
pub trait PictureFiles: Send + Sync {
    /// Has pictures fetched into files; answers their ids, in order. A file replaces one of the same content: repeating it
    /// is safe, but costs a fetch.
    async fn upload_pictures(&self, pictures: &[Picture]) -> Result<Vec<String>, CallError>;

    /// How files stand, in order. A read: may be repeated.
    async fn files(&self, ids: &[String]) -> Result<Vec<FileState>, CallError>;

    /// Attaches files that are ready to a product and takes others off it, leaving its other media alone. Repeating it is
    /// safe.
    async fn set_pictures(&self, product: &str, add: &[String], remove: &[String]) -> Result<(), CallError>;
}

/// Pictures put onto each product.
#[async_trait]
pub trait ProductPictures: Send + Sync {
    /// Puts pictures onto a product and takes others off it, by the ids they were given; its other media are left alone. Looks
    /// which are there already: repeating it is safe.
    async fn put_pictures(&self, product: &str, add: &[Picture], remove: &[String]) -> Result<PicturesPut, CallError>;
}

/// Price lists of markets.
#[async_trait]
pub trait PriceLists: Send + Sync {
    /// Sets fixed prices of variants in a price list and takes those of others out of it. Sets absolute values: repeating it
    /// is safe.
    async fn set_list_prices(&self, list: &str, rows: &[PriceRow], gone: &[String]) -> Result<(), CallError>;
}

/// Places that are made by us.
#[async_trait]
pub trait NewLocations: Send + Sync {
    /// The id of the location of a branch, made on first sight under the office's key and named as the branch: repeating it is
    /// safe.
    async fn location(&self, branch: &Branch) -> Result<String, CallError>;
}

/// Webhook subscriptions that are made by us.
#[async_trait]
pub trait Subscriptions: Send + Sync {
    /// The topics the bridge needs.
    fn wanted_topics(&self) -> &'static [&'static str];

    /// Lists our webhook subscriptions. A read: may be repeated.
    async fn subscriptions(&self) -> Result<Vec<Subscription>, CallError>;

    /// Subscribes to a topic at an address; looks first, so repeating it is safe.
    async fn subscribe(&self, topic: &str, address: &str) -> Result<Subscription, CallError>;
}

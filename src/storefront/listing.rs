//! What a storefront answers when it is asked for what it may not have told. Pure data.
//!
//! What comes in: pages of a listing. What goes out: enough of each thing to say whether it is known as it is.
//! Next in the flow: [`crate::flow::reconcile`].

use jiff::Timestamp;

use crate::domain::{DocumentRef, NewDelivery, Sku, StyleCode, Version};

/// An order as a listing tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOrder {
    /// The storefront's id.
    pub order: String,
    /// The reference of its first invoice.
    pub sale: DocumentRef,
    /// When it last changed, UTC.
    pub changed_at: Timestamp,
    /// The least version a statement of that moment has, as [`super::Storefront::web_order`] reckons it.
    pub version: Version,
    /// Whether all of it was shipped.
    pub fulfilled: bool,
    /// References of its refunds.
    pub refunds: Vec<String>,
}

/// A page of orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPage {
    /// The orders.
    pub orders: Vec<ListedOrder>,
    /// Where to read on; `None` at the end.
    pub next: Option<String>,
}

/// An account as a listing tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAccount {
    /// The storefront's id.
    pub account: String,
    /// The entity its events are about.
    pub entity: String,
    /// The version an event of this state of it has.
    pub version: Version,
    /// The delivery that would have told of it.
    pub news: NewDelivery,
}

/// A page of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPage {
    /// The accounts.
    pub accounts: Vec<ListedAccount>,
    /// Where to read on; `None` at the end.
    pub next: Option<String>,
}

/// Whether buyers can get at a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// They find it.
    Shown,
    /// Only with its address.
    ByAddress,
    /// They cannot.
    Hidden,
}

/// A product as a listing tells it, without its variants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedProduct {
    /// The storefront's id, as in [`super::ProductLink`].
    pub product: String,
    /// The office's key, where it carries one.
    pub style: Option<StyleCode>,
    /// When it last changed, UTC.
    pub changed_at: Timestamp,
    /// Whether buyers can get at it.
    pub visibility: Visibility,
    /// Maker or label.
    pub brand: String,
    /// Its type, a plain text.
    pub kind: String,
    /// How many variants it has; `None` where the storefront does not say.
    pub variants: Option<usize>,
}

/// A page of products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductPage {
    /// The products.
    pub products: Vec<ListedProduct>,
    /// Where to read on; `None` at the end.
    pub next: Option<String>,
}

/// In what a product differs from how it is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductDrift {
    /// What differs of the product and its variants but the prices, in words that name no value.
    pub differs: Vec<String>,
    /// Variants that are not sold at the price of the moment that was asked about.
    pub prices: Vec<Sku>,
}

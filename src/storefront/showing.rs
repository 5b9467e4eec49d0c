//! How a channel's products are shown at a storefront: the rules, and what a handler asks for with them. Pure data.
//!
//! What comes in: the configuration's `[channels.catalogue]` and `[channels.prices]`. What goes out: one [`ProductWish`] a
//! write. Next in the flow: [`super::Storefront::create_product`] and its neighbours.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::ProductLink;
use crate::domain::{Product, StyleCode};

/// What an office's stock group or internet category becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CategoryAs {
    /// The product's type, a plain text.
    #[default]
    ProductType,
    /// A collection, made once per category and found again by the office's key; a product moves with its category.
    Collection,
}

/// How long title and text follow the office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Texts {
    /// Given when the product is created, the shop's from then on (F-350, F-355).
    #[default]
    AtCreation,
    /// The office's words always win.
    Always,
}

/// Whether a new product can be seen at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NewProducts {
    /// Shown at once, and shown again whenever the office says it is for the web.
    #[default]
    Active,
    /// Made as a draft; people at the shop show it when they have enriched it.
    Draft,
}

/// One field of the office that is shown as a metafield.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetafieldRule {
    /// The office's name of the field, such as `tab:Care`.
    pub field: String,
    /// Namespace at the shop.
    pub namespace: String,
    /// Key at the shop.
    pub key: String,
    /// Type it gets where the shop has no definition that says; `None`: several lines of plain text.
    pub kind: Option<String>,
}

/// How products are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CatalogueRules {
    /// What a category becomes.
    pub category: CategoryAs,
    /// How long texts follow the office.
    pub texts: Texts,
    /// Whether new products are seen at once.
    pub new_products: NewProducts,
    /// Fields that become metafields.
    pub metafields: Vec<MetafieldRule>,
    /// Whether branches that are not mapped get a location of their own.
    pub create_locations: bool,
}

/// Which of the office's prices a price list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListPrice {
    /// The price everybody pays, sales included.
    Same,
    /// A further price level of the office.
    Level(String),
}

/// How prices are shown beyond the shop's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PriceRules {
    /// Price lists of the storefront's markets, by id.
    pub lists: BTreeMap<String, ListPrice>,
}

/// A category that is to be there.
#[derive(Debug, Clone, Copy)]
pub struct CategoryWish<'a> {
    /// The office's key, which stays when the name changes.
    pub key: &'a str,
    /// What the office calls it; where storefronts have a tree, `Clothing > Shirts` is one within another.
    pub title: &'a str,
    /// The id it was given, and what it was called then.
    pub known: Option<(&'a str, &'a str)>,
}

/// A product as it is to be.
#[derive(Debug, Clone)]
pub struct ProductWish<'a> {
    /// What the office says of it.
    pub product: &'a Product,
    /// The channel's rules.
    pub rules: &'a CatalogueRules,
    /// The collection it belongs to, where categories become collections.
    pub collection: Option<&'a str>,
    /// The collection it was put into before, to be left.
    pub former_collection: Option<&'a str>,
    /// Files a product that is created begins with, in order.
    pub files: &'a [String],
    /// The moment whose prices new variants get.
    pub now: Timestamp,
}

/// How far a product write got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductStep {
    /// It is as it was wished.
    Done {
        /// Its ids.
        link: ProductLink,
        /// Whether it was made by this call, its pictures with it.
        fresh: bool,
    },
    /// The storefront works on it under this number; ask for it with [`super::ProductOperations`].
    UnderWay(String),
}

/// A picture to be taken over from the office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// What makes it this content and no other.
    pub identity: String,
    /// Public address it can be fetched from.
    pub url: String,
    /// Text for those who cannot see it.
    pub alt: Option<String>,
}

/// What became of pictures that were put onto a product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PicturesPut {
    /// The ids of the pictures to be added, in order; `None` where one is not there.
    pub ids: Vec<Option<String>>,
    /// Why pictures will not be there, naming them.
    pub notes: Vec<String>,
    /// Why the rest should be tried again.
    pub pending: Option<String>,
}

/// How a file stands at the storefront.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileState {
    /// It can be shown.
    Ready,
    /// It is still being fetched or worked on.
    Pending,
    /// It could not be fetched or read, for this reason.
    Failed(String),
    /// Nobody knows it any more.
    Gone,
}

/// How far a bulk operation is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkState {
    /// Not at its end.
    Running {
        /// Lines written so far.
        written: u64,
    },
    /// At its end.
    Ended {
        /// Where its result is, as far as there is one.
        address: Option<String>,
        /// Why it did not come to a good end.
        failure: Option<String>,
    },
}

/// A product that was written in bulk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkProduct {
    /// The office's key.
    pub style: StyleCode,
    /// Its ids.
    pub link: ProductLink,
}

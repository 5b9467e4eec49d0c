//! The office port: what the bridge asks of any point-of-sale back office. One folder per kind beneath.
//!
//! What comes in: cursors (for [`Office::changes`]) and finished documents (for [`Office::book`]). What goes out: changed
//! records as deliveries, event drafts, and booked numbers. It keeps P2 at the far end: every document carries a reference
//! that the office refuses to book twice. Next in the flow: [`crate::flow::poll`] journals the changes.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    BranchCode, CallError, Currency, CustomerProfile, Delivery, LineKind, Money, NewDelivery, Normalised, OfficeName,
    Sku, Version,
};

pub mod counter_intelligence;

/// The kinds of change an office can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Products with their variants, pictures and flags, and deletions.
    Products,
    /// Retail and sale prices.
    Prices,
    /// Stock per SKU and branch.
    Stock,
    /// Customers with their addresses.
    Customers,
    /// Branches with their names and addresses.
    Branches,
}

impl ChangeKind {
    /// Every kind, in the order a first load needs them.
    pub const ALL: &'static [Self] = &[Self::Products, Self::Prices, Self::Stock, Self::Customers, Self::Branches];

    /// The word used on the command line and in the journal.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::Prices => "prices",
            Self::Stock => "stock",
            Self::Customers => "customers",
            Self::Branches => "branches",
        }
    }

    /// Reads the word used on the command line.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

/// What changed since a cursor.
#[derive(Debug, Clone)]
pub struct ChangePage {
    /// One delivery per changed record; the topic is the kind's word.
    pub deliveries: Vec<NewDelivery>,
    /// Where to read on. Opaque to everybody but the adapter.
    pub cursor: String,
    /// Whether more is waiting right now.
    pub more: bool,
}

/// A stock figure that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockReading {
    /// Whole pieces.
    pub on_hand: i64,
    /// How new it is.
    pub version: Version,
}

/// An office's own description, for `check` and for start-up.
#[derive(Debug, Clone, Serialize)]
pub struct OfficeDescription {
    /// Product and contract version.
    pub version: String,
    /// Currency it books in.
    pub currency: String,
    /// Its clock, UTC.
    pub clock: Timestamp,
    /// Branches it has.
    pub branches: Vec<String>,
    /// What it lacks for the bridge to work; empty when all is well.
    pub problems: Vec<String>,
}

/// Which kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// An invoice, paid in full.
    Invoice,
    /// A credit note, refunded in full.
    CreditNote,
}

/// Whom a document is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentCustomer {
    /// The person's key at the storefront, unique across all storefronts of the office. The office keeps it as the
    /// cross-reference; a second document with the same key goes to the same customer.
    pub key: String,
    /// Whether the person has an account at the storefront (a guest is created too, but not as a web customer).
    pub has_account: bool,
    /// What is known of the person. A customer with the same e-mail is taken before a new one is made; among several
    /// web customers with that e-mail the lowest number wins.
    pub profile: CustomerProfile,
}

/// A line of a document. Amounts are the line's whole, except `unit_price`; all are positive on a credit note too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentLine {
    /// The storefront's id of the line, unique within the document.
    pub line: String,
    /// What it stands for.
    pub kind: LineKind,
    /// The item, for goods; `None` for other kinds.
    pub sku: Option<Sku>,
    /// Text on the document.
    pub title: String,
    /// Pieces.
    pub quantity: i64,
    /// Price of one piece before discounts.
    pub unit_price: Money,
    /// Discounts on the line.
    pub discount: Money,
    /// The line's amount after discounts, with or without tax as the document says.
    pub amount: Money,
    /// The line's tax.
    pub tax: Money,
    /// Whether the line moves stock: out on an invoice, in on a credit note.
    pub moves_stock: bool,
    /// On a credit note, whether the pieces never left, so that the storefront's order holds them no more.
    #[serde(default)]
    pub never_left: bool,
    /// Where the line's stock moves, if not at the document's branch.
    pub branch: Option<BranchCode>,
}

/// Money that came in (invoice) or went out (credit note).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentPayment {
    /// The office's pay code.
    pub pay_code: String,
    /// The storefront's id of the transaction, where known.
    pub reference: Option<String>,
    /// How much.
    pub amount: Money,
}

/// A finished document that balances.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Which kind.
    pub kind: DocumentKind,
    /// The external reference; the office refuses a second document of the kind with the same one.
    pub reference: String,
    /// The external reference of the invoice that a credit note gives back.
    pub credits: Option<String>,
    /// The number people use for the sale, such as `#1001`.
    pub order_number: String,
    /// When it happened, UTC.
    pub happened_at: Timestamp,
    /// Whom it is for; `None` on a credit note means: the invoice's customer.
    pub customer: Option<DocumentCustomer>,
    /// Where stock moves and the sale counts.
    pub branch: BranchCode,
    /// Booking currency.
    pub currency: Currency,
    /// Whether line amounts contain tax.
    pub tax_included: bool,
    /// The lines.
    pub lines: Vec<DocumentLine>,
    /// The payments; they add up to `total`.
    pub payments: Vec<DocumentPayment>,
    /// What it comes to, tax and cash rounding included.
    pub total: Money,
}

/// What an office knows of some SKUs and barcodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownItems {
    /// The SKUs among those asked for that it has.
    pub skus: BTreeSet<Sku>,
    /// The SKUs of each barcode that was asked for; one that several items share has several.
    pub by_barcode: BTreeMap<String, Vec<Sku>>,
}

/// A document in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// The office's number of the document.
    pub number: String,
    /// The office's number of the customer.
    pub customer: String,
    /// Whether it was in the books before this call.
    pub already: bool,
}

/// A point-of-sale back office.
#[async_trait]
pub trait Office: Send + Sync + 'static {
    /// Its name in the configuration.
    fn name(&self) -> &OfficeName;

    /// Asks who it is, whether its contract is whole, and what time it has. A read: may be repeated.
    async fn probe(&self) -> Result<OfficeDescription, CallError>;

    /// Lists records that changed since a cursor (`None`: from the beginning), about `limit` at most, oldest change first. A
    /// read: the same cursor gives at least the same records again.
    async fn changes(&self, kind: ChangeKind, cursor: Option<&str>, limit: usize) -> Result<ChangePage, CallError>;

    /// Reads stock figures as they are at this moment, later than any read before: each with a version that no later change of it
    /// will be listed below. A read: may be repeated. The answer has one entry per pair, in order; `None` where there is no figure.
    async fn stock(&self, wanted: &[(Sku, BranchCode)]) -> Result<Vec<Option<StockReading>>, CallError>;

    /// Says what a changed record means. Pure.
    fn normalise(&self, delivery: &Delivery) -> Normalised;

    /// Looks up items by SKU and by barcode, all at once. A read: may be repeated.
    async fn items(&self, skus: &[Sku], barcodes: &[String]) -> Result<KnownItems, CallError>;

    /// Looks up documents by external reference. A read: may be repeated. The answer has one entry per reference, in order.
    async fn find(&self, kind: DocumentKind, references: &[String]) -> Result<Vec<Option<Booked>>, CallError>;

    /// The numbers of customers that have one of these keys or one of these e-mail addresses. A read: may be repeated.
    async fn customer_numbers(&self, keys: &[String], emails: &[String]) -> Result<Vec<String>, CallError>;

    /// Finds or creates the customer of a storefront's key; one that had the key already takes over the names, e-mail and
    /// telephone that are given. Answers the number. Sets absolute values: repeating it is safe.
    async fn put_customer(&self, customer: &DocumentCustomer) -> Result<String, CallError>;

    /// Lets a storefront's key lead to the customer that another of its keys leads to, unless it leads somewhere already.
    /// Answers that customer's number, if there is one. Repeating it is safe.
    async fn adopt_key(&self, of: &str, key: &str) -> Result<Option<String>, CallError>;

    /// Finds or creates each document's customer and books the documents, together where the office can. A document that is
    /// in the books already is answered with `already: true` and not booked again; one that fails does not hold up its
    /// neighbours. The answer has one entry per document, in order.
    async fn book(&self, documents: &[Document]) -> Vec<Result<Booked, CallError>>;
}

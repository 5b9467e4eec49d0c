//! What is known of the other side: cross-references, and what was last written there (P3, P7).

use serde::Serialize;

use crate::domain::Version;

/// The kinds of cross-reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Sale reference ↔ office invoice number.
    Invoice,
    /// Refund reference ↔ office credit note number.
    CreditNote,
    /// Sale reference of an order that ended before it was invoiced ↔ itself.
    Cancelled,
    /// Style ↔ storefront product.
    Product,
    /// SKU ↔ storefront variant.
    Variant,
    /// SKU ↔ storefront stock item.
    StockItem,
    /// Customer's number ↔ storefront account.
    Customer,
    /// Customer's number and kind of address ↔ storefront address.
    CustomerAddress,
    /// Content of a picture ↔ storefront file.
    Picture,
    /// Branch ↔ storefront location that was made for it.
    Location,
}

impl LinkKind {
    /// Every kind there is.
    pub const ALL: &'static [Self] = &[
        Self::Invoice,
        Self::CreditNote,
        Self::Cancelled,
        Self::Product,
        Self::Variant,
        Self::StockItem,
        Self::Customer,
        Self::CustomerAddress,
        Self::Picture,
        Self::Location,
    ];

    /// The word kept in the journal.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
            Self::Cancelled => "cancelled",
            Self::Product => "product",
            Self::Variant => "variant",
            Self::StockItem => "stock_item",
            Self::Customer => "customer",
            Self::CustomerAddress => "customer_address",
            Self::Picture => "picture",
            Self::Location => "location",
        }
    }
}

/// A cross-reference to keep. A known key takes the new id; an id that belongs to another key makes the settlement a dead
/// letter instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Kind.
    pub kind: LinkKind,
    /// Our key.
    pub key: String,
    /// The other side's id.
    pub other: String,
}

/// What was last written to the other side for a state. Kept only when its version is not older than the one known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The entity.
    pub entity: String,
    /// Version of the event that was written.
    pub version: Version,
    /// The value, as the handler understands it.
    pub value: String,
}

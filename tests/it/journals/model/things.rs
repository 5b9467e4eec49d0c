//! What happens in the model's shop: a few invoices and credit notes of the same orders, versions of a few figures, and calls that
//! nobody can read.

use tillbridge::domain::{Draft, Version};

use super::super::things;

pub const LEASE_SECONDS: i64 = 60;

/// Something that is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    Invoice(u8),
    /// Waits for the invoice of its order.
    Credit(u8),
    Figure(u8, i64),
    Garbled,
}

impl Thing {
    pub fn is_legible(&self) -> bool {
        *self != Self::Garbled
    }

    /// What one at a time works on: an order or a SKU.
    pub fn entity(&self) -> String {
        match self {
            Self::Invoice(order) | Self::Credit(order) => format!("ORDER-{order}"),
            Self::Figure(sku, _) => format!("SKU-{sku}"),
            Self::Garbled => String::new(),
        }
    }

    /// Its name, by which it is known once.
    pub fn name(&self) -> String {
        match self {
            Self::Invoice(order) => format!("invoice {order}"),
            Self::Credit(order) => format!("credit {order}"),
            Self::Figure(sku, version) => format!("SKU-{sku}#{version}"),
            Self::Garbled => "garbled".to_owned(),
        }
    }

    /// The cross-reference that is learnt when it is booked.
    pub fn link(&self) -> Option<String> {
        matches!(self, Self::Invoice(_)).then(|| self.name())
    }

    /// The cross-reference it cannot do without.
    pub fn needs(&self) -> Option<String> {
        let Self::Credit(order) = self else { return None };
        Self::Invoice(*order).link()
    }

    /// Which version of which figure it is.
    pub fn version(&self) -> Option<(String, i64)> {
        let Self::Figure(_, version) = self else { return None };
        Some((self.entity(), *version))
    }

    pub fn handler(&self) -> &'static str {
        if self.version().is_some() { "stock" } else { "document" }
    }

    pub fn kind(&self) -> &'static str {
        if self.version().is_some() { "stock.changed" } else { "order.cancelled" }
    }

    /// The event it is.
    pub fn draft(&self) -> Draft {
        match self.version() {
            Some((sku, version)) => Draft { version: Version(version), ..things::stock(&sku, version) },
            None => Draft { entity: self.entity(), ..things::cancelled(&self.name()) },
        }
    }
}

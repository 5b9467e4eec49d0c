//! Which events leave their key behind when they are old.

use crate::domain::EventType;

/// The end of events with `body` left: how it is told apart from one that was swept.
pub(in crate::journal) const FINAL: [&str; 3] =
    [super::handling::DONE, super::handling::IGNORED, super::handling::DISCARDED];

/// Whether the key of an old event stays. A document told again must be known for ever. A state told again is known by the version
/// that was written last (P3), and whoever was only asked to look may look again, so those go whole: they are most of what an
/// office tells.
pub(in crate::journal) fn key_stays(kind: &str) -> bool {
    match EventType::from_word(kind) {
        Some(
            EventType::ProductChanged
            | EventType::ProductArchived
            | EventType::ProductSeen
            | EventType::StockChanged
            | EventType::StockSeen
            | EventType::StockDoubted
            | EventType::PriceChanged
            | EventType::PriceSeen
            | EventType::CustomerChanged
            | EventType::BranchChanged
            | EventType::DocumentHinted,
        ) => false,
        Some(
            EventType::SaleInvoiced
            | EventType::SaleCredited
            | EventType::OrderChanged
            | EventType::OrderCancelled
            | EventType::AccountChanged
            | EventType::CustomerMerged
            | EventType::PrivacyRequested
            | EventType::StorefrontLeft,
        )
        // Of another version of this program: it is for that one to say.
        | None => true,
    }
}

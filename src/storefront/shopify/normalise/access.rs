//! The shop has removed the app.

use jiff::Timestamp;

use crate::domain::{Delivery, Draft, Fact, Normalised, StorefrontLeft, Version};

/// Each removal is a fact of its own: an app may be installed and removed again. The body, the shop's address book entry, is not
/// needed.
pub(super) fn left(delivery: &Delivery) -> Normalised {
    let triggered = delivery.content.headers.get("x-shopify-triggered-at").and_then(|at| at.parse::<Timestamp>().ok());
    let left_at = triggered.unwrap_or(delivery.received_at);
    Normalised::Events(vec![Draft {
        source_document: format!("left:{}", delivery.id),
        entity: "storefront".into(),
        version: Version(left_at.as_microsecond()),
        time: left_at,
        fact: Fact::StorefrontLeft(StorefrontLeft { left_at }),
    }])
}

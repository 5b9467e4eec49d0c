//! Webhook bodies, written as the shop's REST resources: typed, with numbers and strings where the real ones have them.
//!
//! What comes in: records of the shop. What goes out: the exact bytes that are signed and sent. Line totals of refunds are JSON
//! numbers, every other amount is a string; ids are numbers above 2^53; an order carries its refunds but no transactions.
//! Next in the flow: [`super::webhooks`] signs and sends them.

#![expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "these are the names and types of the bodies, not ours"
)]

mod customer;
mod edit;
mod line;
mod order;
mod primitives;
mod refund;
mod shipment;
mod shop;
mod stock;
mod transaction;

pub(super) use customer::{buyer_of, customer_body, customer_deleted_body, customer_merged_body, known_address};
pub(super) use edit::edited_body;
pub(super) use order::order_body;
pub(super) use primitives::Stationery;
pub(super) use refund::refund_body;
pub(super) use shipment::fulfillment_body;
pub(super) use shop::{Person, data_request_body, redact_body, shop_body, shop_redact_body};
pub(super) use stock::{LevelFacts, level_body, product_body, product_deleted_body};
pub(super) use transaction::{refund_transaction_body, status, transaction_body};

use bytes::Bytes;
use serde::Serialize;

/// Serialises a body. Bodies hold only strings, whole numbers and checked decimals, which always can be written.
fn bytes_of(body: &impl Serialize) -> Bytes {
    serde_json::to_vec(body).map(Bytes::from).unwrap_or_default()
}

//! The bodies of Shopify's webhooks, as far as the bridge reads them (REST shapes of the Admin API).
//!
//! Only what a document cannot be made without is required; what is missing, `null` or new does no harm.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::amount::{Amount, Id};

/// Reads `null` like a missing field.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// True when the key is there, whatever its value.
fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    serde::de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

#[derive(Debug, Deserialize)]
pub(super) struct Order {
    pub id: Id,
    pub currency: String,
    pub name: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub taxes_included: bool,
    #[serde(default, deserialize_with = "or_default")]
    pub duties_included: bool,
    pub created_at: Option<String>,
    pub processed_at: Option<String>,
    pub updated_at: Option<String>,
    pub cancelled_at: Option<String>,
    pub financial_status: Option<String>,
    pub fulfillment_status: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub fulfillments: Vec<Fulfillment>,
    pub email: Option<String>,
    pub contact_email: Option<String>,
    pub phone: Option<String>,
    pub customer: Option<Customer>,
    pub billing_address: Option<PostalAddress>,
    pub shipping_address: Option<PostalAddress>,
    #[serde(default, deserialize_with = "or_default")]
    pub line_items: Vec<LineItem>,
    #[serde(default, deserialize_with = "or_default")]
    pub shipping_lines: Vec<ShippingLine>,
    #[serde(default, deserialize_with = "or_default")]
    pub refunds: Vec<Refund>,
    #[serde(default, deserialize_with = "or_default")]
    pub payment_gateway_names: Vec<String>,
    pub total_price: Option<Amount>,
    pub total_price_set: Option<MoneySet>,
    pub total_tax: Option<Amount>,
    pub total_tax_set: Option<MoneySet>,
    pub total_tip_received: Option<Amount>,
    pub original_total_duties_set: Option<MoneySet>,
    pub current_total_duties_set: Option<MoneySet>,
    pub original_total_additional_fees_set: Option<MoneySet>,
    pub current_total_additional_fees_set: Option<MoneySet>,
    pub total_cash_rounding_payment_adjustment_set: Option<MoneySet>,
    pub source_name: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub test: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Edited {
    pub order_edit: OrderEdit,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrderEdit {
    pub id: Option<Id>,
    pub order_id: Id,
    pub committed_at: Option<String>,
    pub created_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Fulfillment {
    pub id: Option<Id>,
    pub order_id: Option<Id>,
    pub status: Option<String>,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
    pub location_id: Option<Id>,
    #[serde(default, deserialize_with = "or_default")]
    pub line_items: Vec<FulfilledLine>,
}

impl Fulfillment {
    /// Whether nothing left with it after all.
    pub fn failed(&self) -> bool {
        matches!(self.status.as_deref(), Some("cancelled" | "error" | "failure"))
    }
}

/// An order of which only that it changed is known.
#[derive(Debug, Deserialize)]
pub(super) struct Unread {
    pub id: Id,
    pub updated_at: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FulfilledLine {
    pub id: Id,
    #[serde(default, deserialize_with = "or_default")]
    pub quantity: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Customer {
    pub id: Id,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PostalAddress {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub address1: Option<String>,
    pub address2: Option<String>,
    pub city: Option<String>,
    pub province: Option<String>,
    pub province_code: Option<String>,
    pub zip: Option<String>,
    pub country_code: Option<String>,
    pub phone: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct LineItem {
    pub id: Id,
    pub title: Option<String>,
    pub name: Option<String>,
    pub sku: Option<String>,
    pub variant_id: Option<Id>,
    #[serde(default)]
    pub quantity: i64,
    /// What is left of it after refunds and edits.
    pub current_quantity: Option<i64>,
    /// What is left of it to be shipped.
    pub fulfillable_quantity: Option<i64>,
    pub price: Option<Amount>,
    pub price_set: Option<MoneySet>,
    #[serde(default, deserialize_with = "or_default")]
    pub gift_card: bool,
    /// Only tips have this key, and it may be null.
    #[serde(default, deserialize_with = "is_there")]
    pub tip_payment_gateway: bool,
    /// As above.
    #[serde(default, deserialize_with = "is_there")]
    pub tip_payment_method: bool,
    #[serde(default, deserialize_with = "or_default")]
    pub discount_allocations: Vec<Allocation>,
    #[serde(default, deserialize_with = "or_default")]
    pub tax_lines: Vec<TaxLine>,
    #[serde(default, deserialize_with = "or_default")]
    pub duties: Vec<Duty>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Allocation {
    pub amount: Option<Amount>,
    pub amount_set: Option<MoneySet>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TaxLine {
    pub price: Option<Amount>,
    pub price_set: Option<MoneySet>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Duty {
    pub id: Option<Id>,
    pub harmonized_system_code: Option<String>,
    /// The duty's own amount stands here without a set around it.
    pub shop_money: Option<Cash>,
    pub price_set: Option<MoneySet>,
    #[serde(default, deserialize_with = "or_default")]
    pub tax_lines: Vec<TaxLine>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ShippingLine {
    pub id: Option<Id>,
    pub title: Option<String>,
    pub price: Option<Amount>,
    pub price_set: Option<MoneySet>,
    pub discounted_price: Option<Amount>,
    pub discounted_price_set: Option<MoneySet>,
    #[serde(default, deserialize_with = "or_default")]
    pub is_removed: bool,
    #[serde(default, deserialize_with = "or_default")]
    pub discount_allocations: Vec<Allocation>,
    #[serde(default, deserialize_with = "or_default")]
    pub tax_lines: Vec<TaxLine>,
}

#[derive(Debug, Deserialize)]
#[allow(clippy::struct_field_names, reason = "the names are Shopify's")]
pub(super) struct Refund {
    pub id: Id,
    pub order_id: Option<Id>,
    pub created_at: Option<String>,
    pub processed_at: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    pub refund_line_items: Vec<RefundLine>,
    #[serde(default, deserialize_with = "or_default")]
    pub refund_shipping_lines: Vec<RefundShipping>,
    #[serde(default, deserialize_with = "or_default")]
    pub order_adjustments: Vec<OrderAdjustment>,
    #[serde(default, deserialize_with = "or_default")]
    pub transactions: Vec<Transaction>,
    #[serde(default, deserialize_with = "or_default")]
    pub duties: Vec<RefundDuty>,
    pub total_duties_set: Option<MoneySet>,
    pub total_additional_fees_set: Option<MoneySet>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RefundLine {
    pub id: Option<Id>,
    pub line_item_id: Option<Id>,
    #[serde(default)]
    pub quantity: i64,
    pub restock_type: Option<String>,
    pub location_id: Option<Id>,
    pub subtotal: Option<Amount>,
    pub subtotal_set: Option<MoneySet>,
    pub total_tax: Option<Amount>,
    pub total_tax_set: Option<MoneySet>,
    pub line_item: Option<LineItem>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RefundShipping {
    pub id: Option<Id>,
    pub subtotal_amount_set: Option<MoneySet>,
    pub tax_amount_set: Option<MoneySet>,
}

#[derive(Debug, Deserialize)]
pub(super) struct OrderAdjustment {
    pub id: Option<Id>,
    pub kind: Option<String>,
    pub amount: Option<Amount>,
    pub amount_set: Option<MoneySet>,
    pub tax_amount: Option<Amount>,
    pub tax_amount_set: Option<MoneySet>,
}

#[derive(Debug, Deserialize)]
pub(super) struct RefundDuty {
    pub duty_id: Option<Id>,
    pub amount_set: Option<MoneySet>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Transaction {
    pub id: Option<Id>,
    pub order_id: Option<Id>,
    pub created_at: Option<String>,
    pub processed_at: Option<String>,
    pub kind: Option<String>,
    pub status: Option<String>,
    pub gateway: Option<String>,
    pub amount: Option<Amount>,
    pub amount_rounding: Option<Rounding>,
    pub currency: Option<String>,
}

/// What cash rounding adds to a transaction. Its shape is not documented for webhooks, so both forms of an amount are read.
#[derive(Debug)]
pub(super) enum Rounding {
    Plain(Amount),
    Set(MoneySet),
}

impl<'de> Deserialize<'de> for Rounding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let read = if raw.get().starts_with('{') {
            serde_json::from_str(raw.get()).map(Self::Set)
        } else {
            serde_json::from_str(raw.get()).map(Self::Plain)
        };
        read.map_err(|_| serde::de::Error::custom("a rounding is neither an amount nor a set of amounts"))
    }
}

/// An amount in the shop's and in the buyer's currency.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct MoneySet {
    pub shop_money: Option<Cash>,
    pub presentment_money: Option<Cash>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Cash {
    pub amount: Amount,
    pub currency_code: String,
}

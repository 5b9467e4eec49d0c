//! The documents of Magento's sales as far as they are read: `sales-data-*` and `customer-data-*` of its web API (2.4.9).
//! Fields that are null are left out of answers or written as null; both read as nothing.

use serde::{Deserialize, Deserializer};

use super::amount::{Amount, Id};

/// What was read for an order.
#[derive(Deserialize)]
pub(super) struct OrderRead {
    pub order: Order,
    #[serde(default)]
    pub shipments: Vec<Shipment>,
    /// All invoices of an order of which something was given back.
    #[serde(default)]
    pub invoices: Vec<Document>,
    /// All credit memos of the order.
    #[serde(default)]
    pub creditmemos: Vec<Document>,
}

/// What was read for an invoice.
#[derive(Deserialize)]
pub(super) struct InvoiceRead {
    pub order: Order,
    pub invoice: Document,
}

/// What was read for a credit memo.
#[derive(Deserialize)]
pub(super) struct CreditMemoRead {
    pub order: Order,
    pub creditmemo: Document,
    /// All invoices of the order.
    pub invoices: Vec<Document>,
    /// All credit memos of the order.
    pub creditmemos: Vec<Document>,
    /// All shipments of the order.
    #[serde(default)]
    pub shipments: Vec<Shipment>,
}

/// What was read for a customer.
#[derive(Deserialize)]
pub(super) struct CustomerRead {
    pub customer: Customer,
}

#[derive(Deserialize)]
pub(super) struct Order {
    pub entity_id: Id,
    #[serde(default, deserialize_with = "text")]
    pub increment_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub updated_at: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub created_at: Option<String>,
    #[serde(default)]
    pub customer_id: Option<Id>,
    #[serde(default, deserialize_with = "text")]
    pub customer_email: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub customer_firstname: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub customer_lastname: Option<String>,
    #[serde(default)]
    pub billing_address: Option<Address>,
    #[serde(default)]
    pub payment: Option<Payment>,
    #[serde(default)]
    pub items: Vec<OrderItem>,
    #[serde(default)]
    pub extension_attributes: Option<OrderMore>,
}

#[derive(Deserialize)]
pub(super) struct OrderMore {
    #[serde(default)]
    pub shipping_assignments: Option<Vec<Assignment>>,
}

#[derive(Deserialize)]
pub(super) struct Assignment {
    #[serde(default)]
    pub shipping: Option<Shipping>,
}

#[derive(Deserialize)]
pub(super) struct Shipping {
    #[serde(default)]
    pub address: Option<Address>,
}

#[derive(Deserialize)]
pub(super) struct Payment {
    #[serde(default, deserialize_with = "text")]
    pub method: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub last_trans_id: Option<String>,
}

/// One row of an order. Parts of a configurable product or a bundle name their parent's row.
#[derive(Deserialize)]
pub(super) struct OrderItem {
    pub item_id: Id,
    #[serde(default)]
    pub parent_item_id: Option<Id>,
    #[serde(default, deserialize_with = "text")]
    pub product_type: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub sku: Option<String>,
    #[serde(default)]
    pub is_virtual: Amount,
    #[serde(default)]
    pub qty_ordered: Amount,
    #[serde(default)]
    pub qty_canceled: Amount,
    #[serde(default)]
    pub qty_invoiced: Amount,
    #[serde(default)]
    pub qty_refunded: Amount,
    #[serde(default)]
    pub qty_shipped: Amount,
    #[serde(default)]
    pub base_price: Amount,
    #[serde(default)]
    pub base_price_incl_tax: Amount,
    #[serde(default)]
    pub base_row_total: Amount,
    #[serde(default)]
    pub base_row_total_incl_tax: Amount,
}

#[derive(Deserialize)]
pub(super) struct Address {
    #[serde(default, deserialize_with = "text")]
    pub firstname: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub lastname: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub company: Option<String>,
    #[serde(default)]
    pub street: Option<Vec<String>>,
    #[serde(default, deserialize_with = "text")]
    pub city: Option<String>,
    #[serde(default)]
    pub region: Option<Region>,
    #[serde(default, deserialize_with = "text")]
    pub region_code: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub postcode: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub country_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub telephone: Option<String>,
    #[serde(default)]
    pub default_billing: Option<bool>,
    #[serde(default)]
    pub default_shipping: Option<bool>,
}

/// A name on orders; a name with its code on customers.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Region {
    Name(String),
    Known {
        #[serde(default)]
        region_code: Option<String>,
        #[serde(default)]
        region: Option<String>,
    },
}

/// An invoice or a credit memo, whose fields are the same but for a few.
#[derive(Deserialize)]
pub(super) struct Document {
    pub entity_id: Id,
    pub order_id: Id,
    /// Of a credit memo that was made from an invoice.
    #[serde(default)]
    pub invoice_id: Option<Id>,
    #[serde(default)]
    pub state: Amount,
    #[serde(default, deserialize_with = "text")]
    pub created_at: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub transaction_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub base_currency_code: Option<String>,
    #[serde(default)]
    pub base_grand_total: Amount,
    #[serde(default)]
    pub base_tax_amount: Amount,
    /// Below zero.
    #[serde(default)]
    pub base_discount_amount: Amount,
    #[serde(default)]
    pub base_shipping_amount: Amount,
    #[serde(default)]
    pub base_shipping_tax_amount: Amount,
    #[serde(default)]
    pub base_shipping_discount_tax_compensation_amnt: Amount,
    /// Of credit memos.
    #[serde(default)]
    pub base_adjustment_positive: Amount,
    /// Of credit memos.
    #[serde(default)]
    pub base_adjustment_negative: Amount,
    #[serde(default)]
    pub items: Vec<Item>,
    #[serde(default)]
    pub extension_attributes: Option<More>,
}

/// What Adobe Commerce adds: what was paid by store credit and gift cards, and wrapping.
#[derive(Default, Deserialize)]
pub(super) struct More {
    #[serde(default)]
    pub base_customer_balance_amount: Amount,
    #[serde(default)]
    pub base_gift_cards_amount: Amount,
    #[serde(default)]
    pub gw_base_price: Amount,
    #[serde(default)]
    pub gw_items_base_price: Amount,
    #[serde(default)]
    pub gw_card_base_price: Amount,
    #[serde(default)]
    pub gw_base_tax_amount: Amount,
    #[serde(default)]
    pub gw_items_base_tax_amount: Amount,
    #[serde(default)]
    pub gw_card_base_tax_amount: Amount,
}

/// One row of an invoice or a credit memo. Rows whose money stands on another row have no `base_row_total`, or nought.
#[derive(Deserialize)]
pub(super) struct Item {
    pub order_item_id: Id,
    #[serde(default, deserialize_with = "text")]
    pub sku: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub name: Option<String>,
    #[serde(default)]
    pub qty: Amount,
    #[serde(default)]
    pub base_price: Amount,
    #[serde(default)]
    pub base_price_incl_tax: Amount,
    #[serde(default)]
    pub base_row_total: Amount,
    #[serde(default)]
    pub base_tax_amount: Amount,
    /// Zero or more.
    #[serde(default)]
    pub base_discount_amount: Amount,
    #[serde(default)]
    pub base_discount_tax_compensation_amount: Amount,
}

#[derive(Deserialize)]
pub(super) struct Shipment {
    #[serde(default)]
    pub entity_id: Option<Id>,
    #[serde(default, deserialize_with = "text")]
    pub created_at: Option<String>,
    #[serde(default)]
    pub items: Vec<ShipmentItem>,
    #[serde(default)]
    pub extension_attributes: Option<ShipmentMore>,
}

#[derive(Deserialize)]
pub(super) struct ShipmentMore {
    #[serde(default, deserialize_with = "text")]
    pub source_code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ShipmentItem {
    pub order_item_id: Id,
    #[serde(default)]
    pub qty: Amount,
}

#[derive(Deserialize)]
pub(super) struct Customer {
    pub id: Id,
    #[serde(default, deserialize_with = "text")]
    pub email: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub firstname: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub lastname: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub updated_at: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub created_at: Option<String>,
    #[serde(default)]
    pub addresses: Vec<Address>,
}

/// A text without blanks around it; nothing where it is null or empty. Numbers are taken as they are written.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Option::<serde_json::Value>::deserialize(deserializer)? {
        Some(serde_json::Value::String(text)) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Some(serde_json::Value::Number(number)) => Some(number.to_string()),
        _ => None,
    })
}

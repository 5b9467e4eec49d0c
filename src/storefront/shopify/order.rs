//! Reads an order to the end of each of its lists and says it in our words.
//!
//! What comes in: an order's reference. What goes out: an [`OrderState`] in the shop's currency. Reads only, so all of it may be
//! repeated; an order that changes while it is read shows figures that contradict each other, which [`OrderState::check`] finds
//! and a later attempt reads again.

mod head;
mod lines;
mod movements;
mod returns;

use rust_decimal::Decimal;

use super::Shopify;
use super::graphql::{
    ReadOrder, ReadOrderLines, ReadRefund, ReadShipment, gid, number, read_order, read_order_lines, read_refund,
    read_shipment,
};
use crate::domain::{CallError, Currency, DocumentRef, Money, OrderState};

/// Rows of a page of lines: an object of it is a dozen points.
const LINES: i64 = 20;
/// Rows of a page of anything smaller.
const ROWS: i64 = 100;
/// Rows of lists that are short as a rule and cannot be paged: shipments, refunds, transactions.
const FEW: i64 = 25;
/// The most of those that are read; an order that has more is read by a person.
const MOST: i64 = 100;

impl Shopify {
    pub(super) async fn read_order(&self, sale: &DocumentRef) -> Result<OrderState, CallError> {
        let id = sale.as_str().strip_prefix("order:").unwrap_or(sale.as_str());
        let order = gid("Order", id);
        let head = self.read_head(&order).await?;
        let shipments: Vec<String> = head
            .fulfillments
            .iter()
            .filter(|one| !matches!(one.status, Failed::CANCELLED | Failed::ERROR | Failed::FAILURE))
            .map(|one| one.id.clone())
            .collect();
        let refunds: Vec<String> = head.refunds.iter().map(|one| one.id.clone()).collect();
        let lines = self.read_lines(&order);
        let shipped = futures::future::try_join_all(shipments.iter().map(|shipment| self.read_shipment(shipment)));
        let refunded = futures::future::try_join_all(refunds.iter().map(|refund| self.read_refund(refund)));
        let (lines, shipped, refunded) = futures::try_join!(lines, shipped, refunded)?;
        head::state(sale, &head, lines, shipments.into_iter().zip(shipped).collect(), refunded)
    }

    async fn read_head(&self, order: &str) -> Result<read_order::ReadOrderOrder, CallError> {
        for rows in [FEW, MOST] {
            let variables = read_order::Variables { order: order.to_owned(), few: FEW, rows };
            let found = self.client.call::<ReadOrder>(variables).await?.order;
            let found = found.ok_or_else(|| CallError::Unmapped {
                what: format!("order {}", number(order)),
                fix: "the shop does not show it: orders older than 60 days need the permission read_all_orders".into(),
            })?;
            let longest = found.fulfillments.len().max(found.refunds.len()).max(found.transactions.len());
            if i64::try_from(longest).unwrap_or(i64::MAX) < rows && !found.shipping_lines.page_info.has_next_page {
                return Ok(found);
            }
        }
        let why = format!(
            "order {} has more shipments, refunds or transactions than are read: book it by hand",
            number(order)
        );
        Err(CallError::Rejected(why))
    }

    async fn read_lines(&self, order: &str) -> Result<Vec<read_order_lines::Line>, CallError> {
        let (mut lines, mut after) = (Vec::new(), None);
        loop {
            let variables = read_order_lines::Variables { order: order.to_owned(), lines: LINES, after };
            let Some(found) = self.client.call::<ReadOrderLines>(variables).await?.order else { return Ok(lines) };
            lines.extend(found.line_items.nodes);
            after = found.line_items.page_info.end_cursor.filter(|_| found.line_items.page_info.has_next_page);
            if after.is_none() {
                return Ok(lines);
            }
        }
    }

    /// The pieces of one shipment, by the line they are of.
    async fn read_shipment(&self, shipment: &str) -> Result<Vec<(String, i64)>, CallError> {
        let (mut pieces, mut after) = (Vec::new(), None);
        loop {
            let variables = read_shipment::Variables { shipment: shipment.to_owned(), first: ROWS, after };
            let Some(found) = self.client.call::<ReadShipment>(variables).await?.fulfillment else { return Ok(pieces) };
            let page = found.fulfillment_line_items;
            let row = |row: read_shipment::ReadShipmentFulfillmentFulfillmentLineItemsNodes| {
                (number(&row.line_item.id).to_owned(), row.quantity.unwrap_or(0))
            };
            pieces.extend(page.nodes.into_iter().map(row));
            after = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
            if after.is_none() {
                return Ok(pieces);
            }
        }
    }

    /// One refund with all of its lines.
    async fn read_refund(&self, refund: &str) -> Result<returns::Found, CallError> {
        let (mut lines, mut after) = (Vec::new(), None);
        loop {
            let variables = read_refund::Variables { refund: refund.to_owned(), first: LINES, few: FEW, lines: after };
            let found = self.client.call::<ReadRefund>(variables).await?.refund;
            let mut found = found.ok_or_else(|| CallError::Unmapped {
                what: format!("refund {}", number(refund)),
                fix: "the shop does not show it; look at the order there".into(),
            })?;
            let too_long = found.refund_shipping_lines.page_info.has_next_page
                || found.order_adjustments.page_info.has_next_page
                || found.transactions.page_info.has_next_page;
            if too_long {
                let why = format!("refund {} has more parts than are read: book it by hand", number(refund));
                return Err(CallError::Rejected(why));
            }
            lines.append(&mut found.refund_line_items.nodes);
            after = found
                .refund_line_items
                .page_info
                .end_cursor
                .take()
                .filter(|_| found.refund_line_items.page_info.has_next_page);
            if after.is_none() {
                return Ok(returns::Found { lines, rest: found });
            }
        }
    }
}

use read_order::FulfillmentStatus as Failed;

/// An amount as the API writes it.
fn amount(amount: &str, currency: Option<String>, booked_in: Currency) -> Result<Money, CallError> {
    let currency = Currency::parse(&currency.unwrap_or_default()).map_err(|error| unreadable(&error))?;
    let amount = Decimal::from_str_exact(amount).map_err(|error| unreadable(&error))?;
    let money = Money::new(amount, currency).map_err(|error| unreadable(&error))?;
    Money::zero(booked_in).plus(money).map_err(|error| unreadable(&error))
}

fn unreadable(error: &dyn std::fmt::Display) -> CallError {
    CallError::Rejected(format!("an amount of the order cannot be read: {error}"))
}

/// The shop's side of a set of amounts, whichever document it comes from.
macro_rules! shop {
    ($set:expr, $currency:expr) => {
        $crate::storefront::shopify::order::amount(
            &$set.shop_money.amount,
            $crate::storefront::shopify::refusal::code(Some(&$set.shop_money.currency_code)),
            $currency,
        )
    };
}
use shop;

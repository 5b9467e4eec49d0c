//! Orders: one whose moment has come becomes an invoice, one that ended unfulfilled becomes the news that none will come.
//!
//! An ordinary order is booked straight from its delivery. Where a delivery cannot settle it — an edit, money that is still to
//! come — it only says that the order has changed, and the order is read anew.

use sha2::{Digest, Sha256};

use super::buyer::buyer;
use super::change::{self, NOT_EACH};
use super::ledger::{Ledger, Unclear, text, time};
use super::wire::{LineItem, Order};
use super::{credit, events_or, lines};
use crate::domain::{
    DocumentRef, Draft, Fact, Money, Normalised, OrderCancelled, Payment, Payments, Placed, Sale, SaleMoment, Version,
};

/// The reference of an order's invoice.
pub(super) fn reference(order: &super::amount::Id) -> Result<DocumentRef, Unclear> {
    Ok(DocumentRef::parse(format!("order:{order}"))?)
}

/// How an order came about.
pub(super) fn placed(order: &Order) -> Placed {
    let at_till = order.source_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("pos"));
    Placed { at_till, test: order.test }
}

/// An order that was fulfilled: its invoice as originally sold, and a credit for whatever went back since.
pub(super) fn fulfilled(order: &Order) -> Result<Normalised, Unclear> {
    if needs_reading(order) {
        return Ok(Normalised::Events(vec![change::of_order(order, "it was fulfilled", NOT_EACH)?]));
    }
    Ok(Normalised::Events(documents(order, SaleMoment::Fulfilled)?))
}

/// An order that was paid: the same, for channels that book at payment. One that was shipped before has waited for it.
pub(super) fn paid(order: &Order) -> Result<Normalised, Unclear> {
    let mut drafts = if needs_reading(order) {
        vec![change::of_order(order, "it was paid", &[SaleMoment::Paid])?]
    } else {
        documents(order, SaleMoment::Paid)?
    };
    if order.fulfillment_status.is_some() {
        drafts.push(change::of_order(order, "it was paid after it was shipped", change::AFTER_SHIPPING)?);
    }
    Ok(Normalised::Events(drafts))
}

fn documents(order: &Order, moment: SaleMoment) -> Result<Vec<Draft>, Unclear> {
    let ledger = Ledger::new(&order.currency)?;
    let sale = sale(ledger, order, moment)?;
    let mut drafts = vec![Draft {
        // An order whose contents change and that is fulfilled or paid again is another fact.
        source_document: format!("{}#{}", sale.reference, contents(&sale)),
        entity: sale.reference.to_string(),
        version: Version(0),
        time: order.updated_at.as_ref().and_then(|text| text.parse().ok()).unwrap_or(sale.sold_at),
        fact: Fact::SaleInvoiced(sale),
    }];
    for refund in &order.refunds {
        drafts.extend(credit::embedded(ledger, refund, order)?);
    }
    Ok(drafts)
}

/// A short name for what is sold and for how much.
fn contents(sale: &Sale) -> String {
    use std::fmt::Write;
    let mut digest = Sha256::new();
    for line in &sale.lines {
        digest.update(format!("{}\n{}\n{}\n", line.line, line.quantity, line.unit_price));
    }
    digest.update(sale.stated_total.to_string());
    digest.finalize().iter().take(8).fold(String::with_capacity(16), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a delivery cannot settle the order by itself.
fn needs_reading(order: &Order) -> bool {
    let unpaid = ["pending", "authorized", "partially_paid", "expired", "voided"];
    let is_unpaid = order.financial_status.as_deref().is_some_and(|status| unpaid.contains(&status));
    let free = order.total_price.is_some_and(|total| total.0.is_zero());
    (is_unpaid && !free)
        || order.refunds.iter().any(|refund| refund.transactions.is_empty() && !refund.refund_line_items.is_empty())
        || order.line_items.iter().any(|item| was_edited(order, item))
}

/// Whether pieces are missing that no refund tells of.
fn was_edited(order: &Order, item: &LineItem) -> bool {
    let rows = order.refunds.iter().flat_map(|refund| &refund.refund_line_items);
    let back: i64 = rows.filter(|row| row.line_item_id.as_ref() == Some(&item.id)).map(|row| row.quantity).sum();
    item.current_quantity.is_some_and(|current| current != item.quantity - back && current != item.quantity)
}

/// An order that was cancelled. Once part of it was fulfilled there is an invoice to come, and refunds for the rest.
pub(super) fn cancelled(order: &Order) -> Result<Normalised, Unclear> {
    let status = order.fulfillment_status.as_deref().unwrap_or_default();
    let shipped = order.fulfillments.iter().any(|one| one.status.as_deref().is_some_and(|status| status == "success"));
    if shipped || matches!(status, "fulfilled" | "partial") {
        let why = "it was cancelled after part of it was shipped";
        return Ok(Normalised::Events(vec![change::of_order(order, why, &SaleMoment::ALL)?]));
    }
    if order
        .financial_status
        .as_deref()
        .is_some_and(|status| matches!(status, "paid" | "partially_refunded" | "partially_paid"))
    {
        // Money was kept, or is yet to go back: what becomes of it is not in here.
        return Ok(Normalised::Events(vec![change::of_order(order, "it was cancelled", &SaleMoment::ALL)?]));
    }
    let sale = reference(&order.id)?;
    let cancelled_at = time(&[
        ("cancelled_at", order.cancelled_at.as_ref()),
        ("updated_at", order.updated_at.as_ref()),
        ("created_at", order.created_at.as_ref()),
    ])?;
    let draft = Draft {
        source_document: sale.to_string(),
        entity: sale.to_string(),
        version: Version(0),
        time: cancelled_at,
        fact: Fact::OrderCancelled(OrderCancelled { sale, cancelled_at }),
    };
    Ok(events_or(vec![draft], ""))
}

fn sale(ledger: Ledger, order: &Order, moment: SaleMoment) -> Result<Sale, Unclear> {
    let stated_total = ledger.either("`total_price`", order.total_price_set.as_ref(), order.total_price)?;
    let stated_total = stated_total.ok_or(Unclear::Missing("total_price"))?;
    let cash_rounding = ledger.or_zero(
        "`total_cash_rounding_payment_adjustment_set`",
        order.total_cash_rounding_payment_adjustment_set.as_ref(),
        None,
    )?;
    let to_pay = ledger.sum("the sum to pay", [stated_total, cash_rounding])?;
    Ok(Sale {
        reference: reference(&order.id)?,
        order: None,
        number: text(order.name.as_ref()).unwrap_or_else(|| order.id.to_string()),
        currency: ledger.currency,
        sold_at: time(&[
            ("processed_at", order.processed_at.as_ref()),
            ("created_at", order.created_at.as_ref()),
            ("updated_at", order.updated_at.as_ref()),
        ])?,
        buyer: buyer(order),
        tax_included: order.taxes_included,
        lines: lines::lines(ledger, order)?,
        stated_tax: ledger.or_zero("`total_tax`", order.total_tax_set.as_ref(), order.total_tax)?,
        stated_total,
        cash_rounding,
        payments: payments(order, to_pay),
        moment,
        placed: placed(order),
    })
}

/// An order names its ways of paying but not their amounts: one way must have paid all of it; several have to be read.
fn payments(order: &Order, to_pay: Money) -> Payments {
    let mut gateways: Vec<String> = order.payment_gateway_names.iter().filter_map(|name| text(Some(name))).collect();
    gateways.sort();
    gateways.dedup();
    match gateways.as_slice() {
        _ if to_pay.is_zero() && gateways.len() < 2 => Payments::Each { payments: Vec::new() },
        [gateway] => {
            Payments::Each { payments: vec![Payment { reference: None, gateway: gateway.clone(), amount: to_pay }] }
        }
        _ => Payments::AskStorefront { order: order.id.to_string(), gateways },
    }
}

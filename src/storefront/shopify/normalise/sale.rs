//! Orders: a fulfilled one becomes an invoice, one that ended unfulfilled becomes the news that none will come.

use super::buyer::buyer;
use super::ledger::{Ledger, Unclear, text, time};
use super::wire::Order;
use super::{credit, events_or, lines};
use crate::domain::{DocumentRef, Draft, Fact, Money, Normalised, OrderCancelled, Payment, Payments, Sale, Version};

/// The reference of an order's invoice.
pub(super) fn reference(order: &super::amount::Id) -> Result<DocumentRef, Unclear> {
    Ok(DocumentRef::parse(format!("order:{order}"))?)
}

/// An order that was fulfilled: its invoice as originally sold, and a credit for whatever went back since.
pub(super) fn fulfilled(order: &Order) -> Result<Normalised, Unclear> {
    let ledger = Ledger::new(&order.currency)?;
    let sale = sale(ledger, order)?;
    let reference = sale.reference.to_string();
    let mut drafts = vec![Draft {
        source_document: reference.clone(),
        entity: reference,
        version: Version(0),
        time: order.updated_at.as_ref().and_then(|text| text.parse().ok()).unwrap_or(sale.sold_at),
        fact: Fact::SaleInvoiced(sale),
    }];
    for refund in &order.refunds {
        drafts.extend(credit::embedded(ledger, refund, order)?);
    }
    Ok(Normalised::Events(drafts))
}

/// An order that was cancelled. Once part of it was fulfilled there is an invoice to come, and refunds for the rest.
pub(super) fn cancelled(order: &Order) -> Result<Normalised, Unclear> {
    let status = order.fulfillment_status.as_deref().unwrap_or_default();
    let shipped = order.fulfillments.iter().any(|one| one.status.as_deref().is_some_and(|status| status == "success"));
    if shipped || matches!(status, "fulfilled" | "partial") {
        let why = "the order was fulfilled, at least partly, before it was cancelled: it is booked as an invoice, and what \
                   went back comes with its refunds";
        return Ok(Normalised::Ignored(why.into()));
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

fn sale(ledger: Ledger, order: &Order) -> Result<Sale, Unclear> {
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
    })
}

/// An order names its ways of paying but not their amounts: one way must have paid all of it; several have to be read.
fn payments(order: &Order, to_pay: Money) -> Payments {
    let mut gateways: Vec<String> = order.payment_gateway_names.iter().filter_map(|name| text(Some(name))).collect();
    gateways.sort();
    gateways.dedup();
    let in_part = order.financial_status.as_deref() == Some("partially_paid");
    match gateways.as_slice() {
        _ if to_pay.is_zero() && gateways.len() < 2 => Payments::Each { payments: Vec::new() },
        [gateway] if !in_part => {
            Payments::Each { payments: vec![Payment { reference: None, gateway: gateway.clone(), amount: to_pay }] }
        }
        _ => Payments::AskStorefront { order: order.id.to_string(), gateways },
    }
}

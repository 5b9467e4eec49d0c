//! News that an order is not what it was: edits, shipments, money. What it is now is read from the shop, not from these.

use super::ledger::{Unclear, text, time};
use super::sale::{placed, reference};
use super::wire::{Edited, Fulfillment, Order, Transaction, Unread};
use super::{amount::Id, events_or};
use crate::domain::{DocumentRef, Draft, Fact, Normalised, OrderChanged, Placed, SaleMoment, Version};

/// Channels that book an order as a whole when it is shipped.
pub(super) const NOT_EACH: &[SaleMoment] = &[SaleMoment::Fulfilled];
/// Channels that book at shipping, in whole or in parts.
pub(super) const AFTER_SHIPPING: &[SaleMoment] = &[SaleMoment::Fulfilled, SaleMoment::EachFulfilment];

/// What an order's own delivery says.
pub(super) fn of_order(order: &Order, cause: &str, matters_at: &[SaleMoment]) -> Result<Draft, Unclear> {
    let at = [("updated_at", order.updated_at.as_ref()), ("created_at", order.created_at.as_ref())];
    let what = format!("{cause}@{}", order.updated_at.as_deref().unwrap_or_default());
    Ok(Draft { time: time(&at)?, ..draft(&order.id, &what, cause, matters_at, Some(placed(order)))? })
}

/// An order nobody told of was found by asking. What it is now is read from the shop.
pub(super) fn found(order: &Order) -> Result<Normalised, Unclear> {
    Ok(Normalised::Events(vec![of_order(order, "nobody told of it in time", &SaleMoment::ALL)?]))
}

/// One that could not be read when it was found. Whoever books it reads it again, and tells what stands in the way.
pub(super) fn found_unread(unread: &Unread) -> Result<Normalised, Unclear> {
    let at = time(&[("updated_at", unread.updated_at.as_ref())])?;
    let cause = "nobody told of it in time, and it could not be read when it was found";
    let draft = draft(&unread.id, &format!("unread@{at}"), cause, &SaleMoment::ALL, None)?;
    Ok(Normalised::Events(vec![Draft { time: at, ..draft }]))
}

/// An edit was made: lines added, taken off, or changed in number or price.
pub(super) fn edited(edited: &Edited) -> Result<Normalised, Unclear> {
    let edit = &edited.order_edit;
    let what = format!("edit {}", edit.id.as_ref().map(ToString::to_string).unwrap_or_default());
    let at = time(&[("committed_at", edit.committed_at.as_ref()), ("created_at", edit.created_at.as_ref())])?;
    let what = format!("{what}@{at}");
    let draft = draft(&edit.order_id, &what, "it was edited", &SaleMoment::ALL, None)?;
    Ok(Normalised::Events(vec![Draft { time: at, ..draft }]))
}

/// Something was shipped, or a shipment was changed.
pub(super) fn shipped(shipment: &Fulfillment) -> Result<Normalised, Unclear> {
    let order = shipment.order_id.as_ref().ok_or(Unclear::Missing("order_id"))?;
    let id = shipment.id.as_ref().ok_or(Unclear::Missing("id"))?;
    let at = time(&[("updated_at", shipment.updated_at.as_ref()), ("created_at", shipment.created_at.as_ref())])?;
    let what = format!("shipment {id} {}@{at}", shipment.status.as_deref().unwrap_or_default());
    let draft = draft(order, &what, "part of it was shipped", &[SaleMoment::EachFulfilment], None)?;
    Ok(Normalised::Events(vec![Draft { time: at, ..draft }]))
}

/// Money moved, or did not. What an order was paid with is read when it is booked; what matters besides is money that goes
/// back later than its refund, and money that is taken with each shipment.
pub(super) fn moved(transaction: &Transaction) -> Result<Normalised, Unclear> {
    let order = transaction.order_id.as_ref().ok_or(Unclear::Missing("order_id"))?;
    let id = transaction.id.as_ref().ok_or(Unclear::Missing("id"))?;
    let (cause, matters_at): (_, &[SaleMoment]) = match transaction.kind.as_deref() {
        Some("refund") => ("money went back, or failed to", &SaleMoment::ALL),
        Some("capture") => ("money was captured", &[SaleMoment::EachFulfilment]),
        _ => return Ok(events_or(Vec::new(), "how an order was paid is read when it is booked")),
    };
    if transaction.status.as_deref() == Some("pending") {
        return Ok(events_or(Vec::new(), "the money has not moved yet"));
    }
    let at =
        time(&[("processed_at", transaction.processed_at.as_ref()), ("created_at", transaction.created_at.as_ref())])?;
    let what = format!("transaction {id} {}", transaction.status.as_deref().unwrap_or_default());
    let mut draft = Draft { time: at, ..draft(order, &what, cause, matters_at, None)? };
    if let Fact::OrderChanged(change) = &mut draft.fact
        && transaction.status.as_deref() == Some("success")
    {
        change.transaction = Some(id.to_string());
    }
    Ok(Normalised::Events(vec![draft]))
}

/// A refund that cannot be credited from what its delivery says.
pub(super) fn unsettled(order: &Id, refund: &Id, at: jiff::Timestamp) -> Result<Draft, Unclear> {
    let what = format!("refund {refund}");
    let mut draft = draft(order, &what, "it has a refund that is not settled", &SaleMoment::ALL, None)?;
    if let Fact::OrderChanged(change) = &mut draft.fact {
        change.refund = Some(DocumentRef::parse(format!("refund:{refund}"))?);
    }
    Ok(Draft { time: at, ..draft })
}

fn draft(
    order: &Id,
    what: &str,
    cause: &str,
    matters_at: &[SaleMoment],
    placed: Option<Placed>,
) -> Result<Draft, Unclear> {
    let sale = reference(order)?;
    let what = text(Some(&what.to_owned())).unwrap_or_default();
    Ok(Draft {
        source_document: format!("{sale}#{what}"),
        // An order's documents take turns: everything about it has one entity.
        entity: sale.to_string(),
        version: Version(0),
        time: jiff::Timestamp::UNIX_EPOCH,
        fact: Fact::OrderChanged(OrderChanged {
            sale,
            order: order.to_string(),
            cause: cause.to_owned(),
            matters_at: matters_at.to_vec(),
            refund: None,
            transaction: None,
            placed,
        }),
    })
}

//! The pieces an order takes from stock (P5).
//!
//! Magento takes pieces off a source's quantity when they are shipped, and keeps those of open orders back by reservations, which
//! no source shows. What is cancelled, or refunded before it was shipped, is released; what comes back after it was shipped stays
//! gone, because the store does not say whether it lies on a shelf again. An order is stated whole each time, so a statement that
//! was missed does no harm once the next one comes.

use std::collections::BTreeMap;

use super::amount::{Amount, Id};
use super::figures::is;
use super::released::{Papers, Released, on_shipment};
use super::sale::order_key;
use super::unclear::time;
use super::wire::{Order, OrderItem, OrderRead, Shipment};
use crate::domain::{Placed, Sku, Version, WebLine, WebOrder};

/// How many statements of one second can be told apart.
const WITHIN_A_SECOND: i64 = 1 << 20;

/// What an order takes. `None` when it does not say when it changed: it could not be told from an older statement.
pub(super) fn web_order(read: &OrderRead) -> Option<WebOrder> {
    let order = &read.order;
    let at = time("updated_at", order.updated_at.as_deref().or(order.created_at.as_deref())).ok()?;
    let items: BTreeMap<Id, &OrderItem> = order.items.iter().map(|item| (item.item_id, item)).collect();
    let papers = Papers { invoices: &read.invoices, shipments: &read.shipments, credit_memos: &read.creditmemos };
    let (mut lines, mut progress) = (Vec::new(), 0_i64);
    for item in order.items.iter().filter(|item| leaves_the_shelf(item, order)) {
        let taken = Taken::of(item, &items, papers);
        progress = progress.saturating_add(taken.progress());
        lines.extend(taken.places(item, read, &items));
    }
    // Times are whole seconds; pieces only ever move forwards, so of two statements of one second the newer has moved more.
    let least = at.as_second().checked_mul(WITHIN_A_SECOND)?;
    let version = Version(least.checked_add(progress.min(WITHIN_A_SECOND - 1))?);
    Some(WebOrder { order: order_key(order).ok()?.to_string(), version, placed: Placed::default(), lines })
}

/// Rows of what is taken off a shelf: not a configurable product or bundle, whose parts are, and nothing virtual but its parts.
fn leaves_the_shelf(item: &OrderItem, order: &Order) -> bool {
    let is_parent = order.items.iter().any(|part| part.parent_item_id == Some(item.item_id));
    !is_parent && !is(item, "giftcard")
}

/// Where a row's own movements are kept: a configurable product's on its first row, as shipments and invoices name it.
pub(super) fn moved<'a>(item: &'a OrderItem, items: &BTreeMap<Id, &'a OrderItem>) -> &'a OrderItem {
    let parent = item.parent_item_id.and_then(|parent| items.get(&parent).copied());
    parent.filter(|parent| is(parent, "configurable")).unwrap_or(item)
}

fn pieces(amount: Amount) -> i64 {
    amount.pieces().unwrap_or_default().max(0)
}

/// What became of the pieces of one row.
struct Taken {
    sold: i64,
    open: i64,
    gone: i64,
    off: i64,
}

impl Taken {
    fn of(item: &OrderItem, items: &BTreeMap<Id, &OrderItem>, papers: Papers<'_>) -> Self {
        let sold = pieces(item.qty_ordered);
        let cancelled = pieces(item.qty_canceled).max(pieces(moved(item, items).qty_canceled)).min(sold);
        let gone = gone(item, items).min(sold);
        let off = (cancelled + Released::of(item, items, papers).total()).min(sold - gone);
        Self { sold, open: sold - gone - off, gone, off }
    }

    fn progress(&self) -> i64 {
        self.sold + self.gone + self.off
    }

    /// The pieces where they are: gone from the source that shipped them, open at the place of web sales.
    fn places(&self, item: &OrderItem, read: &OrderRead, items: &BTreeMap<Id, &OrderItem>) -> Vec<WebLine> {
        let line = |location: Option<String>| WebLine {
            sku: item.sku.as_deref().and_then(|sku| Sku::parse(sku).ok()),
            variant: None,
            location,
            open: 0,
            gone: 0,
            back: 0,
            off: 0,
        };
        let (mut places, mut gone) = (Vec::new(), self.gone);
        for (source, shipped) in shipped(item, &read.shipments, items) {
            let here = shipped.min(gone);
            gone -= here;
            places.push(WebLine { gone: here, ..line(source) });
        }
        places.push(WebLine { open: self.open, gone, off: self.off, ..line(None) });
        places.retain(|place| (place.open, place.gone, place.off) != (0, 0, 0));
        places
    }
}

/// Pieces that left. Virtual goods leave with their invoice.
pub(super) fn gone(item: &OrderItem, items: &BTreeMap<Id, &OrderItem>) -> i64 {
    let row = moved(item, items);
    let shipped = pieces(item.qty_shipped).max(pieces(row.qty_shipped));
    if row.is_virtual.0.is_zero() { shipped } else { pieces(item.qty_invoiced).max(pieces(row.qty_invoiced)) }
}

/// Pieces of a row by the source that shipped them.
fn shipped(item: &OrderItem, shipments: &[Shipment], items: &BTreeMap<Id, &OrderItem>) -> Vec<(Option<String>, i64)> {
    let ids = [item.item_id, moved(item, items).item_id];
    let mut places: BTreeMap<Option<String>, i64> = BTreeMap::new();
    for shipment in shipments {
        let source = shipment.extension_attributes.as_ref().and_then(|more| more.source_code.clone());
        let count = on_shipment(shipment, ids);
        if count > 0 {
            *places.entry(source).or_default() += count;
        }
    }
    places.into_iter().collect()
}

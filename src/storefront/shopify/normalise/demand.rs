//! The pieces an order takes from stock, from any webhook that carries the whole order.
//!
//! Shopify takes pieces off `available` when they are sold and off `on_hand` when they are shipped; what is cancelled before
//! that is put back on sale, what is returned is put back on the shelf. An order is stated whole each time, so a statement
//! that was missed does no harm once the next one comes.

use jiff::Timestamp;

use super::lines;
use super::sale::{placed, reference};
use super::wire::{LineItem, Order, RefundLine};
use crate::domain::{LineKind, Version, WebLine, WebOrder};

/// How many statements of one second can be told apart.
const WITHIN_A_SECOND: i64 = 1 << 20;

/// What an order takes. `None` when it does not say when it changed: it could not be told from an older statement.
pub(super) fn web_order(order: &Order) -> Option<WebOrder> {
    let updated: Timestamp = order.updated_at.as_ref().or(order.created_at.as_ref())?.parse().ok()?;
    let order_key = reference(&order.id).ok()?.to_string();
    let mut web_lines = Vec::new();
    let mut progress = 0_i64;
    for item in order.line_items.iter().filter(|item| lines::kind(item) == LineKind::Goods) {
        let taken = Taken::of(order, item);
        progress = progress.saturating_add(taken.progress());
        web_lines.extend(taken.places(order, item));
    }
    // Times are whole seconds, and an order may be placed, edited, shipped and refunded within one. Lines are added and never
    // removed, and pieces only ever move forwards, to shipped, cancelled or returned, so of two statements of one second the
    // newer is the one that has more and has moved more.
    let Version(least) = version_at(updated)?;
    let version = Version(least.checked_add(progress.min(WITHIN_A_SECOND - 1))?);
    Some(WebOrder { order: order_key, version, placed: placed(order), lines: web_lines })
}

/// The least version a statement of that second has.
pub(in crate::storefront::shopify) fn version_at(at: Timestamp) -> Option<Version> {
    at.as_second().checked_mul(WITHIN_A_SECOND).map(Version)
}

/// What became of the pieces of one line.
struct Taken {
    sold: i64,
    open: i64,
    gone: i64,
    back: i64,
    cancelled: i64,
}

impl Taken {
    fn of(order: &Order, item: &LineItem) -> Self {
        let sold = item.quantity.max(0);
        let shipped: i64 = shipments(order, item).map(|(_, pieces)| pieces).sum();
        let of_kind = |wanted: fn(&RefundLine) -> bool| -> i64 {
            refund_lines(order, item).filter(|line| wanted(line)).map(|line| line.quantity.max(0)).sum()
        };
        let refunded = of_kind(|_| true);
        let back = of_kind(|line| line.restock_type.as_deref() == Some("return")).min(sold);
        // Whatever an edit took away without a refund was put back on sale too.
        let edited = item.current_quantity.map_or(0, |current| (sold - refunded - current.max(0)).max(0));
        let is_cancel = |line: &RefundLine| matches!(line.restock_type.as_deref(), Some("cancel" | "legacy_restock"));
        let mut cancelled = (of_kind(is_cancel) + edited).min(sold);
        if order.cancelled_at.is_some() {
            cancelled = cancelled.max(sold - shipped);
        }
        let taken = sold - cancelled;
        let left = (taken - shipped).max(0);
        let open = item.fulfillable_quantity.unwrap_or(left).clamp(0, left);
        Self { sold, open, gone: taken - open, back, cancelled }
    }

    fn progress(&self) -> i64 {
        self.sold + self.gone + self.back + self.cancelled
    }

    /// The pieces where they are: gone from the place that shipped them, back at the place that took them. Where open ones will
    /// be shipped from is not told: they count for the place of web sales, as do pieces that are gone without a shipment.
    fn places(&self, order: &Order, item: &LineItem) -> Vec<WebLine> {
        let line = |location: Option<String>| WebLine {
            sku: lines::sku(item),
            variant: lines::variant(item),
            location,
            open: 0,
            gone: 0,
            back: 0,
            off: 0,
        };
        let mut places = Vec::new();
        let mut gone = self.gone;
        for (location, pieces) in shipments(order, item) {
            let here = pieces.min(gone);
            gone -= here;
            places.push(WebLine { gone: here, ..line(location) });
        }
        let mut back = self.back;
        for refund in refund_lines(order, item).filter(|line| line.restock_type.as_deref() == Some("return")) {
            let here = refund.quantity.max(0).min(back);
            back -= here;
            places.push(WebLine { back: here, ..line(refund.location_id.as_ref().map(ToString::to_string)) });
        }
        places.push(WebLine { open: self.open, gone, off: self.cancelled, ..line(None) });
        places.retain(|place| (place.open, place.gone, place.back, place.off) != (0, 0, 0, 0));
        places
    }
}

/// Pieces of a line by the place that shipped them.
pub(super) fn shipments<'a>(order: &'a Order, item: &'a LineItem) -> impl Iterator<Item = (Option<String>, i64)> + 'a {
    let shipped = order.fulfillments.iter().filter(|one| !one.failed());
    shipped.flat_map(|one| {
        let here = one.line_items.iter().filter(|line| line.id == item.id);
        let location = one.location_id.as_ref().map(ToString::to_string);
        here.map(move |line| (location.clone(), line.quantity.max(0)))
    })
}

fn refund_lines<'a>(order: &'a Order, item: &'a LineItem) -> impl Iterator<Item = &'a RefundLine> {
    let lines = order.refunds.iter().flat_map(|refund| &refund.refund_line_items);
    lines.filter(|line| line.line_item_id.as_ref() == Some(&item.id))
}

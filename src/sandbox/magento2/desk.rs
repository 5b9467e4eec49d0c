//! What happens to orders: placed, invoiced, shipped, given back, cancelled. One file for each.
//!
//! What comes in: wishes of the API and of the merchant. What goes out: changed orders and new documents, or the shop's refusal.

mod cancel;
mod credit;
mod invoice;
mod place;
mod ship;

use super::orders::OrderRecord;
use super::request::Refusal;
use super::state::State;

/// What Magento says when something cannot be bought.
pub(super) const NOT_FOR_SALE: &str = "Product that you are trying to add is not available.";

/// Lines of an order that are meant: index of a top line and pieces. `None` means all that is left.
pub(super) type Wanted = Option<Vec<(usize, i64)>>;

impl State {
    fn order_mut(&mut self, order: u64) -> Result<&mut OrderRecord, Refusal> {
        self.orders.get_mut(&order).ok_or_else(Refusal::missing)
    }

    /// The SKUs and pieces that lie on shelves behind these lines.
    pub(super) fn on_shelves(record: &OrderRecord, lines: &[(usize, i64)]) -> std::collections::BTreeMap<String, i64> {
        let mut pieces = std::collections::BTreeMap::new();
        for (line, count) in lines.iter().filter(|(line, _)| record.is_stocked(*line)) {
            *pieces.entry(record.items[*line].sku.clone()).or_default() += count;
        }
        pieces
    }
}

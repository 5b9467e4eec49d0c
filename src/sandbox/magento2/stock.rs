//! How much lies where: sources hold pieces, reservations hold what was sold and has not left.
//!
//! Without the inventory modules there is one stock item for each product, off which an order takes its pieces at once.
//!
//! What comes in: orders, shipments, credit memos, and absolute quantities by the API. What goes out: quantities, and what can
//! still be sold: all sources of the website together, less what is reserved.

use std::collections::{BTreeMap, BTreeSet};

use super::request::Refusal;

/// What Magento says when there is too little.
pub(super) const TOO_LITTLE: &str = "Not all of your products are available in the requested quantity.";

/// The source every installation has.
pub(super) const DEFAULT_SOURCE: &str = "default";

/// The shop's stock.
#[derive(Debug, Clone, Default)]
pub(super) struct Stock {
    /// Sources the website sells from.
    pub sold_from: Vec<String>,
    /// All sources.
    pub sources: Vec<String>,
    pub levels: BTreeMap<(String, String), Level>,
    pub reservations: BTreeMap<String, i64>,
    /// Whether a product has one stock item: the inventory modules are not installed.
    pub one_item: bool,
    /// SKUs that may be sold below nothing.
    pub backorders: BTreeSet<String>,
}

/// Pieces of one SKU at one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Level {
    pub pieces: i64,
    /// 1 in stock; 0 hides the pieces.
    pub status: u8,
}

impl Stock {
    /// A shop with these sources besides the default one.
    pub(super) fn new(more: &[String]) -> Self {
        let default = DEFAULT_SOURCE.to_owned();
        let sold_from = if more.is_empty() { vec![default.clone()] } else { more.to_vec() };
        let sources = std::iter::once(default).chain(more.iter().cloned()).collect();
        Self { sold_from, sources, ..Self::default() }
    }

    pub(super) fn pieces(&self, sku: &str, source: &str) -> i64 {
        self.levels.get(&(sku.to_owned(), source.to_owned())).map_or(0, |level| level.pieces)
    }

    /// Sets an absolute quantity.
    pub(super) fn set(&mut self, sku: &str, source: &str, level: Level) {
        self.levels.insert((sku.to_owned(), source.to_owned()), level);
    }

    /// What can still be sold.
    pub(super) fn salable(&self, sku: &str) -> i64 {
        let at = |source: &String| self.levels.get(&(sku.to_owned(), source.clone()));
        let there: i64 =
            self.sold_from.iter().filter_map(at).filter(|level| level.status == 1).map(|at| at.pieces).sum();
        there + self.reservations.get(sku).copied().unwrap_or(0)
    }

    /// An order takes pieces.
    pub(super) fn reserve(&mut self, wanted: &BTreeMap<String, i64>) -> Result<(), Refusal> {
        let is_short = |(sku, pieces): (&String, &i64)| self.salable(sku) < *pieces && !self.backorders.contains(sku);
        if wanted.iter().any(is_short) {
            return Err(Refusal::bad(TOO_LITTLE));
        }
        for (sku, pieces) in wanted {
            self.release(sku, -pieces);
        }
        Ok(())
    }

    /// Pieces that will not leave after all.
    pub(super) fn release(&mut self, sku: &str, pieces: i64) {
        if self.one_item {
            return self.shift(sku, DEFAULT_SOURCE, pieces);
        }
        *self.reservations.entry(sku.to_owned()).or_default() += pieces;
    }

    /// Pieces leave a source.
    pub(super) fn deduct(&mut self, source: &str, wanted: &BTreeMap<String, i64>) -> Result<(), Refusal> {
        if self.one_item {
            // They were taken off when they were ordered.
            return Ok(());
        }
        for (sku, pieces) in wanted {
            let level = self.levels.get(&(sku.clone(), source.to_owned()));
            let enough = level.is_some_and(|level| level.status == 1 && level.pieces >= *pieces);
            if !enough && !self.backorders.contains(sku) {
                return Err(Refusal::bad(TOO_LITTLE));
            }
        }
        for (sku, pieces) in wanted {
            self.shift(sku, source, -pieces);
            self.release(sku, *pieces);
        }
        Ok(())
    }

    /// Pieces come back to a source.
    pub(super) fn shift(&mut self, sku: &str, source: &str, by: i64) {
        let level = self.levels.entry((sku.to_owned(), source.to_owned())).or_insert(Level { pieces: 0, status: 1 });
        level.pieces += by;
    }

    /// Forgets a SKU.
    pub(super) fn forget(&mut self, sku: &str) {
        self.levels.retain(|(of, _), _| of != sku);
        self.reservations.remove(sku);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_reserves_and_a_shipment_takes() {
        let mut stock = Stock::new(&["web".to_owned()]);
        stock.set("TEE", "web", Level { pieces: 5, status: 1 });
        stock.set("TEE", DEFAULT_SOURCE, Level { pieces: 9, status: 1 });
        let two = BTreeMap::from([("TEE".to_owned(), 2)]);
        stock.reserve(&two).unwrap();
        assert_eq!((stock.pieces("TEE", "web"), stock.salable("TEE")), (5, 3));
        stock.deduct("web", &two).unwrap();
        assert_eq!((stock.pieces("TEE", "web"), stock.salable("TEE")), (3, 3));
        assert!(stock.reserve(&BTreeMap::from([("TEE".to_owned(), 4)])).is_err());
    }
}

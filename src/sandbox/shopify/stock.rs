//! How much lies where: `on_hand = available + committed`, always.
//!
//! What comes in: orders, shipments, refunds and `inventorySetQuantities`. What goes out: the figures of one item at one place.

use std::collections::HashMap;

use jiff::Timestamp;

/// The shop's stock.
#[derive(Debug, Default)]
pub(super) struct Stock {
    levels: HashMap<(u64, u64), Level>,
}

/// One item at one location.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Level {
    /// Pieces that can be sold.
    pub available: i64,
    /// Pieces sold but not shipped.
    pub committed: i64,
    /// Pieces that orders took off sale and did not bring back, all together.
    pub taken: i64,
    /// When `available` last changed.
    pub updated_at: Option<Timestamp>,
}

/// Which figure is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figure {
    /// Pieces that can be sold.
    Available,
    /// Pieces on the shelf.
    OnHand,
}

impl Level {
    /// Pieces on the shelf.
    #[must_use]
    pub fn on_hand(&self) -> i64 {
        self.available + self.committed
    }

    pub(super) fn figure(&self, figure: Figure) -> i64 {
        match figure {
            Figure::Available => self.available,
            Figure::OnHand => self.on_hand(),
        }
    }
}

impl Stock {
    /// The level, if the item was ever stocked there.
    pub(super) fn level(&self, item: u64, location: u64) -> Option<Level> {
        self.levels.get(&(item, location)).copied()
    }

    /// Pieces of an item that can be sold, at those places together.
    pub(super) fn sellable(&self, item: u64, locations: impl Iterator<Item = u64>) -> i64 {
        locations.filter_map(|location| self.level(item, location)).map(|level| level.available).sum()
    }

    /// Begins to keep an item at a location.
    pub(super) fn stock_at(&mut self, item: u64, location: u64) {
        self.levels.entry((item, location)).or_default();
    }

    /// Forgets an item.
    pub(super) fn forget(&mut self, item: u64) {
        self.levels.retain(|(of, _), _| *of != item);
    }

    /// An order changes the two figures of a level. Answers whether `available` changed.
    pub(super) fn shift(&mut self, item: u64, location: u64, available: i64, committed: i64, now: Timestamp) -> bool {
        let level = self.levels.entry((item, location)).or_default();
        level.available += available;
        level.taken -= available;
        level.committed += committed;
        if available != 0 {
            level.updated_at = Some(now);
        }
        available != 0
    }

    /// Sets a figure; what is committed stays. Answers whether `available` changed.
    pub(super) fn set(&mut self, item: u64, location: u64, figure: Figure, quantity: i64, now: Timestamp) -> bool {
        let level = self.level(item, location).unwrap_or_default();
        let by = quantity - level.figure(figure);
        let changed = self.shift(item, location, by, 0, now);
        self.levels.entry((item, location)).or_default().taken += by;
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_hand_is_what_can_be_sold_and_what_is_promised() {
        let mut stock = Stock::default();
        let now = Timestamp::UNIX_EPOCH;
        stock.set(1, 2, Figure::OnHand, 10, now);
        stock.shift(1, 2, -3, 3, now);
        let level = stock.level(1, 2).unwrap();
        assert_eq!((level.on_hand(), level.available, level.committed), (10, 7, 3));
        stock.set(1, 2, Figure::OnHand, 5, now);
        assert_eq!(stock.level(1, 2).unwrap().available, 2);
        stock.set(1, 2, Figure::Available, 5, now);
        assert_eq!(stock.level(1, 2).unwrap().on_hand(), 8);
        assert_eq!(stock.sellable(1, [2, 3].into_iter()), 5);
    }
}

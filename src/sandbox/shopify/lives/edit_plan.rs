//! What an edit changes of an order that was placed.

use super::LinePlan;

/// One edit. Lines that are added stand at the end of the order from then on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EditPlan {
    /// Lines that are added, with their taxes.
    pub add: Vec<LinePlan>,
    /// Pieces that are taken off, by the order's lines; only what was not shipped can be.
    pub take_off: Vec<(usize, i64)>,
    /// Whether pieces that are taken off stay on the shelf.
    pub restock: bool,
}

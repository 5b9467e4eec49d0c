//! What web orders take from stock, and how much of it the office has not booked yet (promise P5).
//!
//! What comes in: orders as the storefront tells them, and the documents booked for them. What goes out: per SKU and branch,
//! the pieces the office still shows although the web has sold them. Pure arithmetic; the journal keeps the figures in the
//! transactions that learn them. Next in the flow: [`crate::handlers`] takes the pieces off the office's figure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{BranchCode, Placed, Sku, Version};

/// A web order as its storefront tells it: which pieces it holds, has taken and has brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrder {
    /// The entity all documents of the order share, such as `order:5900000000001`.
    pub order: String,
    /// How new the statement is; an older one never replaces a newer.
    pub version: Version,
    /// How it came about: a channel may leave it to somebody else's books.
    pub placed: Placed,
    /// What is on it. A line may stand at several places.
    pub lines: Vec<WebLine>,
}

/// Pieces of one line at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebLine {
    /// What was sold, in the storefront's words; the variant is the better key where it is known.
    pub sku: Option<Sku>,
    /// The storefront's id of the variant.
    pub variant: Option<String>,
    /// The storefront's id of the place; `None` is the place of web sales.
    pub location: Option<String>,
    /// Pieces sold and still to be shipped.
    pub open: i64,
    /// Pieces that left the shelf.
    pub gone: i64,
    /// Pieces of those that are back on the shelf.
    pub back: i64,
    /// Pieces that were sold once and taken off again before they left.
    pub off: i64,
}

/// A web order as the journal keeps it for one channel, its places told as branches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebClaim {
    /// As [`WebOrder::order`].
    pub order: String,
    /// As [`WebOrder::version`].
    pub version: Version,
    /// Whether the channel leaves it out: it moves the storefront's figures, but no document of the bridge's will ever book it,
    /// so it holds nothing of the office's.
    pub left_out: bool,
    /// Pieces by branch.
    pub lines: Vec<(BranchCode, WebLine)>,
}

/// Pieces of one order that are open or gone, of an SKU at a branch; or of all orders that no document is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebPieces {
    /// The order; empty where it stands for all those without a document.
    pub order: String,
    /// What.
    pub sku: String,
    /// Where.
    pub branch: String,
    /// Pieces sold and still to be shipped.
    pub open: i64,
    /// Pieces that left the shelf.
    pub gone: i64,
}

/// Pieces that a document takes off the office's stock, or is about to; below zero, those it puts back because they never left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedPieces {
    /// The order.
    pub order: String,
    /// The key of the document's effect.
    pub document: String,
    /// What.
    pub sku: String,
    /// Where.
    pub branch: String,
    /// How many.
    pub pieces: i64,
    /// Whether the document is known to be in the books; otherwise it is only known to be on its way.
    pub done: bool,
}

/// How far the storefront's own figures were moved by web orders, all together, since the journal began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// Pieces taken off what can be sold.
    pub available: i64,
    /// Pieces taken off the shelf.
    pub on_hand: i64,
}

/// What the journal knows of web orders for some SKUs, read at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebDemand {
    /// Orders that are not finished.
    pub pieces: Vec<WebPieces>,
    /// Pieces by SKU and branch of further orders: booked in full, and still to be shipped.
    pub open: BTreeMap<(String, String), i64>,
    /// Documents of those orders.
    pub booked: Vec<BookedPieces>,
    /// Movements by SKU and branch.
    pub moved: BTreeMap<(String, String), Moved>,
}

/// What web orders hold of one SKU at one branch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Pieces sold and still to be shipped, booked or not: the storefront keeps these on its shelf, but sells them to nobody.
    pub open: i64,
    /// Pieces sold, shipped or not, that the office still shows as its own.
    pub unbooked: i64,
}

impl WebDemand {
    /// Documents that are on their way into the books: only the office knows whether they are there yet.
    #[must_use]
    pub fn in_doubt(&self) -> BTreeSet<&str> {
        self.booked.iter().filter(|one| !one.done).map(|one| one.document.as_str()).collect()
    }

    /// Takes documents as booked that the office was found to have.
    pub fn found(&mut self, documents: &BTreeSet<String>) {
        for one in &mut self.booked {
            one.done |= documents.contains(&one.document);
        }
    }

    /// How far web orders moved the storefront's figures of an SKU at a branch.
    #[must_use]
    pub fn moved(&self, sku: &Sku, branch: &BranchCode) -> Moved {
        self.moved.get(&(sku.to_string(), branch.to_string())).copied().unwrap_or_default()
    }

    /// What web orders hold, read in one pass: there may be thousands of them for one SKU.
    ///
    /// A document may be booked at another branch than the one that shipped. So an order never holds more at all branches
    /// together than it took and no document has booked.
    #[must_use]
    pub fn held(&self) -> Holdings {
        let mut holdings = Holdings::default();
        let mut orders: HashMap<(&str, &str), OfOrder<'_>> = HashMap::new();
        for one in &self.pieces {
            let order = orders.entry((&one.sku, &one.order)).or_default();
            *order.taken.entry(&one.branch).or_default() += one.open + one.gone;
            holdings.at(&one.sku, &one.branch).open += one.open;
        }
        // What is put back counts before it is: rather too few are shown for a moment than too many.
        for one in self.booked.iter().filter(|one| one.done || one.pieces < 0) {
            if let Some(order) = orders.get_mut(&(one.sku.as_str(), one.order.as_str())) {
                *order.booked.entry(&one.branch).or_default() += one.pieces;
            }
        }
        for ((sku, branch), open) in &self.open {
            holdings.at(sku, branch).open += open;
        }
        for ((sku, _), OfOrder { taken, booked }) in orders {
            let mut left = (taken.values().sum::<i64>() - booked.values().sum::<i64>()).max(0);
            let branches: BTreeSet<&str> = taken.keys().chain(booked.keys()).copied().collect();
            for branch in branches {
                let at = |pieces: &BTreeMap<&str, i64>| pieces.get(branch).copied().unwrap_or(0);
                let unbooked = (at(&taken) - at(&booked)).clamp(0, left);
                left -= unbooked;
                holdings.at(sku, branch).unbooked += unbooked;
            }
        }
        holdings
    }
}

/// Pieces of one SKU in one order, by branch.
#[derive(Default)]
struct OfOrder<'a> {
    taken: BTreeMap<&'a str, i64>,
    booked: BTreeMap<&'a str, i64>,
}

/// What web orders hold, by SKU and branch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings(HashMap<String, HashMap<String, Held>>);

impl Holdings {
    /// What is held of an SKU at a branch.
    #[must_use]
    pub fn of(&self, sku: &Sku, branch: &BranchCode) -> Held {
        self.0.get(sku.as_str()).and_then(|branches| branches.get(branch.as_str())).copied().unwrap_or_default()
    }

    fn at(&mut self, sku: &str, branch: &str) -> &mut Held {
        self.0.entry(sku.to_owned()).or_default().entry(branch.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(order: &str, branch: &str, open: i64, gone: i64) -> WebPieces {
        WebPieces { order: order.into(), sku: "TEE".into(), branch: branch.into(), open, gone }
    }

    fn booked(order: &str, branch: &str, pieces: i64, done: bool) -> BookedPieces {
        let document = format!("invoice shop/{order}");
        BookedPieces { order: order.into(), document, sku: "TEE".into(), branch: branch.into(), pieces, done }
    }

    fn held(demand: &WebDemand, branch: &str) -> (i64, i64) {
        let held = demand.held().of(&Sku::parse("TEE").unwrap(), &BranchCode::parse(branch).unwrap());
        (held.open, held.unbooked)
    }

    #[test]
    fn what_is_sold_and_not_booked_is_held() {
        let demand =
            WebDemand { pieces: vec![pieces("1", "WEB", 2, 0), pieces("2", "WEB", 0, 3)], ..Default::default() };
        assert_eq!(held(&demand, "WEB"), (2, 5));
        assert_eq!(held(&demand, "AKL"), (0, 0));
    }

    #[test]
    fn a_booked_order_holds_nothing_but_what_is_still_to_be_shipped() {
        let demand = WebDemand {
            pieces: vec![pieces("1", "WEB", 2, 0), pieces("2", "WEB", 0, 3)],
            booked: vec![booked("1", "WEB", 2, true), booked("2", "WEB", 3, true)],
            ..Default::default()
        };
        assert_eq!(held(&demand, "WEB"), (2, 0));
    }

    #[test]
    fn a_document_on_its_way_counts_once_the_office_is_found_to_have_it() {
        let mut demand = WebDemand {
            pieces: vec![pieces("1", "WEB", 0, 3)],
            booked: vec![booked("1", "WEB", 3, false)],
            ..Default::default()
        };
        assert_eq!(held(&demand, "WEB"), (0, 3));
        assert_eq!(demand.in_doubt().into_iter().collect::<Vec<_>>(), ["invoice shop/1"]);
        demand.found(&["invoice shop/1".to_owned()].into());
        assert_eq!(held(&demand, "WEB"), (0, 0));
    }

    #[test]
    fn an_order_shipped_from_two_places_and_booked_at_one_is_finished_all_the_same() {
        let demand = WebDemand {
            pieces: vec![pieces("1", "AKL", 0, 1), pieces("1", "WEB", 0, 1)],
            booked: vec![booked("1", "WEB", 2, true)],
            ..Default::default()
        };
        assert_eq!((held(&demand, "WEB"), held(&demand, "AKL")), ((0, 0), (0, 0)));
    }

    #[test]
    fn what_is_put_back_because_it_never_left_books_nothing_else_of_its_order() {
        // Two of three were booked, one of these was given back before it left: of the two that are left one is not booked.
        let back = |done| BookedPieces { document: "credit_note shop/1".into(), ..booked("1", "WEB", -1, done) };
        for done in [false, true] {
            let demand = WebDemand {
                pieces: vec![pieces("1", "WEB", 2, 0)],
                booked: vec![booked("1", "WEB", 2, true), back(done)],
                ..Default::default()
            };
            assert_eq!(held(&demand, "WEB"), (2, 1), "{done}");
        }
    }

    #[test]
    fn what_is_put_back_at_a_branch_that_gave_nothing_is_held_there() {
        // The one piece was booked at one branch and put back, before it left, at another: the office shows it as its own.
        let back = BookedPieces { document: "credit_note shop/1".into(), ..booked("1", "WEB", -1, true) };
        let demand = WebDemand {
            pieces: vec![pieces("1", "AKL", 1, 0)],
            booked: vec![booked("1", "AKL", 1, true), back],
            ..Default::default()
        };
        assert_eq!((held(&demand, "WEB"), held(&demand, "AKL")), ((0, 1), (1, 0)));
    }

    #[test]
    fn one_order_booked_too_much_does_not_hide_another() {
        let demand = WebDemand {
            pieces: vec![pieces("1", "WEB", 0, 1), pieces("2", "WEB", 1, 0)],
            booked: vec![booked("1", "WEB", 5, true)],
            ..Default::default()
        };
        assert_eq!(held(&demand, "WEB"), (1, 1));
    }
}

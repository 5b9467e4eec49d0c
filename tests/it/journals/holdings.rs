//! Sums of open orders are kept as orders and documents come; after anything that may happen they hold what a plain reading of
//! every order and every document holds.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use tillbridge::domain::{BookedPieces, BranchCode, HandlingId, Sku, Version, WebClaim, WebDemand, WebLine, WebPieces};
use tillbridge::journal::{Intent, Pieces};

use super::shelf::Shelf;
use super::things::*;

on_both_journals! {
    open_orders_hold_what_a_reading_of_each_of_them_holds
}

const SKUS: [&str; 2] = ["TEE", "HAT"];
const BRANCHES: [&str; 2] = ["AKL", "WEB"];
/// This one the channel leaves out.
const LEFT_OUT: u8 = 4;

/// A SKU and a branch, by number.
type Place = (usize, usize);

#[derive(Debug, Clone)]
enum Happening {
    /// An order is stated: pieces open and gone.
    Stated(u8, BTreeMap<Place, (i64, i64)>),
    /// A document is about to be booked.
    Intended(u8, u8, BTreeMap<Place, i64>),
    /// It is in the books.
    Booked(u8, u8),
}

fn place() -> impl Strategy<Value = Place> {
    (0..SKUS.len(), 0..BRANCHES.len())
}

/// Pieces open and gone: a place without either is not stated.
fn stated() -> impl Strategy<Value = (i64, i64)> {
    (0..3i64, 0..3i64).prop_filter("nothing", |pieces| *pieces != (0, 0))
}

fn happening() -> impl Strategy<Value = Happening> {
    use proptest::collection::btree_map;
    let order = 0..=LEFT_OUT;
    prop_oneof![
        3 => (order.clone(), btree_map(place(), stated(), 0..4)).prop_map(|(order, pieces)| Happening::Stated(order, pieces)),
        3 => (order.clone(), 0..3u8, btree_map(place(), -1..4i64, 1..3)).prop_map(|(order, number, pieces)| Happening::Intended(order, number, pieces)),
        3 => (order, 0..3u8).prop_map(|(order, number)| Happening::Booked(order, number)),
    ]
}

/// What was told, without any sums.
#[derive(Default)]
struct Told {
    orders: BTreeMap<u8, BTreeMap<Place, (i64, i64)>>,
    documents: BTreeMap<(u8, u8), (BTreeMap<Place, i64>, bool)>,
}

fn name((sku, branch): Place) -> (String, String) {
    (SKUS[sku].to_owned(), BRANCHES[branch].to_owned())
}

fn entity(order: u8) -> String {
    format!("order:{order}")
}

fn key(order: u8, number: u8) -> String {
    format!("invoice shop/{order}-{number}")
}

impl Told {
    fn demand(&self) -> WebDemand {
        let mut demand = WebDemand::default();
        for (order, pieces) in self.orders.iter().filter(|(order, _)| **order != LEFT_OUT) {
            for (place, (open, gone)) in pieces {
                let (sku, branch) = name(*place);
                demand.pieces.push(WebPieces { order: entity(*order), sku, branch, open: *open, gone: *gone });
            }
        }
        for ((order, number), (pieces, done)) in &self.documents {
            for (place, pieces) in pieces {
                let ((sku, branch), document) = (name(*place), key(*order, *number));
                let one = BookedPieces { order: entity(*order), document, sku, branch, pieces: *pieces, done: *done };
                demand.booked.push(one);
            }
        }
        demand
    }

    /// Pieces of a document of an order that is in this state: what never left can be given back only while some of it is open.
    fn possible(&self, order: u8, pieces: BTreeMap<Place, i64>) -> BTreeMap<Place, i64> {
        let is_open = |sku| {
            let of_order = self.orders.get(&order).into_iter().flatten();
            of_order.filter(|((other, _), _)| *other == sku).any(|(_, (open, _))| *open > 0)
        };
        pieces.into_iter().filter(|((sku, _), count)| *count > 0 || (*count < 0 && is_open(*sku))).collect()
    }
}

async fn compare(shelf: &Shelf, told: &Told, story: &[Happening]) {
    let skus = SKUS.map(str::to_owned);
    let (mut kept, mut plain) = (shelf.journal.web_demand(&kiwi(), &skus).await.unwrap(), told.demand());
    for found in [false, true] {
        if found {
            // The office turns out to have all that was on its way.
            let all = plain.in_doubt().into_iter().map(str::to_owned).collect();
            kept.found(&all);
            plain.found(&all);
        }
        let (kept, plain) = (kept.held(), plain.held());
        for place in (0..SKUS.len()).flat_map(|sku| (0..BRANCHES.len()).map(move |branch| name((sku, branch)))) {
            let (sku, branch) = (Sku::parse(&place.0).unwrap(), BranchCode::parse(&place.1).unwrap());
            assert_eq!(kept.of(&sku, &branch), plain.of(&sku, &branch), "{place:?}, found: {found}, after {story:?}");
        }
    }
}

async fn open_orders_hold_what_a_reading_of_each_of_them_holds(shelf: Shelf) {
    let mut runner = TestRunner::new(Config::default());
    let story = proptest::collection::vec(happening(), 400).new_tree(&mut runner).unwrap().current();
    let mut told = Told::default();
    let mut booked = 0;
    for (step, happening) in story.iter().enumerate() {
        match happening.clone() {
            Happening::Stated(order, pieces) => {
                let line = |(place, (open, gone)): (&Place, &(i64, i64))| {
                    let (sku, branch) = name(*place);
                    let sku = Some(Sku::parse(&sku).unwrap());
                    let line =
                        WebLine { sku, variant: None, location: None, open: *open, gone: *gone, back: 0, off: 0 };
                    (BranchCode::parse(&branch).unwrap(), line)
                };
                let (version, left_out) = (Version(i64::try_from(step).unwrap()), order == LEFT_OUT);
                let lines = pieces.iter().map(line).collect();
                shelf.states(vec![WebClaim { order: entity(order), version, left_out, lines }]).await;
                told.orders.insert(order, pieces);
            }
            Happening::Intended(order, number, pieces) => {
                let pieces = told.possible(order, pieces);
                if order == LEFT_OUT || pieces.is_empty() || told.documents.contains_key(&(order, number)) {
                    continue;
                }
                let piece = |(place, count): (&Place, &i64)| {
                    let (sku, branch) = name(*place);
                    let (sku, branch) = (Sku::parse(&sku).unwrap(), BranchCode::parse(&branch).unwrap());
                    Pieces { sku, branch, count: *count }
                };
                let intent = Intent {
                    key: key(order, number),
                    handling: HandlingId(1),
                    channel: kiwi(),
                    plan: None,
                    order: entity(order),
                    pieces: pieces.iter().map(piece).collect(),
                };
                shelf.journal.intend(vec![intent]).await.unwrap();
                told.documents.insert((order, number), (pieces, false));
            }
            Happening::Booked(order, number) => {
                let Some((_, done)) = told.documents.get_mut(&(order, number)) else { continue };
                *done = true;
                booked += 1;
                shelf.books_as(key(order, number), &entity(order)).await;
            }
        }
        compare(&shelf, &told, &story[..=step]).await;
    }
    assert!(booked > 3, "documents were booked: {story:?}");
}

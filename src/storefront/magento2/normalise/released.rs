//! Which pieces of a row were given back before they left, and which came back.
//!
//! What comes in: a row of an order, and the order's invoices, shipments and credit memos. What goes out: for each credit memo the
//! pieces that never left. A credit memo does not say which of the two its pieces are, and the order's sums do not either: four
//! paid and sent, two of them back and six paid afterwards come to the same sums as four paid, two let go, four sent and six
//! paid. So the documents are gone through in the order in which they were made. As the inventory modules of Magento count, a
//! credit memo lets those go first that were paid for by then and neither sent nor given back.
//! Next in the flow: [`super::demand`] and [`super::credit`].

use std::collections::BTreeMap;

use super::amount::{Amount, Id};
use super::demand::{gone, moved};
use super::sale::DONE;
use super::wire::{Document, OrderItem, Shipment};

/// The state of an invoice that was called off.
const CANCELLED: i64 = 3;

/// The documents of an order, as far as they were read.
#[derive(Clone, Copy)]
pub(super) struct Papers<'a> {
    pub invoices: &'a [Document],
    pub shipments: &'a [Shipment],
    pub credit_memos: &'a [Document],
}

/// What happened to pieces of a row; what happens within one second is taken in this order, so that rather too few than too many
/// count as still on the shelf.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Paid,
    Left,
    GivenBack,
}

/// Pieces of a row that never left.
pub(super) struct Released {
    by_memo: BTreeMap<Id, i64>,
    /// Of what the order counts as given back and no credit memo that was read accounts for.
    rest: i64,
}

impl Released {
    pub fn of(item: &OrderItem, items: &BTreeMap<Id, &OrderItem>, papers: Papers<'_>) -> Self {
        let row = moved(item, items);
        let mut released = Self { by_memo: BTreeMap::new(), rest: 0 };
        if !row.is_virtual.0.is_zero() {
            // Virtual goods leave with their invoice.
            return released;
        }
        let ids = [item.item_id, row.item_id];
        let mut steps: Vec<(&str, Step, Id, i64)> = Vec::new();
        for invoice in papers.invoices.iter().filter(|one| one.state.pieces() != Some(CANCELLED)) {
            steps.push((time(invoice.created_at.as_ref()), Step::Paid, invoice.entity_id, on_document(invoice, ids)));
        }
        for shipment in papers.shipments {
            let id = shipment.entity_id.unwrap_or(Id(0));
            steps.push((time(shipment.created_at.as_ref()), Step::Left, id, on_shipment(shipment, ids)));
        }
        for memo in papers.credit_memos.iter().filter(|one| one.state.pieces() == Some(DONE)) {
            steps.push((time(memo.created_at.as_ref()), Step::GivenBack, memo.entity_id, on_document(memo, ids)));
        }
        steps.sort();
        let told = |wanted: Step| -> i64 {
            steps.iter().filter(|(_, step, ..)| *step == wanted).map(|(.., pieces)| *pieces).sum()
        };
        // Parcels that were not read left before everything else: then nothing is taken to be on the shelf that is not.
        let mut left = (gone(item, items) - told(Step::Left)).max(0);
        let invoiced = whole(item.qty_invoiced).max(whole(row.qty_invoiced)).max(told(Step::Paid));
        let refunded = whole(item.qty_refunded).max(whole(row.qty_refunded)) - told(Step::GivenBack);
        let (mut paid, mut back) = (0_i64, 0_i64);
        for (_, step, document, pieces) in steps {
            match step {
                Step::Paid => paid += pieces,
                Step::Left => left += pieces,
                Step::GivenBack => {
                    released.by_memo.insert(document, (paid - back - left).clamp(0, pieces));
                    back += pieces;
                }
            }
        }
        released.rest = (invoiced - back - left).clamp(0, refunded.max(0));
        released
    }

    /// Pieces of one credit memo.
    pub fn by(&self, memo: Id) -> i64 {
        self.by_memo.get(&memo).copied().unwrap_or_default()
    }

    /// Pieces of all of them.
    pub fn total(&self) -> i64 {
        self.by_memo.values().sum::<i64>().saturating_add(self.rest)
    }
}

/// Magento writes all times alike, so that texts are in the order of their times.
fn time(text: Option<&String>) -> &str {
    text.map(String::as_str).unwrap_or_default()
}

fn whole(amount: Amount) -> i64 {
    amount.pieces().unwrap_or_default().max(0)
}

/// Pieces of a row on a document, which may name the row or the configurable product's.
fn on_document(document: &Document, ids: [Id; 2]) -> i64 {
    let of = |id: Id| document.items.iter().filter(|row| row.order_item_id == id).map(|row| whole(row.qty)).sum();
    let [own, parent]: [i64; 2] = ids.map(of);
    own.max(parent)
}

/// The same on a shipment.
pub(super) fn on_shipment(shipment: &Shipment, ids: [Id; 2]) -> i64 {
    let of = |id: Id| shipment.items.iter().filter(|row| row.order_item_id == id).map(|row| whole(row.qty)).sum();
    let [own, parent]: [i64; 2] = ids.map(of);
    own.max(parent)
}

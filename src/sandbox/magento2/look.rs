//! What a test or a rehearsal sees of the shop without going through the API.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;

use super::MagentoSandbox;
use super::figures::Minor;
use super::orders::{OrderPhase, OrderRecord};
use super::state::State;
use crate::domain::Money;

/// A write of the API that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// When.
    pub at: Timestamp,
    /// What kind of write, such as `product` or `source item`.
    pub what: &'static str,
    /// What it was about: a SKU, a number.
    pub entity: String,
}

/// How often each address was called: method and path with numbers and SKUs left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallLog {
    /// Calls by operation.
    pub by_operation: BTreeMap<String, u64>,
}

/// How many calls there are at once.
#[derive(Debug, Default)]
pub(super) struct AtOnce {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// A call that has come and was not answered yet.
pub(super) struct Borne<'a>(&'a AtOnce);

impl AtOnce {
    pub(super) fn one_more(&self) -> Borne<'_> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        Borne(self)
    }
}

impl Drop for Borne<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

impl CallLog {
    pub(super) fn count(&mut self, operation: &str) {
        *self.by_operation.entry(operation.to_owned()).or_default() += 1;
    }

    /// Calls whose operation begins so, such as `PUT products`.
    #[must_use]
    pub fn of(&self, operation: &str) -> u64 {
        let meant = self.by_operation.iter().filter(|(name, _)| name.starts_with(operation));
        meant.map(|(_, count)| count).sum()
    }
}

/// An order as the merchant sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MagentoOrder {
    /// Its number.
    pub id: u64,
    /// What the buyer calls it.
    pub increment: String,
    /// Whether it was placed in a store view of the first website.
    pub is_of_the_first_website: bool,
    /// Where it stands.
    pub phase: OrderPhase,
    /// Its status; a careless comment takes it away.
    pub status: Option<String>,
    /// What it comes to, in the base currency.
    pub grand: Money,
    /// Its top lines.
    pub lines: Vec<MagentoLine>,
    /// Its invoices.
    pub invoices: Vec<MagentoDocument>,
    /// Its credit memos.
    pub credits: Vec<MagentoDocument>,
}

/// A top line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MagentoLine {
    /// What lies on the shelf for each piece of it: SKU and pieces.
    pub parts: Vec<(String, i64)>,
    /// Pieces ordered.
    pub ordered: i64,
    /// Pieces invoiced.
    pub invoiced: i64,
    /// Pieces that left; what is not sent leaves with its invoice.
    pub shipped: i64,
    /// Pieces that are still to be sent.
    pub to_ship: i64,
    /// Pieces given back.
    pub refunded: i64,
    /// Pieces given back before they left.
    pub released: i64,
    /// Pieces called off.
    pub canceled: i64,
    /// Pieces that left and lie on a shelf again.
    pub shelved: i64,
}

/// An invoice or a credit memo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MagentoDocument {
    /// Its number.
    pub id: u64,
    /// What the buyer calls it.
    pub increment: String,
    /// 1 open, 2 paid or refunded, 3 cancelled.
    pub state: u8,
    /// Its grand total, in the base currency: what it comes to after gift cards and store credit.
    pub grand: Money,
    /// What it comes to, however it is paid.
    pub worth: Money,
}

/// A product as the merchant sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct MagentoProduct {
    /// Its number.
    pub id: u64,
    /// Its SKU.
    pub sku: String,
    /// `simple`, `configurable` …
    pub kind: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its price.
    pub price: Option<rust_decimal::Decimal>,
    /// Values by scope (0 everywhere) and attribute.
    pub values: BTreeMap<u64, BTreeMap<String, serde_json::Value>>,
    /// SKUs of a configurable's children.
    pub children: Vec<String>,
    /// Categories it is in.
    pub categories: Vec<u64>,
    /// Files of its pictures with the hash of their content.
    pub pictures: Vec<(String, String)>,
    /// Special prices: store, price, from and to.
    pub specials: Vec<(u64, rust_decimal::Decimal, Option<String>, Option<String>)>,
}

impl MagentoSandbox {
    /// Whether it has store views of more than one website.
    #[must_use]
    pub fn has_other_websites(&self) -> bool {
        self.read(|state| !state.options.other_website.is_empty())
    }

    /// All orders, oldest first.
    #[must_use]
    pub fn orders(&self) -> Vec<MagentoOrder> {
        self.read(|state| state.orders.values().map(|order| state.view(order)).collect())
    }

    /// One order.
    #[must_use]
    pub fn order(&self, id: u64) -> Option<MagentoOrder> {
        self.read(|state| state.orders.get(&id).map(|order| state.view(order)))
    }

    /// All products.
    #[must_use]
    pub fn products(&self) -> Vec<MagentoProduct> {
        self.read(|state| state.catalogue.products.keys().filter_map(|id| state.product_view(*id)).collect())
    }

    /// The product of a SKU.
    #[must_use]
    pub fn product(&self, sku: &str) -> Option<MagentoProduct> {
        self.read(|state| state.catalogue.by_sku(sku).and_then(|product| state.product_view(product.id)))
    }

    /// Pieces of a SKU at a source.
    #[must_use]
    pub fn pieces(&self, sku: &str, source: &str) -> i64 {
        self.read(|state| state.stock.pieces(sku, source))
    }

    /// Pieces of a SKU that can still be sold.
    #[must_use]
    pub fn salable(&self, sku: &str) -> i64 {
        self.read(|state| state.stock.salable(sku))
    }

    /// How often each address was called.
    #[must_use]
    pub fn calls(&self) -> CallLog {
        self.read(|state| state.calls.clone())
    }

    /// The most calls there were at once since this was last asked.
    #[must_use]
    pub fn most_calls_at_once(&self) -> usize {
        self.core.bears.most.swap(0, Ordering::SeqCst)
    }

    /// Writes of the API that took effect, oldest first.
    #[must_use]
    pub fn writes(&self) -> Vec<Write> {
        self.read(|state| state.writes.clone())
    }

    /// How many calls were not let in.
    #[must_use]
    pub fn refused_calls(&self) -> u64 {
        self.read(|state| state.refused)
    }
}

impl State {
    fn money(&self, amount: Minor) -> Money {
        let currency = self.options.currency;
        Money::rounded(rust_decimal::Decimal::new(amount, currency.decimals()), currency)
    }

    fn view(&self, order: &OrderRecord) -> MagentoOrder {
        let line = |at: usize| {
            let item = &order.items[at];
            let stocked: Vec<usize> = order.with_children(at, 1).into_iter().map(|(part, _)| part).collect();
            let stocked = stocked.into_iter().filter(|part| order.is_stocked(*part));
            let parts = stocked.clone().map(|part| {
                let part = &order.items[part];
                (part.sku.clone(), part.ordered / item.ordered.max(1))
            });
            let away = |part: usize| order.items[part].taken.values().sum::<i64>();
            let shelved = stocked.map(|part| order.items[part].shipped - away(part)).next().unwrap_or(0);
            MagentoLine {
                parts: parts.collect(),
                ordered: item.ordered,
                invoiced: item.invoiced,
                shipped: if item.is_virtual() { item.invoiced } else { item.shipped },
                to_ship: item.to_ship(),
                refunded: item.refunded,
                released: item.released,
                canceled: item.canceled,
                shelved,
            }
        };
        let documents = |of: &BTreeMap<u64, super::orders::Document>, numbers: &[u64]| {
            let ours = numbers.iter().filter_map(|number| of.get(number));
            ours.map(|document| MagentoDocument {
                id: document.id,
                increment: document.increment.clone(),
                state: document.state,
                grand: self.money(document.totals.base.grand()),
                worth: self.money(document.totals.base.worth()),
            })
            .collect()
        };
        MagentoOrder {
            id: order.id,
            increment: order.increment.clone(),
            is_of_the_first_website: !self.options.other_website.contains(&order.store),
            phase: order.phase,
            status: order.status.clone(),
            grand: self.money(order.totals.base.grand()),
            lines: order.tops().into_iter().map(line).collect(),
            invoices: documents(&self.invoices, &order.invoices),
            credits: documents(&self.memos, &order.memos),
        }
    }

    fn product_view(&self, id: u64) -> Option<MagentoProduct> {
        let product = self.catalogue.products.get(&id)?;
        let sku = |child: &u64| self.catalogue.products.get(child).map(|child| child.sku.clone());
        Some(MagentoProduct {
            id,
            sku: product.sku.clone(),
            kind: product.kind.clone(),
            enabled: product.is_enabled(super::catalogue::EVERYWHERE),
            price: product.price,
            values: product.values.clone(),
            children: product.children.iter().filter_map(sku).collect(),
            categories: product.categories.keys().copied().collect(),
            pictures: product.media.iter().map(|media| (media.file.clone(), media.hash.clone())).collect(),
            specials: product
                .specials
                .iter()
                .map(|special| (special.store, special.price, special.from.clone(), special.to.clone()))
                .collect(),
        })
    }
}

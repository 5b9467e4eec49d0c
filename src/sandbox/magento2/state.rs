//! Everything the shop knows, behind one lock. Work is short and never waits for anything while the lock is held.
//!
//! What comes in: changes by the API and the merchant. What goes out: [`Notice`]s, gathered while a change is made and handed to
//! [`super::hooks`] once the lock is free. Numbers of different kinds of things overlap, as they do in a real shop: order 3 and
//! invoice 3 have nothing to do with each other.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::catalogue::{Attribute, Catalogue, Category};
use super::customers::CustomerRecord;
use super::figures::Minor;
use super::hooks::Subscriptions;
use super::look::{CallLog, Write};
use super::options::MagentoOptions;
use super::orders::{Document, OrderRecord, Shipment};
use super::request::Scope;
use super::stock::Stock;
use crate::sandbox::clock::Clock;

/// Writes remembered; older ones are forgotten beyond this.
const WRITES_KEPT: usize = 200_000;
/// The website everything is sold on.
pub(super) const WEBSITE: u64 = 1;
/// The other website, where some store views belong to one.
pub(super) const OTHER_WEBSITE: u64 = 2;

/// Kinds of things with numbers of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Order,
    OrderItem,
    OrderAddress,
    Comment,
    Invoice,
    InvoiceItem,
    Memo,
    MemoItem,
    Shipment,
    ShipmentItem,
    Track,
    Customer,
    Address,
    Product,
    Attribute,
    Option,
    SuperOption,
    Media,
    Category,
    Set,
}

/// The shop's memory.
pub(super) struct State {
    pub options: MagentoOptions,
    pub clock: Arc<Clock>,
    numbers: BTreeMap<Kind, u64>,
    pub catalogue: Catalogue,
    pub stock: Stock,
    pub customers: BTreeMap<u64, CustomerRecord>,
    pub orders: BTreeMap<u64, OrderRecord>,
    pub invoices: BTreeMap<u64, Document>,
    pub memos: BTreeMap<u64, Document>,
    pub shipments: BTreeMap<u64, Shipment>,
    pub nonces: HashSet<String>,
    pub subscriptions: Subscriptions,
    /// Documents that are written but not committed: how many more reads will not find them.
    pub uncommitted: BTreeMap<(Kind, u64), u32>,
    pub calls: CallLog,
    pub writes: Vec<Write>,
    /// Calls that were not let in.
    pub refused: u64,
    notices: Vec<Notice>,
}

/// Something subscribers are to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    /// The event by the name Mage-OS Async Events has for it.
    pub event: &'static str,
    /// What it is about.
    pub kind: Kind,
    /// Its number.
    pub id: u64,
}

impl State {
    /// A new shop.
    pub(super) fn new(options: MagentoOptions, clock: Arc<Clock>) -> Self {
        let stock = Stock { one_item: !options.inventory, ..Stock::new(&options.sources) };
        let mut state = Self {
            options,
            clock,
            numbers: BTreeMap::from([(Kind::Attribute, 92), (Kind::Option, 48), (Kind::Set, 3)]),
            catalogue: Catalogue::default(),
            stock,
            customers: BTreeMap::new(),
            orders: BTreeMap::new(),
            invoices: BTreeMap::new(),
            memos: BTreeMap::new(),
            shipments: BTreeMap::new(),
            nonces: HashSet::new(),
            subscriptions: Subscriptions::default(),
            uncommitted: BTreeMap::new(),
            calls: CallLog::default(),
            writes: Vec::new(),
            refused: 0,
            notices: Vec::new(),
        };
        state.furnish();
        state
    }

    /// What every installation has: the root categories, the default attribute set, colour and size without options.
    fn furnish(&mut self) {
        let set = self.next(Kind::Set);
        self.catalogue.sets.insert(set, "Default".to_owned());
        for (code, label) in [("color", "Color"), ("size", "Size")] {
            let id = self.next(Kind::Attribute);
            let attribute = Attribute {
                id,
                code: code.to_owned(),
                input: "select".to_owned(),
                label: label.to_owned(),
                scope: "global".to_owned(),
                sets: vec![set],
                options: Vec::new(),
            };
            self.catalogue.attributes.insert(code.to_owned(), attribute);
        }
        for (parent, name) in [(0, "Root Catalog"), (1, "Default Category")] {
            let (id, at) = (self.next(Kind::Category), self.now());
            let category = Category {
                id,
                parent,
                name: name.to_owned(),
                active: true,
                position: 1,
                in_menu: true,
                attributes: BTreeMap::new(),
                created_at: at,
                updated_at: at,
            };
            self.catalogue.categories.insert(id, category);
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The number the next thing of a kind will have.
    pub(super) fn peek(&self, kind: Kind) -> u64 {
        self.numbers.get(&kind).copied().unwrap_or(0) + 1
    }

    /// A number for a new thing.
    pub(super) fn next(&mut self, kind: Kind) -> u64 {
        let number = self.numbers.entry(kind).or_default();
        *number += 1;
        *number
    }

    /// The website of a store view.
    pub(super) fn website_of(&self, store: u64) -> u64 {
        if self.options.other_website.contains(&store) { OTHER_WEBSITE } else { WEBSITE }
    }

    pub(super) fn default_store(&self) -> u64 {
        self.options.stores.first().map_or(1, |(_, id)| *id)
    }

    /// The store view by whose values a scope reads.
    pub(super) fn reads_as(&self, scope: &Scope) -> u64 {
        match scope {
            Scope::All => super::catalogue::EVERYWHERE,
            Scope::View(store) => *store,
            Scope::Unsaid => self.default_store(),
        }
    }

    /// A document that is written and not yet committed is not there for whoever reads it.
    pub(super) fn is_committed(&mut self, kind: Kind, id: u64) -> bool {
        let Some(left) = self.uncommitted.get_mut(&(kind, id)) else { return true };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.uncommitted.remove(&(kind, id));
        }
        false
    }

    /// An amount of the base currency as the API takes and prints it.
    pub(super) fn minor_of(&self, amount: rust_decimal::Decimal) -> Minor {
        let scaled = amount * rust_decimal::Decimal::from(10_i64.pow(self.options.currency.decimals()));
        let rounded = scaled.round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
        rounded.normalize().to_string().parse().unwrap_or(Minor::MAX)
    }

    /// Tells subscribers something, once the lock is free.
    pub(super) fn tell(&mut self, event: &'static str, kind: Kind, id: u64) {
        self.notices.push(Notice { event, kind, id });
    }

    /// Takes the gathered notices.
    pub(super) fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Remembers a write of the API that took effect.
    pub(super) fn wrote(&mut self, what: &'static str, entity: impl Into<String>) {
        if self.writes.len() >= WRITES_KEPT {
            self.writes.drain(..WRITES_KEPT / 2);
        }
        let at = self.now();
        self.writes.push(Write { at, what, entity: entity.into() });
    }
}

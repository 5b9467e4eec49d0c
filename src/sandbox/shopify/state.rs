//! Everything the shop knows, behind one lock. Work is short and never waits for anything while the lock is held.
//!
//! What comes in: changes by the API, the order desk and the merchant. What goes out: [`Notice`]s, gathered while a change is
//! made and handed to [`super::webhooks`] once the lock is free.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use super::bodies::{LevelFacts, Stationery, level_body, product_body};
use super::bulk::Bulk;
use super::catalogue::{Catalogue, Metafield};
use super::cost::Bucket;
use super::customers::Customers;
use super::files::Files;
use super::idempotency::Keys;
use super::ids::Ids;
use super::look::{ApiCalls, StockWrite, Write};
use super::markets::{Operation, ShopCollection, ShopPriceList};
use super::options::ShopOptions;
use super::orders::OrderRecord;
use super::stock::Stock;
use super::tokens::Tokens;
use super::webhooks::Subscriptions;
use crate::sandbox::clock::Clock;

/// Writes remembered for [`super::ShopSandbox::writes`]; older ones are forgotten beyond this.
const WRITES_KEPT: usize = 200_000;

/// The shop's memory.
pub(super) struct State {
    pub options: ShopOptions,
    pub clock: Arc<Clock>,
    pub ids: Ids,
    pub locations: Vec<Place>,
    pub publications: Vec<Place>,
    pub definitions: Vec<Definition>,
    pub catalogue: Catalogue,
    pub files: Files,
    pub collections: BTreeMap<u64, ShopCollection>,
    pub price_lists: BTreeMap<u64, ShopPriceList>,
    pub operations: BTreeMap<u64, Operation>,
    pub bulk: Bulk,
    pub stock: Stock,
    pub customers: Customers,
    pub orders: BTreeMap<u64, OrderRecord>,
    pub next_number: u64,
    pub subscriptions: Subscriptions,
    pub keys: Keys,
    pub bucket: Bucket,
    pub tokens: Tokens,
    /// Calls with a token that does not open.
    pub refused: u64,
    pub calls: ApiCalls,
    pub writes: Vec<Write>,
    pub stock_writes: Vec<StockWrite>,
    /// Whether our own writes come back as webhooks, as they do in a real shop.
    pub echoes: bool,
    notices: Vec<Notice>,
}

/// Something with an id and a name.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub id: u64,
    pub name: String,
    pub metafields: Vec<Metafield>,
}

/// A metafield definition.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub id: u64,
    pub owner: String,
    pub namespace: String,
    pub key: String,
    pub kind: String,
}

/// Something subscribers are to be told.
#[derive(Debug, Clone)]
pub(super) struct Notice {
    /// Topic, such as `orders/create`.
    pub topic: &'static str,
    /// Body as it will be signed.
    pub body: Bytes,
    /// Number of the action that caused it; several notices share it.
    pub event: Uuid,
    /// When the action happened.
    pub triggered_at: Timestamp,
}

impl State {
    /// A new shop.
    pub(super) fn new(options: ShopOptions, clock: Arc<Clock>) -> Self {
        let mut ids = Ids::of_shop(options.seed);
        let locations = options
            .locations
            .iter()
            .map(|location| Place {
                id: location.id.unwrap_or_else(|| ids.next()),
                name: location.name.clone(),
                metafields: Vec::new(),
            })
            .collect();
        let publications = options
            .publications
            .iter()
            .map(|name| Place { id: ids.next(), name: name.clone(), metafields: Vec::new() })
            .collect();
        let list = |(id, name, currency): &(u64, String, crate::domain::Currency)| {
            let list = ShopPriceList { id: *id, name: name.clone(), currency: *currency, fixed: BTreeMap::new() };
            (*id, list)
        };
        let price_lists = options.price_lists.iter().map(list).collect();
        let bucket = Bucket::new(options.bucket_size, options.restore_rate, clock.now());
        Self {
            options,
            clock,
            ids,
            locations,
            publications,
            definitions: Vec::new(),
            catalogue: Catalogue::default(),
            files: Files::default(),
            collections: BTreeMap::new(),
            price_lists,
            operations: BTreeMap::new(),
            bulk: Bulk::default(),
            stock: Stock::default(),
            customers: Customers::default(),
            orders: BTreeMap::new(),
            next_number: 1001,
            subscriptions: Subscriptions::default(),
            keys: Keys::default(),
            bucket,
            tokens: Tokens::default(),
            refused: 0,
            calls: ApiCalls::default(),
            writes: Vec::new(),
            stock_writes: Vec::new(),
            echoes: true,
            notices: Vec::new(),
        }
    }

    /// The definition of an owner's metafield.
    pub(super) fn definition(&self, owner: &str, namespace: &str, key: &str) -> Option<&Definition> {
        self.definitions.iter().find(|one| one.owner == owner && one.namespace == namespace && one.key == key)
    }

    /// Whether an owner's metafield identifies what carries it.
    pub(super) fn identifies(&self, owner: &str, namespace: &str, key: &str) -> bool {
        self.definition(owner, namespace, key).is_some_and(|definition| definition.kind == "id")
    }

    /// What the shop's clock shows.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How the shop writes.
    pub(super) fn stationery(&self) -> Stationery {
        Stationery { currency: self.options.currency, utc_offset: self.options.utc_offset }
    }

    /// The location that serves online orders. A shop always has one; ids begin far above 0.
    pub(super) fn online_location(&self) -> u64 {
        self.locations.first().map_or(0, |place| place.id)
    }

    /// Ids of all locations, the one that serves online orders first.
    pub(super) fn location_ids(&self) -> Vec<u64> {
        self.locations.iter().map(|place| place.id).collect()
    }

    /// Tells subscribers something, once the lock is free.
    pub(super) fn notify(&mut self, topic: &'static str, body: Bytes) {
        let triggered_at = self.now();
        self.notices.push(Notice { topic, body, event: Uuid::nil(), triggered_at });
    }

    /// Tells subscribers what a level is now.
    pub(super) fn notify_level(&mut self, item: u64, location: u64) {
        let Some(level) = self.stock.level(item, location) else { return };
        let at = self.now();
        let facts = LevelFacts { item, location, available: level.available, at };
        self.notify("inventory_levels/update", level_body(self.stationery(), &facts));
    }

    /// Tells subscribers what a product is now.
    pub(super) fn notify_product(&mut self, topic: &'static str, id: u64) {
        let Some(product) = self.catalogue.product(id) else { return };
        let places = || self.locations.iter().map(|place| place.id);
        let body = product_body(self.stationery(), product, |item| self.stock.sellable(item, places()));
        self.notify(topic, body);
    }

    /// Remembers a write that took effect.
    pub(super) fn wrote(&mut self, what: &'static str, entity: String) {
        if self.writes.len() >= WRITES_KEPT {
            self.writes.drain(..WRITES_KEPT / 2);
        }
        let at = self.now();
        self.writes.push(Write { at, what, entity });
    }

    /// Remembers a stock figure that the API has set.
    pub(super) fn wrote_stock(&mut self, item: u64, location: u64) {
        if self.stock_writes.len() >= WRITES_KEPT {
            self.stock_writes.drain(..WRITES_KEPT / 2);
        }
        let level = self.stock.level(item, location).unwrap_or_default();
        let sku = self.catalogue.item(item).and_then(|(_, variant)| variant.sku.clone()).unwrap_or_default();
        let place = self.locations.iter().find(|place| place.id == location);
        let location = place.map(|place| place.name.clone()).unwrap_or_default();
        self.stock_writes.push(StockWrite { location, sku, available: level.available, taken: level.taken });
    }

    /// Takes the gathered notices; all of them get one event number, for they come from one action.
    pub(super) fn take_notices(&mut self) -> Vec<Notice> {
        let event = Uuid::new_v4();
        let mut notices = std::mem::take(&mut self.notices);
        for notice in &mut notices {
            notice.event = event;
        }
        notices
    }
}

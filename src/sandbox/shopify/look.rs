//! What tests and the demo may look at: products, stock, orders, calls, writes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::ShopSandbox;
use super::catalogue::Product;
use super::files::ShopFile;
use super::lives::{LineIds, SkuInfo, money};
use super::markets::{ShopCollection, ShopPriceList};
use super::orders::OrderRecord;
use super::webhooks::ShopSubscription;
use crate::domain::Money;

/// Calls to the API, by root field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiCalls {
    /// Counts for each root field.
    pub by_operation: BTreeMap<String, CallCount>,
}

/// Calls of one operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallCount {
    /// Calls that came in with a good token and a valid document.
    pub calls: u64,
    /// Calls that were turned away for want of points.
    pub throttled: u64,
    /// Points asked for by calls that ran.
    pub requested: u64,
    /// Points taken by calls that ran.
    pub actual: u64,
}

impl ApiCalls {
    /// Calls of that root field.
    #[must_use]
    pub fn of(&self, operation: &str) -> CallCount {
        self.by_operation.get(operation).copied().unwrap_or_default()
    }

    pub(super) fn count(&mut self, operations: &[String], change: impl Fn(&mut CallCount)) {
        for operation in operations {
            change(self.by_operation.entry(operation.clone()).or_default());
        }
    }
}

/// A write of the API that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// When, by the shop's clock.
    pub at: Timestamp,
    /// The mutation.
    pub what: &'static str,
    /// What was written: a global id, for stock with `@` and the location's.
    pub entity: String,
}

/// A stock figure that the API set, and how things stood right after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockWrite {
    /// Name of the location.
    pub location: String,
    /// SKU.
    pub sku: String,
    /// Pieces that can be sold.
    pub available: i64,
    /// Pieces that orders had taken off sale by then and not brought back.
    pub taken: i64,
}

/// Stock of one SKU at one location.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StockFigures {
    /// Pieces on the shelf.
    pub on_hand: i64,
    /// Pieces that can be sold.
    pub available: i64,
    /// Pieces sold but not shipped.
    pub committed: i64,
}

/// A variant as a buyer sees it, with its ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantView {
    /// The shop's ids.
    pub ids: LineIds,
    /// What the buyer pays.
    pub price: Money,
    /// The struck-through former price.
    pub compare_at: Option<Money>,
    /// Barcode.
    pub barcode: Option<String>,
    /// Whether stock is counted.
    pub tracked: bool,
}

/// An order as the merchant sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a question a story asks")]
pub struct OrderView {
    /// Id.
    pub id: u64,
    /// Number people use, such as `#1001`.
    pub name: String,
    /// What it came to.
    pub total: Money,
    /// Money that came in.
    pub captured: Money,
    /// Money that went back.
    pub refunded: Money,
    /// Whether it was shipped and nothing is left to ship.
    pub fulfilled: bool,
    /// Whether any of it was shipped.
    pub shipped: bool,
    /// Whether nothing is left to ship.
    pub closed: bool,
    /// Whether it was edited.
    pub edited: bool,
    /// Whether money is on its way back.
    pub pending: bool,
    /// Whether it was sold at the shop's own point of sale.
    pub at_till: bool,
    /// Whether it was placed as a test.
    pub test: bool,
    /// What the buyer has still to pay; below zero: what the shop owes the buyer.
    pub outstanding: Money,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// Ids of its refunds, oldest first.
    pub refunds: Vec<u64>,
    /// Ids of its shipments, oldest first.
    pub shipments: Vec<u64>,
}

impl ShopSandbox {
    /// The product that carries an office's key in the identifying metafield of that namespace and key.
    #[must_use]
    pub fn product_by_pos_key(&self, namespace: &str, key: &str, value: &str) -> Option<Product> {
        self.read(|state| state.catalogue.by_metafield(namespace, key, value).cloned())
    }

    /// All collections, oldest first.
    #[must_use]
    pub fn collections(&self) -> Vec<ShopCollection> {
        self.read(|state| state.collections.values().cloned().collect())
    }

    /// A price list by id.
    #[must_use]
    pub fn price_list(&self, id: u64) -> Option<ShopPriceList> {
        self.read(|state| state.price_lists.get(&id).cloned())
    }

    /// All files, oldest first; pictures the merchant put up himself are not among them.
    #[must_use]
    pub fn files(&self) -> Vec<ShopFile> {
        self.read(|state| state.files.all().cloned().collect())
    }

    /// All locations: id and name.
    #[must_use]
    pub fn locations(&self) -> Vec<(u64, String)> {
        self.read(|state| state.locations.iter().map(|place| (place.id, place.name.clone())).collect())
    }

    /// Every stock figure the API has set, oldest first.
    #[must_use]
    pub fn stock_writes(&self) -> Vec<StockWrite> {
        self.read(|state| state.stock_writes.clone())
    }

    /// All products, oldest first.
    #[must_use]
    pub fn products(&self) -> Vec<Product> {
        self.read(|state| state.catalogue.products().cloned().collect())
    }

    /// The first variant of a SKU.
    #[must_use]
    pub fn variant(&self, sku: &str) -> Option<VariantView> {
        self.read(|state| {
            let currency = state.options.currency;
            let (product, variant) = state.catalogue.by_sku(sku)?;
            Some(VariantView {
                ids: LineIds { product: product.id, variant: variant.id, inventory_item: variant.inventory_item },
                price: money(variant.price, currency),
                compare_at: variant.compare_at.map(|amount| money(amount, currency)),
                barcode: variant.barcode.clone(),
                tracked: variant.tracked,
            })
        })
    }

    /// Everything that is for sale and can be seen, as [`super::lives::Life::generate`] wants it.
    #[must_use]
    pub fn catalogue(&self) -> Vec<SkuInfo> {
        self.read(|state| {
            let visible = state.catalogue.products().filter(|product| product.is_visible());
            let variants = visible.flat_map(|product| product.variants.iter().map(move |variant| (product, variant)));
            variants
                .filter_map(|(product, variant)| {
                    Some(SkuInfo {
                        sku: variant.sku.clone()?,
                        title: product.title.clone(),
                        price: money(variant.price, state.options.currency),
                        ids: LineIds {
                            product: product.id,
                            variant: variant.id,
                            inventory_item: variant.inventory_item,
                        },
                    })
                })
                .collect()
        })
    }

    /// Stock of a SKU at a location, by the location's name. Nothing when either is unknown; zeros when never stocked there.
    #[must_use]
    pub fn stock(&self, sku: &str, location: &str) -> Option<StockFigures> {
        self.read(|state| {
            let (_, variant) = state.catalogue.by_sku(sku)?;
            let place = state.locations.iter().find(|place| place.name == location)?;
            let level = state.stock.level(variant.inventory_item, place.id).unwrap_or_default();
            Some(StockFigures { on_hand: level.on_hand(), available: level.available, committed: level.committed })
        })
    }

    /// The id of a location.
    #[must_use]
    pub fn location(&self, name: &str) -> Option<u64> {
        self.read(|state| state.locations.iter().find(|place| place.name == name).map(|place| place.id))
    }

    /// All orders, oldest first.
    #[must_use]
    pub fn orders(&self) -> Vec<OrderView> {
        self.read(|state| state.orders.values().map(view).collect())
    }

    /// One order.
    #[must_use]
    pub fn order(&self, id: u64) -> Option<OrderView> {
        self.read(|state| state.orders.get(&id).map(view))
    }

    /// Calls to the API so far.
    #[must_use]
    pub fn api_calls(&self) -> ApiCalls {
        self.read(|state| state.calls.clone())
    }

    /// Writes of the API that took effect, oldest first. The merchant's own edits and orders are not among them.
    #[must_use]
    pub fn writes(&self) -> Vec<Write> {
        self.read(|state| state.writes.clone())
    }

    /// Webhook subscriptions, oldest first.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<ShopSubscription> {
        self.read(|state| state.subscriptions.all().to_vec())
    }
}

fn view(order: &OrderRecord) -> OrderView {
    let currency = order.plan.currency;
    OrderView {
        id: order.id,
        name: format!("#{}", order.number),
        total: money(order.plan.totals().total, currency),
        captured: money(order.captured(), currency),
        refunded: money(order.refunded(), currency),
        fulfilled: order.is_fulfilled(),
        shipped: !order.shipments.is_empty(),
        closed: order.nothing_to_ship(),
        edited: order.edits > 0,
        pending: order.refunds.iter().flat_map(|refund| &refund.plan.payments).any(|payment| payment.pending),
        at_till: order.plan.at_till,
        test: order.plan.test,
        outstanding: money(order.outstanding(), currency),
        cancelled: order.cancelled_at.is_some(),
        refunds: order.refunds.iter().map(|refund| refund.id).collect(),
        shipments: order.shipments.iter().map(|shipment| shipment.id).collect(),
    }
}

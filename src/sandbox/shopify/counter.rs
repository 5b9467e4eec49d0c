//! What happens to orders in the shop: placed, shipped, given back, cancelled. Moves stock, raises webhooks.
//!
//! Placing promises pieces (available down, committed up), shipping takes them off the shelf, a return puts them back on it, a
//! cancellation frees what was promised.

use super::bodies::{known_address, order_body, refund_body, transaction_body};
use super::customers::ShopCustomer;
use super::lives::{BuyerPlan, LineIds, LineSort, OrderPlan, RefundPlan, Restock};
use super::orders::{Fulfilment, OrderRecord};
use super::state::State;

/// Why the shop's staff could not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CounterError {
    /// There is no such order.
    #[error("there is no order {0}")]
    UnknownOrder(u64),
    /// There is no such product.
    #[error("there is no product {0}")]
    UnknownProduct(u64),
    /// There is no such location.
    #[error("there is no location called `{0}`")]
    UnknownLocation(String),
    /// Nothing for sale carries that SKU.
    #[error("nothing for sale has the SKU `{0}`")]
    UnknownSku(String),
    /// The order is already shipped, cancelled, or cannot give back that much.
    #[error("order {order}: {reason}")]
    NotPossible {
        /// Id of the order.
        order: u64,
        /// Why not.
        reason: &'static str,
    },
    /// The plan is in another currency or with taxes the other way round than the shop.
    #[error("the plan does not fit the shop: {0}")]
    Misfit(&'static str),
}

impl State {
    /// Places an order. SKUs that the shop does not know are sold as they are, without stock.
    pub(super) fn place(&mut self, plan: &OrderPlan) -> Result<u64, CounterError> {
        if plan.currency != self.options.currency {
            return Err(CounterError::Misfit("it is in another currency"));
        }
        if plan.taxes_included != self.options.taxes_included {
            return Err(CounterError::Misfit("it reckons taxes the other way round"));
        }
        let mut plan = plan.clone();
        self.know_account(&plan.buyer);
        for line in &mut plan.lines {
            let known = line.sku.as_deref().and_then(|sku| self.catalogue.by_sku(sku));
            line.ids = known.map(|(product, variant)| LineIds {
                product: product.id,
                variant: variant.id,
                inventory_item: variant.inventory_item,
            });
        }
        let number = self.next_number;
        self.next_number += 1;
        let now = self.now();
        let order = OrderRecord::new(plan, number, &mut self.ids, now);
        let id = order.id;
        let online = self.online_location();
        for line in 0..order.lines.len() {
            self.move_pieces(&order, line, online, -order.plan.lines[line].quantity, order.plan.lines[line].quantity);
        }
        let by = self.stationery();
        self.notify("orders/create", order_body(by, &order));
        for payment in 0..order.payments.len() {
            self.notify("order_transactions/create", transaction_body(by, &order, payment));
        }
        self.notify("orders/paid", order_body(by, &order));
        self.notify("orders/updated", order_body(by, &order));
        self.orders.insert(id, order);
        Ok(id)
    }

    /// An account that buys is a customer of the shop. Made before the story began, so nobody is told.
    fn know_account(&mut self, buyer: &BuyerPlan) {
        let BuyerPlan::Account { id, .. } = buyer else { return };
        let address = self.ids.next();
        let Some((email, address)) = known_address(buyer, address) else { return };
        if self.customers.get(*id).is_none() && self.customers.by_email(&email).is_none() {
            let (first_name, last_name) = (address.first_name.clone(), address.last_name.clone());
            let blank = self.blank_customer();
            let customer =
                ShopCustomer { id: *id, first_name, last_name, email: Some(email), addresses: vec![address], ..blank };
            self.customers.put(customer);
        }
    }

    /// Ships everything that is left of an order from the location that serves online orders.
    pub(super) fn ship(&mut self, id: u64) -> Result<(), CounterError> {
        let location = self.online_location();
        let at = self.now();
        let mut order = self.open_order(id)?;
        if order.fulfilment.is_some() {
            return Err(CounterError::NotPossible { order: id, reason: "it is shipped already" });
        }
        for line in 0..order.lines.len() {
            let pieces = order.fulfillable_quantity(line);
            self.move_pieces(&order, line, location, 0, -pieces);
        }
        order.fulfilment = Some(Fulfilment { id: self.ids.next(), location, at });
        order.updated_at = at;
        self.notify_order(&order, &["orders/fulfilled", "orders/updated"]);
        self.orders.insert(id, order);
        Ok(())
    }

    /// Gives something back. Answers the refund's id.
    pub(super) fn give_back(&mut self, id: u64, plan: &RefundPlan) -> Result<u64, CounterError> {
        let mut order = self.open_order(id)?;
        check_refund(&order, plan)?;
        let refund = self.record_refund(&mut order, plan.clone());
        let refund_id = order.refunds[refund].id;
        self.notify("refunds/create", refund_body(self.stationery(), &order, refund));
        self.notify_order(&order, &["orders/updated"]);
        self.orders.insert(id, order);
        Ok(refund_id)
    }

    /// Cancels an order that was not shipped: everything left is given back.
    pub(super) fn cancel(&mut self, id: u64) -> Result<(), CounterError> {
        let mut order = self.open_order(id)?;
        if order.fulfilment.is_some() {
            return Err(CounterError::NotPossible { order: id, reason: "it is shipped already" });
        }
        let plan = order.ledger().everything(Restock::Cancel);
        order.cancelled_at = Some(self.now());
        let refund = self.record_refund(&mut order, plan);
        self.notify("refunds/create", refund_body(self.stationery(), &order, refund));
        self.notify_order(&order, &["orders/cancelled", "orders/updated"]);
        self.orders.insert(id, order);
        Ok(())
    }

    fn open_order(&self, id: u64) -> Result<OrderRecord, CounterError> {
        let order = self.orders.get(&id).ok_or(CounterError::UnknownOrder(id))?;
        if order.cancelled_at.is_some() {
            return Err(CounterError::NotPossible { order: id, reason: "it was cancelled" });
        }
        Ok(order.clone())
    }

    fn record_refund(&mut self, order: &mut OrderRecord, plan: RefundPlan) -> usize {
        let now = self.now();
        let shipped = order.fulfilment.is_some();
        let online = self.online_location();
        let refund = order.refund(plan, &self.location_ids(), &mut self.ids, now);
        let rows: Vec<_> = {
            let record = &order.refunds[refund];
            record.plan.lines.iter().copied().zip(record.lines.iter().map(|(_, location)| *location)).collect()
        };
        for (row, location) in rows {
            match (row.restock, location) {
                (Restock::Return { .. }, Some(location)) => {
                    self.move_pieces(order, row.line, location, row.quantity, 0);
                }
                (Restock::Cancel, _) => self.move_pieces(order, row.line, online, row.quantity, -row.quantity),
                // What was never shipped and is not put back is written off the shelf.
                (Restock::NoRestock, _) if !shipped => self.move_pieces(order, row.line, online, 0, -row.quantity),
                _ => {}
            }
        }
        refund
    }

    fn move_pieces(&mut self, order: &OrderRecord, line: usize, location: u64, available: i64, committed: i64) {
        let plan = &order.plan.lines[line];
        let Some(ids) = plan.ids.filter(|_| plan.sort == LineSort::Goods) else { return };
        if self.catalogue.item(ids.inventory_item).is_none_or(|(_, variant)| !variant.tracked) {
            return;
        }
        let now = self.now();
        if self.stock.shift(ids.inventory_item, location, available, committed, now) {
            self.notify_level(ids.inventory_item, location);
        }
    }

    fn notify_order(&mut self, order: &OrderRecord, topics: &[&'static str]) {
        let body = order_body(self.stationery(), order);
        for topic in topics {
            self.notify(topic, body.clone());
        }
    }
}

/// A shop gives back neither pieces nor money twice, and takes back only what left.
fn check_refund(order: &OrderRecord, plan: &RefundPlan) -> Result<(), CounterError> {
    let no = |reason| Err(CounterError::NotPossible { order: order.id, reason });
    let ledger = order.ledger();
    let shipped = order.fulfilment.is_some();
    for row in &plan.lines {
        if row.line >= order.lines.len() {
            return no("it has no such line");
        }
        let pieces: i64 = plan.lines.iter().filter(|other| other.line == row.line).map(|other| other.quantity).sum();
        if row.quantity < 1 || pieces > ledger.pieces_left(row.line) {
            return no("fewer pieces are left than are to be given back");
        }
        match row.restock {
            Restock::Return { .. } if !shipped => return no("goods that were not shipped cannot come back"),
            Restock::Cancel if shipped => return no("goods that were shipped cannot be cancelled"),
            _ => {}
        }
    }
    let payment_exists = |payment: usize| payment < order.payments.len();
    let money: i64 = plan.payments.iter().map(|payment| payment.amount).sum();
    if !plan.payments.iter().all(|payment| payment_exists(payment.payment)) || money > ledger.money_left() {
        return no("more money is to go back than is left");
    }
    Ok(())
}

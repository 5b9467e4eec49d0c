//! What happens to orders in the shop: placed, paid, edited, shipped, given back, exchanged, cancelled. Moves stock, raises
//! webhooks.
//!
//! Placing promises pieces (available down, committed up), shipping takes them off the shelf, a return puts them back on it, a
//! cancellation frees what was promised.

use super::bodies::{
    edited_body, fulfillment_body, known_address, order_body, refund_body, refund_transaction_body, transaction_body,
};
use super::customers::ShopCustomer;
use super::lives::{
    BuyerPlan, EditPlan, LineIds, LinePlan, LineSort, OrderPlan, PaymentPlan, RefundLinePlan, RefundPlan, Restock,
};
use super::orders::{OrderRecord, Shipment};
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
            self.identify(line);
        }
        let number = self.next_number;
        self.next_number += 1;
        let now = self.now();
        let order = OrderRecord::new(plan, number, &mut self.ids, now);
        let id = order.id;
        for line in 0..order.lines.len() {
            self.promise(&order, line, order.plan.lines[line].quantity);
        }
        let by = self.stationery();
        self.notify("orders/create", order_body(by, &order));
        for payment in 0..order.payments.len() {
            self.notify("order_transactions/create", transaction_body(by, &order, payment));
        }
        self.notify_paid(&order);
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

    fn identify(&self, line: &mut LinePlan) {
        let known = line.sku.as_deref().and_then(|sku| self.catalogue.by_sku(sku));
        line.ids = known.map(|(product, variant)| LineIds {
            product: product.id,
            variant: variant.id,
            inventory_item: variant.inventory_item,
        });
    }

    fn promise(&mut self, order: &OrderRecord, line: usize, pieces: i64) {
        let online = self.online_location();
        self.move_pieces(order, line, online, -pieces, pieces);
    }

    fn notify_paid(&mut self, order: &OrderRecord) {
        if order.outstanding() <= 0 && order.cancelled_at.is_none() {
            self.notify_order(order, &["orders/paid"]);
        }
    }

    /// Takes a further payment.
    pub(super) fn take_payment(&mut self, id: u64, payment: PaymentPlan) -> Result<(), CounterError> {
        let mut order = self.open_order(id)?;
        if payment.amount < 1 || payment.amount > order.outstanding() {
            return Err(CounterError::NotPossible { order: id, reason: "so much is not to be paid" });
        }
        order.updated_at = self.now();
        let index = order.pay(payment, &mut self.ids);
        self.notify("order_transactions/create", transaction_body(self.stationery(), &order, index));
        self.notify_paid(&order);
        self.notify_order(&order, &["orders/updated"]);
        self.orders.insert(id, order);
        Ok(())
    }

    /// Edits an order.
    pub(super) fn edit_order(&mut self, id: u64, edit: &EditPlan) -> Result<(), CounterError> {
        let mut order = self.open_order(id)?;
        let wanted =
            |line: usize| edit.take_off.iter().filter(|(of, _)| *of == line).map(|(_, pieces)| pieces).sum::<i64>();
        for (line, pieces) in &edit.take_off {
            if *line >= order.lines.len() || *pieces < 1 || wanted(*line) > order.fulfillable_quantity(*line) {
                return Err(CounterError::NotPossible {
                    order: id,
                    reason: "only what was not shipped can be taken off",
                });
            }
        }
        order.updated_at = self.now();
        order.edits += 1;
        let restock = if edit.restock { Restock::Cancel } else { Restock::NoRestock };
        if !edit.take_off.is_empty() {
            let ledger = order.ledger();
            let lines = edit.take_off.iter().map(|(line, pieces)| ledger.pieces_of(*line, *pieces, restock)).collect();
            self.record_refund(&mut order, RefundPlan { before_fulfilment: true, lines, ..RefundPlan::default() });
        }
        let added = self.add_lines(&mut order, &edit.add);
        let edit_id = self.ids.next();
        let body = edited_body(self.stationery(), &order, edit_id, &added, &edit.take_off);
        self.notify("orders/edited", body);
        self.notify_order(&order, &["orders/updated"]);
        self.orders.insert(id, order);
        Ok(())
    }

    fn add_lines(&mut self, order: &mut OrderRecord, lines: &[LinePlan]) -> Vec<usize> {
        let mut added = Vec::with_capacity(lines.len());
        for line in lines {
            let mut line = line.clone();
            self.identify(&mut line);
            let index = order.add_line(line, &mut self.ids);
            self.promise(order, index, order.plan.lines[index].quantity);
            added.push(index);
        }
        added
    }

    /// Takes shipped pieces back and sends others for them. What they differ in is paid, or paid back, afterwards.
    pub(super) fn exchange(
        &mut self,
        id: u64,
        back: &[RefundLinePlan],
        instead: &[LinePlan],
    ) -> Result<u64, CounterError> {
        let mut order = self.open_order(id)?;
        let plan = RefundPlan { lines: back.to_vec(), ..RefundPlan::default() };
        check_refund(&order, &plan)?;
        order.updated_at = self.now();
        order.edits += 1;
        let refund = self.record_refund(&mut order, plan);
        let refund_id = order.refunds[refund].id;
        let added = self.add_lines(&mut order, instead);
        let by = self.stationery();
        self.notify("refunds/create", refund_body(by, &order, refund));
        let edit_id = self.ids.next();
        self.notify("orders/edited", edited_body(by, &order, edit_id, &added, &[]));
        self.notify_order(&order, &["orders/updated"]);
        self.orders.insert(id, order);
        Ok(refund_id)
    }

    /// Ships everything that is left of an order from the location that serves online orders.
    pub(super) fn ship(&mut self, id: u64) -> Result<(), CounterError> {
        let order = self.open_order(id)?;
        let open = (0..order.lines.len()).map(|line| (line, order.fulfillable_quantity(line)));
        let pieces: Vec<(usize, i64)> = open.filter(|(_, pieces)| *pieces > 0).collect();
        if pieces.is_empty() && !order.shipments.is_empty() {
            return Err(CounterError::NotPossible { order: id, reason: "it is shipped already" });
        }
        self.ship_pieces(id, 0, pieces)
    }

    /// Ships some pieces of an order from one of the shop's locations.
    pub(super) fn ship_part(&mut self, id: u64, location: usize, pieces: &[(usize, i64)]) -> Result<(), CounterError> {
        let order = self.open_order(id)?;
        let wanted = |line: usize| pieces.iter().filter(|(of, _)| *of == line).map(|(_, count)| count).sum::<i64>();
        for (line, count) in pieces {
            if *line >= order.lines.len() || *count < 1 || wanted(*line) > order.fulfillable_quantity(*line) {
                return Err(CounterError::NotPossible { order: id, reason: "fewer pieces are left to be shipped" });
            }
        }
        self.ship_pieces(id, location, pieces.to_vec())
    }

    fn ship_pieces(&mut self, id: u64, location: usize, pieces: Vec<(usize, i64)>) -> Result<(), CounterError> {
        let mut order = self.open_order(id)?;
        let online = self.online_location();
        let from = self.location_ids().get(location).copied().unwrap_or(online);
        for (line, count) in &pieces {
            if from != online {
                // What was promised online is sent from elsewhere: the promise moves there first.
                self.move_pieces(&order, *line, online, *count, -*count);
                self.move_pieces(&order, *line, from, -*count, *count);
            }
            self.move_pieces(&order, *line, from, 0, -*count);
        }
        let at = self.now();
        order.updated_at = at;
        order.shipments.push(Shipment { id: self.ids.next(), location: from, at, pieces });
        let body = fulfillment_body(self.stationery(), &order, order.shipments.len() - 1);
        self.notify("fulfillments/create", body);
        let topic = if order.nothing_to_ship() { "orders/fulfilled" } else { "orders/partially_fulfilled" };
        self.notify_order(&order, &[topic, "orders/updated"]);
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
        for row in 0..order.refunds[refund].payments.len() {
            if !plan.payments[row].pending {
                let body = refund_transaction_body(self.stationery(), &order, refund, row);
                self.notify("order_transactions/create", body);
            }
        }
        self.notify_order(&order, &["orders/updated"]);
        self.orders.insert(id, order);
        Ok(refund_id)
    }

    /// Money of a refund that was on its way arrives, or does not.
    pub(super) fn settle_refund(&mut self, refund: u64, arrives: bool) -> Result<(), CounterError> {
        let found = self.orders.values().find(|order| order.refunds.iter().any(|one| one.id == refund));
        let mut order = found.cloned().ok_or(CounterError::UnknownOrder(refund))?;
        order.updated_at = self.now();
        let Some(index) = order.refunds.iter().position(|one| one.id == refund) else {
            return Err(CounterError::UnknownOrder(refund));
        };
        for row in 0..order.refunds[index].plan.payments.len() {
            let payment = &mut order.refunds[index].plan.payments[row];
            if payment.pending {
                (payment.pending, payment.failed) = (false, !arrives);
                let body = refund_transaction_body(self.stationery(), &order, index, row);
                self.notify("order_transactions/create", body);
            }
        }
        self.notify_order(&order, &["orders/updated"]);
        self.orders.insert(order.id, order);
        Ok(())
    }

    /// Cancels an order of which nothing was shipped. With its money everything left is given back; without, the pieces are
    /// taken off and the shop owes the buyer what was paid.
    pub(super) fn cancel(&mut self, id: u64, with_money: bool) -> Result<(), CounterError> {
        let mut order = self.open_order(id)?;
        if !order.shipments.is_empty() {
            return Err(CounterError::NotPossible { order: id, reason: "it is shipped already" });
        }
        let mut plan = order.ledger().everything(Restock::Cancel);
        if !with_money {
            plan = RefundPlan { before_fulfilment: true, lines: plan.lines, ..RefundPlan::default() };
        }
        order.cancelled_at = Some(self.now());
        let refund = self.record_refund(&mut order, plan);
        self.notify("refunds/create", refund_body(self.stationery(), &order, refund));
        for row in 0..order.refunds[refund].payments.len() {
            let body = refund_transaction_body(self.stationery(), &order, refund, row);
            self.notify("order_transactions/create", body);
        }
        self.notify_order(&order, &["orders/cancelled", "orders/updated"]);
        self.orders.insert(id, order);
        Ok(())
    }

    /// Gives money back of an order that was cancelled, or of any other.
    pub(super) fn pay_back(&mut self, id: u64, plan: &RefundPlan) -> Result<u64, CounterError> {
        let cancelled = self.orders.get(&id).ok_or(CounterError::UnknownOrder(id))?.cancelled_at;
        if let Some(order) = self.orders.get_mut(&id) {
            order.cancelled_at = None;
        }
        let given = self.give_back(id, plan);
        if let Some(order) = self.orders.get_mut(&id) {
            order.cancelled_at = cancelled;
        }
        given
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
        let online = self.online_location();
        let refund = order.refund(plan, &self.location_ids(), &mut self.ids, now);
        let record = order.refunds[refund].clone();
        let places = record.lines.iter().map(|(_, location)| *location);
        for ((row, location), unshipped) in record.plan.lines.iter().zip(places).zip(record.unshipped) {
            match (row.restock, location) {
                (Restock::Return { .. }, Some(location)) => {
                    self.move_pieces(order, row.line, location, row.quantity, 0);
                }
                (Restock::Cancel, _) => self.move_pieces(order, row.line, online, row.quantity, -row.quantity),
                // What was never shipped and is not put back is written off the shelf.
                (Restock::NoRestock, _) => self.move_pieces(order, row.line, online, 0, -unshipped),
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
    for row in &plan.lines {
        if row.line >= order.lines.len() {
            return no("it has no such line");
        }
        let pieces: i64 = plan.lines.iter().filter(|other| other.line == row.line).map(|other| other.quantity).sum();
        if row.quantity < 1 || pieces > ledger.pieces_left(row.line) {
            return no("fewer pieces are left than are to be given back");
        }
        match row.restock {
            Restock::Return { .. } if pieces > order.with_buyer(row.line) => {
                return no("goods that were not shipped cannot come back");
            }
            Restock::Cancel if pieces > order.fulfillable_quantity(row.line) => {
                return no("goods that were shipped cannot be cancelled");
            }
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

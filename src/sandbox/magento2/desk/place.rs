//! Somebody buys.

use std::collections::BTreeMap;

use super::super::catalogue::Product;
use super::super::figures::{Both, Minor, Priced, RowMoney, Totals};
use super::super::orders::{Item, OrderPhase, OrderRecord};
use super::super::plans::{LinePlan, LineSort, OrderPlan};
use super::super::request::Refusal;
use super::super::state::{Kind, State};
use super::NOT_FOR_SALE;

impl State {
    /// Places an order. Answers its id.
    pub(in super::super) fn place(&mut self, plan: &OrderPlan) -> Result<u64, Refusal> {
        let order = self.peek(Kind::Order);
        let mut items = Vec::new();
        for line in &plan.lines {
            self.add_line(plan, line, &mut items)?;
        }
        let shelves = items.iter().enumerate().filter(|(index, item)| is_leaf(&items, *index) && item.ordered > 0);
        let mut wanted: BTreeMap<String, i64> = BTreeMap::new();
        for (_, item) in shelves {
            *wanted.entry(item.sku.clone()).or_default() += item.ordered;
        }
        self.stock.reserve(&wanted)?;
        let included = self.options.taxes_included;
        let carriage = |price, discount| Priced::row(price, 1, plan.carriage_rate, included, discount).money;
        let shipping = Both {
            base: carriage(plan.carriage, plan.carriage_discount),
            shown: carriage(plan.converted(plan.carriage), plan.converted(plan.carriage_discount)),
        };
        let counted = items.iter().filter(|item| item.counts).map(|item| item.money);
        let rows = counted.fold(Both::default(), |sum: Both<RowMoney>, money| sum.with(money, RowMoney::plus));
        let totals = rows.with(shipping, |rows, shipping| Totals { rows, shipping, ..Totals::default() });
        let (cards, balance) = plan.paid_by;
        let totals = Both {
            base: totals.base.paid_by(cards, balance),
            shown: totals.shown.paid_by(plan.converted(cards), plan.converted(balance)),
        };
        let is_virtual = items.iter().all(Item::is_virtual);
        let at = self.now();
        let billing = (self.next(Kind::OrderAddress), plan.billing.clone());
        let shipping_to = plan.shipping_to.as_ref().unwrap_or(&plan.billing).clone();
        let shipping = (!is_virtual).then(|| (self.next(Kind::OrderAddress), shipping_to));
        let id = self.next(Kind::Order);
        let record = OrderRecord {
            id,
            increment: format!("{id:09}"),
            store: plan.store.unwrap_or_else(|| self.default_store()),
            buyer: plan.buyer.clone(),
            customer: plan.buyer.account,
            billing,
            shipping,
            currency: plan.foreign.map_or(self.options.currency, |(currency, _)| currency),
            rate: plan.foreign_rate(),
            method: plan.method.clone(),
            coupon: plan.coupon.clone(),
            items,
            totals,
            shipping_rate: plan.carriage_rate,
            invoiced: Both::default(),
            refunded: Both::default(),
            phase: OrderPhase::New,
            status: Some(OrderPhase::New.status().to_owned()),
            held_from: None,
            comments: Vec::new(),
            invoices: Vec::new(),
            memos: Vec::new(),
            last_document: None,
            created_at: at,
            updated_at: at,
        };
        debug_assert_eq!(order, id, "the number was looked at before");
        self.orders.insert(id, record);
        self.tell("sales.order.created", Kind::Order, id);
        Ok(id)
    }

    fn add_line(&mut self, plan: &OrderPlan, line: &LinePlan, items: &mut Vec<Item>) -> Result<(), Refusal> {
        if line.pieces < 1 {
            return Err(Refusal::bad("Please enter a number greater than 0 in this field."));
        }
        let included = self.options.taxes_included;
        let priced = |unit: Minor, pieces: i64, discount: Minor| Both {
            base: Priced::row(unit, pieces, line.rate, included, discount),
            shown: Priced::row(plan.converted(unit), pieces, line.rate, included, plan.converted(discount)),
        };
        let whole = priced(line.unit, line.pieces, line.discount);
        let top = items.len();
        match &line.sort {
            LineSort::Simple | LineSort::Virtual | LineSort::Grouped => {
                let kind = match line.sort {
                    LineSort::Virtual => "virtual",
                    LineSort::Grouped => "grouped",
                    _ => "simple",
                };
                let product = self.sellable(&line.sku)?.clone();
                items.push(self.item(&product, kind, line, whole));
            }
            LineSort::ChildOf(parent) => {
                let (child, parent) = (self.sellable(&line.sku)?.clone(), self.sellable(parent)?.clone());
                let mut row = self.item(&parent, "configurable", line, whole);
                // Both rows carry the child's SKU.
                (row.sku, row.options) = (child.sku.clone(), self.chosen(&parent, &child));
                items.push(row);
                items.push(self.part(&child, top, line.pieces, line));
            }
            LineSort::FixedBundle(parts) => {
                let bundle = self.sellable(&line.sku)?.clone();
                items.push(self.item(&bundle, "bundle", line, whole));
                for (sku, pieces) in parts {
                    let product = self.sellable(sku)?.clone();
                    items.push(self.part(&product, top, line.pieces * pieces, line));
                }
            }
            LineSort::DynamicBundle(parts) => {
                let bundle = self.sellable(&line.sku)?.clone();
                let mut parent = self.item(&bundle, "bundle", line, Both::default());
                parent.counts = false;
                items.push(parent);
                for (sku, pieces, unit) in parts {
                    let product = self.sellable(sku)?.clone();
                    let money = priced(*unit, line.pieces * pieces, 0);
                    let mut part = self.part(&product, top, line.pieces * pieces, line);
                    part.counts = true;
                    take_money(&mut part, money);
                    items[top].money = items[top].money.with(part.money, RowMoney::plus);
                    items.push(part);
                }
                // The bundle's row repeats what its parts come to.
                let each = |amount: Minor| amount / line.pieces;
                items[top].price = items[top].money.map(|money| each(money.row));
                items[top].price_incl = items[top].money.map(|money| each(money.row_incl));
            }
        }
        Ok(())
    }

    fn sellable(&self, sku: &str) -> Result<&Product, Refusal> {
        let product = self.catalogue.by_sku(sku).filter(|product| product.is_enabled(self.default_store()));
        product.ok_or_else(|| Refusal::bad(NOT_FOR_SALE))
    }

    fn item(&mut self, product: &Product, kind: &'static str, line: &LinePlan, priced: Both<Priced>) -> Item {
        let mut item = Item {
            id: self.next(Kind::OrderItem),
            parent: None,
            product: product.id,
            sku: product.sku.clone(),
            name: product.text(self.default_store(), "name").unwrap_or_else(|| product.sku.clone()),
            kind,
            rate: line.rate,
            ordered: line.pieces,
            invoiced: 0,
            shipped: 0,
            refunded: 0,
            canceled: 0,
            price: Both::default(),
            price_incl: Both::default(),
            money: Both::default(),
            done: Both::default(),
            counts: true,
            options: Vec::new(),
            taken: BTreeMap::new(),
            released: 0,
        };
        take_money(&mut item, priced);
        item
    }

    /// A row that is part of another and has no money of its own.
    fn part(&mut self, product: &Product, parent: usize, pieces: i64, line: &LinePlan) -> Item {
        let mut item = self.item(product, "simple", line, Both::default());
        (item.parent, item.ordered, item.counts, item.rate) = (Some(parent), pieces, false, 0);
        item
    }

    fn chosen(&self, parent: &Product, child: &Product) -> Vec<(u64, u64)> {
        let of = |attribute: u64| {
            let code = &self.catalogue.attribute_by_id(attribute)?.code;
            Some((attribute, child.option_of(code)?))
        };
        parent.options.iter().filter_map(|option| of(option.attribute)).collect()
    }
}

fn take_money(item: &mut Item, priced: Both<Priced>) {
    item.money = priced.map(|priced| priced.money);
    item.price = priced.map(|priced| priced.price);
    item.price_incl = priced.map(|priced| priced.price_incl);
}

fn is_leaf(items: &[Item], index: usize) -> bool {
    items.iter().all(|item| item.parent != Some(index))
}

//! The figures of one invoice or credit memo: its rows, carriage and wrapping in the website's base currency, each row once.
//!
//! What comes in: the document and its order. What goes out: [`Figures`], from which an invoice and a credit note are made.
//! - A configurable product has two rows; the first carries the money and the SKU of the child, the second is left out.
//! - A bundle whose price is that of its parts has its money on the parts; the row of the bundle itself is left out.
//! - A bundle with a price of its own has its money on its own row; the parts are what leaves the shelf, so the money is shared
//!   among them by pieces, to the last unit.
//! - Amounts are the document's own. Where a row of several pieces rounds, the difference stands in the row's discount.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::amount::{Amount, Id};
use super::unclear::Unclear;
use super::wire::{Document, Item, Order, OrderItem};
use crate::domain::{Currency, LineKind, Money, Sku};

/// See the module.
pub(super) struct Figures {
    pub currency: Currency,
    /// Whether amounts contain their tax.
    pub tax_included: bool,
    pub rows: Vec<Row>,
}

/// One line to be.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub line: String,
    pub order_item: Option<Id>,
    pub kind: LineKind,
    pub sku: Option<Sku>,
    pub title: String,
    pub pieces: i64,
    /// Price of one piece, so that pieces times it are never less than the amount.
    pub unit: Money,
    /// After discounts, with or without tax as [`Figures::tax_included`] says.
    pub amount: Money,
    pub tax: Money,
}

/// How far sums may be from what is stated by rounding alone, for each row.
const ROUNDING: Decimal = Decimal::from_parts(1, 0, 0, false, 2);
/// The most that is ever taken for rounding.
const MOST_ROUNDING: Decimal = Decimal::from_parts(5, 0, 0, false, 2);

impl Figures {
    pub fn of(order: &Order, document: &Document) -> Result<Self, Unclear> {
        let code = document.base_currency_code.as_deref().ok_or(Unclear::Missing("base_currency_code"))?;
        let currency = Currency::parse(code).map_err(|error| Unclear::Amount { what: "base_currency_code", error })?;
        let of_order: BTreeMap<Id, &OrderItem> = order.items.iter().map(|item| (item.item_id, item)).collect();
        let mut figures = Self { currency, tax_included: tax_included(order), rows: Vec::new() };
        for item in document.items.iter().filter(|item| !item.qty.0.is_zero()) {
            let of = of_order.get(&item.order_item_id).ok_or(Unclear::NoRow(item.order_item_id.0))?;
            figures.goods(item, of, &of_order, document)?;
        }
        figures.carriage(document);
        figures.wrapping(document);
        Ok(figures)
    }

    fn money(&self, amount: Decimal) -> Money {
        Money::rounded(amount, self.currency)
    }

    /// What the lines say in total, tax included.
    pub fn total(&self) -> Result<Money, Unclear> {
        let parts = self
            .rows
            .iter()
            .map(|row| row.amount)
            .chain(self.rows.iter().filter(|_| !self.tax_included).map(|row| row.tax));
        Money::sum(self.currency, parts).map_err(|error| Unclear::Amount { what: "the sum of the lines", error })
    }

    fn goods(
        &mut self,
        item: &Item,
        of: &OrderItem,
        of_order: &BTreeMap<Id, &OrderItem>,
        document: &Document,
    ) -> Result<(), Unclear> {
        let parent = of.parent_item_id.and_then(|parent| of_order.get(&parent));
        if parent.is_some_and(|parent| is(parent, "configurable")) {
            return Ok(());
        }
        let has_money = |item: &Item| !item.base_row_total.0.is_zero();
        let rows = |id: Id| document.items.iter().filter(move |row| row.order_item_id == id);
        if is(of, "bundle") {
            let parts: Vec<&Item> = document
                .items
                .iter()
                .filter(|row| {
                    let part = of_order.get(&row.order_item_id);
                    part.is_some_and(|part| part.parent_item_id == Some(of.item_id)) && !row.qty.0.is_zero()
                })
                .collect();
            // Its money is on its parts, or there is nothing else that could be sold.
            if parts.iter().any(|part| has_money(part)) {
                return Ok(());
            }
            if !parts.is_empty() {
                return self.shared(item, &parts);
            }
        } else if let Some(parent) = parent.filter(|parent| is(parent, "bundle"))
            && !has_money(item)
            && rows(parent.item_id).any(has_money)
            && !any_part_has_money(document, of_order, parent.item_id)
        {
            return Ok(());
        }
        let row = self.row(item, of)?;
        self.rows.push(row);
        Ok(())
    }

    /// What the row comes to after discounts, with or without tax.
    fn amount(&self, item: &Item) -> Money {
        let net = item.base_row_total.0 - item.base_discount_amount.0 + item.base_discount_tax_compensation_amount.0;
        self.money(if self.tax_included { net + item.base_tax_amount.0 } else { net })
    }

    fn row(&self, item: &Item, of: &OrderItem) -> Result<Row, Unclear> {
        let pieces = item.qty.pieces().filter(|pieces| *pieces > 0).ok_or(Unclear::Pieces(item.order_item_id.0))?;
        plausible(item, pieces)?;
        let amount = self.amount(item);
        let kind = if is(of, "giftcard") { LineKind::GiftCard } else { LineKind::Goods };
        let unit =
            self.unit(if self.tax_included { item.base_price_incl_tax } else { item.base_price }, pieces, amount)?;
        Ok(Row {
            line: item.order_item_id.to_string(),
            order_item: Some(item.order_item_id),
            kind,
            sku: item.sku.as_deref().and_then(|sku| Sku::parse(sku).ok()),
            title: item.name.clone().unwrap_or_default(),
            pieces,
            unit,
            amount,
            tax: self.money(item.base_tax_amount.0),
        })
    }

    /// A price of one piece with which the pieces come to no less than the amount: the rest is the line's discount.
    fn unit(&self, price: Amount, pieces: i64, amount: Money) -> Result<Money, Unclear> {
        let unaddable = |error| Unclear::Amount { what: "the price of a row", error };
        let price = self.money(price.0);
        if !price.times(pieces).and_then(|all| all.minus(amount)).map_err(unaddable)?.is_negative() {
            return Ok(price);
        }
        let exact = amount.amount() / Decimal::from(pieces);
        let up = exact.round_dp_with_strategy(self.currency.decimals(), rust_decimal::RoundingStrategy::AwayFromZero);
        Ok(self.money(up))
    }

    /// The money of one row on the parts that leave the shelf for it, shared by pieces.
    fn shared(&mut self, item: &Item, parts: &[&Item]) -> Result<(), Unclear> {
        let unaddable = |error| Unclear::Amount { what: "the share of a bundle's part", error };
        let (amount, tax) = (self.amount(item), self.money(item.base_tax_amount.0));
        let pieces = |part: &Item| part.qty.pieces().filter(|pieces| *pieces > 0);
        let counts: Option<Vec<i64>> = parts.iter().map(|part| pieces(part)).collect();
        let counts = counts.ok_or(Unclear::Pieces(item.order_item_id.0))?;
        let (all, mut so_far) = (counts.iter().sum::<i64>(), 0);
        for (part, count) in parts.iter().zip(counts) {
            let share = |of: Money| of.share(so_far + count, all)?.minus(of.share(so_far, all)?);
            let (amount, tax) = (share(amount).map_err(unaddable)?, share(tax).map_err(unaddable)?);
            so_far += count;
            self.rows.push(Row {
                line: part.order_item_id.to_string(),
                order_item: Some(part.order_item_id),
                kind: LineKind::Goods,
                sku: part.sku.as_deref().and_then(|sku| Sku::parse(sku).ok()),
                title: part.name.clone().unwrap_or_default(),
                pieces: count,
                unit: self.unit(Amount::default(), count, amount)?,
                amount,
                tax,
            });
        }
        Ok(())
    }

    /// Carriage. Its discount is what the document's discount has over those of the rows.
    fn carriage(&mut self, document: &Document) {
        let of_rows: Decimal = document.items.iter().map(|item| item.base_discount_amount.0).sum();
        let discount = if document.base_shipping_amount.0.is_zero() {
            Decimal::ZERO
        } else {
            (document.base_discount_amount.0.abs() - of_rows).max(Decimal::ZERO)
        };
        let net = document.base_shipping_amount.0 - discount + document.base_shipping_discount_tax_compensation_amnt.0;
        self.charge("shipping", LineKind::Shipping, "Shipping", net, document.base_shipping_tax_amount.0);
    }

    fn wrapping(&mut self, document: &Document) {
        let Some(more) = &document.extension_attributes else { return };
        let net = more.gw_base_price.0 + more.gw_items_base_price.0 + more.gw_card_base_price.0;
        let tax = more.gw_base_tax_amount.0 + more.gw_items_base_tax_amount.0 + more.gw_card_base_tax_amount.0;
        self.charge("wrapping", LineKind::Fee, "Gift wrapping", net, tax);
    }

    /// A charge that is no goods, where it is any.
    pub fn charge(&mut self, line: &str, kind: LineKind, title: &str, net: Decimal, tax: Decimal) {
        if net.is_zero() && tax.is_zero() {
            return;
        }
        let amount = self.money(if self.tax_included { net + tax } else { net });
        self.rows.push(Row {
            line: line.to_owned(),
            order_item: None,
            kind,
            sku: None,
            title: title.to_owned(),
            pieces: 1,
            unit: amount,
            amount,
            tax: self.money(tax),
        });
    }

    /// What rounding left between the lines and the document, as a line of its own; anything more is for the balance check.
    pub fn settle_rounding(&mut self, total: Money, tax: Money) -> Result<(), Unclear> {
        let unaddable = |error| Unclear::Amount { what: "the rounding of the document", error };
        let taxes = Money::sum(self.currency, self.rows.iter().map(|row| row.tax)).map_err(unaddable)?;
        let of_tax = tax.minus(taxes).map_err(unaddable)?;
        let of_total = total.minus(self.total()?).map_err(unaddable)?;
        let allowed = (ROUNDING * Decimal::from(self.rows.len())).min(MOST_ROUNDING);
        let small = |amount: Money| amount.amount().abs() <= allowed;
        if (of_tax.is_zero() && of_total.is_zero()) || !small(of_tax) || !small(of_total) {
            return Ok(());
        }
        // The line's own tax adds to the total where prices do not contain it.
        let amount = if self.tax_included { of_total } else { of_total.minus(of_tax).map_err(unaddable)? };
        self.rows.push(Row {
            line: "rounding".into(),
            order_item: None,
            kind: LineKind::Adjustment,
            sku: None,
            title: "Rounding at the store".into(),
            pieces: 1,
            unit: amount,
            amount,
            tax: of_tax,
        });
        Ok(())
    }
}

/// Some versions state a row's total as the price of one piece, or below zero: such a row goes to a person.
fn plausible(item: &Item, pieces: i64) -> Result<(), Unclear> {
    let computed = item.base_price.0 * Decimal::from(pieces);
    let difference = (computed - item.base_row_total.0).abs();
    if difference <= ROUNDING * Decimal::from(pieces.max(1)) {
        return Ok(());
    }
    Err(Unclear::Row {
        row: item.order_item_id.0,
        pieces,
        price: item.base_price.0,
        computed,
        stated: item.base_row_total.0,
    })
}

fn any_part_has_money(document: &Document, of_order: &BTreeMap<Id, &OrderItem>, bundle: Id) -> bool {
    document.items.iter().any(|row| {
        let part = of_order.get(&row.order_item_id);
        part.is_some_and(|part| part.parent_item_id == Some(bundle)) && !row.base_row_total.0.is_zero()
    })
}

pub(super) fn is(item: &OrderItem, kind: &str) -> bool {
    item.product_type.as_deref() == Some(kind)
}

/// Whether the shop's prices contain tax: the prices with tax make the rows, and those without do not.
fn tax_included(order: &Order) -> bool {
    let priced = || {
        let rows = order.items.iter().filter(|item| item.parent_item_id.is_none());
        rows.filter(|item| !item.base_row_total.0.is_zero() && item.base_row_total != item.base_row_total_incl_tax)
    };
    let net = priced().all(|item| item.base_price.0 * item.qty_ordered.0 == item.base_row_total.0);
    !net && priced().all(|item| item.base_price_incl_tax.0 * item.qty_ordered.0 == item.base_row_total_incl_tax.0)
}

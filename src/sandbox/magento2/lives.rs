//! Invented lives of orders: placed, paid and shipped in parts, given back in parts, cancelled.
//!
//! What comes in: a seed, and the shop's own goods. What goes out: orders with their documents, made by the merchant's own hand,
//! and the story of each in words for whoever has to find out why something does not balance. What the shop refuses does not
//! happen: the refusal is part of the story.

mod order;

use super::figures::Minor;
use super::look::{MagentoLine, MagentoOrder};
use super::plans::CreditPlan;
use super::{MagentoSandbox, Refused};
use crate::sandbox::dice::Dice;

/// Steps a life may have before it is brought to its end.
const STEPS: i64 = 7;

/// A life that was lived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lived {
    /// The order's number.
    pub order: u64,
    /// What happened, in order.
    pub story: Vec<String>,
}

/// A life while it is lived.
struct Life<'a> {
    shop: &'a MagentoSandbox,
    dice: Dice,
    /// Where parcels leave from.
    source: &'a str,
    order: u64,
    /// An invoice whose money has not come.
    unpaid: Option<u64>,
    story: Vec<String>,
}

impl MagentoSandbox {
    /// Lives a whole life; parcels leave from that source. The same seed on the same goods is the same life.
    ///
    /// # Errors
    /// [`Refused`] when the shop does not take the order: it has nothing for sale, or too little.
    pub async fn live(&self, seed: u64, source: &str) -> Result<Lived, Refused> {
        let mut dice = Dice::new(seed);
        let plan = order::plan(self, &mut dice)?;
        let story = vec![format!("{plan:?}")];
        let order = self.place_order(&plan).await?;
        let mut life = Life { shop: self, dice, source, order, unpaid: None, story };
        life.goes_on().await;
        Ok(Lived { order, story: life.story })
    }
}

impl Life<'_> {
    async fn goes_on(&mut self) {
        for _ in 0..self.dice.between(0, STEPS) {
            match self.dice.between(0, 9) {
                0..=2 => self.invoice(false).await,
                3..=5 => self.ship(false).await,
                6..=7 => self.credit().await,
                8 => self.unpaid_invoice().await,
                _ => self.aside().await,
            }
        }
        self.money_comes().await;
        if self.dice.one_in(8) {
            let outcome = self.shop.cancel(self.order).await;
            self.tell("calls the rest off".to_owned(), outcome);
        }
        self.invoice(true).await;
        self.ship(true).await;
        while self.dice.one_in(2) {
            self.credit().await;
        }
    }

    fn view(&self) -> Option<MagentoOrder> {
        self.shop.order(self.order)
    }

    fn tell<T>(&mut self, what: String, outcome: Result<T, Refused>) {
        let refused = outcome.err().map(|refused| format!(" — refused: {refused}"));
        self.story.push(what + refused.as_deref().unwrap_or_default());
    }

    /// Some or all pieces of each line that has any left.
    fn pieces(&mut self, all: bool, left: impl Fn(&MagentoLine) -> i64) -> Vec<(usize, i64)> {
        let lines = self.view().map(|view| view.lines).unwrap_or_default();
        let mut pieces = Vec::new();
        for (line, left) in lines.iter().map(left).enumerate().filter(|(_, left)| *left > 0) {
            if all {
                pieces.push((line, left));
            } else if self.dice.one_in(2) {
                pieces.push((line, self.dice.between(1, left)));
            }
        }
        pieces
    }

    async fn invoice(&mut self, all: bool) {
        let pieces = self.pieces(all, |line| line.ordered - line.invoiced - line.canceled);
        if !pieces.is_empty() {
            let outcome = self.shop.invoice_part(self.order, &pieces).await;
            self.tell(format!("invoices {pieces:?}"), outcome);
        }
    }

    async fn unpaid_invoice(&mut self) {
        if self.unpaid.is_some() || self.pieces(true, |line| line.ordered - line.invoiced - line.canceled).is_empty() {
            return;
        }
        let outcome = self.shop.invoice_unpaid(self.order).await;
        self.unpaid = outcome.as_ref().ok().copied();
        self.tell("invoices the rest, unpaid".to_owned(), outcome);
    }

    async fn money_comes(&mut self) {
        if let Some(invoice) = self.unpaid.take() {
            let outcome = self.shop.capture(invoice).await;
            self.tell(format!("the money of invoice {invoice} comes"), outcome);
        }
    }

    async fn ship(&mut self, all: bool) {
        let pieces = self.pieces(all, |line| line.to_ship);
        if !pieces.is_empty() {
            let outcome = self.shop.ship_part(self.order, Some(self.source), &pieces).await;
            self.tell(format!("ships {pieces:?}"), outcome);
        }
    }

    /// Pieces, carriage and adjustments.
    async fn credit(&mut self) {
        if self.unpaid.is_some() {
            return;
        }
        let pieces = self.pieces(false, |line| line.invoiced - line.refunded);
        let carriage = [None, Some(0), Some(self.dice.between(1, 500))][self.dice.index(3)];
        let plan = CreditPlan {
            lines: pieces.into_iter().map(|(line, pieces)| (line, pieces, false)).collect(),
            carriage,
            positive: self.now_and_then(300),
            negative: self.now_and_then(200),
            invoice: None,
        };
        let outcome = self.shop.credit(self.order, &plan).await;
        self.tell(format!("{plan:?}"), outcome);
    }

    fn now_and_then(&mut self, most: Minor) -> Minor {
        if self.dice.one_in(4) { self.dice.between(1, most) } else { 0 }
    }

    /// What moves neither money nor goods.
    async fn aside(&mut self) {
        let invoices = self.view().map(|view| view.invoices).unwrap_or_default();
        match invoices.first() {
            Some(invoice) if self.dice.one_in(2) => {
                let outcome = self.shop.save_invoice_again(invoice.id).await;
                self.tell(format!("saves invoice {} again", invoice.id), outcome);
            }
            _ => {
                let outcome = self.shop.remark(self.order, "looked at").await;
                self.tell("remarks".to_owned(), outcome);
            }
        }
    }
}

//! Traffic both ways: web orders with their refunds, till sales, goods in, price changes, products taken off and put back.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::cli::Failure;
use crate::domain::{Money, Sku};
use crate::rehearsal::Side;

/// Time between two happenings, at least and at most, in milliseconds.
const PAUSE: (u64, u64) = (60, 240);

/// Makes things happen.
pub struct Traffic<'a> {
    town: &'a dyn Side,
    dice: StdRng,
    lives: u64,
}

impl<'a> Traffic<'a> {
    /// The same seed makes the same things happen.
    pub fn new(town: &'a dyn Side, seed: u64) -> Self {
        Self { town, dice: StdRng::seed_from_u64(seed), lives: seed.wrapping_mul(1_000_003) }
    }

    /// Waits a little, then makes one thing happen.
    pub async fn next(&mut self) -> Result<(), Failure> {
        tokio::time::sleep(Duration::from_millis(self.dice.random_range(PAUSE.0..PAUSE.1))).await;
        match self.dice.random_range(0..100_u32) {
            0..45 => self.web_order().await,
            45..80 => self.till_sale().await,
            80..88 => self.goods_in().await,
            88..96 => self.price().await,
            _ => self.flag().await,
        }
    }

    async fn web_order(&mut self) -> Result<(), Failure> {
        self.lives = self.lives.wrapping_add(1);
        // A life waits for nobody: its webhooks are sent while others happen.
        Ok(self.town.web_order(self.lives).await?)
    }

    async fn till_sale(&mut self) -> Result<(), Failure> {
        let (sku, pieces) = (self.sku(), self.dice.random_range(1..3));
        let branch = self.branch();
        Ok(self.town.living_office().sell_at_till(&sku, &branch, pieces).await?)
    }

    async fn goods_in(&mut self) -> Result<(), Failure> {
        let (sku, pieces) = (self.sku(), self.dice.random_range(5..20));
        let branch = self.branch();
        Ok(self.town.living_office().receive_goods(&sku, &branch, pieces).await?)
    }

    async fn price(&mut self) -> Result<(), Failure> {
        let sku = self.sku();
        let currency = self.town.living_office().base_currency().await?;
        let price = Money::rounded(rust_decimal::Decimal::new(self.dice.random_range(1_000..20_000), 2), currency);
        if self.dice.random_bool(0.5) {
            return Ok(self.town.living_office().set_price(&sku, price).await?);
        }
        let sale = Money::rounded(price.amount() / rust_decimal::Decimal::TWO, currency);
        Ok(self.town.living_office().set_sale(&sku, Some(sale), None, None).await?)
    }

    async fn flag(&mut self) -> Result<(), Failure> {
        let styles = &self.town.assortment().active;
        let style = styles[self.dice.random_range(0..styles.len())].clone();
        let back = self.dice.random_bool(0.6);
        Ok(self.town.living_office().set_internet_active(&style, back).await?)
    }

    fn sku(&mut self) -> Sku {
        let skus = &self.town.assortment().skus;
        skus[self.dice.random_range(0..skus.len())].clone()
    }

    fn branch(&mut self) -> crate::domain::BranchCode {
        let branches = &self.town.assortment().branches;
        branches[self.dice.random_range(0..branches.len())].clone()
    }
}

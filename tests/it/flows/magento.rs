//! The same stories with a Magento store: what differs is told here.

mod any_life;
mod catalogue;
mod customers;
mod outward;
mod sales;

use std::time::Duration;

use tillbridge::flow::reconcile::{self, Found, Scope, Window};

use crate::support::house::House;

const WINDOW: Window = Window { since: None, overlap: Duration::from_secs(600), dry_run: false };

/// Asks the store once, for documents alone.
async fn asks(house: &House) -> Found {
    let found = reconcile::once(&house.desk(), WINDOW, Scope::ORDERS).await.unwrap();
    house.bridge.as_ref().unwrap().stage.bells.deliveries.notify_one();
    found
}

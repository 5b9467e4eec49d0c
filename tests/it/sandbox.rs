//! The simulated shop, met over HTTP as a stranger would: it must refuse what the real one refuses, or nothing it is used to
//! prove is proven.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test that calls them")]

mod agreement;
mod door;
mod lives;
pub mod magento2;
mod products;
mod shop_life;
mod stock_writes;
pub mod stranger;
mod trouble;
mod webhook_post;

//! The integration tests: one binary, one module per room or story.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that meets the unexpected fails there and then")]
#![allow(clippy::assigning_clones, clippy::manual_assert, reason = "a story reads better than it runs fast")]

mod architecture;
mod buses;
mod cli;
mod config;
mod crashes;
mod features;
mod flows;
mod journals;
mod magento;
mod offices;
mod ops;
mod sandbox;
mod shopify;
mod support;

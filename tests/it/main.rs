//! The integration tests: one binary, one module per room or story.

mod architecture;
mod buses;
mod cli;
mod config;
mod flows;
mod journals;
mod offices;
mod ops;
mod sandbox;
mod shopify;
mod support;

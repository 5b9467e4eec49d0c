//! Shopify: what leaves for a shop, and that it is what the shop's API takes.

mod access;
mod documents;
mod listings;
mod products;
mod reads;
mod recorder;
mod simulated;
mod stock;

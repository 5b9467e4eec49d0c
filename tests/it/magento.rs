//! Magento 2: what leaves for a store, and that it is what the store's web API takes.

mod contract;
mod customers;
mod pictures;
mod prices;
mod products;
mod recorder;
mod stock;

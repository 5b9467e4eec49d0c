//! The simulated Magento, met over HTTP as a stranger would: it must refuse what the real one refuses, or nothing it is used to
//! prove is proven.

mod access;
mod catalogue;
mod customers;
mod documents;
mod hooks;
mod lists;
mod lives;
mod money;
mod stock;
pub mod stranger;
mod trouble;

//! The same stories with a Magento store: what differs is told here.

mod catalogue;
mod customers;
mod outward;
mod sales;

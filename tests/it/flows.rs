//! Whole stories, from one side to the other through the real bridge, on both deployments. Each ends with the promises.

mod access;
mod ageing;
mod any_life;
mod bad_input;
mod balance;
pub mod by_hand;
mod catalogue;
mod customers;
mod cuts;
mod door;
mod duplicates;
mod first_load;
mod magento;
mod missed;
mod missed_accounts;
mod missed_products;
mod outward;
mod prices;
mod privacy;
mod reckonings;
mod refunds;
mod replays;
mod sales;
mod stock;
mod storm;
mod trouble;
mod watching;

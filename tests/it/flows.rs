//! Whole stories, from one side to the other through the real bridge, on both deployments. Each ends with the promises.

mod balance;
mod by_hand;
mod catalogue;
mod prices;
mod door;
mod duplicates;
mod outward;
mod refunds;
mod sales;
mod storm;
mod trouble;

//! tillbridge joins a shop's tills to its web shops.
//!
//! # The rooms, in the order data meets them
//!
//! - [`domain`] — the vocabulary: money, sale, credit, product, stock, event. Pure data and arithmetic.
//! - [`storefront`] — the port to web shops; `shopify` beneath.
//! - [`office`] — the port to back offices; `counter_intelligence` beneath.
//! - [`journal`] — the port to the durable record; `sqlite` and `postgres` beneath.
//! - [`bus`] — the port to the distributor of work; `local` and `rabbitmq` beneath.
//! - [`policy`] — a channel's rules. Pure functions.
//! - [`handlers`] — one file per thing written to the other side.
//! - [`flow`] — receive, poll, normalise, publish, handle: the stages.
//! - [`config`] — the configuration file, profiles, secrets.
//! - [`app`] — opens what the configuration names: the registry of journals, buses, storefronts and offices.
//! - [`ops`] — health, metrics, logs.
//! - [`sandbox`] — a simulated shop and office, for the demo and the tests.
//! - [`rehearsal`] — a whole bridge between simulated sides, for the demo, the tests and the benchmark.
//! - [`cli`] — one file per command.

#![forbid(unsafe_code)]

pub mod app;
pub mod bus;
pub mod cli;
pub mod config;
pub mod domain;
pub mod flow;
pub mod handlers;
pub mod journal;
pub mod office;
pub mod ops;
pub mod policy;
pub mod rehearsal;
pub mod sandbox;
pub mod storefront;

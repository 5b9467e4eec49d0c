//! A whole bridge with simulated shops and living offices around it, for the demo, the tests and the benchmark.
//!
//! What comes in: plans of towns (a shop, an office, the channel between them). What goes out: a running [`Bridge`] and the
//! list of promises that were broken. The bridge is the real one: real journal, bus, stages, handlers and adapters, over real
//! HTTP; only the two sides are simulated.

mod bridge;
mod configuration;
mod magento;
mod progress;
mod promises;
mod side;
mod town;

pub use bridge::{Around, Bridge, Bus, Journal, Plan};
pub use configuration::{Configuration, configuration};
pub use magento::MagentoTown;
pub use progress::Progress;
pub use promises::broken;
pub use side::{Introduction, Side};
pub use town::{BRANCHES, PRICE_LISTS, Town, TownPlan};

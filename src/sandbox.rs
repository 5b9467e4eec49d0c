//! Simulated storefronts and offices, for the demo, the tests and rehearsals.

pub mod office;
pub mod shopify;

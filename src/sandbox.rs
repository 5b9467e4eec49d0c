//! Simulated storefronts and offices, for the demo, the tests and rehearsals.

mod clock;
mod dice;
pub mod magento2;
pub mod office;
pub mod pictures;
pub mod shopify;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks even after a panic elsewhere: a shop's memory is changed in whole steps only.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

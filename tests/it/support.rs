//! What the tests share: servers to test against and the promise checks.

pub mod proxy;
pub mod servers;

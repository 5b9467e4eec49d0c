//! What the tests share: servers to test against and the promise checks.

pub mod servers;

//! What operators see of a running process: the admin address, metrics, logs.

mod admin;
mod logging;
mod metrics;

//! What operators see of a running process: health, metrics, logs.
//!
//! What comes in: what the stages report. What goes out: answers on the admin address, log lines on stderr. It keeps P8:
//! neither logs nor metrics carry secrets or personal data, and the admin address is this machine's alone unless it asks
//! for a token.

pub mod admin;
pub mod health;
pub mod logging;
pub mod metrics;
pub mod probes;
pub mod web;

//! A configuration file: it is understood, or every problem has a place and a hint.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use tillbridge::config::Config;

fuzz_target!(|text: &str| {
    if let Err(errors) = Config::read("tillbridge.toml", text, &BTreeMap::new()) {
        assert!(!errors.to_string().is_empty());
    }
});

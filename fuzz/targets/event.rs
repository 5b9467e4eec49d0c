//! A stored event: it is read or refused, and one that is read can be written and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tillbridge::domain::Event;

fuzz_target!(|text: &str| {
    if let Ok(event) = Event::from_cloud_event(text) {
        let written = event.to_cloud_event().unwrap();
        assert_eq!(Event::from_cloud_event(&written).unwrap(), event);
    }
});

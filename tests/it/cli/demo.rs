//! `tillbridge demo`: a while of trade through the real bridge, told in one object at the end.

use serde_json::Value;

use super::Desk;

/// Lets a demo run and answers its last line, which has to be one object with balanced books.
fn demo(profile: &str) -> Value {
    let seen = Desk::empty().run(&["demo", "--profile", profile, "--for", "5s", "--json"]);
    assert!(seen.contains("\nexit code: 0\n"), "{seen}");
    let told = seen.split("----- stderr -----").next().unwrap().trim_end().lines().last().unwrap();
    let summary: Value = serde_json::from_str(told).unwrap_or_else(|error| panic!("{error}: {seen}"));
    assert_eq!(summary["broken_promises"], serde_json::json!([]), "{seen}");
    assert_eq!(summary["dead_letters"], 0, "{seen}");
    summary
}

#[test]
fn a_demo_of_each_kind_of_shop_ends_with_books_that_balance() {
    for profile in tillbridge::config::PROFILE_NAMES {
        let summary = demo(profile);
        for crossed in ["deliveries", "invoices", "storefront_writes"] {
            assert!(summary[crossed].as_i64().unwrap_or_default() > 0, "{profile}: no {crossed}: {summary}");
        }
    }
}

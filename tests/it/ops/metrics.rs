//! The metrics are the ones that are written down, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tillbridge::domain::{CallError, ChannelName, DeliveryId, HandlerName, Origin};
use tillbridge::journal::Counts;
use tillbridge::ops::events::{
    AttemptSettled, CallFailed, CallRefused, ChannelPaused, DeliveryJournalled, DeliveryNormalised, HandlingPublished,
    OfficePolled,
};
use tillbridge::ops::metrics::{self, Kind};
use uuid::Uuid;

fn everything_happens() {
    let shop = Origin::storefront("web");
    let id = DeliveryId(Uuid::nil());
    let channel = ChannelName::parse("main").unwrap();
    let handler = HandlerName::parse("invoice").unwrap();
    DeliveryJournalled { origin: &shop, topic: "orders/fulfilled", id, duplicate: false }.emit();
    CallRefused { storefront: "web", reason: "unauthenticated" }.emit();
    DeliveryNormalised { origin: &shop, id, outcome: "rejected" }.emit();
    HandlingPublished { handler: &handler, failure: None }.emit();
    let age = Duration::from_millis(120);
    AttemptSettled { channel: &channel, handler: &handler, handling: 1, outcome: "done", age }.emit();
    CallFailed { origin: &shop, error: &CallError::Transient("connection refused".to_owned()) }.emit();
    OfficePolled { office: "main", kind: "stock", result: Ok(3) }.emit();
    ChannelPaused { channel: &channel, reason: "access was refused" }.emit();
    let dead = BTreeMap::from([("dead".to_owned(), 2)]);
    let rejected = BTreeMap::from([("rejected".to_owned(), 1)]);
    let handlings = BTreeMap::from([("invoice".to_owned(), dead)]);
    metrics::set_gauges(&Counts { deliveries: rejected, handlings, ..Counts::default() });
}

fn rendered() -> String {
    let recorder = metrics::recorder().unwrap();
    let handle = recorder.handle();
    ::metrics::with_local_recorder(&recorder, || {
        metrics::describe();
        everything_happens();
    });
    handle.run_upkeep();
    handle.render()
}

#[test]
fn what_is_rendered_is_what_is_written_down() {
    let text = rendered();
    let types: BTreeMap<_, _> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    let kind = |kind| match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let written: BTreeMap<_, _> = metrics::ALL.iter().map(|metric| (metric.name, kind(metric.kind))).collect();
    assert_eq!(types, written);
    for metric in metrics::ALL {
        assert!(text.contains(&format!("# HELP {} {}", metric.name, metric.help)), "{} has no help", metric.name);
    }
}

#[test]
fn labels_are_the_ones_that_are_written_down() {
    let text = rendered();
    for metric in metrics::ALL {
        let name = metric.name.to_owned() + if metric.kind == Kind::Histogram { "_count" } else { "" };
        let line =
            text.lines().find(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} ")));
        let line = line.unwrap_or_else(|| panic!("{name} is not rendered"));
        let labels = line.split_once('{').map_or("", |(_, rest)| rest.split_once('}').unwrap().0);
        let found: BTreeSet<_> =
            labels.split(',').filter_map(|label| label.split_once('=')).map(|(name, _)| name).collect();
        assert_eq!(found, metric.labels.iter().copied().collect(), "{name}");
    }
}

#[test]
fn gauges_tell_how_many_dead_letters_wait() {
    assert!(rendered().lines().any(|line| line == "tillbridge_dead_letters 3"));
}

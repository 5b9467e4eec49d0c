//! The metrics are the ones that are written down, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tillbridge::journal::Counts;
use tillbridge::ops::metrics::{self, Kind};

/// Every metric that the source counts by a literal name: kind and labels.
fn counted_in_the_source() -> BTreeMap<String, (Kind, BTreeSet<String>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("ops/metrics.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.extend(invocations(&text, "counter!(", Kind::Counter));
                found.extend(invocations(&text, "gauge!(", Kind::Gauge));
                assert!(!text.contains("histogram!("), "{}: histograms are not written down yet", path.display());
            }
        }
    }
    found
}

fn invocations(text: &str, opening: &str, kind: Kind) -> Vec<(String, (Kind, BTreeSet<String>))> {
    let arguments = text.split(opening).skip(1).map(|after| &after[..after.find(';').unwrap()]);
    let read = |arguments: &str| {
        let name = arguments.split('"').nth(1).expect("a metric without a literal name").to_owned();
        let before_arrow = |part: &str| part.trim_end().trim_end_matches('"').rsplit('"').next().unwrap().to_owned();
        let mut parts: Vec<_> = arguments.split("=>").collect();
        parts.pop();
        (name, (kind, parts.into_iter().map(before_arrow).collect()))
    };
    arguments.map(read).collect()
}

fn written_down(kind: Kind) -> BTreeMap<String, (Kind, BTreeSet<String>)> {
    let labels = |metric: &metrics::Metric| metric.labels.iter().map(ToString::to_string).collect();
    let of_kind = metrics::ALL.iter().filter(|metric| metric.kind == kind);
    of_kind.map(|metric| (metric.name.to_owned(), (kind, labels(metric)))).collect()
}

/// The journal's figures are set by their constants, and have no labels.
fn is_the_journals((_, (_, labels)): &(String, (Kind, BTreeSet<String>))) -> bool {
    labels.is_empty()
}

#[test]
fn what_the_source_counts_is_what_is_written_down() {
    let mut written = written_down(Kind::Counter);
    written.extend(written_down(Kind::Gauge).into_iter().filter(|gauge| !is_the_journals(gauge)));
    assert_eq!(counted_in_the_source(), written);
}

#[test]
fn the_reader_of_the_source_sees_names_and_labels() {
    let text = r#"metrics::counter!("a_total", "shop" => self.shop.clone(), "operation" => O::NAME,
            "outcome" => class)
        .increment(1); counter!("b_total").increment(1);"#;
    let found = invocations(text, "counter!(", Kind::Counter);
    let labels = |labels: &[&str]| labels.iter().map(ToString::to_string).collect();
    assert_eq!(found[0], ("a_total".to_owned(), (Kind::Counter, labels(&["shop", "operation", "outcome"]))));
    assert_eq!(found[1], ("b_total".to_owned(), (Kind::Counter, labels(&[]))));
}

#[test]
fn the_figures_of_the_journal_are_rendered_with_their_help() {
    let recorder = metrics::recorder();
    let handle = recorder.handle();
    ::metrics::with_local_recorder(&recorder, || {
        metrics::describe();
        let handlings =
            BTreeMap::from([("invoice".to_owned(), BTreeMap::from([("dead".to_owned(), 2), ("ready".to_owned(), 5)]))]);
        let deliveries = BTreeMap::from([("rejected".to_owned(), 1)]);
        let paused = BTreeMap::from([("main".to_owned(), "stock-take".to_owned())]);
        metrics::set_gauges(&Counts { handlings, deliveries, paused, oldest_due_seconds: 12, ..Counts::default() });
    });

    let text = handle.render();

    for line in [
        "tillbridge_dead_letters 3",
        "tillbridge_unfinished 5",
        "tillbridge_oldest_due_seconds 12",
        "tillbridge_channels_paused 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    let rendered: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let gauges: BTreeMap<_, _> = written_down(Kind::Gauge).into_iter().filter(is_the_journals).collect();
    assert_eq!(rendered, gauges.keys().map(String::as_str).collect());
    for metric in metrics::ALL.iter().filter(|metric| gauges.contains_key(metric.name)) {
        assert!(text.contains(&format!("# HELP {} {}", metric.name, metric.help)), "{}", metric.name);
    }
}

//! The metrics: every name in one place, and the recorder that writes them in Prometheus's text form.
//!
//! What comes in: counters from [`super::events`] and figures of the journal. What goes out: text for `GET /metrics`.
//! Labels carry names from the configuration and words of the program, never ids, personal data or texts from outside.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::journal::Counts;

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only ever grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How long things took, in seconds.
    Histogram,
}

/// A metric of the program.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident = $kind:ident $name:literal [$($label:literal),*] $help:literal;)*) => {
        $(#[doc = $help]
        pub const $constant: &str = $name;)*

        /// Every metric there is.
        pub const ALL: &[Metric] =
            &[$(Metric { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help },)*];
    };
}

metrics! {
    DELIVERIES = Counter "tillbridge_deliveries_total" ["origin", "outcome"]
        "deliveries journalled, by origin; outcome is new or duplicate";
    REFUSED = Counter "tillbridge_refused_total" ["storefront", "reason"]
        "calls turned away at the door, by reason";
    NORMALISED = Counter "tillbridge_normalised_total" ["origin", "outcome"]
        "deliveries normalised; outcome is handled, ignored or rejected";
    PUBLISHED = Counter "tillbridge_published_total" ["handler", "outcome"]
        "handlings put on the bus; outcome is confirmed or failed";
    HANDLED = Counter "tillbridge_handled_total" ["channel", "handler", "outcome"]
        "attempts settled; outcome is done, ignored, retry, wait or dead";
    LATENCY = Histogram "tillbridge_handling_seconds" ["handler"]
        "seconds from the raising of an event to the end of its handling";
    CALLS = Counter "tillbridge_calls_failed_total" ["side", "name", "class"]
        "failed calls to storefronts and offices, by class of failure";
    POLLED = Counter "tillbridge_polled_total" ["office", "kind", "outcome"]
        "polls of offices; outcome is read or failed";
    PAUSED = Counter "tillbridge_paused_total" ["channel"]
        "times a channel was paused by the program";
    UNFINISHED = Gauge "tillbridge_unfinished" []
        "deliveries and handlings that are not final, waiting ones left out";
    OLDEST_DUE = Gauge "tillbridge_oldest_due_seconds" []
        "age of the oldest work that is due";
    DEAD = Gauge "tillbridge_dead_letters" []
        "dead letters that wait for a person";
    CHANNELS_PAUSED = Gauge "tillbridge_channels_paused" []
        "channels that are paused now";
}

/// The bounds of the latency histogram, in seconds.
const LATENCY_BOUNDS: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0];

/// A recorder of its own, for tests; [`install`] makes the process's.
///
/// # Errors
/// When the bounds of a histogram are refused.
pub fn recorder() -> Result<PrometheusRecorder, BuildError> {
    let builder = PrometheusBuilder::new();
    Ok(builder.set_buckets_for_metric(Matcher::Full(LATENCY.to_owned()), LATENCY_BOUNDS)?.build_recorder())
}

/// Makes the recorder of this process, once. The handle gives the text for `GET /metrics`.
///
/// # Errors
/// When the process has one already.
pub fn install() -> anyhow::Result<PrometheusHandle> {
    let recorder = recorder()?;
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder)
        .map_err(|_| anyhow::anyhow!("this process has a recorder of metrics already"))?;
    describe();
    Ok(handle)
}

/// Gives every metric its help text.
pub fn describe() {
    for metric in ALL {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
}

/// Sets the gauges from the journal's figures.
#[allow(clippy::cast_precision_loss, reason = "gauges are floating point; counts of work are far below 2^52")]
pub fn set_gauges(counts: &Counts) {
    let rejected = counts.deliveries.get("rejected").copied().unwrap_or(0);
    metrics::gauge!(UNFINISHED).set(counts.unfinished() as f64);
    metrics::gauge!(OLDEST_DUE).set(counts.oldest_due_seconds as f64);
    metrics::gauge!(DEAD).set((counts.handlings_in("dead") + rejected) as f64);
    metrics::gauge!(CHANNELS_PAUSED).set(counts.paused.len() as f64);
}

//! The metrics: every name in one place, and the recorder that writes them in Prometheus's text form.
//!
//! What comes in: counters of the stages and adapters, and figures of the journal. What goes out: text for `GET /metrics`.
//! The stages count by name, since they may not know this room; a test compares every name and label in the source with
//! this list. Labels carry names from the configuration and words of the program, never ids, personal data or texts from outside.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::journal::Counts;

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only ever grows.
    Counter,
    /// Goes up and down.
    Gauge,
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
    WEBHOOKS = Counter "tillbridge_webhooks_total" ["answer"]
        "webhook calls, by answer";
    PUBLISHED = Counter "tillbridge_published_total" []
        "handlings put on the bus and confirmed";
    HANDLED = Counter "tillbridge_handled_total" ["handler", "outcome"]
        "attempts settled, by handler and outcome";
    SHOPIFY_CALLS = Counter "tillbridge_shopify_calls_total" ["shop", "operation", "outcome"]
        "calls to Shopify's Admin API, by operation and class of outcome";
    MAGENTO2_CALLS = Counter "tillbridge_magento2_calls_total" ["host", "request", "outcome"]
        "calls to a Magento's web API, by request and class of outcome";
    SHOPIFY_VERSION = Counter "tillbridge_shopify_version_mismatch_total" ["shop", "channel"]
        "answers and webhooks of another API version than the one that is read";
    SUBSCRIPTIONS_REPAIRED = Counter "tillbridge_subscriptions_repaired_total" ["storefront"]
        "webhook subscriptions that were gone and were made again";
    ORDERS_MISSED = Counter "tillbridge_orders_missed_total" ["storefront"]
        "orders whose webhooks never came, found by asking the storefront";
    DOCUMENTS_ASKED = Counter "tillbridge_documents_asked_total" ["storefront"]
        "documents that were new when the storefront was asked for those that changed";
    ACCOUNTS_MISSED = Counter "tillbridge_accounts_missed_total" ["storefront"]
        "accounts whose webhooks never came, found by asking the storefront";
    PRODUCTS_DIFFERING = Counter "tillbridge_products_differing_total" ["storefront"]
        "products and prices that a storefront did not show as they are to be shown, found by asking it";
    ACCESS_REFUSED = Counter "tillbridge_access_refused_total" ["channel"]
        "times a side refused access and the channel was paused for it: a person must act";
    CIRCUITS_OPENED = Counter "tillbridge_circuits_opened_total" ["channel", "way"]
        "times nothing got through to a side of a channel, or by one of its handlers, and work began to be held";
    BUS_REBUILDS = Counter "tillbridge_bus_rebuilds_total" ["link"]
        "times a connection to RabbitMQ was made anew after it was lost";
    BUS_UNREADABLE = Counter "tillbridge_bus_unreadable_total" []
        "messages without a handling number, set aside in the dead queue";
    STOREFRONT_PROCESSES = Gauge "tillbridge_storefront_processes" ["storefront"]
        "processes that call a storefront and share what it bears, this one among them";
    CHANNEL_UNATTENDED = Gauge "tillbridge_channel_unattended" ["channel"]
        "1 where no process does a channel's work, which this one hands out";
    SWEPT = Counter "tillbridge_swept_total" ["what"]
        "what ended long ago and was let go of: contents of deliveries and events, finished handlings";
    UNFINISHED = Gauge "tillbridge_unfinished" []
        "deliveries and handlings that are not final, waiting ones left out";
    OLDEST_DUE = Gauge "tillbridge_oldest_due_seconds" []
        "age of the oldest work that is due";
    DEAD = Gauge "tillbridge_dead_letters" []
        "dead letters that wait for a person";
    CHANNELS_PAUSED = Gauge "tillbridge_channels_paused" []
        "channels that are paused now";
    CIRCUITS_OPEN = Gauge "tillbridge_circuits_open" []
        "ways of channels on which nothing gets through now, so that work is held";
}

/// A recorder of its own, for tests; [`install`] makes the process's.
#[must_use]
pub fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new().build_recorder()
}

/// Makes the recorder of this process, once. The handle gives the text for `GET /metrics`.
///
/// # Errors
/// When the process has one already.
pub fn install() -> anyhow::Result<PrometheusHandle> {
    let recorder = recorder();
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
    metrics::gauge!(CIRCUITS_OPEN).set(counts.held.len() as f64);
}

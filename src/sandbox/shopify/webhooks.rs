//! The post office: signs notices and sends them to their subscribers, over and over until they are taken.
//!
//! What comes in: [`Notice`]s of one action. What goes out: signed POSTs with the headers of a real shop, each with a webhook id
//! of its own that stays over retries. Bounded: a full queue makes the shop wait, never forget. A delivery that fails nine times
//! ends its subscription, as it does in a real shop.
//! Next in the flow: whoever listens at the address.

mod delivery;
mod subscriptions;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use subscriptions::ShopSubscription;
pub(super) use subscriptions::{Subscriptions, is_address, topic_of, word_of};

use super::state::{Notice, State};
use crate::sandbox::dice::Dice;
use crate::sandbox::locked;
use delivery::Parcel;

/// Deliveries on their way at once.
const AT_ONCE: usize = 32;

/// Deliveries that may wait; more make the shop wait.
const QUEUE: usize = 10_000;

/// How often a delivery is tried again.
const RETRIES: u32 = 8;

/// How long a real receiver has to connect.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);

/// What befalls deliveries, and how fast they are tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookWeather {
    /// So many in a thousand come twice under the same webhook id.
    pub same_id_twice: u32,
    /// So many in a thousand come again under a new webhook id with the same event id.
    pub new_id_twice: u32,
    /// Each is held back by up to this long, so that they overtake each other.
    pub delay_up_to: Duration,
    /// The wait before the first retry; each further one doubles. A real shop spreads its eight over four hours.
    pub first_retry_after: Duration,
    /// How long a receiver has to answer.
    pub answer_within: Duration,
}

impl Default for WebhookWeather {
    fn default() -> Self {
        Self {
            same_id_twice: 0,
            new_id_twice: 0,
            delay_up_to: Duration::ZERO,
            first_retry_after: Duration::from_millis(20),
            answer_within: Duration::from_secs(5),
        }
    }
}

/// What became of deliveries so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WebhookCounts {
    /// Taken by their receiver, duplicates not counted.
    pub delivered: u64,
    /// Sent again on purpose after they were taken.
    pub duplicates: u64,
    /// Attempts that failed.
    pub failed_attempts: u64,
    /// Deliveries nobody took in the end.
    pub given_up: u64,
    /// Deliveries lost on purpose.
    pub lost: u64,
}

/// Sends webhooks.
pub(super) struct PostOffice {
    client: reqwest::Client,
    state: Arc<Mutex<State>>,
    secret: Mutex<String>,
    weather: Mutex<WebhookWeather>,
    dice: Mutex<Dice>,
    queue: Arc<Semaphore>,
    at_once: Semaphore,
    pending: watch::Sender<usize>,
    /// Deliveries are kept back whose topic begins so.
    held: watch::Sender<Option<String>>,
    to_lose: AtomicU64,
    counts: Mutex<WebhookCounts>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl PostOffice {
    /// Opens the post office.
    pub(super) fn open(
        state: Arc<Mutex<State>>,
        secret: String,
        seed: u64,
        closing: CancellationToken,
    ) -> Result<Arc<Self>, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Arc::new(Self {
            client,
            state,
            secret: Mutex::new(secret),
            weather: Mutex::default(),
            dice: Mutex::new(Dice::new(seed)),
            queue: Arc::new(Semaphore::new(QUEUE)),
            at_once: Semaphore::new(AT_ONCE),
            pending: watch::Sender::new(0),
            held: watch::Sender::new(None),
            to_lose: AtomicU64::new(0),
            counts: Mutex::default(),
            tasks: TaskTracker::new(),
            closing,
        }))
    }

    /// Takes notices in; waits while the queue is full.
    pub(super) async fn post(self: &Arc<Self>, notices: Vec<Notice>) {
        for notice in notices {
            let subscribers = locked(&self.state).subscriptions.of_topic(notice.topic);
            for subscription in subscribers {
                if self.to_lose.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                    self.count(|counts| counts.lost += 1);
                    continue;
                }
                let Ok(place) = Arc::clone(&self.queue).acquire_owned().await else { return };
                self.pending.send_modify(|pending| *pending += 1);
                let parcel = Parcel::new(notice.clone(), subscription);
                let office = Arc::clone(self);
                self.tasks.spawn(async move {
                    let closing = office.closing.clone();
                    closing.run_until_cancelled(office.deliver(parcel)).await;
                    office.pending.send_modify(|pending| *pending -= 1);
                    drop(place);
                });
            }
        }
    }

    /// Resolves when everything that is due was delivered or given up.
    pub(super) async fn idle(&self) {
        // The sender lives as long as this office, so waiting cannot fail.
        let _ = self.pending.subscribe().wait_for(|pending| *pending == 0).await;
    }

    /// Waits until no delivery is under way any more; for after `closing` was cancelled.
    pub(super) async fn closed(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    pub(super) fn set_weather(&self, weather: WebhookWeather) {
        *locked(&self.weather) = weather;
    }

    pub(super) fn set_secret(&self, secret: &str) {
        secret.clone_into(&mut locked(&self.secret));
    }

    pub(super) fn hold(&self, topics: Option<&str>) {
        self.held.send_replace(topics.map(str::to_owned));
    }

    pub(super) fn lose(&self, deliveries: u64) {
        self.to_lose.fetch_add(deliveries, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> WebhookCounts {
        *locked(&self.counts)
    }

    fn weather(&self) -> WebhookWeather {
        locked(&self.weather).clone()
    }

    fn count(&self, change: impl FnOnce(&mut WebhookCounts)) {
        change(&mut locked(&self.counts));
    }

    fn one_of_thousand(&self, times: u32) -> bool {
        locked(&self.dice).in_thousand(times)
    }
}

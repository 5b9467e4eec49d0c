//! The ways a shop tells of what happened: modules that call an address, each with its own habits.
//!
//! What comes in: [`Notice`]s of one action. What goes out: POSTs as Mage-OS Async Events, Adobe I/O Events, Adobe Commerce
//! Webhooks or a templated module would send them. Mage-OS tries again only when it was answered and the answer was no; Adobe
//! always; a templated module never. Bounded: a full queue makes the shop wait, never forget.
//! Next in the flow: whoever listens at the address.

mod delivery;
mod keys;
mod subscriptions;
mod wire;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::state::{Notice, State};
use crate::sandbox::dice::Dice;
use crate::sandbox::locked;
use delivery::Parcel;
pub(super) use keys::{first_public_key as webhook_key, public_key};
pub(super) use subscriptions::Subscriptions;
pub use subscriptions::{HookSubscription, HookWay};

/// Deliveries on their way at once.
const AT_ONCE: usize = 32;
/// Deliveries that may wait; more make the shop wait.
const QUEUE: usize = 10_000;
/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// What befalls deliveries.
#[derive(Debug, Clone)]
pub struct HookWeather {
    /// So many in a thousand come again.
    pub twice: u32,
    /// Each is held back by up to this long, so that they overtake each other.
    pub delay_up_to: Duration,
    /// The wait before the first retry; the next ones wait longer. A real shop waits a second.
    pub first_retry_after: Duration,
    /// How long a receiver has to answer.
    pub answer_within: Duration,
    /// So many reads do not find a document yet that was just told of: it is told before it is committed.
    pub reads_before_commit: u32,
}

impl Default for HookWeather {
    fn default() -> Self {
        Self {
            twice: 0,
            delay_up_to: Duration::ZERO,
            first_retry_after: Duration::from_millis(20),
            answer_within: Duration::from_secs(15),
            reads_before_commit: 0,
        }
    }
}

/// What became of deliveries so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HookCounts {
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
    /// Answers to a synchronous call that did not let the shopper go on.
    pub objections: u64,
}

/// Sends what there is to tell.
pub(super) struct PostOffice {
    client: reqwest::Client,
    state: Arc<Mutex<State>>,
    weather: Mutex<HookWeather>,
    dice: Mutex<Dice>,
    queue: Arc<Semaphore>,
    at_once: Semaphore,
    pending: watch::Sender<usize>,
    held: watch::Sender<bool>,
    to_lose: AtomicU64,
    counts: Mutex<HookCounts>,
    tasks: TaskTracker,
    closing: CancellationToken,
}

impl PostOffice {
    /// Opens the post office.
    pub(super) fn open(
        state: Arc<Mutex<State>>,
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
            weather: Mutex::default(),
            dice: Mutex::new(Dice::new(seed)),
            queue: Arc::new(Semaphore::new(QUEUE)),
            at_once: Semaphore::new(AT_ONCE),
            pending: watch::Sender::new(0),
            held: watch::Sender::new(false),
            to_lose: AtomicU64::new(0),
            counts: Mutex::default(),
            tasks: TaskTracker::new(),
            closing,
        }))
    }

    /// Takes notices in; waits while the queue is full, and for the answers of synchronous calls.
    pub(super) async fn post(self: &Arc<Self>, notices: Vec<Notice>) {
        for notice in notices {
            self.hide(&notice);
            let subscribers = locked(&self.state).subscriptions.of(notice.event);
            for subscription in subscribers {
                let parcel = Parcel::new(notice.clone(), subscription);
                if parcel.is_synchronous() {
                    self.ask(&parcel).await;
                    continue;
                }
                if self.to_lose.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                    self.count(|counts| counts.lost += 1);
                    continue;
                }
                let Ok(place) = Arc::clone(&self.queue).acquire_owned().await else { return };
                self.pending.send_modify(|pending| *pending += 1);
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

    /// What is told before it is committed is not there for those who read it at once.
    fn hide(&self, notice: &Notice) {
        let reads = self.weather().reads_before_commit;
        if reads > 0 {
            locked(&self.state).uncommitted.insert((notice.kind, notice.id), reads);
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

    pub(super) fn set_weather(&self, weather: HookWeather) {
        *locked(&self.weather) = weather;
    }

    pub(super) fn hold(&self, hold: bool) {
        self.held.send_replace(hold);
    }

    /// The next so many deliveries are lost; none are any more with 0.
    pub(super) fn lose(&self, deliveries: u64) {
        self.to_lose.store(deliveries, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> HookCounts {
        *locked(&self.counts)
    }

    fn weather(&self) -> HookWeather {
        locked(&self.weather).clone()
    }

    fn count(&self, change: impl FnOnce(&mut HookCounts)) {
        change(&mut locked(&self.counts));
    }
}

//! One delivery: write, send, try again as the way does.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::super::state::Notice;
use super::subscriptions::{HookSubscription, HookWay};
use super::{PostOffice, locked};

/// After so many refusals Mage-OS gives a delivery up.
const DEATHS: u32 = 5;
/// Adobe tries for a day; a rehearsal's day is shorter.
const ADOBE_TRIES: u32 = 12;

/// A notice addressed to one subscriber.
pub(super) struct Parcel {
    notice: Notice,
    subscription: HookSubscription,
    event_id: Uuid,
}

/// What became of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Taken,
    /// Answered with something else than 2xx, and perhaps with how many seconds to wait.
    Refused,
    /// No answer at all.
    Unanswered,
    /// This way does not tell of such things.
    NothingToSay,
}

impl Parcel {
    pub(super) fn new(notice: Notice, subscription: HookSubscription) -> Self {
        Self { notice, subscription, event_id: Uuid::new_v4() }
    }

    pub(super) fn is_synchronous(&self) -> bool {
        self.subscription.way == HookWay::CommerceWebhooks
    }
}

impl PostOffice {
    /// Sends until it is taken or given up.
    pub(super) async fn deliver(self: &Arc<Self>, parcel: Parcel) {
        let weather = self.weather();
        self.dawdle(weather.delay_up_to).await;
        // The sender lives as long as this office, so waiting cannot fail.
        let _ = self.held.subscribe().wait_for(|held| !held).await;
        let tries = match parcel.subscription.way {
            HookWay::AsyncEvents { .. } => DEATHS,
            HookWay::IoEvents { .. } => ADOBE_TRIES,
            HookWay::CommerceWebhooks | HookWay::Template { .. } => 1,
        };
        for attempt in 0..tries {
            if attempt > 0 {
                tokio::time::sleep(weather.first_retry_after * attempt * attempt).await;
            }
            match self.send(&parcel, attempt, weather.answer_within).await {
                Attempt::NothingToSay => return,
                Attempt::Taken => {
                    self.count(|counts| counts.delivered += 1);
                    if locked(&self.dice).in_thousand(weather.twice) {
                        self.count(|counts| counts.duplicates += 1);
                        self.send(&parcel, attempt, weather.answer_within).await;
                    }
                    return;
                }
                Attempt::Refused => self.count(|counts| counts.failed_attempts += 1),
                Attempt::Unanswered => {
                    self.count(|counts| counts.failed_attempts += 1);
                    if matches!(parcel.subscription.way, HookWay::AsyncEvents { .. }) {
                        break;
                    }
                }
            }
        }
        self.count(|counts| counts.given_up += 1);
    }

    /// Calls while the shopper waits.
    pub(super) async fn ask(self: &Arc<Self>, parcel: &Parcel) {
        match self.send(parcel, 0, self.weather().answer_within).await {
            Attempt::NothingToSay => {}
            Attempt::Taken => self.count(|counts| counts.delivered += 1),
            Attempt::Refused | Attempt::Unanswered => self.count(|counts| counts.objections += 1),
        }
    }

    async fn dawdle(&self, up_to: Duration) {
        let most = i64::try_from(up_to.as_millis()).unwrap_or(i64::MAX);
        if most > 0 {
            let delay = locked(&self.dice).between(0, most);
            tokio::time::sleep(Duration::from_millis(delay.unsigned_abs())).await;
        }
    }

    /// One attempt.
    async fn send(&self, parcel: &Parcel, attempt: u32, answer_within: Duration) -> Attempt {
        let Ok(_turn) = self.at_once.acquire().await else { return Attempt::Unanswered };
        // The body is the document as it is when it is sent, not as it was when it happened.
        let letter = locked(&self.state).letter(&parcel.notice, &parcel.subscription.way, parcel.event_id);
        let Some(letter) = letter else { return Attempt::NothingToSay };
        let address = parcel.subscription.address.replace("{event}", parcel.notice.event);
        let mut request = self.client.post(address).timeout(answer_within).header("content-type", "application/json");
        for (name, value) in letter.headers {
            request = request.header(name, value);
        }
        if let Some((name, value)) = letter.own_header {
            request = request.header(name, value);
        }
        if matches!(parcel.subscription.way, HookWay::IoEvents { .. }) {
            request = request.header("x-adobe-retry-count", attempt.to_string());
        }
        let Ok(response) = request.body(letter.body).send().await else { return Attempt::Unanswered };
        let taken = response.status().is_success();
        // Reading the answer to its end lets the connection be used again.
        let Ok(answer) = response.bytes().await else { return Attempt::Unanswered };
        if taken && parcel.is_synchronous() {
            let said: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
            let goes_on = said["op"] == "success" || said[0]["op"] == "success";
            return if goes_on { Attempt::Taken } else { Attempt::Refused };
        }
        if taken { Attempt::Taken } else { Attempt::Refused }
    }
}

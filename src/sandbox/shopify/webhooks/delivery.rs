//! One delivery: sign, send, try again.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use uuid::Uuid;

use super::super::state::Notice;
use super::{PostOffice, RETRIES, ShopSubscription};
use crate::sandbox::locked;

/// A notice addressed to one subscriber. The address is the one of the moment the event happened.
pub(super) struct Parcel {
    notice: Notice,
    subscription: ShopSubscription,
    webhook_id: Uuid,
}

impl Parcel {
    pub(super) fn new(notice: Notice, subscription: ShopSubscription) -> Self {
        Self { notice, subscription, webhook_id: Uuid::new_v4() }
    }
}

impl PostOffice {
    /// Sends until it is taken or given up.
    pub(super) async fn deliver(self: &Arc<Self>, mut parcel: Parcel) {
        let weather = self.weather();
        self.dawdle(weather.delay_up_to).await;
        // The sender lives as long as this office, so waiting cannot fail.
        let is_held =
            |held: &Option<String>| held.as_ref().is_some_and(|held| parcel.notice.topic.starts_with(held.as_str()));
        let _ = self.held.subscribe().wait_for(|held| !is_held(held)).await;
        let mut wait = weather.first_retry_after;
        for attempt in 0..=RETRIES {
            if attempt > 0 {
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            if !locked(&self.state).subscriptions.has(parcel.subscription.id) {
                break;
            }
            if self.send(&parcel, weather.answer_within).await {
                self.count(|counts| counts.delivered += 1);
                self.repeat(&mut parcel).await;
                return;
            }
            self.count(|counts| counts.failed_attempts += 1);
        }
        self.count(|counts| counts.given_up += 1);
        locked(&self.state).subscriptions.delete(parcel.subscription.id);
    }

    async fn dawdle(&self, up_to: Duration) {
        let most = i64::try_from(up_to.as_millis()).unwrap_or(i64::MAX);
        if most > 0 {
            let delay = locked(&self.dice).between(0, most);
            tokio::time::sleep(Duration::from_millis(delay.unsigned_abs())).await;
        }
    }

    /// Sends what was taken once more, when the weather says so.
    async fn repeat(&self, parcel: &mut Parcel) {
        let weather = self.weather();
        if self.one_of_thousand(weather.same_id_twice) {
            self.count(|counts| counts.duplicates += 1);
            self.send(parcel, weather.answer_within).await;
        }
        if self.one_of_thousand(weather.new_id_twice) {
            self.count(|counts| counts.duplicates += 1);
            parcel.webhook_id = Uuid::new_v4();
            self.send(parcel, weather.answer_within).await;
        }
    }

    /// One attempt; `true` when it was taken.
    async fn send(&self, parcel: &Parcel, answer_within: Duration) -> bool {
        let Ok(_turn) = self.at_once.acquire().await else { return false };
        let (domain, version) = {
            let state = locked(&self.state);
            (state.options.domain.clone(), state.options.api_version.clone())
        };
        let signature = sign(&locked(&self.secret), &parcel.notice.body);
        let request = self
            .client
            .post(&parcel.subscription.address)
            .timeout(answer_within)
            .header("Content-Type", "application/json")
            .header("X-Shopify-Topic", parcel.notice.topic)
            .header("X-Shopify-Hmac-Sha256", signature)
            .header("X-Shopify-Shop-Domain", domain)
            .header("X-Shopify-API-Version", version)
            .header("X-Shopify-Webhook-Id", parcel.webhook_id.to_string())
            .header("X-Shopify-Event-Id", parcel.notice.event.to_string())
            .header("X-Shopify-Triggered-At", parcel.notice.triggered_at.to_string())
            .body(parcel.notice.body.clone());
        let Ok(response) = request.send().await else { return false };
        let taken = response.status().is_success();
        // Reading the answer to its end lets the connection be used again.
        taken && response.bytes().await.is_ok()
    }
}

/// The signature a receiver checks: base64 of HMAC-SHA256 over the raw bytes.
fn sign(secret: &str, body: &[u8]) -> String {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map(|mut mac| {
            mac.update(body);
            STANDARD.encode(mac.finalize().into_bytes())
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::sign;

    #[test]
    fn the_signature_is_that_of_a_published_example() {
        // RFC 4231, test case 2; 5bdcc146…ec3843 in base64.
        assert_eq!(sign("Jefe", b"what do ya want for nothing?"), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    }
}

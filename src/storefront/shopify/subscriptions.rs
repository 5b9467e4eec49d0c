//! Webhook subscriptions made through the API. Shopify deletes one after eight failed deliveries, so they are listed and
//! made again from time to time.

use super::Shopify;
use super::graphql::{CreateSubscription, ListSubscriptions, create_subscription, list_subscriptions};
use super::normalise::WANTED_TOPICS;
use super::refusal::{code, refused, user_errors};
use crate::domain::CallError;
use crate::storefront::Subscription;

/// Rows of a page.
const PAGE: i64 = 100;

impl Shopify {
    pub(super) async fn list_subscriptions(&self) -> Result<Vec<Subscription>, CallError> {
        let (mut subscriptions, mut after) = (Vec::new(), None);
        loop {
            let variables = list_subscriptions::Variables { first: PAGE, after };
            let page = self.client.call::<ListSubscriptions>(variables).await?.webhook_subscriptions;
            subscriptions.extend(page.nodes.into_iter().map(|node| Subscription {
                id: node.id,
                topic: topic_of(code(Some(node.topic))),
                address: node.uri,
                version: node.api_version.handle,
            }));
            after = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
            if after.is_none() {
                return Ok(subscriptions);
            }
        }
    }

    /// Looks first. When two do so at once, Shopify refuses the second, which then finds the first one's.
    pub(super) async fn ensure_subscription(&self, topic: &str, address: &str) -> Result<Subscription, CallError> {
        if let Some(found) = self.find_subscription(topic, address).await? {
            return Ok(found);
        }
        let enum_value = create_subscription::WebhookSubscriptionTopic::deserialize_word(topic)?;
        let variables = create_subscription::Variables {
            topic: enum_value,
            subscription: create_subscription::WebhookSubscriptionInput {
                uri: Some(address.to_owned()),
                format: Some(create_subscription::WebhookSubscriptionFormat::JSON),
            },
        };
        // A repetition looks first, so an unknown outcome may simply be tried again.
        let answer = self.client.call::<CreateSubscription>(variables).await.map_err(super::repeatable)?;
        let payload = answer.webhook_subscription_create;
        let payload =
            payload.ok_or_else(|| CallError::Transient("the shop answered a subscription with nothing".into()))?;
        let errors = user_errors!(plain payload.user_errors);
        if !errors.is_empty()
            && let Some(found) = self.find_subscription(topic, address).await?
        {
            return Ok(found);
        }
        refused(&format!("the subscription to {topic}"), &errors)?;
        let made = payload.webhook_subscription;
        let made =
            made.ok_or_else(|| CallError::Transient("the shop made a subscription but does not show it".into()))?;
        Ok(Subscription { id: made.id, topic: topic.to_owned(), address: made.uri, version: made.api_version.handle })
    }

    async fn find_subscription(&self, topic: &str, address: &str) -> Result<Option<Subscription>, CallError> {
        let known = self.list_subscriptions().await?;
        Ok(known.into_iter().find(|one| one.topic == topic && one.address == address))
    }
}

impl create_subscription::WebhookSubscriptionTopic {
    /// The API's word for a topic: `orders/fulfilled` is `ORDERS_FULFILLED`.
    fn deserialize_word(topic: &str) -> Result<Self, CallError> {
        let word = serde_json::Value::String(topic.replace('/', "_").to_uppercase());
        serde_json::from_value(word).map_err(|error| CallError::Rejected(format!("the topic {topic}: {error}")))
    }
}

/// The topic behind the API's word. Which underscore was a stroke is only known for the topics we ask for.
fn topic_of(word: Option<String>) -> String {
    let word = word.unwrap_or_default();
    let same = |topic: &&&str| topic.replace('/', "_").eq_ignore_ascii_case(&word);
    WANTED_TOPICS.iter().find(same).map_or_else(|| word.to_lowercase(), |topic| (*topic).to_owned())
}

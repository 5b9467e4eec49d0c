//! Who wants to be told what.

use super::super::ids::Ids;

/// A webhook subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopSubscription {
    /// Id.
    pub id: u64,
    /// Topic, such as `orders/create`.
    pub topic: String,
    /// Where it is sent to.
    pub address: String,
}

/// All subscriptions of the app.
#[derive(Debug, Default)]
pub(in super::super) struct Subscriptions(Vec<ShopSubscription>);

/// Topics with their words in the API. Compliance topics are not among them: the API refuses those.
const TOPICS: [(&str, &str); 17] = [
    ("app/scopes_update", "APP_SCOPES_UPDATE"),
    ("app/uninstalled", "APP_UNINSTALLED"),
    ("fulfillments/create", "FULFILLMENTS_CREATE"),
    ("fulfillments/update", "FULFILLMENTS_UPDATE"),
    ("inventory_levels/update", "INVENTORY_LEVELS_UPDATE"),
    ("order_transactions/create", "ORDER_TRANSACTIONS_CREATE"),
    ("orders/cancelled", "ORDERS_CANCELLED"),
    ("orders/create", "ORDERS_CREATE"),
    ("orders/edited", "ORDERS_EDITED"),
    ("orders/fulfilled", "ORDERS_FULFILLED"),
    ("orders/paid", "ORDERS_PAID"),
    ("orders/partially_fulfilled", "ORDERS_PARTIALLY_FULFILLED"),
    ("orders/updated", "ORDERS_UPDATED"),
    ("products/create", "PRODUCTS_CREATE"),
    ("products/delete", "PRODUCTS_DELETE"),
    ("products/update", "PRODUCTS_UPDATE"),
    ("refunds/create", "REFUNDS_CREATE"),
];

/// The topic of an API word.
pub(in super::super) fn topic_of(word: &str) -> Option<&'static str> {
    TOPICS.iter().find(|(_, known)| *known == word).map(|(topic, _)| *topic)
}

/// The API word of a topic.
pub(in super::super) fn word_of(topic: &str) -> Option<&'static str> {
    TOPICS.iter().find(|(known, _)| *known == topic).map(|(_, word)| *word)
}

/// Whether webhooks can be sent there. A real shop insists on HTTPS; within this machine plain HTTP will do.
pub(in super::super) fn is_address(address: &str) -> bool {
    reqwest::Url::parse(address).is_ok_and(|url| match url.scheme() {
        "https" => true,
        "http" => matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")),
        _ => false,
    })
}

impl Subscriptions {
    /// Subscribes; `None` when that address already has that topic.
    pub(in super::super) fn add(&mut self, ids: &mut Ids, topic: &str, address: &str) -> Option<ShopSubscription> {
        if self.0.iter().any(|known| known.topic == topic && known.address == address) {
            return None;
        }
        let subscription = ShopSubscription { id: ids.next(), topic: topic.to_owned(), address: address.to_owned() };
        self.0.push(subscription.clone());
        Some(subscription)
    }

    /// Subscribes an address to every topic there is.
    pub(in super::super) fn add_all(&mut self, ids: &mut Ids, address: &str) {
        for (topic, _) in TOPICS {
            self.add(ids, topic, address);
        }
    }

    /// All of them, oldest first.
    pub(in super::super) fn all(&self) -> &[ShopSubscription] {
        &self.0
    }

    /// Those of one topic.
    pub(super) fn of_topic(&self, topic: &str) -> Vec<ShopSubscription> {
        self.0.iter().filter(|subscription| subscription.topic == topic).cloned().collect()
    }

    /// Whether it still stands.
    pub(super) fn has(&self, id: u64) -> bool {
        self.0.iter().any(|subscription| subscription.id == id)
    }

    /// Ends one.
    pub(in super::super) fn delete(&mut self, id: u64) {
        self.0.retain(|subscription| subscription.id != id);
    }
}

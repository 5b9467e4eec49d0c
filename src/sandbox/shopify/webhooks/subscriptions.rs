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

/// All subscriptions of the app: those made over the API, and those its own file declares, which the API does not show.
#[derive(Debug, Default)]
pub(in super::super) struct Subscriptions {
    made: Vec<ShopSubscription>,
    declared: Vec<ShopSubscription>,
}

/// Topics that an app declares in its own file: the API refuses to subscribe to the compliance topics, and the last word of a
/// removed app cannot be subscribed to by it any more.
const DECLARED: [&str; 4] = ["app/uninstalled", "customers/data_request", "customers/redact", "shop/redact"];

/// Topics with their words in the API. Compliance topics are not among them: the API refuses those.
const TOPICS: [(&str, &str); 21] = [
    ("app/scopes_update", "APP_SCOPES_UPDATE"),
    ("app/uninstalled", "APP_UNINSTALLED"),
    ("customers/create", "CUSTOMERS_CREATE"),
    ("customers/delete", "CUSTOMERS_DELETE"),
    ("customers/merge", "CUSTOMERS_MERGE"),
    ("customers/update", "CUSTOMERS_UPDATE"),
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
        if self.made.iter().any(|known| known.topic == topic && known.address == address) {
            return None;
        }
        let subscription = ShopSubscription { id: ids.next(), topic: topic.to_owned(), address: address.to_owned() };
        self.made.push(subscription.clone());
        Some(subscription)
    }

    /// Subscribes an address to every topic there is.
    pub(in super::super) fn add_all(&mut self, ids: &mut Ids, address: &str) {
        for (topic, _) in TOPICS {
            self.add(ids, topic, address);
        }
        self.declared = DECLARED
            .iter()
            .map(|topic| ShopSubscription { id: ids.next(), topic: (*topic).to_owned(), address: address.to_owned() })
            .collect();
    }

    /// Ends those made over the API, as the removal of the app does.
    pub(in super::super) fn end(&mut self) {
        self.made.clear();
    }

    /// All of them, oldest first.
    pub(in super::super) fn all(&self) -> &[ShopSubscription] {
        &self.made
    }

    /// Those of one topic.
    pub(super) fn of_topic(&self, topic: &str) -> Vec<ShopSubscription> {
        let made = self.made.iter().filter(|subscription| subscription.topic == topic);
        // One topic at one address is sent once, however it was asked for.
        let declared = self.declared.iter().filter(|subscription| subscription.topic == topic);
        let declared =
            declared.filter(|one| !self.made.iter().any(|made| made.topic == one.topic && made.address == one.address));
        made.chain(declared).cloned().collect()
    }

    /// Whether it still stands.
    pub(super) fn has(&self, id: u64) -> bool {
        self.made.iter().chain(&self.declared).any(|subscription| subscription.id == id)
    }

    /// Ends those of a topic.
    pub(in super::super) fn forget(&mut self, topic: &str) {
        self.made.retain(|subscription| subscription.topic != topic);
    }

    /// Ends one.
    pub(in super::super) fn delete(&mut self, id: u64) {
        self.made.retain(|subscription| subscription.id != id);
    }
}

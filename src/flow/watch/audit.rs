//! Compares the subscriptions a storefront has with those the bridge needs. Storefronts delete subscriptions whose
//! deliveries fail for long, so what was registered once may be gone.

use serde::Serialize;

use crate::storefront::Subscription;

/// Something about a subscription that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// Nobody tells us about a topic.
    Missing {
        /// The topic.
        topic: String,
    },
    /// The topic goes elsewhere.
    WrongAddress {
        /// The topic.
        topic: String,
        /// The subscription.
        id: String,
        /// Where it goes.
        address: String,
    },
    /// The bodies are in another version than the one that is read.
    WrongVersion {
        /// The topic.
        topic: String,
        /// The subscription.
        id: String,
        /// Which one.
        version: String,
    },
    /// A subscription nobody needs, or a second one for the same topic.
    Extra {
        /// The topic.
        topic: String,
        /// The subscription.
        id: String,
        /// Where it goes.
        address: String,
    },
}

impl Finding {
    /// The finding as a row: what, topic, detail, what to do.
    pub fn cells(&self) -> Vec<String> {
        let (what, topic, detail, action) = match self {
            Self::Missing { topic } => ("missing", topic, String::new(), "tillbridge webhooks repair"),
            Self::WrongAddress { topic, address, .. } => (
                "wrong address",
                topic,
                address.clone(),
                "tillbridge webhooks repair, then delete this one in the shop",
            ),
            Self::WrongVersion { topic, version, .. } => {
                ("wrong version", topic, version.clone(), "delete it in the shop, then tillbridge webhooks repair")
            }
            Self::Extra { topic, address, .. } => ("extra", topic, address.clone(), "delete it in the shop"),
        };
        vec![what.to_owned(), topic.clone(), detail, action.to_owned()]
    }
}

/// The topics nobody tells us about at our address.
#[must_use]
pub fn missing<'a>(wanted: &[&'a str], address: &str, found: &[Subscription]) -> Vec<&'a str> {
    let here = |topic: &&&str| {
        let told = |one: &Subscription| same_topic(&one.topic, topic) && one.address.trim_end_matches('/') == address;
        !found.iter().any(told)
    };
    wanted.iter().filter(here).copied().collect()
}

/// What is not as it should be, in the order of the wanted topics.
pub fn audit(wanted: &[&str], address: &str, version: &str, found: &[Subscription]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for topic in wanted {
        let of_topic: Vec<_> = found.iter().filter(|subscription| same_topic(&subscription.topic, topic)).collect();
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            of_topic.into_iter().partition(|subscription| subscription.address.trim_end_matches('/') == address);
        if here.is_empty() && elsewhere.is_empty() {
            findings.push(Finding::Missing { topic: (*topic).to_owned() });
        }
        for (position, subscription) in here.into_iter().enumerate() {
            let Subscription { id, topic, address, version: found } = subscription.clone();
            if position > 0 {
                findings.push(Finding::Extra { topic, id, address });
            } else if found != version {
                findings.push(Finding::WrongVersion { topic, id, version: found });
            }
        }
        for Subscription { id, topic, address, .. } in elsewhere.into_iter().cloned() {
            findings.push(Finding::WrongAddress { topic, id, address });
        }
    }
    for Subscription { id, topic, address, .. } in found {
        if !wanted.iter().any(|wanted| same_topic(topic, wanted)) {
            findings.push(Finding::Extra { topic: topic.clone(), id: id.clone(), address: address.clone() });
        }
    }
    findings
}

/// Shopify writes a topic as `orders/paid` in headers and as `ORDERS_PAID` in its API.
fn same_topic(one: &str, other: &str) -> bool {
    let plain = |topic: &str| topic.to_lowercase().replace('/', "_");
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "https://bridge.test/webhooks/kiwi-web";

    fn subscription(id: &str, topic: &str, address: &str, version: &str) -> Subscription {
        Subscription { id: id.into(), topic: topic.into(), address: address.into(), version: version.into() }
    }

    #[test]
    fn subscriptions_as_they_should_be_give_no_finding() {
        let found = [
            subscription("1", "orders/fulfilled", HERE, "2026-07"),
            subscription("2", "REFUNDS_CREATE", &format!("{HERE}/"), "2026-07"),
        ];
        assert_eq!(audit(&["orders/fulfilled", "refunds/create"], HERE, "2026-07", &found), []);
    }

    #[test]
    fn each_flaw_is_found_by_its_name() {
        let found = [
            subscription("1", "orders/fulfilled", HERE, "2025-01"),
            subscription("2", "orders/cancelled", "https://old.test/hooks", "2026-07"),
            subscription("3", "products/update", HERE, "2026-07"),
            subscription("4", "orders/fulfilled", HERE, "2026-07"),
        ];
        let findings = audit(&["orders/fulfilled", "orders/cancelled", "refunds/create"], HERE, "2026-07", &found);
        assert_eq!(
            findings,
            [
                Finding::WrongVersion { topic: "orders/fulfilled".into(), id: "1".into(), version: "2025-01".into() },
                Finding::Extra { topic: "orders/fulfilled".into(), id: "4".into(), address: HERE.into() },
                Finding::WrongAddress {
                    topic: "orders/cancelled".into(),
                    id: "2".into(),
                    address: "https://old.test/hooks".into()
                },
                Finding::Missing { topic: "refunds/create".into() },
                Finding::Extra { topic: "products/update".into(), id: "3".into(), address: HERE.into() },
            ]
        );
    }
}

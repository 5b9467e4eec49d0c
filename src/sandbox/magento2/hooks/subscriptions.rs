//! Who is told, in which way and where.

/// A module that tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookWay {
    /// Mage-OS Async Events: the REST body in `data`, signed with the subscription's token in hexadecimal.
    AsyncEvents {
        /// Verification token.
        token: String,
    },
    /// Adobe I/O Events: two RSA signatures, keys to be fetched.
    IoEvents {
        /// Whom the events are for.
        client_id: String,
    },
    /// Adobe Commerce Webhooks: called while the shopper waits.
    CommerceWebhooks,
    /// A templated module such as Mageplaza's: a header that never changes, no signature, no second try.
    Template {
        /// Name of the header.
        header: String,
        /// Its value.
        secret: String,
    },
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookSubscription {
    /// Its number.
    pub id: u64,
    /// How it is told.
    pub way: HookWay,
    /// The event by the name Mage-OS has for it; `None` for every one.
    pub event: Option<String>,
    /// Where; `{event}` in it is replaced by the event's name.
    pub address: String,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Subscriptions {
    pub all: Vec<HookSubscription>,
    last: u64,
}

impl Subscriptions {
    /// Adds one. Answers its number.
    pub(in super::super) fn add(&mut self, way: HookWay, event: Option<&str>, address: &str) -> u64 {
        self.last += 1;
        let event = event.map(str::to_owned);
        self.all.push(HookSubscription { id: self.last, way, event, address: address.to_owned() });
        self.last
    }

    /// Those who are told of an event.
    pub(super) fn of(&self, event: &str) -> Vec<HookSubscription> {
        let meant = |one: &&HookSubscription| one.event.as_ref().is_none_or(|wanted| wanted == event);
        self.all.iter().filter(meant).cloned().collect()
    }
}

//! Proves that a call came from our store and says what makes the delivery unique.
//!
//! What comes in: a call as it came over the wire. What goes out: a [`Verified`] hint, or a [`Refusal`]. It keeps the first half
//! of P1. Which way a call comes in is told by the header that proves it; a way for which the configuration has no secret is
//! closed. All comparisons are in constant time over the raw bytes, and with several secrets either one is good. No way signs a
//! time; a replayed call only has a document read again.
//! Next in the flow: [`crate::flow::receive`] journals the delivery.

mod keys;
mod signature;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use keys::Keys;
pub use signature::PublicKey;

use super::Magento2;
use super::normalise::{EVENT_HEADER, WAY_HEADER, hinted_kind};
use crate::domain::{HintedKind, NewDelivery, Origin, Verified};
use crate::storefront::{Call, Refusal};

const ASYNC_EVENTS: &str = "x-magento-signature";
const IO_EVENTS: [(&str, &str); 2] = [
    ("x-adobe-digital-signature-1", "x-adobe-public-key1-path"),
    ("x-adobe-digital-signature-2", "x-adobe-public-key2-path"),
];
const COMMERCE_WEBHOOKS: &str = "x-adobe-commerce-webhook-signature";
const SHARED_SECRET: &str = "x-tillbridge-secret";

/// The longest name of an event, in bytes.
const MAX_EVENT: usize = 150;

/// What a proven call is, before it becomes a delivery.
struct Proven {
    way: &'static str,
    /// What makes the same call the same; `None` where the sender says nothing that would.
    key: Option<String>,
    body: Bytes,
}

impl Magento2 {
    pub(super) fn verify_call(&self, call: &Call) -> Result<Verified<NewDelivery>, Refusal> {
        let has = |name: &str| call.header(name).is_some();
        let proven = if IO_EVENTS.iter().any(|(signature, _)| has(signature)) {
            self.io_event(call)?
        } else if has(COMMERCE_WEBHOOKS) {
            self.commerce_webhook(call)?
        } else if has(ASYNC_EVENTS) {
            self.async_event(call)?
        } else if has(SHARED_SECRET) {
            self.shared_secret(call)?
        } else {
            return Err(Refusal::Unauthenticated("the call carries none of the headers that could prove it"));
        };
        let event = event(call, &proven.body)?;
        // Without a name of its own every call counts: a document may be saved twice in the same words.
        let key = proven.key.unwrap_or_else(|| Uuid::now_v7().to_string());
        let headers = [(EVENT_HEADER, event.clone()), (WAY_HEADER, proven.way.to_owned())];
        Ok(Verified::by_signature(NewDelivery {
            origin: Origin::storefront(self.name.as_str()),
            topic: format!("hint/{event}"),
            dedupe_key: format!("{} {event} {key}", proven.way),
            fold_key: None,
            headers: BTreeMap::from(headers.map(|(name, value)| (name.to_owned(), value))),
            body: proven.body,
        }))
    }

    /// Mage-OS Async Events: lower-case hex of an HMAC-SHA256 over the body. The body is the document as it was when it was sent,
    /// so the same body twice is the same news.
    fn async_event(&self, call: &Call) -> Result<Proven, Refusal> {
        let sent = call.header(ASYNC_EVENTS).unwrap_or_default();
        if !signature::hmac_hex(&self.ways_in.async_events, &call.body, sent) {
            return Err(Refusal::Unauthenticated("the signature does not fit the body and our verification tokens"));
        }
        Ok(Proven { way: "async_events", key: Some(fingerprint(&call.body)), body: call.body.clone() })
    }

    /// Adobe I/O Events: two signatures by keys that Adobe publishes for all its customers, of which one has to fit; that it is
    /// meant for us says the recipient.
    fn io_event(&self, call: &Call) -> Result<Proven, Refusal> {
        if self.ways_in.io_events.is_empty() {
            return Err(Refusal::Unauthenticated("this storefront takes no Adobe I/O Events"));
        }
        let (mut proven, mut missing) = (false, false);
        for (signature, path) in IO_EVENTS {
            let (Some(signature), Some(path)) = (call.header(signature), call.header(path)) else { continue };
            match self.keys.at_hand(path) {
                Some(key) => proven |= key.signed(&call.body, signature),
                None => missing |= Keys::is_path(path),
            }
        }
        if !proven && missing {
            return Err(Refusal::NotYet("the public key of the signature is not at hand"));
        }
        if !proven {
            return Err(Refusal::Unauthenticated("neither signature fits the body and Adobe's public keys"));
        }
        let body = decoded(&call.body);
        #[derive(Deserialize)]
        struct Meant {
            recipient_client_id: String,
        }
        let meant: Meant = serde_json::from_slice(&body)
            .map_err(|_| Refusal::Malformed("the event names no recipient_client_id".into()))?;
        if !self.ways_in.io_events.contains(&meant.recipient_client_id) {
            return Err(Refusal::Unauthenticated("the event is meant for another recipient"));
        }
        let id = call.header("x-adobe-event-id").filter(|id| !id.is_empty() && id.len() <= MAX_EVENT);
        let id = id.ok_or_else(|| Refusal::Malformed("the event has no x-adobe-event-id".into()))?;
        Ok(Proven { way: "io_events", key: Some(id.to_owned()), body })
    }

    /// Adobe Commerce Webhooks: a signature by the store's own key over the base64 text of the body.
    fn commerce_webhook(&self, call: &Call) -> Result<Proven, Refusal> {
        let sent = call.header(COMMERCE_WEBHOOKS).unwrap_or_default();
        let message = BASE64.encode(&call.body);
        if !self.commerce_keys.iter().any(|key| key.signed(message.as_bytes(), sent)) {
            return Err(Refusal::Unauthenticated("the signature does not fit the body and the store's public keys"));
        }
        Ok(Proven { way: "commerce_webhooks", key: None, body: call.body.clone() })
    }

    /// Modules that sign nothing: a header that the merchant wrote into their settings.
    fn shared_secret(&self, call: &Call) -> Result<Proven, Refusal> {
        let sent = call.header(SHARED_SECRET).unwrap_or_default();
        if !signature::same(&self.ways_in.shared_secrets, sent) {
            return Err(Refusal::Unauthenticated("the secret is not ours"));
        }
        Ok(Proven { way: "shared_secret", key: None, body: call.body.clone() })
    }
}

/// The event's name: the path's, the sender's own header's, or what the body says.
fn event(call: &Call, body: &[u8]) -> Result<String, Refusal> {
    #[derive(Deserialize)]
    struct Named {
        event: String,
    }
    let path = call.path.join(".");
    let named = if !path.is_empty() {
        Some(path)
    } else if let Some(code) = call.header("x-adobe-event-code") {
        Some(code.to_owned())
    } else {
        serde_json::from_slice::<Named>(body).ok().map(|named| named.event)
    };
    let proper = |name: &String| {
        let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        (1..=MAX_EVENT).contains(&name.len()) && name.bytes().all(fine)
    };
    named.filter(proper).map(|name| name.to_ascii_lowercase()).ok_or_else(|| {
        Refusal::Malformed("no event is named: call /webhooks/STOREFRONT/EVENT, such as sales.invoice.paid".into())
    })
}

/// Whether a call is about an account, or about what nothing is done for. One that names its event in the body alone may be about
/// anything.
pub(super) fn can_wait(call: &Call) -> bool {
    event(call, b"").is_ok_and(|event| hinted_kind(&event).is_none_or(|kind| kind == HintedKind::Account))
}

/// What a registration with Adobe I/O Events asks us to echo. It is sent back as plain text, so only plain characters are.
pub(super) fn challenge(query: &str) -> Option<String> {
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("challenge="))?;
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    ((1..=MAX_EVENT).contains(&asked.len()) && asked.bytes().all(fine)).then(|| asked.to_owned())
}

/// Some deliveries come as the base64 text of their JSON.
fn decoded(body: &Bytes) -> Bytes {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        return body.clone();
    }
    BASE64.decode(body.trim_ascii()).map_or_else(|_| body.clone(), Bytes::from)
}

fn fingerprint(body: &[u8]) -> String {
    Sha256::digest(body).iter().take(16).fold(String::with_capacity(32), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests;

//! Proves that a call came from Shopify and says what makes the delivery unique.
//!
//! What comes in: a call as it came over the wire. What goes out: a [`Verified`] delivery, or a [`Refusal`]. It keeps the
//! first half of P1: the signature is an HMAC-SHA256 over the raw bytes, base64, compared in constant time; after a change of
//! secrets either one is good. Shopify signs no time, so what keeps a replayed call out is the dedupe key.
//! Next in the flow: [`crate::flow::receive`] journals the delivery.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

use super::Shopify;
use crate::domain::{NewDelivery, Origin, Secret, Verified};
use crate::storefront::{Call, Refusal};

/// The headers that are kept with a delivery. The signature is not: it is worth nothing later.
const KEPT_HEADERS: [&str; 7] = [
    "x-shopify-shop-domain",
    "x-shopify-api-version",
    "x-shopify-webhook-id",
    "x-shopify-event-id",
    "x-shopify-triggered-at",
    "x-shopify-name",
    "x-shopify-sub-topic",
];

/// Topics that may be turned away before others, by their beginning: echoes of the catalogue, and accounts. Merges are not among
/// them, which asking does not find, and nobody may let a request about personal data wait.
const CAN_WAIT: [&str; 11] = [
    "products/",
    "product_listings/",
    "product_publications/",
    "variants/",
    "inventory_levels/",
    "inventory_items/",
    "collections/",
    "collection_listings/",
    "locations/",
    "customers/create",
    "customers/update",
];

/// The longest header value that becomes part of a key, in bytes.
const MAX_KEY: usize = 200;

impl Shopify {
    pub(super) fn verify_call(&self, call: Call) -> Result<Verified<NewDelivery>, Refusal> {
        let signature = call
            .header("x-shopify-hmac-sha256")
            .ok_or(Refusal::Unauthenticated("the call carries no x-shopify-hmac-sha256 header"))?;
        let digest = signed(&self.webhook_secrets, &call.body, signature)
            .ok_or(Refusal::Unauthenticated("the signature does not fit the body and our webhook secrets"))?;
        let shop = key_header(&call, "x-shopify-shop-domain")?;
        if !shop.eq_ignore_ascii_case(&self.shop) {
            return Err(Refusal::Malformed("the call is for another shop than this storefront's".into()));
        }
        let topic = key_header(&call, "x-shopify-topic")?.to_ascii_lowercase();
        let dedupe_key = key_header(&call, "x-shopify-webhook-id")?.to_owned();
        let fold_key = match call.header("x-shopify-event-id") {
            Some(_) => Some(fold_key(key_header(&call, "x-shopify-event-id")?, &topic, &digest)),
            None => None,
        };
        if let Some(version) = call.header("x-shopify-api-version") {
            self.client.note_version("webhook", version);
        }
        Ok(Verified::by_signature(NewDelivery {
            origin: Origin::storefront(self.name.as_str()),
            topic,
            dedupe_key,
            fold_key,
            headers: kept(&call),
            body: call.body,
        }))
    }
}

/// The body's digest under the first secret, if any of the secrets made this signature. Every secret is tried, so the time
/// taken does not tell which one fits.
fn signed(secrets: &[Secret], body: &[u8], signature: &str) -> Option<Vec<u8>> {
    let claimed = BASE64.decode(signature.trim()).ok()?;
    let mut digest = None;
    let mut fits = Choice::from(0);
    for secret in secrets {
        let mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
        let made = mac.chain_update(body).finalize().into_bytes();
        fits |= made.as_slice().ct_eq(&claimed);
        digest.get_or_insert_with(|| made.to_vec());
    }
    digest.filter(|_| fits.into())
}

/// Two deliveries of one merchant action with one topic and the same body are one fact, whatever their webhook ids. The body's
/// digest is the one the signature was checked with, so that a body is read through once.
fn fold_key(event: &str, topic: &str, digest: &[u8]) -> String {
    format!("{event} {topic} {}", BASE64.encode(digest))
}

/// Whether a call is of a topic that may be turned away before others.
pub(super) fn can_wait(call: &Call) -> bool {
    let topic = call.header("x-shopify-topic").unwrap_or_default().trim().to_ascii_lowercase();
    CAN_WAIT.iter().any(|beginning| topic.starts_with(beginning))
}

fn key_header<'a>(call: &'a Call, name: &str) -> Result<&'a str, Refusal> {
    match call.header(name).map(str::trim) {
        Some(value) if !value.is_empty() && value.len() <= MAX_KEY => Ok(value),
        Some(_) => Err(Refusal::Malformed(format!("the header {name} is empty or longer than {MAX_KEY} bytes"))),
        None => Err(Refusal::Malformed(format!("the header {name} is missing"))),
    }
}

fn kept(call: &Call) -> BTreeMap<String, String> {
    let present = KEPT_HEADERS.iter().filter_map(|name| Some(((*name).to_owned(), call.header(name)?)));
    present.map(|(name, value)| (name, value.chars().take(MAX_KEY).collect())).collect()
}

#[cfg(test)]
mod tests;

//! Webhook calls of invented orders, written once before anything is measured.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::load::Requests;
use crate::domain::Currency;
use crate::rehearsal::Town;
use crate::sandbox::shopify::lives::{Life, SkuInfo};

/// The bodies and signatures of so many `orders/fulfilled`, each of another order, paid in one way.
pub fn signed_orders(count: u64, currency: Currency, goods: &[SkuInfo], secret: &str) -> Vec<(Bytes, String)> {
    (0..)
        .filter_map(|seed| plain_order(seed, currency, goods))
        .take(usize::try_from(count).unwrap_or(usize::MAX))
        .map(|body| {
            let signature = sign(&body, secret);
            (body, signature)
        })
        .collect()
}

/// The order of this seed, where it is one.
fn plain_order(seed: u64, currency: Currency, goods: &[SkuInfo]) -> Option<Bytes> {
    let life = Life::generate(seed, currency, true, goods);
    (life.order.payments.len() == 1 && life.refunds.is_empty()).then(|| life.order_fulfilled_body())
}

fn sign(body: &[u8], secret: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body);
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// Calls of these orders, in turn, each a delivery of its own. `run` keeps the deliveries of two runs apart.
pub fn calls(orders: Arc<Vec<(Bytes, String)>>, town: &Town, run: &str) -> Requests {
    let envelope = Envelope::of(town, run);
    Arc::new(move |number| {
        let (body, signature) = &orders[usize::try_from(number).unwrap_or(0) % orders.len().max(1)];
        envelope.around(body, signature, number)
    })
}

/// Calls of orders that are invented as they are sent, so that any number fits into memory: each another order, `from` which one on.
pub fn invented_calls(from: u64, currency: Currency, goods: Vec<SkuInfo>, town: &Town, run: &str) -> Requests {
    let (envelope, secret) = (Envelope::of(town, run), town.shop.secret());
    Arc::new(move |number| {
        let number = from + number;
        let seeds = number * SEEDS..(number + 1) * SEEDS;
        let body = seeds.into_iter().find_map(|seed| plain_order(seed, currency, &goods)).unwrap_or_default();
        envelope.around(&body, &sign(&body, &secret), number)
    })
}

/// Seeds in a row of which one has a plain order: about every third has.
const SEEDS: u64 = 100;

/// What a call has around its body.
struct Envelope {
    path: String,
    domain: String,
    run: String,
}

impl Envelope {
    fn of(town: &Town, run: &str) -> Self {
        let path = format!("/webhooks/{}", town.channel.storefront);
        Self { path, domain: town.domain.clone(), run: run.to_owned() }
    }

    fn around(&self, body: &[u8], signature: &str, number: u64) -> Vec<u8> {
        let Self { path, domain, run } = self;
        let headers = BTreeMap::from([
            ("content-type", "application/json".to_owned()),
            ("content-length", body.len().to_string()),
            ("x-shopify-topic", "orders/fulfilled".to_owned()),
            ("x-shopify-hmac-sha256", signature.to_owned()),
            ("x-shopify-shop-domain", domain.clone()),
            ("x-shopify-api-version", "2026-10".to_owned()),
            ("x-shopify-webhook-id", format!("{run}-{number}")),
            ("x-shopify-event-id", format!("{run}-event-{number}")),
            ("x-shopify-triggered-at", "2026-11-01T00:00:00Z".to_owned()),
        ]);
        let mut message = format!("POST {path} HTTP/1.1\r\nhost: {domain}\r\n").into_bytes();
        for (name, value) in headers {
            message.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        message.extend_from_slice(b"\r\n");
        message.extend_from_slice(body);
        message
    }
}

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
        .map(|seed| Life::generate(seed, currency, true, goods))
        .filter(|life| life.order.payments.len() == 1 && life.refunds.is_empty())
        .take(usize::try_from(count).unwrap_or(usize::MAX))
        .map(|life| {
            let body = life.order_fulfilled_body();
            let signature = sign(&body, secret);
            (body, signature)
        })
        .collect()
}

fn sign(body: &[u8], secret: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body);
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// Calls of these orders, in turn, each a delivery of its own. `run` keeps the deliveries of two runs apart.
pub fn calls(orders: Arc<Vec<(Bytes, String)>>, town: &Town, run: &str) -> Requests {
    let path = format!("/webhooks/{}", town.channel.storefront);
    let (domain, run) = (town.domain.clone(), run.to_owned());
    Arc::new(move |number| {
        let (body, signature) = &orders[usize::try_from(number).unwrap_or(0) % orders.len().max(1)];
        let headers = BTreeMap::from([
            ("content-type", "application/json".to_owned()),
            ("content-length", body.len().to_string()),
            ("x-shopify-topic", "orders/fulfilled".to_owned()),
            ("x-shopify-hmac-sha256", signature.clone()),
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
    })
}

//! What the shop tells, in each module's way.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use tillbridge::sandbox::magento2::{HookWay, HookWeather, LinePlan, OrderPlan};

use super::stranger::{Listener, Received, Stranger};

const TOKEN: &str = "a-verification-token";

async fn with_goods() -> Stranger {
    let stranger = Stranger::open().await;
    stranger.shop.put_up_for_sale("TEE", 2_000, 50).await.unwrap();
    stranger
}

fn mage_os() -> HookWay {
    HookWay::AsyncEvents { token: TOKEN.to_owned() }
}

async fn sold(stranger: &Stranger) -> u64 {
    let plan = OrderPlan::by_guest(vec![LinePlan::simple("TEE", 1, 2_000)]);
    let order = stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.invoice(order).await.unwrap();
    stranger.shop.hooks_idle().await;
    order
}

fn of<'a>(calls: &'a [Received], event: &str) -> Vec<&'a Received> {
    calls.iter().filter(|call| call.event == event).collect()
}

#[tokio::test]
async fn an_async_event_is_the_rest_body_signed_in_hexadecimal() {
    let stranger = with_goods().await;
    let (listener, address) = Listener::open(&[]).await;
    stranger.shop.tell(mage_os(), &address);
    sold(&stranger).await;
    let calls = listener.take();
    let paid = of(&calls, "sales.invoice.paid")[0];
    let mut mac = Hmac::<Sha256>::new_from_slice(TOKEN.as_bytes()).unwrap();
    mac.update(&paid.body);
    let mut expected = String::new();
    for byte in mac.finalize().into_bytes() {
        write!(expected, "{byte:02x}").unwrap();
    }
    assert_eq!(paid.headers["x-magento-signature"], expected);
    let body: Value = serde_json::from_slice(&paid.body).unwrap();
    assert_eq!(body["data"], stranger.get("/V1/invoices/1").await);
    assert_eq!(of(&calls, "sales.order.created").len(), 1);
}

#[tokio::test]
async fn a_refusal_is_tried_again_and_then_given_up() {
    let stranger = with_goods().await;
    let (listener, address) = Listener::open(&[503, 500]).await;
    stranger.shop.tell(mage_os(), &address);
    let plan = OrderPlan::by_guest(vec![LinePlan::simple("TEE", 1, 2_000)]);
    stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.hooks_idle().await;
    assert_eq!(listener.take().len(), 3);
    let counts = stranger.shop.hook_counts();
    assert_eq!((counts.delivered, counts.failed_attempts, counts.given_up), (1, 2, 0));
}

#[tokio::test]
async fn nobody_there_is_not_tried_again_by_mage_os() {
    let stranger = with_goods().await;
    stranger.shop.tell(mage_os(), "http://127.0.0.1:9/{event}");
    let plan = OrderPlan::by_guest(vec![LinePlan::simple("TEE", 1, 2_000)]);
    stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.hooks_idle().await;
    let counts = stranger.shop.hook_counts();
    assert_eq!((counts.failed_attempts, counts.given_up), (1, 1));
}

#[tokio::test]
async fn an_event_is_subscribed_to_by_name_and_told_to_that_address_alone() {
    let stranger = with_goods().await;
    let (listener, address) = Listener::open(&[]).await;
    let wish = |event: &str| {
        let address = address.replace("{event}", "paid-invoices");
        serde_json::json!({ "asyncEvent": {
            "event_name": event, "recipient_url": address, "verification_token": TOKEN, "metadata": "http",
        } })
    };
    stranger.post("/V1/async_event", wish("sales.invoice.paid")).await;
    assert_eq!(stranger.refused("POST", "/V1/async_event", wish("sales.invoice.burnt")).await.0, 400);
    assert_eq!(stranger.get("/V1/async_events?searchCriteria=").await["items"][0]["event_name"], "sales.invoice.paid");
    sold(&stranger).await;
    let events: Vec<String> = listener.take().into_iter().map(|call| call.event).collect();
    assert_eq!(events, ["paid-invoices"]);
}

#[tokio::test]
async fn adobe_signs_twice_and_serves_the_keys() {
    let stranger = with_goods().await;
    let (listener, address) = Listener::open(&[500]).await;
    stranger.shop.tell(HookWay::IoEvents { client_id: "client-1".to_owned() }, &address);
    let plan = OrderPlan::by_guest(vec![LinePlan::simple("TEE", 1, 2_000)]);
    stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.hooks_idle().await;
    let calls = listener.take();
    assert_eq!(calls.len(), 2, "the first was refused");
    assert_eq!(calls[0].headers["x-adobe-event-id"], calls[1].headers["x-adobe-event-id"]);
    assert_eq!(calls[1].headers["x-adobe-retry-count"], "1");
    let call = &calls[1];
    assert_eq!(call.headers["x-adobe-event-code"], "com.adobe.commerce.observer.sales_order_save_commit_after");
    let body: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(
        (&body["recipient_client_id"], &body["event"]["data"]["value"]["entity_id"]),
        (&"client-1".into(), &"1".into())
    );
    for number in ["1", "2"] {
        let path = &call.headers[&format!("x-adobe-public-key{number}-path")];
        let key = reqwest::get(format!("{}{path}", stranger.shop.url())).await.unwrap().text().await.unwrap();
        let signature = STANDARD.decode(&call.headers[&format!("x-adobe-digital-signature-{number}")]).unwrap();
        assert!(verified(&key, &call.body, &signature), "signature {number}");
        assert!(!verified(&key, b"another body", &signature));
    }
}

#[tokio::test]
async fn commerce_signs_the_base64_of_the_body_and_waits_for_the_answer() {
    let stranger = with_goods().await;
    let (listener, address) = Listener::open(&[200, 500]).await;
    stranger.shop.tell(HookWay::CommerceWebhooks, &address);
    let plan = OrderPlan::by_guest(vec![LinePlan::simple("TEE", 1, 2_000)]);
    stranger.shop.place_order(&plan).await.unwrap();
    // No waiting: it was told when the order was placed.
    let calls = listener.take();
    let signature = STANDARD.decode(&calls[0].headers["x-adobe-commerce-webhook-signature"]).unwrap();
    assert!(verified(stranger.shop.webhook_key(), STANDARD.encode(&calls[0].body).as_bytes(), &signature));
    stranger.shop.place_order(&plan).await.unwrap();
    let counts = stranger.shop.hook_counts();
    assert_eq!((counts.delivered, counts.objections), (1, 1));
}

#[tokio::test]
async fn a_template_is_unsigned_told_once_and_before_the_document_is_there() {
    let stranger = with_goods().await;
    let (listener, address) = Listener::open(&[500]).await;
    let way = HookWay::Template { header: "x-shop-secret".to_owned(), secret: "hush".to_owned() };
    stranger.shop.tell(way, &address);
    stranger.shop.hook_weather(HookWeather { reads_before_commit: 2, ..HookWeather::default() });
    sold(&stranger).await;
    let calls = listener.take();
    assert_eq!(stranger.shop.hook_counts().given_up, 1, "a refusal is not tried again");
    let invoice = of(&calls, "sales.invoice.created")[0];
    assert_eq!(invoice.headers["x-shop-secret"], "hush");
    let body: Value = serde_json::from_slice(&invoice.body).unwrap();
    assert_eq!((&body["event"], &body["entity_id"], &body["order_id"]), (&"invoice".into(), &1.into(), &1.into()));
    let listed = stranger.get("/V1/invoices?searchCriteria=").await;
    assert_eq!(listed["total_count"], 0);
    for status in [404, 404, 200] {
        assert_eq!(stranger.call("GET", "/V1/invoices/1", None).await.status, status);
    }
}

#[tokio::test]
async fn deliveries_come_twice_late_or_not_at_all() {
    let stranger = with_goods().await;
    let (listener, address) = Listener::open(&[]).await;
    stranger.shop.tell(mage_os(), &address);
    stranger.shop.hook_weather(HookWeather { twice: 1_000, ..HookWeather::default() });
    sold(&stranger).await;
    let calls = listener.take();
    assert_eq!(of(&calls, "sales.invoice.paid").len(), 2);
    stranger.shop.lose_hooks(u64::MAX);
    sold(&stranger).await;
    assert_eq!(listener.take().len(), 0);
    assert!(stranger.shop.hook_counts().lost > 0);
    stranger.shop.lose_hooks(0);
    sold(&stranger).await;
    assert!(!listener.take().is_empty());
}

/// Checks RSA with SHA-256 with the key in a PEM file, by the library that verifies certificates.
fn verified(pem: &str, message: &[u8], signature: &[u8]) -> bool {
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let spki = STANDARD.decode(der).unwrap();
    // Behind the header of 24 bytes stands the RSA key itself, as an RSAPublicKey.
    let known = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    let sort = rustls::SignatureScheme::RSA_PKCS1_SHA256;
    let (_, algorithms) = known.mapping.iter().find(|(scheme, _)| *scheme == sort).unwrap();
    algorithms.iter().any(|one| one.verify_signature(&spki[24..], message, signature).is_ok())
}

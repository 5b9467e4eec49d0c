//! Webhooks: signed, tried again under the same id, ended when nobody takes them.

use std::collections::HashSet;
use std::time::Duration;

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use tillbridge::sandbox::shopify::WebhookWeather;
use tillbridge::sandbox::shopify::lives::OrderPlan;

use super::stranger::{Call, Receiver, Stranger, options};

const SUBSCRIBE: &str = "mutation S($topic: WebhookSubscriptionTopic!, $it: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $it) {
    webhookSubscription { id topic uri format apiVersion { handle } } userErrors { field message }
  }
}";

fn is_signed_with(call: &Call, secret: &str) -> bool {
    let signature = base64::engine::general_purpose::STANDARD.decode(call.header("x-shopify-hmac-sha256")).unwrap();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(&call.body);
    mac.verify_slice(&signature).is_ok()
}

async fn subscribe(stranger: &Stranger, topic: &str, uri: &str) -> Value {
    let answer = stranger.ask(SUBSCRIBE, json!({ "topic": topic, "it": { "uri": uri, "format": "JSON" } })).await;
    answer.data()["webhookSubscriptionCreate"].clone()
}

/// A shop, a receiver of `orders/create` alone, and a plan to order.
async fn counter() -> (Stranger, Receiver, OrderPlan) {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 1_000).await;
    let receiver = Receiver::listen().await;
    let made = subscribe(&stranger, "ORDERS_CREATE", &receiver.address).await;
    assert_eq!(made["userErrors"], json!([]));
    (stranger, receiver, OrderPlan::plain(options().currency, &[(&mug, 1)]))
}

#[tokio::test]
async fn a_delivery_carries_every_header_and_a_signature_over_its_raw_bytes() {
    let (stranger, receiver, plan) = counter().await;
    stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.webhooks_idle().await;
    let calls = receiver.calls();
    assert_eq!(calls.len(), 1);
    let call = &calls[0];
    assert_eq!(call.topic(), "orders/create");
    assert_eq!(call.header("x-shopify-shop-domain"), "kiwi-web.myshopify.com");
    assert_eq!(call.header("x-shopify-api-version"), "2026-10");
    assert_eq!(call.header("content-type"), "application/json");
    assert!(call.header("x-shopify-triggered-at").parse::<jiff::Timestamp>().is_ok());
    assert!(is_signed_with(call, &stranger.shop.secret()));
    assert!(!is_signed_with(call, "another secret"));
    stranger.shop.sign_webhooks_with("rotated");
    stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.webhooks_idle().await;
    assert!(is_signed_with(&receiver.calls()[1], "rotated"));
}

#[tokio::test]
async fn deliveries_of_one_action_share_an_event_id_but_no_webhook_id() {
    let (stranger, receiver, plan) = counter().await;
    stranger.shop.subscribe_all(&receiver.address);
    stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.webhooks_idle().await;
    let ids = |header: &str| receiver.calls().iter().map(|call| call.header(header).to_owned()).collect::<HashSet<_>>();
    assert_eq!(receiver.calls().len(), 5);
    assert_eq!(ids("x-shopify-event-id").len(), 1);
    assert_eq!(ids("x-shopify-webhook-id").len(), 5);
}

#[tokio::test]
async fn a_refused_delivery_comes_again_under_the_same_id_with_the_same_bytes() {
    let (stranger, receiver, plan) = counter().await;
    receiver.refuse(3);
    stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.webhooks_idle().await;
    let calls = receiver.calls();
    assert_eq!(calls.len(), 4);
    assert!(calls.iter().all(|call| call.header("x-shopify-webhook-id") == calls[0].header("x-shopify-webhook-id")));
    assert!(calls.iter().all(|call| call.body == calls[0].body));
    let counts = stranger.shop.webhook_counts();
    assert_eq!((counts.delivered, counts.failed_attempts, counts.given_up), (1, 3, 0));
}

#[tokio::test]
async fn after_eight_failed_retries_the_subscription_is_gone() {
    let (stranger, receiver, plan) = counter().await;
    let fast = WebhookWeather { first_retry_after: Duration::from_millis(1), ..WebhookWeather::default() };
    stranger.shop.webhook_weather(fast);
    receiver.refuse(u32::MAX);
    stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.webhooks_idle().await;
    assert_eq!(receiver.calls().len(), 9);
    assert!(stranger.shop.subscriptions().is_empty());
    receiver.refuse(0);
    stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.webhooks_idle().await;
    assert_eq!(receiver.calls().len(), 9, "nobody is told any more");
}

#[tokio::test]
async fn an_answer_that_stays_out_is_a_failure() {
    let (stranger, receiver, plan) = counter().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", silent.local_addr().unwrap());
    subscribe(&stranger, "ORDERS_CREATE", &address).await;
    let quick = WebhookWeather {
        answer_within: Duration::from_millis(50),
        first_retry_after: Duration::from_millis(1),
        ..WebhookWeather::default()
    };
    stranger.shop.webhook_weather(quick);
    stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.webhooks_idle().await;
    assert_eq!(receiver.calls().len(), 1);
    let left: Vec<String> = stranger.shop.subscriptions().into_iter().map(|one| one.address).collect();
    assert_eq!(left, [receiver.address]);
}

#[tokio::test]
async fn bad_weather_brings_duplicates_of_both_kinds() {
    let (stranger, receiver, plan) = counter().await;
    let weather = WebhookWeather { same_id_twice: 1_000, new_id_twice: 1_000, ..WebhookWeather::default() };
    stranger.shop.webhook_weather(weather);
    stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.webhooks_idle().await;
    let calls = receiver.calls();
    let id = |index: usize| calls[index].header("x-shopify-webhook-id");
    assert_eq!(calls.len(), 3);
    assert_eq!(id(0), id(1));
    assert_ne!(id(0), id(2));
    assert_eq!(calls[0].header("x-shopify-event-id"), calls[2].header("x-shopify-event-id"));
    assert_eq!(stranger.shop.webhook_counts().duplicates, 2);
}

#[tokio::test]
async fn delayed_deliveries_overtake_each_other() {
    let (stranger, receiver, plan) = counter().await;
    let weather = WebhookWeather { delay_up_to: Duration::from_millis(200), ..WebhookWeather::default() };
    stranger.shop.webhook_weather(weather);
    let mut placed = Vec::new();
    for _ in 0..40 {
        placed.push(stranger.shop.place_order(&plan).await.unwrap());
    }
    stranger.shop.webhooks_idle().await;
    let mut came: Vec<u64> = receiver.calls().iter().map(|call| call.json()["id"].as_u64().unwrap()).collect();
    assert_ne!(came, placed);
    came.sort_unstable();
    assert_eq!(came, placed);
}

#[tokio::test]
async fn held_deliveries_wait_and_lost_ones_never_come() {
    let (stranger, receiver, plan) = counter().await;
    stranger.shop.lose_webhooks(1);
    stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.hold_webhooks(true);
    let second = stranger.shop.place_order(&plan).await.unwrap();
    assert!(receiver.calls().is_empty());
    stranger.shop.hold_webhooks(false);
    stranger.shop.webhooks_idle().await;
    let came: Vec<u64> = receiver.calls().iter().map(|call| call.json()["id"].as_u64().unwrap()).collect();
    assert_eq!(came, [second]);
    assert_eq!(stranger.shop.webhook_counts().lost, 1);
}

#[tokio::test]
async fn an_address_is_taken_once_for_each_topic_and_compliance_topics_are_refused() {
    let stranger = Stranger::open().await;
    let made = subscribe(&stranger, "ORDERS_CREATE", "https://example.com/hooks").await;
    assert_eq!(made["webhookSubscription"]["topic"], "ORDERS_CREATE");
    assert_eq!(made["webhookSubscription"]["apiVersion"]["handle"], "2026-10");
    let again = subscribe(&stranger, "ORDERS_CREATE", "https://example.com/hooks").await;
    assert_eq!(again["userErrors"][0]["message"], "Address for this topic has already been taken");
    assert_eq!(again["webhookSubscription"], Value::Null);
    for bad in ["http://example.com/hooks", "ftp://example.com", "hooks"] {
        assert_ne!(subscribe(&stranger, "ORDERS_PAID", bad).await["userErrors"], json!([]), "{bad}");
    }
    let it = json!({ "topic": "CUSTOMERS_REDACT", "it": { "uri": "https://example.com/hooks" } });
    let compliance = stranger.ask(SUBSCRIBE, it).await;
    assert!(compliance.body.get("data").is_none(), "{}", compliance.body);
    let list = stranger.ask("{ webhookSubscriptions(first: 9) { nodes { topic uri } } }", json!({})).await;
    let expected = json!([{ "topic": "ORDERS_CREATE", "uri": "https://example.com/hooks" }]);
    assert_eq!(list.data()["webhookSubscriptions"]["nodes"], expected);
}

#[tokio::test]
async fn our_own_writes_come_back_as_webhooks_unless_that_is_switched_off() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 3).await;
    let receiver = Receiver::listen().await;
    stranger.shop.subscribe_all(&receiver.address);
    let update = "mutation U($p: ProductUpdateInput!) { productUpdate(product: $p) { userErrors { message } } }";
    let product = format!("gid://shopify/Product/{}", mug.ids.product);
    let write = async |key: &str, quantity: i64, vendor: &str| {
        stranger.set_stock(key, "available", json!([stranger.row(&mug, quantity, None)])).await.data();
        stranger.ask(update, json!({ "p": { "id": product, "vendor": vendor } })).await.data();
        stranger.shop.webhooks_idle().await;
    };
    write("k1", 8, "Acme").await;
    let mut topics: Vec<String> = receiver.calls().iter().map(|call| call.topic().to_owned()).collect();
    topics.sort();
    assert_eq!(topics, ["inventory_levels/update", "products/update"]);
    assert_eq!(receiver.of("inventory_levels/update")[0].json()["available"], 8);
    assert_eq!(receiver.of("products/update")[0].json()["variants"][0]["price"], "25.00");
    stranger.shop.echo_own_writes(false);
    write("k2", 9, "Emca").await;
    assert_eq!(receiver.calls().len(), 2);
}

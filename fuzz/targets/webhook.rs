//! A call to the webhook door: whatever its headers and body, it is refused or kept, and what is kept has a meaning or a reason.
//!
//! The first byte chooses the topic, the second how the call is signed; the rest is the body.
#![no_main]

use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tillbridge::domain::{Delivery, DeliveryId, NewDelivery, Normalised, Origin, Secret, StorefrontName};
use tillbridge::storefront::shopify::{Access, DEFAULT_KEY_NAMESPACE, Shopify, ShopifyConfig};
use tillbridge::storefront::{Call, Storefront};

const TOPICS: [&str; 16] = [
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "orders/paid",
    "orders/create",
    "orders/updated",
    "orders/edited",
    "orders/cancelled",
    "order_transactions/create",
    "fulfillments/create",
    "refunds/create",
    "customers/update",
    "customers/merge",
    "customers/redact",
    "shop/redact",
    "app/uninstalled",
    "inventory_levels/update",
];

static SHOP: LazyLock<Shopify> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Shopify::new(ShopifyConfig {
        name: StorefrontName::parse("kiwi-web").unwrap(),
        shop: "kiwi-web.myshopify.com".into(),
        endpoint: None,
        access: Access::Token(Secret::new("shpat_0".into())),
        webhook_secrets: vec![Secret::new("secret".into())],
        publications: Vec::new(),
        pos_key_namespace: DEFAULT_KEY_NAMESPACE.into(),
    })
    .unwrap()
});

fuzz_target!(|data: &[u8]| {
    let [topic, kind, body @ ..] = data else { return };
    let topic = TOPICS[usize::from(*topic) % TOPICS.len()];
    let header = |name: &str, value: &[u8]| (name.to_owned(), String::from_utf8_lossy(value).into_owned());
    let signature = body.get(..usize::from(*kind).min(body.len())).unwrap_or_default();
    let call = Call {
        path: Vec::new(),
        headers: vec![
            header("x-shopify-hmac-sha256", signature),
            header("x-shopify-topic", topic.as_bytes()),
            header("x-shopify-shop-domain", b"kiwi-web.myshopify.com"),
            header("x-shopify-webhook-id", signature),
        ],
        body: Bytes::copy_from_slice(body),
    };
    assert!(SHOP.verify(call).is_err(), "nobody can sign without the secret");

    let delivery = Delivery {
        id: DeliveryId(uuid::Uuid::nil()),
        received_at: jiff::Timestamp::UNIX_EPOCH,
        content: NewDelivery {
            origin: Origin::storefront("kiwi-web"),
            topic: topic.to_owned(),
            dedupe_key: "w-1".into(),
            fold_key: None,
            headers: std::collections::BTreeMap::new(),
            body: Bytes::copy_from_slice(body),
        },
    };
    match SHOP.normalise(&delivery) {
        Normalised::Events(drafts) => assert!(!drafts.is_empty()),
        Normalised::Ignored(reason) | Normalised::Rejected(reason) => assert!(!reason.is_empty()),
    }
});

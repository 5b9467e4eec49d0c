//! A call to the webhook door of a Magento store, and the documents that are read there: whatever comes, it is refused or kept, and
//! what is kept has a meaning or a reason.
//!
//! The first byte chooses what it claims to be, the second how it is signed; the rest is the body.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use tillbridge::domain::{
    Delivery, DeliveryId, IntegrationAccess, NewDelivery, Normalised, Origin, Secret, StorefrontName,
};
use tillbridge::storefront::magento2::{AttributeNames, DEFAULT_STORE, Magento2, Magento2Config, WaysIn};
use tillbridge::storefront::{Call, Storefront};

const TOPICS: [&str; 8] = [
    "read/order",
    "read/invoice",
    "read/creditmemo",
    "read/customer",
    "hint/sales.invoice.paid",
    "hint/sales.shipment.created",
    "hint/customer.updated",
    "hint/observer.sales_order_creditmemo_save_after",
];
const PROOFS: [&str; 4] = [
    "x-magento-signature",
    "x-adobe-digital-signature-1",
    "x-adobe-commerce-webhook-signature",
    "x-tillbridge-secret",
];

static STORE: LazyLock<Magento2> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let secrets = vec![Secret::new("a secret of some length".into())];
    Magento2::new(Magento2Config {
        name: StorefrontName::parse("kiwi").unwrap(),
        url: "https://shop.example".into(),
        store: DEFAULT_STORE.into(),
        access: IntegrationAccess::Bearer(Secret::new("0".into())),
        ways_in: WaysIn {
            async_events: secrets.clone(),
            io_events: vec!["client".into()],
            shared_secrets: secrets,
            ..WaysIn::default()
        },
        names: AttributeNames::default(),
    })
    .unwrap()
});

fuzz_target!(|data: &[u8]| {
    let [topic, kind, body @ ..] = data else { return };
    let topic = TOPICS[usize::from(*topic) % TOPICS.len()];
    let event = topic.split_once('/').map_or("", |(_, event)| event).to_owned();
    let header = |name: &str, value: &[u8]| (name.to_owned(), String::from_utf8_lossy(value).into_owned());
    let proof = body.get(..usize::from(*kind / 4).min(body.len())).unwrap_or_default();
    let call = Call {
        path: vec![event.clone()],
        headers: vec![
            header(PROOFS[usize::from(*kind) % PROOFS.len()], proof),
            header("x-adobe-public-key1-path", proof),
            header("x-adobe-event-id", proof),
        ],
        body: Bytes::copy_from_slice(body),
    };
    assert!(STORE.verify(call).is_err(), "nobody can prove it without the secret");

    let delivery = Delivery {
        id: DeliveryId(uuid::Uuid::nil()),
        received_at: jiff::Timestamp::UNIX_EPOCH,
        content: NewDelivery {
            origin: Origin::storefront("kiwi"),
            topic: topic.to_owned(),
            dedupe_key: "w-1".into(),
            fold_key: None,
            headers: BTreeMap::from([("event".to_owned(), event)]),
            body: Bytes::copy_from_slice(body),
        },
    };
    let _ = STORE.web_order(&delivery);
    match STORE.normalise(&delivery) {
        Normalised::Events(drafts) => assert!(!drafts.is_empty()),
        Normalised::Ignored(reason) | Normalised::Rejected(reason) => assert!(!reason.is_empty()),
    }
});

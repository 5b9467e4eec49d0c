//! Who is let in, by each way, and who is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

use super::*;
use crate::domain::{IntegrationAccess, Secret, StorefrontName};
use crate::storefront::magento2::{AttributeNames, DEFAULT_STORE, Magento2Config, WaysIn};

/// Key pairs made for rehearsals.
const PRIVATE: [&[u8]; 2] =
    [include_bytes!("../../../sandbox/magento2/keys/1.pk8"), include_bytes!("../../../sandbox/magento2/keys/2.pk8")];
const PUBLIC: [&str; 2] = [
    include_str!("../../../sandbox/magento2/keys/1.pub.pem"),
    include_str!("../../../sandbox/magento2/keys/2.pub.pem"),
];

fn signed(key: usize, message: &[u8]) -> String {
    let key = RsaKeyPair::from_pkcs8(PRIVATE[key]).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
    BASE64.encode(signature)
}

fn open(ways_in: WaysIn) -> Magento2 {
    // Another test of this process may have installed it already, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Magento2::new(Magento2Config {
        name: StorefrontName::parse("kiwi").unwrap(),
        url: "https://shop.example".into(),
        store: DEFAULT_STORE.into(),
        only_its_website: false,
        access: IntegrationAccess::Bearer(Secret::new("0".into())),
        ways_in,
        names: AttributeNames::default(),
    })
    .unwrap()
}

fn secrets(texts: &[&str]) -> Vec<Secret> {
    texts.iter().map(|text| Secret::new((*text).to_owned())).collect()
}

fn call(event: &str, headers: &[(&str, &str)], body: &[u8]) -> Call {
    Call {
        path: if event.is_empty() { Vec::new() } else { vec![event.to_owned()] },
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: Bytes::copy_from_slice(body),
    }
}

fn taken(magento: &Magento2, call: &Call) -> NewDelivery {
    magento.verify_call(call).unwrap().into_inner()
}

fn turned_away(magento: &Magento2, call: &Call) -> bool {
    matches!(magento.verify_call(call), Err(Refusal::Unauthenticated(_)))
}

const BODY: &[u8] = br#"{"data":{"entity_id":3}}"#;
/// Computed apart from this program for the token beneath.
const SIGNATURE: &str = "ff99ec10d664f459f48b92f45e57e1f6a5224e8ccc3a2f7a5509f4d5de672655";
const TOKEN: &str = "verification-token-example";

#[test]
fn an_async_event_is_proved_by_its_token_old_or_new() {
    let way = |tokens: &[&str]| open(WaysIn { async_events: secrets(tokens), ..WaysIn::default() });
    let sent = call("sales.invoice.paid", &[("x-magento-signature", SIGNATURE)], BODY);
    for tokens in [&[TOKEN][..], &["new", TOKEN], &[TOKEN, "old"]] {
        let delivery = taken(&way(tokens), &sent);
        assert_eq!(delivery.topic, "hint/sales.invoice.paid");
        assert_eq!(delivery.dedupe_key, taken(&way(tokens), &sent).dedupe_key, "the same news twice is one delivery");
    }
    assert!(turned_away(&way(&["another"]), &sent));
    assert!(turned_away(&way(&[]), &sent), "a way without a secret is closed");
    let upper = SIGNATURE.to_uppercase();
    for wrong in ["", "00", upper.as_str()] {
        assert!(turned_away(&way(&[TOKEN]), &call("e", &[("x-magento-signature", wrong)], BODY)), "{wrong}");
    }
    let changed = call("sales.invoice.paid", &[("x-magento-signature", SIGNATURE)], br#"{"data":{"entity_id":4}}"#);
    assert!(turned_away(&way(&[TOKEN]), &changed));
}

#[test]
fn a_shared_secret_lets_in_and_every_call_counts() {
    let magento = open(WaysIn { shared_secrets: secrets(&["new", "old"]), ..WaysIn::default() });
    let body = br#"{"event":"invoice","entity_id":3}"#;
    let sent = call("", &[("x-tillbridge-secret", "old")], body);
    let (first, second) = (taken(&magento, &sent), taken(&magento, &sent));
    assert_eq!(first.topic, "hint/invoice", "the body names the event where the path does not");
    assert_ne!(first.dedupe_key, second.dedupe_key, "the same document may be saved twice in the same words");
    for wrong in ["", "ol", "old ", "oldd"] {
        assert!(turned_away(&magento, &call("invoice", &[("x-tillbridge-secret", wrong)], body)), "{wrong}");
    }
    assert!(turned_away(&magento, &call("invoice", &[], body)), "nothing proves it");
}

#[test]
fn a_commerce_webhook_is_signed_over_the_base64_of_its_body() {
    let keys = WaysIn { commerce_webhooks: secrets(&[PUBLIC[1], PUBLIC[0]]), ..WaysIn::default() };
    let magento = open(keys);
    let header = "x-adobe-commerce-webhook-signature";
    let signature = signed(0, BASE64.encode(BODY).as_bytes());
    assert_eq!(taken(&magento, &call("invoice", &[(header, &signature)], BODY)).topic, "hint/invoice");
    let over_the_body = signed(0, BODY);
    assert!(turned_away(&magento, &call("invoice", &[(header, &over_the_body)], BODY)));
    assert!(turned_away(&magento, &call("invoice", &[(header, "no base64!")], BODY)));
    let other = open(WaysIn { commerce_webhooks: secrets(&[PUBLIC[1]]), ..WaysIn::default() });
    assert!(turned_away(&other, &call("invoice", &[(header, &signature)], BODY)));
}

#[test]
fn what_is_no_key_is_refused_at_start() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    for bad in ["", "secret", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
        assert!(PublicKey::from_pem(bad).is_none(), "{bad}");
    }
}

/// A server of public keys, and how often it was asked.
async fn key_server() -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let app = Router::new().fallback(move |uri: axum::http::Uri| {
        count.fetch_add(1, Ordering::SeqCst);
        let answer = match uri.path() {
            "/prod/keys/pub-key-1.pem" => PUBLIC[0].into_response(),
            "/prod/keys/pub-key-2.pem" => PUBLIC[1].into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        };
        std::future::ready(answer)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{address}"), asked)
}

fn io_events(keys: &str) -> Magento2 {
    open(WaysIn { io_events: vec!["client-1".into()], io_events_keys: Some(keys.to_owned()), ..WaysIn::default() })
}

fn event_for(recipient: &str, key: usize, path: &str) -> Call {
    let body = format!(r#"{{"recipient_client_id":"{recipient}","event":{{"data":{{"value":{{"entity_id":"3"}}}}}}}}"#);
    let signature = signed(key, body.as_bytes());
    let headers = [
        ("x-adobe-event-id", "id-1"),
        ("x-adobe-event-code", "com.adobe.commerce.observer.sales_order_invoice_save_commit_after"),
        ("x-adobe-digital-signature-1", "c29tZXRoaW5nIGVsc2U="),
        ("x-adobe-digital-signature-2", &signature),
        ("x-adobe-public-key1-path", "/prod/keys/pub-key-1.pem"),
        ("x-adobe-public-key2-path", path),
    ];
    call("", &headers, body.as_bytes())
}

#[tokio::test]
async fn an_io_event_waits_for_its_key_and_is_taken_once_it_is_there() {
    let (host, asked) = key_server().await;
    let magento = io_events(&host);
    let sent = event_for("client-1", 1, "/prod/keys/pub-key-2.pem");
    assert!(matches!(magento.verify_call(&sent), Err(Refusal::NotYet(_))), "it is to come again");
    magento.keys.prepare(&sent).await;
    let delivery = taken(&magento, &sent);
    assert_eq!(delivery.topic, "hint/com.adobe.commerce.observer.sales_order_invoice_save_commit_after");
    assert!(delivery.dedupe_key.ends_with(" id-1"), "{}", delivery.dedupe_key);
    magento.keys.prepare(&sent).await;
    assert_eq!(asked.load(Ordering::SeqCst), 2, "each key is fetched once");
}

#[tokio::test]
async fn an_io_event_for_somebody_else_or_by_another_key_is_turned_away() {
    let (host, _) = key_server().await;
    let magento = io_events(&host);
    for sent in [
        event_for("client-2", 1, "/prod/keys/pub-key-2.pem"),
        event_for("client-1", 0, "/prod/keys/pub-key-2.pem"),
        event_for("client-1", 1, "https://elsewhere.example/key.pem"),
        event_for("client-1", 1, "//elsewhere.example/key.pem"),
        event_for("client-1", 1, "/prod/../keys/pub-key-2.pem"),
    ] {
        magento.keys.prepare(&sent).await;
        assert!(turned_away(&magento, &sent), "{:?}", sent.headers);
    }
    let closed = open(WaysIn { io_events_keys: Some(host), ..WaysIn::default() });
    assert!(turned_away(&closed, &event_for("client-1", 1, "/prod/keys/pub-key-2.pem")));
}

#[tokio::test]
async fn strangers_cannot_have_us_fetch_without_end() {
    let (host, asked) = key_server().await;
    let magento = io_events(&host);
    let good = event_for("client-1", 1, "/prod/keys/pub-key-2.pem");
    magento.keys.prepare(&good).await;
    for number in 0..40 {
        let path = format!("/prod/keys/none-{number}.pem");
        magento.keys.prepare(&event_for("client-1", 1, &path)).await;
    }
    assert!(asked.load(Ordering::SeqCst) <= 12, "{asked:?}");
    taken(&magento, &good);
}

#[test]
fn a_registration_is_echoed_only_in_plain_letters() {
    assert_eq!(challenge("a=b&challenge=8ec8d794-e0ab"), Some("8ec8d794-e0ab".to_owned()));
    for bad in ["", "challenge=", "challenge=<b>", "challenge=%3Cb%3E"] {
        assert_eq!(challenge(bad), None, "{bad}");
    }
}

#[test]
fn an_event_is_a_plain_name() {
    let magento = open(WaysIn { shared_secrets: secrets(&["s"]), ..WaysIn::default() });
    for bad in ["", "a/b", "a b", "ä"] {
        let sent = call(bad, &[("x-tillbridge-secret", "s")], b"{}");
        assert!(matches!(magento.verify_call(&sent), Err(Refusal::Malformed(_))), "{bad}");
    }
}

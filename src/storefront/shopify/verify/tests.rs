//! Who gets in, and who does not.

use bytes::Bytes;

use super::*;
use crate::domain::StorefrontName;
use crate::storefront::shopify::{Access, DEFAULT_KEY_NAMESPACE, ShopifyConfig};

const BODY: &str = r#"{"id":1,"note":"a\/b \u0026 c"}"#;

fn shop() -> Shopify {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Shopify::new(ShopifyConfig {
        name: StorefrontName::parse("kiwi-web").unwrap(),
        shop: "kiwi-web.myshopify.com".into(),
        endpoint: None,
        access: Access::Token(Secret::new("shpat_0".into())),
        webhook_secrets: vec![Secret::new("new secret".into()), Secret::new("old secret".into())],
        publications: Vec::new(),
        pos_key_namespace: DEFAULT_KEY_NAMESPACE.into(),
    })
    .unwrap()
}

fn mac(secret: &str, body: &str) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap().chain_update(body).finalize().into_bytes().to_vec()
}

fn call(secret: &str) -> Call {
    let headers = [
        ("x-shopify-hmac-sha256", BASE64.encode(mac(secret, BODY))),
        ("x-shopify-topic", "orders/fulfilled".into()),
        ("x-shopify-shop-domain", "Kiwi-Web.myshopify.com".into()),
        ("x-shopify-webhook-id", "w-1".into()),
        ("x-shopify-event-id", "e-1".into()),
        ("x-shopify-api-version", API.into()),
        ("x-shopify-triggered-at", "2026-11-22T10:00:00.123Z".into()),
        ("x-forwarded-for", "192.0.2.1".into()),
    ];
    Call {
        path: Vec::new(),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        body: Bytes::from_static(BODY.as_bytes()),
    }
}

const API: &str = crate::storefront::shopify::API_VERSION;

fn set(mut call: Call, name: &str, value: Option<&str>) -> Call {
    call.headers.retain(|(found, _)| found != name);
    call.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    call
}

fn verified(call: Call) -> NewDelivery {
    shop().verify_call(call).unwrap().into_inner()
}

fn refused(call: Call) -> Refusal {
    shop().verify_call(call).unwrap_err()
}

#[test]
fn a_signed_call_becomes_a_delivery_with_its_bytes_untouched() {
    let delivery = verified(call("new secret"));
    assert_eq!(delivery.origin, Origin::storefront("kiwi-web"));
    assert_eq!(delivery.topic, "orders/fulfilled");
    assert_eq!(delivery.dedupe_key, "w-1");
    assert_eq!(delivery.body, BODY.as_bytes());
    let kept: Vec<_> = delivery.headers.keys().map(String::as_str).collect();
    assert!(kept.contains(&"x-shopify-triggered-at") && kept.contains(&"x-shopify-shop-domain"));
    assert!(!kept.contains(&"x-shopify-hmac-sha256") && !kept.contains(&"x-forwarded-for"), "{kept:?}");
}

#[test]
fn after_a_change_of_secrets_the_old_one_is_still_good() {
    assert_eq!(verified(call("old secret")).dedupe_key, "w-1");
}

#[test]
fn anything_but_the_right_signature_is_turned_away_with_401() {
    let hex = mac("new secret", BODY).iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let right = BASE64.encode(mac("new secret", BODY));
    for wrong in [None, Some(""), Some("AAAA"), Some("not base64 !"), Some(hex.as_str()), Some(&right[..40])] {
        let call = set(call("new secret"), "x-shopify-hmac-sha256", wrong);
        assert!(matches!(refused(call), Refusal::Unauthenticated(_)), "{wrong:?}");
    }
    assert!(matches!(refused(call("a guess")), Refusal::Unauthenticated(_)));
    let mut other_bytes = call("new secret");
    other_bytes.body = Bytes::from_static(br#"{"id":1,"note":"a/b & c"}"#);
    assert!(matches!(refused(other_bytes), Refusal::Unauthenticated(_)), "the same JSON in other bytes");
}

#[test]
fn a_signed_call_without_what_a_delivery_needs_is_turned_away_with_400() {
    for name in ["x-shopify-topic", "x-shopify-shop-domain", "x-shopify-webhook-id"] {
        assert!(matches!(refused(set(call("new secret"), name, None)), Refusal::Malformed(_)), "{name}");
        assert!(matches!(refused(set(call("new secret"), name, Some(" "))), Refusal::Malformed(_)), "{name}");
    }
    let long = "x".repeat(1000);
    assert!(matches!(refused(set(call("new secret"), "x-shopify-webhook-id", Some(&long))), Refusal::Malformed(_)));
}

#[test]
fn a_call_for_another_shop_is_turned_away_without_repeating_what_it_said() {
    let refusal = refused(set(call("new secret"), "x-shopify-shop-domain", Some("evil.myshopify.com")));
    assert!(matches!(&refusal, Refusal::Malformed(why) if !why.contains("evil")), "{refusal:?}");
}

#[test]
fn two_subscriptions_that_deliver_one_fact_fold_into_one() {
    let first = verified(call("new secret"));
    let second = verified(set(call("new secret"), "x-shopify-webhook-id", Some("w-2")));
    assert_ne!(first.dedupe_key, second.dedupe_key);
    assert_eq!(first.fold_key, second.fold_key);
    let other_topic = verified(set(call("new secret"), "x-shopify-topic", Some("orders/cancelled")));
    assert_ne!(first.fold_key, other_topic.fold_key, "one action has several topics");
    assert_eq!(verified(set(call("new secret"), "x-shopify-event-id", None)).fold_key, None);
}

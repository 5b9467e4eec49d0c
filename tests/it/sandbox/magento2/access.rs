//! Who is let in: bearer tokens, OAuth signatures, permissions, addresses.

use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::stranger::{Stranger, options};

const ORDERS: &str = "/V1/orders?searchCriteria=";

/// A header that signs a call without a query, written from RFC 5849.
fn signed(stranger: &Stranger, method: &str, path: &str, nonce: &str, stamp: i64) -> String {
    let keys = stranger.shop.keys();
    let escape = |text: &str| text.replace(':', "%3A").replace('/', "%2F").replace('&', "%26").replace('=', "%3D");
    let params = format!(
        "oauth_consumer_key={}&oauth_nonce={nonce}&oauth_signature_method=HMAC-SHA256&oauth_timestamp={stamp}&oauth_token={}",
        keys.consumer_key, keys.token
    );
    let address = format!("{}/rest{path}", stranger.shop.url());
    let text = format!("{method}&{}&{}", escape(&address), escape(&params));
    let key = format!("{}&{}", keys.consumer_secret, keys.token_secret);
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let signature = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!(
        "OAuth oauth_consumer_key=\"{}\", oauth_token=\"{}\", oauth_signature_method=\"HMAC-SHA256\", \
         oauth_nonce=\"{nonce}\", oauth_timestamp=\"{stamp}\", oauth_signature=\"{signature}\"",
        keys.consumer_key, keys.token
    )
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[tokio::test]
async fn a_token_opens_alone_only_where_that_is_switched_on() {
    let stranger = Stranger::open().await;
    assert_eq!(stranger.call("GET", ORDERS, None).await.status, 200);
    stranger.shop.allow_bearer(false);
    let answer = stranger.call("GET", ORDERS, None).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.body["message"], "The consumer isn't authorized to access %resources.");
    assert_eq!(answer.body["parameters"]["resources"], "Magento_Sales::actions_view");
    assert_eq!(stranger.call_as("Bearer something-else", "GET", ORDERS, None).await.status, 401);
    assert_eq!(stranger.shop.refused_calls(), 2);
}

#[tokio::test]
async fn a_signed_call_is_let_in_once() {
    let stranger = Stranger::open().await;
    stranger.shop.allow_bearer(false);
    let path = "/V1/store/storeConfigs";
    let header = signed(&stranger, "GET", path, "nonce1", now());
    assert_eq!(stranger.call_as(&header, "GET", path, None).await.status, 200);
    let again = stranger.call_as(&header, "GET", path, None).await;
    assert_eq!(again.status, 401);
    assert!(again.body["message"].as_str().unwrap().contains("nonce"), "{}", again.body);
}

#[tokio::test]
async fn a_signature_over_another_call_or_of_a_fast_clock_is_refused() {
    let stranger = Stranger::open().await;
    let (path, other) = ("/V1/store/storeConfigs", "/V1/modules");
    let header = signed(&stranger, "GET", other, "nonce1", now());
    assert_eq!(stranger.call_as(&header, "GET", path, None).await.status, 401);
    let fast = signed(&stranger, "GET", path, "nonce2", now() + 900);
    assert_eq!(stranger.call_as(&fast, "GET", path, None).await.status, 401);
    let slow = signed(&stranger, "GET", path, "nonce3", now() - 900);
    assert_eq!(stranger.call_as(&slow, "GET", path, None).await.status, 200);
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named() {
    let stranger = Stranger::open().await;
    stranger.shop.allow(Some(&["Magento_Sales::actions_view"]));
    assert_eq!(stranger.call("GET", ORDERS, None).await.status, 200);
    let answer = stranger.call("GET", "/V1/products?searchCriteria=", None).await;
    assert_eq!((answer.status, &answer.body["parameters"]["resources"]), (401, &"Magento_Catalog::products".into()));
}

#[tokio::test]
async fn an_address_knows_all_views_one_view_or_the_default_one() {
    let mut options = options();
    options.stores.push(("french".to_owned(), 2));
    let stranger = Stranger::open_with(options).await;
    for prefix in ["", "/all", "/default", "/french"] {
        assert_eq!(stranger.call("GET", &format!("{prefix}{ORDERS}"), None).await.status, 200, "{prefix}");
    }
    for nowhere in ["/german/V1/orders?searchCriteria=", "/V1/nothing", "/V2/orders"] {
        let answer = stranger.call("GET", nowhere, None).await;
        assert_eq!((answer.status, &answer.body["message"]), (404, &"Request does not match any route.".into()));
    }
}

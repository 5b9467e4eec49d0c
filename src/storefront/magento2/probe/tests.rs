//! What `tillbridge check` is told of a store.

use std::collections::BTreeSet;

use super::*;
use crate::domain::{IntegrationAccess, OAuthKeys, Secret, StorefrontName};
use crate::storefront::Storefront as _;
use crate::storefront::magento2::{AttributeNames, DEFAULT_STORE, Magento2Config, WaysIn};

/// A store with this version page, which permits all but some resources.
async fn store(version: Option<&'static str>, denied: &[&'static str]) -> Magento2 {
    use axum::http::StatusCode;
    use axum::response::IntoResponse;
    let denied: BTreeSet<&str> = denied.iter().copied().collect();
    let app = axum::Router::new().fallback(move |uri: axum::http::Uri| {
        let path = uri.path().trim_start_matches("/rest/default/V1/").to_owned();
        let resource = match path.as_str() {
            "store/storeConfigs" => "Magento_Backend::store",
            "modules" => "Magento_Backend::admin",
            "inventory/sources" => "Magento_InventoryApi::source",
            other => READS.iter().find(|(read, _)| read.join("/") == other).map_or("", |(_, resource)| *resource),
        };
        let answer = if path == "/magento_version" {
            version.map_or_else(|| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
        } else if denied.contains(resource) || denied.contains("all") {
            let body = serde_json::json!({ "message": "The consumer isn't authorized to access %resources.",
                "parameters": { "resources": resource } });
            (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response()
        } else {
            let body = match path.as_str() {
                "store/storeConfigs" => serde_json::json!([
                    { "code": "en", "base_currency_code": "AUD" }, { "code": "default", "base_currency_code": "NZD" }]),
                "modules" => serde_json::json!(["Magento_Store", "Magento_InventoryApi", "Magento_GraphQl"]),
                "inventory/sources" => serde_json::json!({ "items": [
                    { "source_code": "default", "name": "Default Source" }, { "source_code": "akl" }], "total_count": 2 }),
                _ => serde_json::json!({ "items": [], "total_count": 0 }),
            };
            axum::Json(body).into_response()
        };
        std::future::ready(answer)
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    // Another test of this process may have installed it already, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let secret = |text: &str| Secret::new(text.to_owned());
    Magento2::new(Magento2Config {
        name: StorefrontName::parse("kiwi").unwrap(),
        url: format!("http://{address}"),
        store: DEFAULT_STORE.into(),
        only_its_website: false,
        access: IntegrationAccess::OAuth(Box::new(OAuthKeys {
            consumer_key: secret("ck"),
            consumer_secret: secret("cs"),
            token: secret("tk"),
            token_secret: secret("ts"),
        })),
        ways_in: WaysIn::default(),
        names: AttributeNames::default(),
    })
    .unwrap()
}

// proves F-005
#[tokio::test]
async fn a_store_says_its_version_its_currency_and_its_sources() {
    let description = store(Some("Magento/2.4 (Community)"), &[]).await.describe().await.unwrap();
    assert_eq!((description.version.as_str(), description.currency.as_str()), ("Magento 2.4", "NZD"));
    assert_eq!(
        description.locations,
        [("default".to_owned(), "Default Source".to_owned()), ("akl".to_owned(), "akl".to_owned())]
    );
    assert_eq!(description.missing_scopes, Vec::<String>::new());
    for (page, version) in [("Mage-OS/1.0 (Community)", "Mage-OS 1.0"), ("<html>no</html>", "2.3 or later")] {
        assert_eq!(store(Some(page), &[]).await.describe().await.unwrap().version, version, "{page}");
    }
    assert_eq!(store(None, &[]).await.describe().await.unwrap().version, "2.3 or later");
    assert_eq!(store(None, &["Magento_Backend::admin"]).await.describe().await.unwrap().version, "not told");
}

// proves F-005
#[tokio::test]
async fn a_store_that_is_too_old_is_refused_with_its_version() {
    let error = store(Some("Magento/2.2 (Enterprise)"), &[]).await.describe().await.unwrap_err();
    assert!(error.to_string().contains("the store is Magento 2.2, and this program needs 2.3 or later"), "{error}");
}

#[tokio::test]
async fn each_missing_permission_is_named() {
    let missing = ["Magento_Sales::sales_invoice", "Magento_InventoryApi::source"];
    let description = store(None, &missing).await.describe().await.unwrap();
    assert_eq!(description.missing_scopes, missing);
    assert!(description.scopes.contains(&"Magento_Catalog::products".to_owned()));
}

#[tokio::test]
async fn a_token_that_opens_nothing_is_no_missing_permission() {
    let error = store(None, &["all"]).await.describe().await.unwrap_err();
    assert!(matches!(error, CallError::Unauthorised(_)), "{error:?}");
}

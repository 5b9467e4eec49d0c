//! The three ways to hold a token, against a shop that grants, ends and retires them as Shopify does.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tillbridge::domain::{CallError, Secret, StorefrontName};
use tillbridge::sandbox::shopify::{Fault, ShopOptions, ShopSandbox};
use tillbridge::storefront::Storefront as _;
use tillbridge::storefront::shopify::{Access, DEFAULT_KEY_NAMESPACE, Shopify, ShopifyConfig};

async fn shop() -> ShopSandbox {
    ShopSandbox::start(ShopOptions::new("kiwi-web.myshopify.com", "NZD").unwrap()).await.unwrap()
}

fn storefront(shop: &ShopSandbox, access: Access) -> Shopify {
    Shopify::new(ShopifyConfig {
        name: StorefrontName::parse("kiwi-web").unwrap(),
        shop: shop.domain(),
        endpoint: Some(shop.graphql_url()),
        access,
        webhook_secrets: vec![Secret::new(shop.secret())],
        publications: Vec::new(),
        pos_key_namespace: DEFAULT_KEY_NAMESPACE.into(),
    })
    .unwrap()
}

fn by_credentials(shop: &ShopSandbox) -> Access {
    Access::ClientCredentials { id: shop.client_id(), secret: Secret::new(shop.secret()) }
}

fn expiring(shop: &ShopSandbox, refresh_token: &str, file: &Path) -> Access {
    Access::Expiring {
        id: shop.client_id(),
        secret: Secret::new(shop.secret()),
        refresh_token: Secret::new(refresh_token.to_owned()),
        file: file.to_owned(),
    }
}

fn pair_in(folder: &Path) -> PathBuf {
    folder.join("kiwi-web.tokens")
}

#[tokio::test]
async fn one_fetch_serves_all_workers_and_a_token_that_ended_is_replaced_once() {
    let shop = shop().await;
    let storefront = storefront(&shop, by_credentials(&shop));
    let all = futures::future::join_all((0..6).map(|_| storefront.describe())).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(shop.tokens_granted(), 1);

    shop.advance_clock(Duration::from_secs(86_400));
    let all = futures::future::join_all((0..6).map(|_| storefront.describe())).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(shop.tokens_granted(), 2);
    shop.shutdown().await;
}

#[tokio::test]
async fn a_second_refusal_is_final_and_says_what_to_do() {
    let shop = shop().await;
    let storefront = storefront(&shop, by_credentials(&shop));
    storefront.describe().await.unwrap();
    shop.fail_next(Some("shop"), Fault::Unauthorised, 2);
    let Err(CallError::Unauthorised(reason)) = storefront.describe().await else { panic!("was let in") };
    assert!(reason.contains("401") && reason.contains("install the app"), "{reason}");
    assert_eq!(shop.tokens_granted(), 2, "one more was fetched, and only one");
    shop.shutdown().await;
}

#[tokio::test]
async fn wrong_credentials_are_refused_without_showing_them() {
    let shop = shop().await;
    let access = Access::ClientCredentials { id: shop.client_id(), secret: Secret::new("shpss_wrong".into()) };
    let error = storefront(&shop, access).describe().await.unwrap_err();
    assert!(matches!(error, CallError::Unauthorised(_)), "{error}");
    assert!(error.to_string().contains("invalid_client") && error.to_string().contains("client_secret"), "{error}");
    assert!(!format!("{error:?}").contains("shpss_wrong"), "{error}");
    shop.shutdown().await;
}

#[tokio::test]
async fn trouble_at_the_token_endpoint_passes() {
    let shop = shop().await;
    let storefront = storefront(&shop, by_credentials(&shop));
    for (fault, passes) in
        [(Fault::ErrorBeforeCommit(503), true), (Fault::TooManyRequests(1), true), (Fault::ResetMidBody, true)]
    {
        shop.end_granted_tokens();
        shop.fail_next(Some("access_token"), fault, 1);
        let error = storefront.describe().await.unwrap_err();
        let passing = matches!(error, CallError::Transient(_) | CallError::Throttled { .. });
        assert_eq!(passing, passes, "{fault:?}: {error}");
        storefront.describe().await.unwrap();
    }
    shop.shutdown().await;
}

#[tokio::test]
async fn an_expiring_pair_is_kept_for_its_owner_alone_and_found_again_after_a_restart() {
    let (shop, folder) = (shop().await, tempfile::tempdir().unwrap());
    let (first, file) = (shop.install_with_expiring_tokens(), pair_in(folder.path()));
    storefront(&shop, expiring(&shop, &first, &file)).describe().await.unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    storefront(&shop, expiring(&shop, &first, &file)).describe().await.unwrap();
    assert_eq!(shop.tokens_granted(), 1, "the pair on disk served the second start");

    // Through several generations: each refresh token is used once, the one before it is retired.
    for generation in 2..6 {
        shop.advance_clock(Duration::from_secs(3_600));
        storefront(&shop, expiring(&shop, &first, &file)).describe().await.unwrap();
        assert_eq!(shop.tokens_granted(), generation);
    }
    shop.shutdown().await;
}

#[tokio::test]
async fn an_answer_that_is_lost_or_cannot_be_stored_does_not_lose_the_installation() {
    let (shop, folder) = (shop().await, tempfile::tempdir().unwrap());
    let (first, file) = (shop.install_with_expiring_tokens(), pair_in(folder.path()));
    let storefront = storefront(&shop, expiring(&shop, &first, &file));

    shop.fail_next(Some("access_token"), Fault::ResetMidBody, 1);
    assert!(matches!(storefront.describe().await, Err(CallError::Transient(_))));
    storefront.describe().await.unwrap();

    // The shop rotates the pair, but the disk does not take it: the pair is not used, so the old one still works.
    shop.end_granted_tokens();
    let stored = std::fs::read(&file).unwrap();
    let in_the_way = folder.path().join("kiwi-web.tokens.new");
    std::fs::create_dir(&in_the_way).unwrap();
    let before = shop.tokens_granted();
    let Err(CallError::Unauthorised(reason)) = storefront.describe().await else { panic!("was let in") };
    assert!(reason.contains("cannot be written"), "{reason}");
    assert_eq!(shop.tokens_granted(), before + 1, "the shop had granted another pair");
    assert_eq!(std::fs::read(&file).unwrap(), stored);
    std::fs::remove_dir(&in_the_way).unwrap();
    storefront.describe().await.unwrap();
    shop.shutdown().await;
}

#[tokio::test]
async fn two_processes_of_one_shop_refresh_once() {
    let (shop, folder) = (shop().await, tempfile::tempdir().unwrap());
    let (first, file) = (shop.install_with_expiring_tokens(), pair_in(folder.path()));
    let processes = [0, 1].map(|_| storefront(&shop, expiring(&shop, &first, &file)));
    for generation in 1..4 {
        let both = futures::future::join_all(processes.iter().map(Shopify::describe)).await;
        assert!(both.iter().all(Result::is_ok), "{both:?}");
        assert_eq!(shop.tokens_granted(), generation);
        shop.end_granted_tokens();
    }
    shop.shutdown().await;
}

#[tokio::test]
async fn a_new_installation_begins_anew_and_a_dead_one_says_so() {
    let (shop, folder) = (shop().await, tempfile::tempdir().unwrap());
    let (first, file) = (shop.install_with_expiring_tokens(), pair_in(folder.path()));
    storefront(&shop, expiring(&shop, &first, &file)).describe().await.unwrap();
    shop.advance_clock(Duration::from_secs(100 * 86_400));
    let error = storefront(&shop, expiring(&shop, &first, &file)).describe().await.unwrap_err();
    assert!(error.to_string().contains("install the app anew"), "{error}");
    assert!(matches!(error, CallError::Unauthorised(_)), "{error}");

    let second = shop.install_with_expiring_tokens();
    storefront(&shop, expiring(&shop, &second, &file)).describe().await.unwrap();
    for secret in [&first, &second] {
        assert!(!error.to_string().contains(secret.as_str()));
    }
    shop.shutdown().await;
}

//! What the bridge reads from a shop, and its webhook subscriptions.

#![allow(clippy::needless_pass_by_value, reason = "scripted JSON reads best when it is handed over")]

use serde_json::{Value, json};
use tillbridge::domain::CallError;
use tillbridge::storefront::{Storefront as _, Subscriptions as _, WholeOrders as _};

use super::recorder::Recorder;

fn page(list: &str, nodes: Value, after: Option<&str>) -> Value {
    let info = json!({ "hasNextPage": after.is_some(), "endCursor": after });
    json!({ list: { "nodes": nodes, "pageInfo": info } })
}

fn shop(domain: &str, scopes: &[&str]) -> Value {
    let scopes: Vec<Value> = scopes.iter().map(|scope| json!({ "handle": scope })).collect();
    json!({
        "shop": { "name": "Kiwi", "myshopifyDomain": domain, "currencyCode": "NZD", "taxesIncluded": true },
        "currentAppInstallation": { "accessScopes": scopes },
    })
}

#[tokio::test]
async fn a_shop_describes_itself_with_every_location() {
    let shop_side = Recorder::start().await;
    let scopes = [
        "write_products",
        "write_publications",
        "read_orders",
        "read_fulfillments",
        "write_customers",
        "read_customer_merge",
        "write_inventory",
    ];
    shop_side
        .says("DescribeShop", shop("kiwi-web.myshopify.com", &scopes))
        .says(
            "ListLocations",
            page("locations", json!([{ "id": "gid://shopify/Location/1", "name": "Web" }]), Some("c1")),
        )
        .says("ListLocations", page("locations", json!([{ "id": "gid://shopify/Location/2", "name": "Till" }]), None));
    let described = shop_side.storefront().describe().await.unwrap();
    assert_eq!(described.currency, "NZD");
    assert_eq!(described.missing_scopes, ["read_locations", "write_files"], "a permission to write is one to read");
    assert_eq!(described.locations.len(), 2);
    insta::assert_json_snapshot!(shop_side.requests());
}

#[tokio::test]
async fn every_request_says_who_we_are() {
    let shop_side = Recorder::start().await;
    shop_side.says("ListSubscriptions", page("webhookSubscriptions", json!([]), None));
    shop_side.storefront().subscriptions().await.unwrap();
    let headers = shop_side.asked()[0].headers.clone();
    assert_eq!(headers["x-shopify-access-token"], "shpat_test");
    assert_eq!(headers["content-type"], "application/json");
    assert!(headers["user-agent"].to_str().unwrap().starts_with("tillbridge/"));
}

#[tokio::test]
async fn a_token_of_another_shop_is_found_out() {
    let shop_side = Recorder::start().await;
    shop_side.says("DescribeShop", shop("other.myshopify.com", &[]));
    let error = shop_side.storefront().describe().await.unwrap_err();
    assert!(matches!(&error, CallError::Unauthorised(why) if why.contains("other.myshopify.com")), "{error}");
}

fn transaction(id: u64, kind: &str, status: &str, gateway: &str, amount: &str) -> Value {
    json!({
        "id": format!("gid://shopify/OrderTransaction/{id}"), "kind": kind, "status": status, "gateway": gateway,
        "amountSet": { "shopMoney": { "amount": amount, "currencyCode": "NZD" } },
        "amountRoundingSet": null, "parentTransaction": null,
    })
}

async fn payments(transactions: Vec<Value>) -> Result<Vec<(String, String)>, CallError> {
    let shop_side = Recorder::start().await;
    shop_side.says("ReadTransactions", json!({ "order": { "transactions": transactions } }));
    let payments = shop_side.storefront().payments("5900000000001").await?;
    Ok(payments.into_iter().map(|payment| (payment.gateway, payment.amount.to_string())).collect())
}

#[tokio::test]
async fn only_money_that_came_in_paid_an_order() {
    let paid = payments(vec![
        transaction(1, "AUTHORIZATION", "SUCCESS", "shopify_payments", "40.00"),
        transaction(2, "CAPTURE", "SUCCESS", "shopify_payments", "40.00"),
        transaction(3, "SALE", "SUCCESS", "gift_card", "10.0"),
        transaction(4, "SALE", "FAILURE", "paypal", "50.00"),
        transaction(5, "REFUND", "SUCCESS", "shopify_payments", "5.00"),
    ]);
    let expected = [("shopify_payments", "40.00 NZD"), ("gift_card", "10.00 NZD")];
    assert_eq!(paid.await.unwrap(), expected.map(|(gateway, amount)| (gateway.to_owned(), amount.to_owned())));
}

#[tokio::test]
async fn change_given_and_cash_rounded_are_not_what_came_in() {
    let mut cash = transaction(1, "SALE", "SUCCESS", "cash", "50.00");
    cash["amountRoundingSet"] = json!({ "shopMoney": { "amount": "-0.02", "currencyCode": "NZD" } });
    let mut change = transaction(2, "CHANGE", "SUCCESS", "cash", "9.98");
    change["parentTransaction"] = json!({ "id": "gid://shopify/OrderTransaction/1" });
    assert_eq!(payments(vec![cash, change]).await.unwrap(), [("cash".to_owned(), "40.00 NZD".to_owned())]);
}

#[tokio::test]
async fn change_without_cash_is_left_to_a_person() {
    let outcome = payments(vec![transaction(2, "CHANGE", "SUCCESS", "cash", "9.98")]).await;
    assert!(matches!(outcome, Err(CallError::Rejected(_))), "{outcome:?}");
}

#[tokio::test]
async fn an_order_the_shop_does_not_show_says_which_permission_is_missing() {
    let shop_side = Recorder::start().await;
    shop_side.says("ReadTransactions", json!({ "order": null }));
    let error = shop_side.storefront().payments("5900000000001").await.unwrap_err();
    assert!(matches!(&error, CallError::Unmapped { fix, .. } if fix.contains("read_all_orders")), "{error}");
    insta::assert_json_snapshot!(shop_side.requests());
}

const HOOK: &str = "https://bridge.example/hooks/kiwi-web";

fn subscription(topic: &str, address: &str) -> Value {
    json!({ "id": "gid://shopify/WebhookSubscription/1", "topic": topic, "uri": address,
        "apiVersion": { "handle": "2026-10" } })
}

#[tokio::test]
async fn subscriptions_are_read_to_the_last_page() {
    let shop_side = Recorder::start().await;
    shop_side
        .says(
            "ListSubscriptions",
            page("webhookSubscriptions", json!([subscription("ORDERS_FULFILLED", HOOK)]), Some("c")),
        )
        .says("ListSubscriptions", page("webhookSubscriptions", json!([subscription("APP_UNINSTALLED", HOOK)]), None));
    let found = shop_side.storefront().subscriptions().await.unwrap();
    let topics: Vec<_> = found.iter().map(|one| one.topic.as_str()).collect();
    assert_eq!(topics, ["orders/fulfilled", "app/uninstalled"]);
    assert_eq!((found[0].address.as_str(), found[0].version.as_str()), (HOOK, "2026-10"));
}

#[tokio::test]
async fn a_topic_that_is_subscribed_already_is_left_alone() {
    let shop_side = Recorder::start().await;
    shop_side
        .says("ListSubscriptions", page("webhookSubscriptions", json!([subscription("REFUNDS_CREATE", HOOK)]), None));
    shop_side.storefront().subscribe("refunds/create", HOOK).await.unwrap();
    assert_eq!(shop_side.operations(), ["ListSubscriptions"]);
}

#[tokio::test]
async fn every_wanted_topic_can_be_subscribed_to() {
    let shop_side = Recorder::start().await;
    let shop = shop_side.storefront();
    for topic in shop.wanted_topics() {
        let word = topic.replace('/', "_").to_uppercase();
        shop_side.says(
            "ListSubscriptions",
            page("webhookSubscriptions", json!([subscription(&word, "https://old.example/")]), None),
        );
        shop_side.says(
            "CreateSubscription",
            json!({ "webhookSubscriptionCreate":
            { "webhookSubscription": subscription(&word, HOOK), "userErrors": [] } }),
        );
        assert_eq!(&shop.subscribe(topic, HOOK).await.unwrap().topic, topic);
    }
    insta::assert_json_snapshot!(shop_side.requests());
}

#[tokio::test]
async fn whoever_subscribes_second_finds_the_first_ones() {
    let shop_side = Recorder::start().await;
    shop_side
        .says("ListSubscriptions", page("webhookSubscriptions", json!([]), None))
        .says(
            "CreateSubscription",
            json!({ "webhookSubscriptionCreate": { "webhookSubscription": null,
            "userErrors": [{ "field": ["webhookSubscription", "uri"], "message": "has been taken" }] } }),
        )
        .says("ListSubscriptions", page("webhookSubscriptions", json!([subscription("REFUNDS_CREATE", HOOK)]), None));
    assert_eq!(shop_side.storefront().subscribe("refunds/create", HOOK).await.unwrap().address, HOOK);
}

#[tokio::test]
async fn an_address_the_shop_refuses_is_said_in_its_words() {
    let shop_side = Recorder::start().await;
    let refusal = json!([{ "field": ["webhookSubscription", "uri"], "message": "protocol http:// is not supported" }]);
    shop_side
        .says("ListSubscriptions", page("webhookSubscriptions", json!([]), None))
        .says(
            "CreateSubscription",
            json!({ "webhookSubscriptionCreate": { "webhookSubscription": null, "userErrors": refusal } }),
        )
        .says("ListSubscriptions", page("webhookSubscriptions", json!([]), None));
    let error = shop_side.storefront().subscribe("refunds/create", "http://bridge.example/").await.unwrap_err();
    assert!(matches!(&error, CallError::Rejected(why) if why.contains("not supported")), "{error}");
}

#[tokio::test]
async fn a_subscription_whose_answer_was_lost_may_simply_be_tried_again() {
    let shop_side = Recorder::start().await;
    shop_side.says("ListSubscriptions", page("webhookSubscriptions", json!([]), None));
    shop_side.answers("CreateSubscription", 504, json!({}));
    let error = shop_side.storefront().subscribe("refunds/create", HOOK).await.unwrap_err();
    assert!(matches!(error, CallError::Transient(_)), "{error}");
}

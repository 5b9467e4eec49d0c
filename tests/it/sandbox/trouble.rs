//! Faults on demand: whether the work was done is what differs, and what a client must find out.

use std::time::Duration;

use serde_json::{Value, json};
use tillbridge::sandbox::shopify::{Fault, ShopSandbox};

use super::stranger::{Answer, SET_STOCK, Stranger, client, options};

const MUTATION: &str = "inventorySetQuantities";

/// One write of stock under a fault; answers what the client saw and whether the work was done.
async fn write_under(fault: Fault) -> (Result<Answer, reqwest::Error>, bool) {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 3).await;
    stranger.shop.fail_next(Some(MUTATION), fault, 1);
    let input = json!({ "name": "available", "reason": "correction", "quantities": [stranger.row(&mug, 9, None)] });
    let seen = stranger.try_ask(SET_STOCK, json!({ "input": input, "key": "k" })).await;
    let done = stranger.shop.stock("MUG", "Online").unwrap().available == 9;
    if let Ok(seen) = &seen {
        assert_eq!(seen.headers["x-shopify-api-version"], "2026-10");
    }
    (seen, done)
}

#[tokio::test]
async fn some_faults_leave_nothing_done() {
    let (seen, done) = write_under(Fault::ErrorBeforeCommit(503)).await;
    assert_eq!((seen.unwrap().status, done), (503, false));
    let (seen, done) = write_under(Fault::Unauthorised).await;
    assert_eq!((seen.unwrap().status, done), (401, false));
    let (seen, done) = write_under(Fault::Throttled).await;
    let seen = seen.unwrap();
    assert_eq!((seen.status, seen.code(), done), (200, "THROTTLED", false));
    let (seen, done) = write_under(Fault::TooManyRequests(2)).await;
    let seen = seen.unwrap();
    assert_eq!((seen.status, done), (429, false));
    assert_eq!(seen.headers["retry-after"], "2");
}

#[tokio::test]
async fn other_faults_hide_that_the_work_was_done() {
    let (seen, done) = write_under(Fault::ErrorAfterCommit(504)).await;
    assert_eq!((seen.unwrap().status, done), (504, true));
    let (seen, done) = write_under(Fault::ResetMidBody).await;
    assert!(seen.is_err() && done, "half an answer is no answer");
    let (seen, done) = write_under(Fault::Slow(Duration::from_millis(50))).await;
    assert!(seen.unwrap().user_codes(MUTATION).is_empty() && done);
}

#[tokio::test]
async fn an_answer_that_never_comes_leaves_the_work_done_and_the_key_remembered() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 3).await;
    stranger.shop.fail_next(None, Fault::TimeoutAfterCommit, 1);
    let input = json!({ "name": "available", "reason": "correction", "quantities": [stranger.row(&mug, 9, Some(3))] });
    let body = json!({ "query": SET_STOCK, "variables": { "input": input, "key": "k" } });
    let request = client()
        .post(stranger.shop.graphql_url())
        .header("X-Shopify-Access-Token", stranger.shop.token())
        .timeout(Duration::from_millis(500))
        .json(&body);
    assert!(request.send().await.unwrap_err().is_timeout());
    assert_eq!(stranger.shop.stock("MUG", "Online").unwrap().available, 9);
    let again = stranger.ask(SET_STOCK, body["variables"].clone()).await;
    assert_eq!(again.user_codes(MUTATION), [] as [&str; 0]);
    assert_eq!(stranger.shop.writes().len(), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_the_work() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 3).await;
    stranger.shop.fail_next(None, Fault::Slow(Duration::from_millis(300)), 1);
    let input = json!({ "name": "available", "reason": "correction", "quantities": [stranger.row(&mug, 9, None)] });
    let request = client()
        .post(stranger.shop.graphql_url())
        .header("X-Shopify-Access-Token", stranger.shop.token())
        .timeout(Duration::from_millis(100))
        .json(&json!({ "query": SET_STOCK, "variables": { "input": input, "key": "k" } }));
    assert!(request.send().await.is_err());
    let done = async {
        while stranger.shop.stock("MUG", "Online").unwrap().available != 9 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), done).await.unwrap();
}

#[tokio::test]
async fn faults_meet_only_the_calls_they_are_meant_for_and_only_so_often() {
    let stranger = Stranger::open().await;
    let ask = async |query: &str| stranger.ask(query, json!({})).await.status;
    stranger.shop.fail_next(Some("locations"), Fault::ErrorBeforeCommit(500), 2);
    assert_eq!(ask("{ shop { name } }").await, 200);
    assert_eq!(ask("{ locations(first: 1) { nodes { id } } }").await, 500);
    assert_eq!(ask("{ locations(first: 1) { nodes { id } } }").await, 500);
    assert_eq!(ask("{ locations(first: 1) { nodes { id } } }").await, 200);
    stranger.shop.fail_sometimes(None, Fault::ErrorBeforeCommit(502), 500);
    let mut failed = 0;
    for _ in 0..60 {
        failed += u32::from(ask("{ shop { name } }").await == 502);
    }
    assert!((1..60).contains(&failed), "{failed} of 60");
    stranger.shop.clear_faults();
    assert_eq!(ask("{ shop { name } }").await, 200);
}

#[tokio::test]
async fn a_closed_shop_answers_nobody_and_opens_again_at_the_same_address() {
    let stranger = Stranger::open().await;
    let address = stranger.shop.address();
    stranger.shop.shutdown().await;
    let closed = async {
        while stranger.try_ask("{ shop { name } }", Value::Null).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), closed).await.unwrap();
    let mut same = options();
    same.listen = Some(address);
    let again = Stranger::open_with(same).await;
    assert_eq!(again.shop.address(), address);
    assert_eq!(again.ask("{ shop { name } }", Value::Null).await.status, 200);
    let mut taken = options();
    taken.listen = Some(address);
    let error = ShopSandbox::start(taken).await.unwrap_err();
    assert!(error.to_string().contains("cannot listen on"), "{error}");
}

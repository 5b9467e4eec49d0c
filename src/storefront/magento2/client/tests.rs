//! What each answer means, and that a call is bounded in time, number and size.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::*;
use crate::domain::Secret;

fn of_status(status: u16, body: &Value, repeat: Repeat) -> Failure {
    answer::class_of(status, None, body.to_string().as_bytes(), "POST orders", repeat)
}

#[test]
fn every_status_has_one_consequence() {
    let table = [
        (301, "unauthorised", "unauthorised"),
        (400, "rejected", "rejected"),
        (401, "unauthorised", "unauthorised"),
        (403, "unauthorised", "unauthorised"),
        (404, "not_found", "not_found"),
        (405, "rejected", "rejected"),
        (406, "rejected", "rejected"),
        (408, "transient", "in_doubt"),
        (429, "throttled", "throttled"),
        (500, "transient", "in_doubt"),
        (502, "transient", "in_doubt"),
        (503, "throttled", "throttled"),
        (504, "transient", "in_doubt"),
    ];
    let body = json!({ "message": "Something." });
    for (status, harmless, look_first) in table {
        assert_eq!(of_status(status, &body, Repeat::Harmless).class(), harmless, "{status}");
        assert_eq!(of_status(status, &body, Repeat::LookFirst).class(), look_first, "{status}");
    }
}

#[test]
fn what_is_not_there_differs_from_a_store_that_cannot_have_it() {
    let missing = json!({ "message": "No such entity with %fieldName = %fieldValue",
        "parameters": { "fieldName": "orderId", "fieldValue": 9 } });
    let failure = of_status(404, &missing, Repeat::Harmless);
    assert!(failure.to_string().ends_with("No such entity with orderId = 9"), "{failure}");
    assert_eq!(Err::<(), _>(failure).found(), Ok(None));

    let route = of_status(404, &json!({ "message": "Request does not match any route." }), Repeat::Harmless);
    assert_eq!(route.class(), "no_route");
    assert!(matches!(Err::<(), _>(route).found(), Err(CallError::Rejected(_))));
}

#[test]
fn a_missing_permission_is_named() {
    let body = json!({ "message": "The consumer isn't authorized to access %resources.",
        "parameters": { "resources": "Magento_Sales::sales" } });
    let failure = of_status(401, &body, Repeat::Harmless);
    assert!(failure.to_string().contains("may not use Magento_Sales::sales"), "{failure}");
}

#[test]
fn a_deadlock_is_tried_again_whatever_its_status() {
    let body = json!({ "message": "Database deadlock found when trying to get lock" });
    for status in [400, 500] {
        assert_eq!(of_status(status, &body, Repeat::Harmless).class(), "transient");
        assert_eq!(of_status(status, &body, Repeat::LookFirst).class(), "in_doubt");
    }
}

#[test]
fn magentos_words_have_their_parameters_and_nobodys_address() {
    let filled = answer::filled("%10 of %1: %fieldName", &json!(["a", "b", 3, 4, 5, 6, 7, 8, 9, "ten"]));
    assert_eq!(filled, "ten of a: %fieldName");
    let named = answer::filled("100% of %name is %value", &json!({ "name": "email", "value": "ana@example.nz" }));
    assert_eq!(named, "100% of email is …");
    assert_eq!(answer::filled("ana@example.nz is taken", &json!(null)), "… is taken");
}

#[test]
fn closed_for_maintenance_waits_as_long_as_it_says() {
    let wait = |status, header| match answer::class_of(status, header, b"<html>", "GET orders", Repeat::Harmless) {
        Failure::Call(CallError::Throttled { wait, .. }) => wait.as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(503, Some("120")), 120);
    assert_eq!(wait(503, None), 15);
    assert_eq!(wait(429, Some("0")), 1, "never at once");
    assert_eq!(wait(429, Some("999999")), 600, "never for ever");
}

#[test]
fn an_answer_of_another_shape_is_refused_without_its_content() {
    let failure = answer::read::<Vec<u64>>(br#"{"name":"Ana"}"#, "GET orders", Repeat::Harmless).unwrap_err();
    assert_eq!(failure.class(), "rejected");
    assert!(!failure.to_string().contains("Ana"), "{failure}");
    let page = |repeat| answer::read::<Value>(b"<html>", "POST orders", repeat).unwrap_err().class();
    assert_eq!((page(Repeat::Harmless), page(Repeat::LookFirst)), ("transient", "in_doubt"));
}

const LONG: Duration = Duration::from_secs(30);

async fn connected(app: Router, deadline: Duration) -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    client(&format!("http://{address}/"), deadline)
}

fn client(base: &str, deadline: Duration) -> Client {
    // Another test of this process may have installed it already, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let deadlines = Deadlines { connect: deadline, call: deadline, patience: Duration::from_millis(200) };
    let access = Access::Bearer(Secret::new("token0".into()));
    Client::new(Url::parse(base).unwrap(), "nz".into(), access, deadlines).unwrap()
}

async fn read(client: &Client) -> Result<Value, Failure> {
    client.get(Scope::Store, &["orders"], &[]).await
}

async fn add(client: &Client) -> Result<Value, Failure> {
    client.post(Scope::All, &["products"], &json!({}), Repeat::LookFirst).await
}

#[tokio::test]
async fn segments_and_queries_arrive_as_they_were_meant() {
    let echo = |request: axum::extract::Request| async move {
        let token = request.headers().get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
        axum::Json(json!([request.method().as_str(), request.uri().to_string(), token]))
    };
    let client = connected(Router::new().fallback(echo), LONG).await;
    let query = [("searchCriteria[pageSize]", "1 + 1".to_owned())];
    let seen: Value = client.get(Scope::All, &["products", "A/B é"], &query).await.unwrap();
    let expected = "/rest/all/V1/products/A%2FB%20%C3%A9?searchCriteria%5BpageSize%5D=1%20%2B%201";
    assert_eq!(seen, json!(["GET", expected, "Bearer token0"]));
    let seen: Value = client.put(Scope::Store, &["customers", "7"], &json!({})).await.unwrap();
    assert_eq!(seen, json!(["PUT", "/rest/nz/V1/customers/7", "Bearer token0"]));
    assert_eq!(client.delete::<Value>(Scope::All, &["products", ".."]).await.unwrap_err().class(), "rejected");
}

#[tokio::test]
async fn silence_after_sending_leaves_a_read_to_be_repeated_and_an_addition_in_doubt() {
    let client =
        connected(Router::new().fallback(std::future::pending::<StatusCode>), Duration::from_millis(300)).await;
    assert_eq!(read(&client).await.unwrap_err().class(), "transient");
    assert_eq!(add(&client).await.unwrap_err().class(), "in_doubt");
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_has_not_done_anything() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(add(&client(&closed, LONG)).await.unwrap_err().class(), "transient");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_the_end() {
    let endless = || {
        let chunks = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 65_536])));
        std::future::ready(axum::body::Body::from_stream(chunks).into_response())
    };
    let error = read(&connected(Router::new().fallback(endless), LONG).await).await.unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let away = || std::future::ready((StatusCode::FOUND, [("location", "https://elsewhere.example/")]));
    let error = read(&connected(Router::new().fallback(away), LONG).await).await.unwrap_err();
    assert_eq!(error.class(), "unauthorised");
}

#[tokio::test]
async fn a_store_bears_two_writes_at_a_time() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let gate = Arc::new(Semaphore::new(0));
    let app = {
        let (now, most, gate) = (now.clone(), most.clone(), gate.clone());
        Router::new().fallback(move || {
            let (now, most, gate) = (now.clone(), most.clone(), gate.clone());
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let _ = gate.acquire().await.map(SemaphorePermit::forget);
                now.fetch_sub(1, Ordering::SeqCst);
                "true"
            }
        })
    };
    let client = connected(app, LONG).await;
    let mut writes: FuturesUnordered<_> = (0..4).map(|_| add(&client)).collect();
    for _ in 0..2 {
        let refused = writes.next().await.unwrap();
        assert!(matches!(refused, Err(Failure::Call(CallError::Throttled { .. }))), "{refused:?}");
    }
    // Only those that found a place are left, and they wait for the gate.
    gate.add_permits(2);
    while let Some(outcome) = writes.next().await {
        assert_eq!(outcome, Ok(json!(true)));
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn errors_never_carry_the_token() {
    for status in [StatusCode::UNAUTHORIZED, StatusCode::BAD_REQUEST] {
        let answer = move || std::future::ready((status, "token0"));
        let error = read(&connected(Router::new().fallback(answer), LONG).await).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("token0"), "{error}");
    }
}

//! What each answer means, and that a call is bounded in time and size.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::json;

use super::*;
use crate::storefront::shopify::graphql::{CreateSubscription, FindProduct, create_subscription, find_product};

/// The kinds of consequence, as the tables below name them.
fn class(error: &CallError) -> &'static str {
    class_name(error)
}

fn of_status(status: u16, retry_after: Option<&str>, repeat: Repeat) -> CallError {
    answer::class_of_status(status, retry_after, &Limiter::default(), "Op", repeat)
}

fn of_body(body: &str, repeat: Repeat) -> Result<serde_json::Value, CallError> {
    answer::read(body.as_bytes(), &Limiter::default(), "Op", repeat)
}

#[test]
fn every_status_has_one_consequence() {
    let table = [
        (301, "unauthorised", "unauthorised"),
        (400, "rejected", "rejected"),
        (401, "unauthorised", "unauthorised"),
        (402, "unauthorised", "unauthorised"),
        (403, "unauthorised", "unauthorised"),
        (404, "unauthorised", "unauthorised"),
        (406, "rejected", "rejected"),
        (408, "transient", "in_doubt"),
        (422, "rejected", "rejected"),
        (423, "unauthorised", "unauthorised"),
        (429, "throttled", "throttled"),
        (430, "rejected", "rejected"),
        (500, "transient", "in_doubt"),
        (502, "transient", "in_doubt"),
        (503, "transient", "in_doubt"),
        (504, "transient", "in_doubt"),
        (540, "transient", "in_doubt"),
    ];
    for (status, harmless, look_first) in table {
        assert_eq!(class(&of_status(status, None, Repeat::Harmless)), harmless, "{status}");
        assert_eq!(class(&of_status(status, None, Repeat::LookFirst)), look_first, "{status}");
    }
}

#[test]
fn too_many_requests_waits_as_long_as_the_shop_says() {
    let wait = |header| match of_status(429, header, Repeat::Harmless) {
        CallError::Throttled { wait, .. } => wait.as_secs(),
        other => panic!("{other:?}"),
    };
    assert_eq!(wait(Some("7")), 7);
    assert_eq!(wait(Some("2.0")), 2);
    assert_eq!(wait(Some("0")), 1, "never at once");
    assert_eq!(wait(Some("soon")), 2);
    assert_eq!(wait(None), 2);
}

#[test]
fn every_error_in_a_200_has_one_consequence() {
    let coded = |code: &str| json!({ "errors": [{ "message": "m", "extensions": { "code": code } }] }).to_string();
    let table = [
        (coded("THROTTLED"), "throttled", "throttled"),
        (coded("MAX_COST_EXCEEDED"), "rejected", "rejected"),
        (coded("ACCESS_DENIED"), "unauthorised", "unauthorised"),
        (coded("SHOP_INACTIVE"), "unauthorised", "unauthorised"),
        (coded("BAD_REQUEST"), "rejected", "rejected"),
        (coded("INVALID_FIELD_ARGUMENTS"), "rejected", "rejected"),
        (coded("INTERNAL_SERVER_ERROR"), "transient", "in_doubt"),
        (coded("TIMEOUT"), "transient", "in_doubt"),
        (coded("IDEMPOTENCY_CONCURRENT_REQUEST"), "throttled", "throttled"),
        (json!({ "errors": [{ "message": "no code" }] }).to_string(), "rejected", "rejected"),
        (json!({ "errors": "Not found" }).to_string(), "rejected", "rejected"),
        (json!({ "data": { "a": 1 }, "errors": [{ "message": "half" }] }).to_string(), "rejected", "rejected"),
        (json!({ "data": null }).to_string(), "transient", "in_doubt"),
        (json!({}).to_string(), "transient", "in_doubt"),
        ("<html>gateway</html>".to_owned(), "transient", "in_doubt"),
        (String::new(), "transient", "in_doubt"),
    ];
    for (body, harmless, look_first) in table {
        assert_eq!(class(&of_body(&body, Repeat::Harmless).unwrap_err()), harmless, "{body}");
        assert_eq!(class(&of_body(&body, Repeat::LookFirst).unwrap_err()), look_first, "{body}");
    }
    assert_eq!(of_body(r#"{"data":{"a":1},"errors":[]}"#, Repeat::Harmless), Ok(json!({ "a": 1 })));
}

#[test]
fn a_refusal_for_want_of_points_waits_until_they_are_back() {
    let body = json!({
        "errors": [{ "message": "Throttled", "extensions": { "code": "THROTTLED" } }],
        "extensions": { "cost": { "requestedQueryCost": 352, "actualQueryCost": null,
            "throttleStatus": { "maximumAvailable": 2000.0, "currentlyAvailable": 101, "restoreRate": 50.0 } } },
    });
    let Err(CallError::Throttled { wait, .. }) = of_body(&body.to_string(), Repeat::Harmless) else {
        panic!("not throttled")
    };
    assert_eq!(wait, Duration::from_secs(6), "251 points at 50 a second, rounded up");
}

#[test]
fn an_answer_of_another_shape_is_refused_without_its_content() {
    let error = answer::read::<find_product::ResponseData>(
        br#"{"data":{"productByIdentifier":{"id":{"secret":"Ana"}}}}"#,
        &Limiter::default(),
        "FindProduct",
        Repeat::Harmless,
    )
    .unwrap_err();
    assert_eq!(class(&error), "rejected");
    assert!(!error.to_string().contains("Ana"), "{error}");
}

#[test]
fn the_other_sides_words_are_cut_to_one_short_line() {
    let said = words(&format!("a\nb\u{1b}{}", "x".repeat(1000)));
    assert!(said.starts_with("a b x") && said.chars().count() == 301 && said.ends_with('…'), "{said}");
}

/// A server that answers every call the same way.
async fn served<R: IntoResponse + Clone + Send + Sync + 'static>(answer: R, deadline: Duration) -> Client {
    let app = Router::new().fallback(move || std::future::ready(answer.clone()));
    connected(app, deadline).await
}

async fn connected(app: Router, deadline: Duration) -> Client {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    client(&format!("http://{address}/graphql.json"), deadline)
}

fn client(endpoint: &str, deadline: Duration) -> Client {
    // Another test of this process may have installed it already, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let deadlines = Deadlines { connect: deadline, call: deadline, patience: Duration::from_millis(200) };
    let access = Access::Token(crate::domain::Secret::new("shpat_0".into()));
    Client::new("kiwi.myshopify.com", Url::parse(endpoint).unwrap(), access, deadlines).unwrap()
}

const LONG: Duration = Duration::from_secs(30);

async fn read(client: &Client) -> Result<find_product::ResponseData, CallError> {
    let key = find_product::UniqueMetafieldValueInput { namespace: None, key: "style".into(), value: "S".into() };
    client.call::<FindProduct>(find_product::Variables { key }).await
}

async fn add(client: &Client) -> Result<create_subscription::ResponseData, CallError> {
    let variables = create_subscription::Variables {
        topic: create_subscription::WebhookSubscriptionTopic::ORDERS_FULFILLED,
        subscription: create_subscription::WebhookSubscriptionInput { uri: None, format: None },
    };
    client.call::<CreateSubscription>(variables).await
}

#[tokio::test]
async fn silence_after_sending_leaves_a_read_to_be_repeated_and_an_addition_in_doubt() {
    let app = Router::new().fallback(std::future::pending::<StatusCode>);
    let client = connected(app, Duration::from_millis(300)).await;
    assert_eq!(class(&read(&client).await.unwrap_err()), "transient");
    assert_eq!(class(&add(&client).await.unwrap_err()), "in_doubt");
}

#[tokio::test]
async fn a_shop_that_cannot_be_reached_has_not_done_anything() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(class(&add(&client(&closed, LONG)).await.unwrap_err()), "transient");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_the_end() {
    let endless = || {
        let chunks = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(bytes::Bytes::from(vec![b' '; 65_536])));
        std::future::ready(axum::body::Body::from_stream(chunks).into_response())
    };
    let client = connected(Router::new().fallback(endless), LONG).await;
    let error = read(&client).await.unwrap_err();
    assert!(error.to_string().contains("longer than"), "{error}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let away = (StatusCode::TEMPORARY_REDIRECT, [("location", "https://elsewhere.example/")]);
    let error = read(&served(away, LONG).await).await.unwrap_err();
    assert_eq!(class(&error), "unauthorised");
}

#[tokio::test]
async fn a_known_empty_bucket_is_waited_for_before_sending() {
    let answer = json!({
        "data": { "productByIdentifier": null },
        "extensions": { "cost": { "requestedQueryCost": 500, "throttleStatus":
            { "maximumAvailable": 2000, "currentlyAvailable": 0, "restoreRate": 1 } } },
    });
    let client = served(answer.to_string(), LONG).await;
    assert!(read(&client).await.is_ok());
    let Err(CallError::Throttled { wait, .. }) = read(&client).await else { panic!("was sent") };
    assert!(wait > Duration::from_secs(400), "{wait:?}");
}

#[tokio::test]
async fn errors_never_carry_the_token() {
    for answer in [(StatusCode::UNAUTHORIZED, "shpat_0"), (StatusCode::BAD_REQUEST, "shpat_0")] {
        let error = read(&served(answer, LONG).await).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("shpat_0"), "{error}");
    }
}

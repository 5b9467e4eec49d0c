//! A client of the shop that knows nothing but HTTP, and a receiver of what it tells.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use serde_json::{Value, json};
use tillbridge::sandbox::magento2::{MagentoOptions, MagentoSandbox};

/// Options of a shop in New Zealand dollars whose prices contain tax, without the noise of floating point.
pub fn options() -> MagentoOptions {
    let mut options = MagentoOptions::new("NZD").unwrap();
    options.float_noise = false;
    options
}

/// A running shop and a client that has its token.
pub struct Stranger {
    pub shop: MagentoSandbox,
    client: reqwest::Client,
}

/// What came back over HTTP.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Stranger {
    pub async fn open() -> Self {
        Self::open_with(options()).await
    }

    pub async fn open_with(options: MagentoOptions) -> Self {
        let shop = MagentoSandbox::start(options).await.unwrap();
        Self { shop, client: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    /// Calls with a header `Authorization` of the caller's own; `path` begins after `/rest`.
    pub async fn call_as(&self, authorization: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.try_call(authorization, method, path, body).await.unwrap()
    }

    /// The same; the connection may break.
    pub async fn try_call(
        &self,
        authorization: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, reqwest::Error> {
        let address = format!("{}/rest{path}", self.shop.url());
        let mut request = self.client.request(method.parse().unwrap(), address).header("authorization", authorization);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        Ok(Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) })
    }

    /// Calls with the bearer token.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.call_as(&self.bearer(), method, path, body).await
    }

    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.shop.keys().token)
    }

    /// Reads what must be there.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// Writes what must be taken.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.call("POST", path, Some(body)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// Writes what must be refused; answers status and words.
    pub async fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let answer = self.call(method, path, Some(body)).await;
        assert!(answer.status >= 400, "{path}: {}", answer.body);
        (answer.status, answer.body["message"].as_str().unwrap_or_default().to_owned())
    }
}

/// A product as a client would send it.
pub fn simple(sku: &str, name: &str) -> Value {
    json!({ "sku": sku, "name": name, "attribute_set_id": 4, "price": 20, "type_id": "simple", "weight": 1 })
}

/// One call that was received.
pub struct Received {
    pub event: String,
    pub headers: HashMap<String, String>,
    pub body: Bytes,
}

/// Somebody who listens. Answers the statuses it was given, and 200 when there are none left.
#[derive(Clone, Default)]
pub struct Listener {
    inbox: Arc<Mutex<Vec<Received>>>,
    statuses: Arc<Mutex<Vec<u16>>>,
}

impl Listener {
    /// Listens; answers itself and the address, in which `{event}` stands for the event.
    pub async fn open(statuses: &[u16]) -> (Self, String) {
        let listener = Self::default();
        *listener.statuses.lock().unwrap() = statuses.iter().rev().copied().collect();
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/{{event}}", socket.local_addr().unwrap());
        let router = Router::new().route("/{event}", post(take)).with_state(listener.clone());
        tokio::spawn(async move { axum::serve(socket, router).await });
        (listener, address)
    }

    /// What came so far, taken away.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.inbox.lock().unwrap())
    }
}

async fn take(
    State(listener): State<Listener>,
    Path(event): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let status = listener.statuses.lock().unwrap().pop().unwrap_or(200);
    let headers =
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned())).collect();
    listener.inbox.lock().unwrap().push(Received { event, headers, body });
    (StatusCode::from_u16(status).unwrap(), r#"{"op":"success"}"#)
}

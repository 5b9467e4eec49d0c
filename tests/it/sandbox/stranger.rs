//! A client of the shop that knows nothing but HTTP, and a receiver of its webhooks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};
use tillbridge::domain::Money;
use tillbridge::sandbox::shopify::lives::SkuInfo;
use tillbridge::sandbox::shopify::{OpeningStock, ShopLocation, ShopOptions, ShopSandbox};

pub const SET_STOCK: &str = "mutation Set($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id } userErrors { code field message }
  }
}";

/// Options of a shop in New Zealand dollars with two locations.
pub fn options() -> ShopOptions {
    let mut options = ShopOptions::new("kiwi-web.myshopify.com", "NZD").unwrap();
    options.locations =
        ["Online", "Queen Street"].map(|name| ShopLocation { name: name.to_owned(), id: None }).to_vec();
    options
}

/// A running shop and a client that has its token.
pub struct Stranger {
    pub shop: ShopSandbox,
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

    pub async fn open_with(options: ShopOptions) -> Self {
        let shop = ShopSandbox::start(options).await.unwrap();
        Self { shop, client: client() }
    }

    /// Asks with the right token.
    pub async fn ask(&self, query: &str, variables: Value) -> Answer {
        self.try_ask(query, variables).await.unwrap()
    }

    /// Asks with the right token; the connection may break or the answer stay out.
    pub async fn try_ask(&self, query: &str, variables: Value) -> Result<Answer, reqwest::Error> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        self.send(Some(&self.shop.token()), body).await
    }

    /// Sends any body with any token.
    pub async fn send(&self, token: Option<&str>, body: String) -> Result<Answer, reqwest::Error> {
        let mut request = self.client.post(self.shop.graphql_url()).body(body);
        if let Some(token) = token {
            request = request.header("X-Shopify-Access-Token", token);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
        Ok(Answer { status, headers, body })
    }

    /// Something for sale, with that many pieces at `Online`.
    pub async fn goods(&self, sku: &str, price: &str, available: i64) -> SkuInfo {
        let price = Money::parse(price, options().currency).unwrap();
        let stock = [OpeningStock { location: "Online".to_owned(), available, committed: 0 }];
        self.shop.put_up_for_sale(sku, price, &stock).await.unwrap()
    }

    /// The global id of a location.
    pub fn location(&self, name: &str) -> String {
        format!("gid://shopify/Location/{}", self.shop.location(name).unwrap())
    }

    /// Sets stock with a key; `rows` are the quantities.
    pub async fn set_stock(&self, key: &str, figure: &str, rows: Value) -> Answer {
        let input = json!({ "name": figure, "reason": "correction", "quantities": rows });
        self.ask(SET_STOCK, json!({ "input": input, "key": key })).await
    }

    /// One row of quantities at `Online`.
    pub fn row(&self, info: &SkuInfo, quantity: i64, expected: Option<i64>) -> Value {
        json!({
            "inventoryItemId": format!("gid://shopify/InventoryItem/{}", info.ids.inventory_item),
            "locationId": self.location("Online"), "quantity": quantity, "changeFromQuantity": expected,
        })
    }
}

impl Answer {
    /// Code of the first top-level error.
    pub fn code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"].as_str().unwrap_or("")
    }

    /// Codes of the business errors of a mutation.
    pub fn user_codes(&self, mutation: &str) -> Vec<&str> {
        let errors = self.body["data"][mutation]["userErrors"].as_array();
        let errors = errors.unwrap_or_else(|| panic!("no userErrors of {mutation} in {}", self.body));
        errors.iter().map(|error| error["code"].as_str().unwrap_or("without code")).collect()
    }

    /// The data, when nothing at all was wrong.
    pub fn data(&self) -> &Value {
        assert!(self.body.get("errors").is_none(), "{}", self.body);
        &self.body["data"]
    }
}

/// An HTTP client; the provider of its cryptography may be there already.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap()
}

/// One webhook as it came in.
#[derive(Clone)]
pub struct Call {
    pub headers: HashMap<String, String>,
    pub body: Bytes,
}

impl Call {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn topic(&self) -> &str {
        self.header("x-shopify-topic")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Somebody who listens for webhooks.
#[derive(Clone)]
pub struct Receiver {
    pub address: String,
    calls: Arc<Mutex<Vec<Call>>>,
    refusals: Arc<Mutex<u32>>,
}

impl Receiver {
    /// Listens and takes everything.
    pub async fn listen() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/hooks", listener.local_addr().unwrap());
        let receiver = Self { address, calls: Arc::default(), refusals: Arc::default() };
        let router = Router::new().route("/hooks", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    /// Answers the next calls with an error.
    pub fn refuse(&self, calls: u32) {
        *self.refusals.lock().unwrap() = calls;
    }

    /// Everything that came in, refused or not.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// What came in on one topic.
    pub fn of(&self, topic: &str) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.topic() == topic).collect()
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let headers = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    receiver.calls.lock().unwrap().push(Call { headers, body });
    let mut refusals = receiver.refusals.lock().unwrap();
    if *refusals > 0 {
        *refusals -= 1;
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    }
}

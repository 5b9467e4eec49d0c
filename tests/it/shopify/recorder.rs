//! A shop that answers from a script, keeps what it was asked, and refuses what Shopify's schema refuses.

#![allow(clippy::needless_pass_by_value, reason = "scripted JSON reads best when it is handed over")]

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tillbridge::domain::{Secret, StorefrontName};
use tillbridge::storefront::shopify::{Access, DEFAULT_KEY_NAMESPACE, Shopify, ShopifyConfig};

/// A path inside the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A schema read from a file. The parser does not know `@oneOf` by itself, which a published schema does not define.
pub fn schema(path: &Path) -> Valid<Schema> {
    let mut text = std::fs::read_to_string(path).unwrap();
    if !text.contains("directive @oneOf") {
        text.push_str("\ndirective @oneOf on INPUT_OBJECT\n");
    }
    Schema::parse_and_validate(text, path).unwrap_or_else(|error| panic!("{}", error.errors))
}

/// What the shop was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub operation: String,
    pub variables: Value,
    pub headers: HeaderMap,
}

struct Shop {
    schema: Valid<Schema>,
    script: Mutex<HashMap<String, VecDeque<(StatusCode, Value)>>>,
    asked: Mutex<Vec<Asked>>,
}

/// See the module.
pub struct Recorder {
    shop: Arc<Shop>,
    address: std::net::SocketAddr,
}

impl Recorder {
    /// A shop on this machine.
    pub async fn start() -> Self {
        let shop = Arc::new(Shop {
            schema: schema(&project("schemas/shopify/admin.graphql")),
            script: Mutex::default(),
            asked: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(shop.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { shop, address }
    }

    /// What the next unanswered request for an operation gets as `data`.
    pub fn says(&self, operation: &str, data: Value) -> &Self {
        self.answers(operation, 200, json!({ "data": data }))
    }

    /// What the next unanswered request for an operation gets.
    pub fn answers(&self, operation: &str, status: u16, body: Value) -> &Self {
        let mut script = self.shop.script.lock().unwrap();
        let answers = script.entry(operation.to_owned()).or_default();
        answers.push_back((StatusCode::from_u16(status).unwrap(), body));
        self
    }

    /// The adapter for this shop.
    pub fn storefront(&self) -> Shopify {
        self.storefront_with(&[])
    }

    /// The adapter for this shop, showing products in these channels.
    pub fn storefront_with(&self, publications: &[&str]) -> Shopify {
        // Another test of this process may have installed it already, which is just as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Shopify::new(ShopifyConfig {
            name: StorefrontName::parse("kiwi-web").unwrap(),
            shop: "kiwi-web.myshopify.com".into(),
            endpoint: Some(format!("http://{}/graphql.json", self.address)),
            access: Access::Token(Secret::new("shpat_test".into())),
            webhook_secrets: vec![Secret::new("secret".into())],
            publications: publications.iter().map(|name| (*name).to_owned()).collect(),
            pos_key_namespace: DEFAULT_KEY_NAMESPACE.into(),
        })
        .unwrap()
    }

    /// Everything that was asked, oldest first.
    pub fn asked(&self) -> Vec<Asked> {
        self.shop.asked.lock().unwrap().clone()
    }

    /// The operations that were asked for, oldest first.
    pub fn operations(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.operation).collect()
    }

    /// Operations with their variables, for a snapshot.
    pub fn requests(&self) -> Value {
        self.asked().into_iter().map(|asked| json!({ asked.operation: asked.variables })).collect()
    }

    /// Answers that nobody fetched.
    pub fn left(&self) -> Vec<String> {
        let script = self.shop.script.lock().unwrap();
        script.iter().filter(|(_, answers)| !answers.is_empty()).map(|(name, _)| name.clone()).collect()
    }
}

async fn answer(State(shop): State<Arc<Shop>>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    let request: Value = serde_json::from_str(&body).unwrap();
    let operation = request["operationName"].as_str().unwrap_or_default().to_owned();
    if let Some(refusal) = refusal(&shop.schema, &request) {
        return (StatusCode::OK, json!({ "errors": [{ "message": refusal }] }).to_string());
    }
    shop.asked.lock().unwrap().push(Asked {
        operation: operation.clone(),
        variables: request["variables"].clone(),
        headers,
    });
    let scripted = shop.script.lock().unwrap().get_mut(&operation).and_then(VecDeque::pop_front);
    match scripted {
        Some((status, body)) => (status, body.to_string()),
        None => (StatusCode::IM_A_TEAPOT, format!("nothing scripted for {operation}")),
    }
}

/// What the schema has against a request.
fn refusal(schema: &Valid<Schema>, request: &Value) -> Option<String> {
    let query = request["query"].as_str()?;
    let document = match ExecutableDocument::parse_and_validate(schema, query, "request.graphql") {
        Ok(document) => document,
        Err(error) => return Some(error.errors.to_string()),
    };
    let variables: JsonMap = serde_json::from_value(request["variables"].clone()).ok()?;
    let operation = document.operations.get(request["operationName"].as_str()).ok()?;
    coerce_variable_values(schema, operation, &variables).err().map(|error| format!("variables: {error:?}"))
}

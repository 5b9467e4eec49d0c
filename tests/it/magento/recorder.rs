//! A store that answers from a script, keeps what it was asked, and refuses what Magento's published contract refuses.

#![allow(clippy::needless_pass_by_value, reason = "scripted JSON reads best when it is handed over")]

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use serde_json::{Value, json};
use tillbridge::domain::{Secret, StorefrontName};
use tillbridge::storefront::magento2::{Access, AttributeNames, DEFAULT_STORE, Magento2, Magento2Config, WaysIn};

use super::contract::Contract;

/// What the store was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Method and path, such as `POST /rest/all/V1/products`.
    pub what: String,
    pub query: Vec<(String, String)>,
    pub body: Value,
}

#[derive(Default)]
struct Store {
    contract: Option<Contract>,
    script: Mutex<HashMap<String, VecDeque<(StatusCode, Value)>>>,
    asked: Mutex<Vec<Asked>>,
}

/// See the module.
pub struct Recorder {
    store: Arc<Store>,
    address: std::net::SocketAddr,
}

impl Recorder {
    /// A store on this machine with one store view.
    pub async fn start() -> Self {
        let store = Arc::new(Store { contract: Contract::load(), ..Store::default() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(store.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let recorder = Self { store, address };
        recorder.says(
            "GET /rest/all/V1/store/storeViews",
            json!([{ "id": 0, "code": "admin", "website_id": 0 }, { "id": 1, "code": "default", "website_id": 1 }]),
        );
        recorder
    }

    /// What the next unanswered request gets, with 200.
    pub fn says(&self, what: &str, body: Value) -> &Self {
        self.answers(what, 200, body)
    }

    /// What the next unanswered request gets.
    pub fn answers(&self, what: &str, status: u16, body: Value) -> &Self {
        let mut script = self.store.script.lock().unwrap();
        let answers = script.entry(what.to_owned()).or_default();
        answers.push_back((StatusCode::from_u16(status).unwrap(), body));
        self
    }

    /// Nothing is there under that address.
    pub fn lacks(&self, what: &str) -> &Self {
        let message = "The product that was requested doesn't exist. Verify the product and try again.";
        self.answers(what, 404, json!({ "message": message }))
    }

    /// The adapter for this store.
    pub fn storefront(&self) -> Magento2 {
        // Another test of this process may have installed it already, which is just as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Magento2::new(Magento2Config {
            name: StorefrontName::parse("kiwi-web").unwrap(),
            url: format!("http://{}", self.address),
            store: DEFAULT_STORE.into(),
            only_its_website: false,
            access: Access::Bearer(Secret::new("integration-token".into())),
            ways_in: WaysIn::default(),
            names: AttributeNames::default(),
        })
        .unwrap()
    }

    /// Where the store's pictures come from in tests: the same machine.
    pub fn picture(&self, name: &str) -> String {
        format!("http://{}/pictures/{name}", self.address)
    }

    /// Methods and paths, oldest first, without the prefix every one has.
    pub fn calls(&self) -> Vec<String> {
        let asked = self.store.asked.lock().unwrap();
        asked.iter().map(|asked| asked.what.replacen("/rest/", "", 1)).collect()
    }

    /// Everything that was asked, for a snapshot.
    pub fn requests(&self) -> Value {
        let asked = self.store.asked.lock().unwrap();
        let shown = |asked: &Asked| {
            let mut shown = json!({ "request": asked.what });
            if !asked.query.is_empty() {
                let query = asked.query.iter().map(|(name, value)| format!("{name}={value}"));
                shown["query"] = query.collect::<Vec<_>>().into();
            }
            if !asked.body.is_null() {
                shown["body"] = asked.body.clone();
            }
            shown
        };
        asked.iter().map(shown).collect()
    }

    /// Answers that nobody fetched, beside the store view's.
    pub fn left(&self) -> Vec<String> {
        let script = self.store.script.lock().unwrap();
        let left = script.iter().filter(|(name, answers)| !answers.is_empty() && !name.ends_with("storeViews"));
        left.map(|(name, _)| name.clone()).collect()
    }
}

async fn answer(State(store): State<Arc<Store>>, method: Method, uri: Uri, body: String) -> (StatusCode, Vec<u8>) {
    if let Some(name) = uri.path().strip_prefix("/pictures/") {
        return picture(name);
    }
    let url = reqwest::Url::parse(&format!("http://store{uri}")).unwrap();
    let asked = Asked {
        what: format!("{method} {}", uri.path()),
        query: url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
        body: if body.is_empty() { Value::Null } else { serde_json::from_str(&body).unwrap() },
    };
    if let Some(refusal) = store.contract.as_ref().and_then(|contract| contract.refusal(&asked)) {
        return (StatusCode::IM_A_TEAPOT, json!({ "message": refusal }).to_string().into_bytes());
    }
    let what = asked.what.clone();
    store.asked.lock().unwrap().push(asked);
    let scripted = store.script.lock().unwrap().get_mut(&what).and_then(VecDeque::pop_front);
    match scripted {
        Some((status, body)) => (status, body.to_string().into_bytes()),
        None => (StatusCode::IM_A_TEAPOT, format!("nothing scripted for {what}").into_bytes()),
    }
}

/// Pictures of the office, by what is to become of them.
fn picture(name: &str) -> (StatusCode, Vec<u8>) {
    match name {
        "away.jpg" => (StatusCode::SERVICE_UNAVAILABLE, Vec::new()),
        "gone.jpg" => (StatusCode::NOT_FOUND, Vec::new()),
        "drawing.svg" => (StatusCode::OK, b"<svg/>".to_vec()),
        _ => (StatusCode::OK, [b"\xff\xd8\xff\xe0".as_slice(), name.as_bytes()].concat()),
    }
}

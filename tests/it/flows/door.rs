//! The webhook door: what is refused, how, and that nothing of it reaches the journal (P1, P8, P9).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tempfile::TempDir;
use tillbridge::domain::{DeliveryId, IntegrationAccess, NewDelivery, Secret, StorefrontName, Verified};
use tillbridge::flow::receive::Door;
use tillbridge::journal::sqlite::SqliteJournal;
use tillbridge::journal::{Appended, Intake, Journal, JournalError};
use tillbridge::storefront::Storefront;
use tillbridge::storefront::magento2::{AttributeNames, DEFAULT_STORE, Magento2, Magento2Config, WaysIn};
use tillbridge::storefront::shopify::{Access, DEFAULT_KEY_NAMESPACE, Shopify, ShopifyConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::by_hand::signature;
use crate::support::house::PATIENCE;

/// Small, so that a body over it lies in the receiver's hands whole and its refusal is never lost.
const BODY_LIMIT: usize = 1024;
const BODY: &str = r#"{"id":1}"#;

/// How many calls are taken at once.
const IN_FLIGHT: usize = 16;

fn kiwi_web(secrets: &[&str]) -> Shopify {
    Shopify::new(ShopifyConfig {
        name: StorefrontName::parse("kiwi-web").unwrap(),
        shop: "kiwi-web.myshopify.com".to_owned(),
        endpoint: None,
        access: Access::Token(Secret::new("shpat_story".to_owned())),
        webhook_secrets: secrets.iter().map(|secret| Secret::new((*secret).to_owned())).collect(),
        publications: Vec::new(),
        pos_key_namespace: DEFAULT_KEY_NAMESPACE.to_owned(),
    })
    .unwrap()
}

fn kauri_web() -> Magento2 {
    Magento2::new(Magento2Config {
        name: StorefrontName::parse("kauri-web").unwrap(),
        url: "https://kauri.example".to_owned(),
        store: DEFAULT_STORE.to_owned(),
        access: IntegrationAccess::Bearer(Secret::new("token".to_owned())),
        ways_in: WaysIn::default(),
        names: AttributeNames::default(),
        only_its_website: false,
    })
    .unwrap()
}

/// A door of its own before a journal, to be called byte by byte.
struct Doorstep {
    address: SocketAddr,
    stop: CancellationToken,
}

impl Doorstep {
    async fn before(journal: Arc<dyn Intake>, secrets: &[&str]) -> Self {
        // Somebody else in the process may have installed one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let shopify: Arc<dyn Storefront> = Arc::new(kiwi_web(secrets));
        let storefronts = BTreeMap::from([(shopify.name().clone(), shopify)]);
        let door = Door::new(journal, storefronts, Arc::new(Notify::new()), BODY_LIMIT, IN_FLIGHT);
        let listener = tillbridge::ops::web::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        tillbridge::ops::web::serve(listener, door.router(), stop.clone());
        Self { address, stop }
    }

    /// Sends bytes and reads the answer, head and all, in lower case.
    async fn says(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap().to_lowercase()
    }

    /// The status of the answer to a call.
    async fn answers(&self, call: &Call) -> u16 {
        status(&self.says(call.text().as_bytes()).await)
    }
}

impl Drop for Doorstep {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// A call that is right in everything until a story spoils it.
struct Call {
    line: &'static str,
    headers: BTreeMap<&'static str, String>,
    body: String,
}

impl Call {
    fn right() -> Self {
        let headers = BTreeMap::from([
            ("Host", "bridge.example".to_owned()),
            ("Connection", "close".to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("Content-Length", BODY.len().to_string()),
            ("X-Shopify-Topic", "orders/create".to_owned()),
            ("X-Shopify-Hmac-Sha256", signature("new secret", BODY.as_bytes())),
            ("X-Shopify-Shop-Domain", "kiwi-web.myshopify.com".to_owned()),
            ("X-Shopify-Webhook-Id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043".to_owned()),
        ]);
        Self { line: "POST /webhooks/kiwi-web HTTP/1.1", headers, body: BODY.to_owned() }
    }

    fn line(mut self, line: &'static str) -> Self {
        self.line = line;
        self
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    fn without(mut self, name: &'static str) -> Self {
        self.headers.remove(name).unwrap();
        self
    }

    fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    fn text(&self) -> String {
        let headers: Vec<String> = self.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        format!("{}\r\n{}\r\n\r\n{}", self.line, headers.join("\r\n"), self.body)
    }
}

/// A journal that keeps deliveries, and its folder.
fn journal() -> (Arc<SqliteJournal>, TempDir) {
    let folder = TempDir::new().unwrap();
    (Arc::new(SqliteJournal::open(&folder.path().join("journal.db")).unwrap()), folder)
}

async fn kept(journal: &SqliteJournal) -> i64 {
    let counts = journal.counts().await.unwrap();
    counts.deliveries.values().sum::<i64>() + counts.duplicates
}

/// A caller that opens connections and says nothing does not keep them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_says_what_is_wanted_is_let_go() {
    let listener = tillbridge::ops::web::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let deadline = std::time::Duration::from_millis(50);
    let served = tillbridge::ops::web::serve_within(listener, axum::Router::new(), stop.clone(), deadline);
    for begun in [&b""[..], b"POST /webhooks/kiwi-web HTTP/1.1\r\nHost: bridge"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begun).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.is_empty() || status(&String::from_utf8(answer).unwrap()) == 408);
    }
    stop.cancel();
    served.await.unwrap();
}

#[tokio::test]
async fn what_is_refused_never_reaches_the_journal() {
    let (journal, _folder) = journal();
    let door = Doorstep::before(journal.clone(), &["new secret"]).await;
    let hex = {
        use base64::Engine as _;
        let signature = signature("new secret", BODY.as_bytes());
        let bytes = base64::engine::general_purpose::STANDARD.decode(signature).unwrap();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    };
    let refused = [
        (401, "no signature", Call::right().without("X-Shopify-Hmac-Sha256")),
        (401, "another's signature", Call::right().with("X-Shopify-Hmac-Sha256", signature("guess", BODY.as_bytes()))),
        (401, "a signature in hexadecimal", Call::right().with("X-Shopify-Hmac-Sha256", hex)),
        (401, "no base64", Call::right().with("X-Shopify-Hmac-Sha256", "*")),
        (401, "another body", Call::right().body(r#"{"id":2}"#)),
        (404, "an unknown storefront", Call::right().line("POST /webhooks/weka-web HTTP/1.1")),
        (404, "another path", Call::right().line("POST /web HTTP/1.1")),
        (405, "GET", Call::right().line("GET /webhooks/kiwi-web HTTP/1.1")),
        (405, "PUT", Call::right().line("PUT /webhooks/kiwi-web HTTP/1.1")),
        (415, "a form", Call::right().with("Content-Type", "application/x-www-form-urlencoded")),
        (400, "no webhook id", Call::right().without("X-Shopify-Webhook-Id")),
        (400, "an empty webhook id", Call::right().with("X-Shopify-Webhook-Id", "")),
        (400, "an endless webhook id", Call::right().with("X-Shopify-Webhook-Id", "7".repeat(201))),
        (400, "no topic", Call::right().without("X-Shopify-Topic")),
        (400, "another shop", Call::right().with("X-Shopify-Shop-Domain", "weka-web.myshopify.com")),
    ];
    for (expected, what, call) in refused {
        assert_eq!(door.answers(&call).await, expected, "{what}");
    }
    assert_eq!(kept(&journal).await, 0);
    assert_eq!(door.answers(&Call::right()).await, 200);
    assert_eq!(kept(&journal).await, 1);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_however_it_is_sent() {
    let (journal, _folder) = journal();
    let door = Doorstep::before(journal.clone(), &["new secret"]).await;
    let large = format!("\"{}\"", "x".repeat(BODY_LIMIT));
    let signed = Call::right().with("X-Shopify-Hmac-Sha256", signature("new secret", large.as_bytes()));
    // Declared: refused before a byte of it is read.
    let declared = signed.with("Content-Length", large.len().to_string()).body("");
    assert_eq!(door.answers(&declared).await, 413);
    // In chunks: no length is told, so what comes is counted.
    let (first, second) = large.split_at(600);
    let chunks = format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    let chunked = declared.without("Content-Length").with("Transfer-Encoding", "chunked").body(chunks);
    assert_eq!(door.answers(&chunked).await, 413);
    assert_eq!(kept(&journal).await, 0);
    // One of exactly the allowed size is taken, in chunks too.
    let largest = format!("\"{}\"", "x".repeat(BODY_LIMIT - 2));
    let (first, second) = largest.split_at(600);
    let chunks = format!("{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    let signed = chunked.with("X-Shopify-Hmac-Sha256", signature("new secret", largest.as_bytes())).body(chunks);
    assert_eq!(door.answers(&signed).await, 200);
    assert_eq!(kept(&journal).await, 1);
}

#[tokio::test]
async fn while_secrets_change_both_are_good() {
    let (journal, _folder) = journal();
    let door = Doorstep::before(journal.clone(), &["new secret", "old secret"]).await;
    for (secret, id) in [("old secret", "1"), ("new secret", "2")] {
        let call = Call::right().with("X-Shopify-Hmac-Sha256", signature(secret, BODY.as_bytes()));
        assert_eq!(door.answers(&call.with("X-Shopify-Webhook-Id", id)).await, 200, "{secret}");
    }
    assert_eq!(kept(&journal).await, 2);
    let afterwards = Doorstep::before(journal.clone(), &["new secret"]).await;
    let late = Call::right().with("X-Shopify-Hmac-Sha256", signature("old secret", BODY.as_bytes()));
    assert_eq!(afterwards.answers(&late.with("X-Shopify-Webhook-Id", "3")).await, 401);
    assert_eq!(kept(&journal).await, 2);
}

#[tokio::test]
async fn header_names_are_taken_in_any_case() {
    let (journal, _folder) = journal();
    let door = Doorstep::before(journal.clone(), &["new secret"]).await;
    let right = Call::right().text();
    let (head, body) = right.split_once("\r\n\r\n").unwrap();
    let recased = |change: fn(&str) -> String| {
        let lines = head.split("\r\n").map(|line| match line.split_once(": ") {
            Some((name, value)) => format!("{}: {value}", change(name)),
            None => line.to_owned(),
        });
        format!("{}\r\n\r\n{body}", lines.collect::<Vec<_>>().join("\r\n"))
    };
    for change in [str::to_lowercase, str::to_uppercase] {
        assert_eq!(status(&door.says(recased(change).as_bytes()).await), 200);
    }
    // All of them name one webhook id, so they are one delivery.
    assert_eq!(journal.counts().await.unwrap().duplicates, 1);
}

/// A journal that cannot take anything and counts what it is asked.
#[derive(Default)]
struct Full(AtomicUsize);

#[async_trait]
impl Intake for Full {
    async fn append(&self, _delivery: Verified<NewDelivery>) -> Result<Appended, JournalError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(JournalError::Unavailable("the disk is full".to_owned()))
    }
}

/// A journal that takes its time: nothing is committed before it is let.
struct Slow {
    asked: AtomicUsize,
    let_go: tokio::sync::Semaphore,
}

#[async_trait]
impl Intake for Slow {
    async fn append(&self, _delivery: Verified<NewDelivery>) -> Result<Appended, JournalError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.let_go.acquire().await.unwrap().forget();
        Ok(Appended::New(DeliveryId(uuid::Uuid::now_v7())))
    }
}

impl Slow {
    /// Waits until so many calls wait for a commit.
    async fn is_asked(&self, times: usize) {
        let asked = async {
            while self.asked.load(Ordering::SeqCst) < times {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.expect("the calls come in");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_overload_echoes_are_turned_away_first_and_money_last() {
    let slow = Arc::new(Slow { asked: AtomicUsize::new(0), let_go: tokio::sync::Semaphore::new(0) });
    let door = Arc::new(Doorstep::before(slow.clone(), &["new secret"]).await);
    let of = |topic: &str| Call::right().with("X-Shopify-Topic", topic);
    let money = async |from: usize, to: usize| {
        let calls = (from..to).map(|_| {
            let door = Arc::clone(&door);
            tokio::spawn(async move { door.answers(&Call::right().with("X-Shopify-Topic", "orders/paid")).await })
        });
        let calls: Vec<_> = calls.collect();
        slow.is_asked(to).await;
        calls
    };
    // Half of the room is taken: from here on echoes wait outside.
    let mut calls = money(0, IN_FLIGHT / 2).await;
    for topic in ["products/update", "inventory_levels/update", "customers/update"] {
        let answer = door.says(of(topic).text().as_bytes()).await;
        assert_eq!(status(&answer), 503, "{topic}");
        assert!(answer.contains("retry-after: "), "{answer}");
    }
    assert_eq!(slow.asked.load(Ordering::SeqCst), IN_FLIGHT / 2, "nothing of them reached the journal");
    // Money is taken until there is no room at all.
    calls.extend(money(IN_FLIGHT / 2, IN_FLIGHT).await);
    assert_eq!(door.answers(&of("refunds/create")).await, 503);
    slow.let_go.add_permits(IN_FLIGHT + 1);
    for call in calls {
        assert_eq!(call.await.unwrap(), 200);
    }
    assert_eq!(door.answers(&of("products/update")).await, 200, "what can wait is taken when it comes again");
}

#[test]
fn what_can_wait_is_told_from_path_and_headers() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (shopify, magento) = (kiwi_web(&["secret"]), kauri_web());
    let call = |path: &[&str], headers: &[(&str, &str)]| tillbridge::storefront::Call {
        path: path.iter().map(|part| (*part).to_owned()).collect(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: bytes::Bytes::new(),
    };
    let of = |topic: &str| shopify.can_wait(&call(&[], &[("x-shopify-topic", topic)]));
    for topic in
        ["products/update", "Products/Create", "inventory_levels/update", "customers/create", "customers/update"]
    {
        assert!(of(topic), "{topic}");
    }
    for topic in [
        "orders/paid",
        "refunds/create",
        "order_transactions/create",
        "app/uninstalled",
        "customers/merge",
        "customers/redact",
        "customers/data_request",
        "shop/redact",
        "",
        "something/new",
    ] {
        assert!(!of(topic), "{topic}");
    }
    let of = |event: &str| magento.can_wait(&call(&[event], &[]));
    for event in ["customer.save", "catalog.product.save", "customer_address.save"] {
        assert!(of(event), "{event}");
    }
    for event in ["sales.invoice.paid", "sales.order.creditmemo.created", "sales.order.place", "shipment.save"] {
        assert!(!of(event), "{event}");
    }
    let header = |code: &str| magento.can_wait(&call(&[], &[("x-adobe-event-code", code)]));
    assert!(header("com.adobe.commerce.observer.customer_save_commit_after"));
    assert!(!header("com.adobe.commerce.observer.sales_order_invoice_save_commit_after"));
    assert!(!magento.can_wait(&call(&[], &[])), "its event is in the body");
}

#[tokio::test]
async fn while_the_journal_is_away_the_shop_is_told_to_come_again() {
    let full = Arc::new(Full::default());
    let door = Doorstep::before(full.clone(), &["new secret"]).await;
    let answer = door.says(Call::right().text().as_bytes()).await;
    assert_eq!(status(&answer), 503);
    let head = answer.split("\r\n\r\n").next().unwrap();
    let wait = head.lines().find_map(|line| line.strip_prefix("retry-after: ")).expect("a time to wait");
    assert!((1..=60).contains(&wait.parse::<u32>().unwrap()), "{wait}");
    assert!(!answer.contains("disk"), "what is wrong inside is nobody's business: {answer}");
    assert_eq!(full.0.load(Ordering::Relaxed), 1);
    let unsigned = Call::right().without("X-Shopify-Hmac-Sha256");
    assert_eq!(door.answers(&unsigned).await, 401, "who is not known learns nothing of it");
    assert_eq!(full.0.load(Ordering::Relaxed), 1);
}

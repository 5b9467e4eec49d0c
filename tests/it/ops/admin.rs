//! The admin address, asked over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use tempfile::TempDir;
use tillbridge::domain::{ChannelName, Secret};
use tillbridge::flow::Beats;
use tillbridge::journal::Journal;
use tillbridge::journal::sqlite::SqliteJournal;
use tillbridge::ops::admin::Admin;
use tillbridge::ops::health::{Health, State};
use tillbridge::ops::metrics::recorder;
use tillbridge::ops::probes::{JournalProbe, LoopProbe};

struct Office {
    address: SocketAddr,
    health: Health,
    journal: Arc<SqliteJournal>,
    beats: Beats,
    _folder: TempDir,
}

async fn open(token: Option<&str>) -> Office {
    open_with(token, recorder().handle()).await
}

async fn open_with(token: Option<&str>, metrics: PrometheusHandle) -> Office {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(SqliteJournal::open(&folder.path().join("journal.db")).unwrap());
    let beats = Beats::default();
    let health = Health::new(vec![
        Box::new(JournalProbe(Arc::clone(&journal) as Arc<dyn Journal>)),
        Box::new(LoopProbe(beats.clone())),
    ]);
    let admin = Admin {
        health: health.clone(),
        metrics,
        journal: Arc::clone(&journal) as Arc<dyn Journal>,
        token: token.map(|token| Secret::new(token.to_owned())),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, admin.router()).await });
    Office { address, health, journal, beats, _folder: folder }
}

impl Office {
    /// Status and body of an answer.
    async fn ask(&self, path: &str, authorization: Option<&str>) -> (u16, String) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let header = authorization.map_or(String::new(), |value| format!("authorization: {value}\r\n"));
        let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n{header}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }
}

/// Who asks for metrics sets the gauges of the whole process; one at a time does.
static GAUGES: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test]
async fn a_process_whose_parts_all_work_is_ready() {
    let office = open(None).await;
    office.health.tell("receive", State::Ready);

    let (status, body) = office.ask("/readyz", None).await;

    assert_eq!(
        (status, body.as_str()),
        (200, r#"{"ready":true,"parts":{"journal":{"state":"ready"},"receive":{"state":"ready"}}}"#)
    );
}

#[tokio::test]
async fn readiness_names_what_is_not_ready_and_why() {
    let office = open(None).await;
    office.health.tell("receive", State::NotReady("the address is taken".to_owned()));
    office.beats.beat("poll main stock", std::time::Duration::from_secs(60), Some("no answer".to_owned()));

    let (status, body) = office.ask("/readyz", None).await;

    assert_eq!(status, 503);
    assert!(body.contains(r#""receive":{"state":"not_ready","reason":"the address is taken"}"#), "{body}");
    assert!(body.contains(r#""loop poll main stock":{"state":"degraded","reason":"no answer"}"#), "{body}");
}

#[tokio::test]
async fn metrics_carry_the_figures_of_the_journal() {
    // The one test that needs the process's own recorder: gauges are set on it alone.
    let _alone = GAUGES.lock().await;
    let metrics = tillbridge::ops::metrics::install().unwrap();
    let office = open_with(None, metrics).await;
    office.journal.pause(&ChannelName::parse("main").unwrap(), "stock-take").await.unwrap();

    let (status, body) = office.ask("/metrics", None).await;

    assert_eq!(status, 200);
    assert!(body.contains("\ntillbridge_channels_paused 1\n"), "{body}");
}

#[tokio::test]
async fn without_its_token_the_address_says_no_more_than_that_it_lives() {
    let office = open(Some("let-me-in")).await;

    for wrong in [
        None,
        Some("Bearer let-me-out"),
        Some("Bearer let-me-in-please"),
        Some("Basic let-me-in"),
        Some("let-me-in"),
        Some(""),
    ] {
        for path in ["/readyz", "/metrics"] {
            let (status, body) = office.ask(path, wrong).await;
            assert_eq!(status, 401, "{path} {wrong:?}");
            assert!(!body.contains("journal") && !body.contains("let-me-in"), "{body}");
        }
    }
    assert_eq!(office.ask("/healthz", None).await, (200, "alive\n".to_owned()));
}

#[tokio::test]
async fn with_its_token_the_address_answers() {
    let office = open(Some("let-me-in")).await;

    assert_eq!(office.ask("/readyz", Some("Bearer let-me-in")).await.0, 200);
    let _alone = GAUGES.lock().await;
    assert_eq!(office.ask("/metrics", Some("bearer let-me-in")).await.0, 200, "the scheme's case does not matter");
}

#[tokio::test]
async fn an_address_nobody_knows_is_not_found() {
    let office = open(None).await;
    assert_eq!(office.ask("/secrets", None).await.0, 404);
}

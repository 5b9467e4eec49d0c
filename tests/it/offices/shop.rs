//! A shop to test in: a seeded reference office, and the bridge's connection to it.

use std::time::Duration;

use jiff::Timestamp;
use tillbridge::domain::{
    BranchCode, Currency, Delivery, DeliveryId, Draft, Fact, NewDelivery, Normalised, OfficeName, Sku,
};
use tillbridge::office::counter_intelligence::CounterIntelligence;
use tillbridge::office::{ChangeKind, ChangePage, Office};
use tillbridge::sandbox::office::{Assortment, SandboxOffice, Seed};
use tokio_postgres::NoTls;

use crate::support::servers;

/// How long a condition may take to come true on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A shop with twelve styles, one of them not internet-active.
pub struct Shop {
    pub office: CounterIntelligence,
    pub books: SandboxOffice,
    pub assortment: Assortment,
    pub place: Place,
}

/// Where the shop's database is; it goes when this is dropped.
pub enum Place {
    File(tempfile::TempDir),
    Server(Scratch),
}

/// A database of its own on the test server.
pub struct Scratch {
    pub url: String,
    server: String,
    name: String,
}

pub fn nzd() -> Currency {
    Currency::parse("NZD").unwrap()
}

pub fn kiwi() -> OfficeName {
    OfficeName::parse("kiwi").unwrap()
}

impl Shop {
    pub async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let books = SandboxOffice::create_sqlite(folder.path().join("office.db")).unwrap();
        Self::furnished(books, Place::File(folder)).await
    }

    pub async fn on_postgres() -> Option<Self> {
        let scratch = Scratch::new().await?;
        let books = SandboxOffice::create_postgres(&scratch.url).await.unwrap();
        Some(Self::furnished(books, Place::Server(scratch)).await)
    }

    async fn furnished(books: SandboxOffice, place: Place) -> Self {
        let assortment = books.seed(&Seed::styles(12, nzd())).await.unwrap();
        let office = CounterIntelligence::connect(kiwi(), &place.url()).await.unwrap();
        Self { office, books, assortment, place }
    }

    /// A second bridge at the same office, with connections of its own.
    pub async fn another_bridge(&self) -> CounterIntelligence {
        CounterIntelligence::connect(kiwi(), &self.place.url()).await.unwrap()
    }

    pub fn sku(&self, place: usize) -> Sku {
        self.assortment.skus[place].clone()
    }

    pub async fn stock(&self, sku: &Sku) -> i64 {
        self.books.stock(sku, &web()).await.unwrap()
    }

    /// Runs a statement as the office's own people would, past the bridge.
    pub async fn sql(&self, sql: &str) -> Result<(), String> {
        match &self.place {
            Place::File(_) => {
                let connection = rusqlite::Connection::open(self.place.path()).unwrap();
                connection.busy_timeout(PATIENCE).unwrap();
                connection.execute_batch(sql).map_err(|error| error.to_string())
            }
            Place::Server(scratch) => {
                let said = |error: tokio_postgres::Error| error.as_db_error().unwrap().message().to_owned();
                scratch.client().await.batch_execute(sql).await.map_err(said)
            }
        }
    }

    /// Waits until nothing older is still being written, so that everything committed so far can be read. The test
    /// server's other guests may hold transactions open for a while.
    pub async fn settle(&self) {
        let Place::Server(scratch) = &self.place else { return };
        let client = scratch.client().await;
        let mine = "SELECT pg_current_xact_id()::text::bigint";
        let mine: i64 = client.query_one(mine, &[]).await.unwrap().get(0);
        let oldest = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
        tokio::time::timeout(PATIENCE, async {
            while client.query_one(oldest, &[]).await.unwrap().get::<_, i64>(0) <= mine {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("another transaction on the test server is never ending");
    }

    /// Everything that changed since the cursor, in pages of that size, and the cursor after it.
    pub async fn changes(&self, kind: ChangeKind, cursor: Option<&str>, limit: usize) -> (Vec<NewDelivery>, String) {
        self.settle().await;
        let mut all = Vec::new();
        let mut cursor = cursor.map(str::to_owned);
        loop {
            let page: ChangePage = self.office.changes(kind, cursor.as_deref(), limit).await.unwrap();
            assert!(page.deliveries.len() <= limit, "a page of {} for a limit of {limit}", page.deliveries.len());
            assert!(!page.more || page.deliveries.len() == limit, "more is waiting, yet the page is not full");
            all.extend(page.deliveries);
            cursor = Some(page.cursor);
            if !page.more {
                return (all, cursor.unwrap());
            }
        }
    }

    /// Reads up to now and forgets what was read.
    pub async fn caught_up(&self, kind: ChangeKind) -> String {
        self.changes(kind, None, 500).await.1
    }

    /// What a delivery means.
    pub fn meaning(&self, content: &NewDelivery) -> Normalised {
        let id = DeliveryId(uuid::Uuid::from_u128(1));
        self.office.normalise(&Delivery { id, received_at: Timestamp::UNIX_EPOCH, content: content.clone() })
    }

    /// The one event a delivery means.
    pub fn event(&self, content: &NewDelivery) -> Draft {
        match self.meaning(content) {
            Normalised::Events(mut drafts) if drafts.len() == 1 => drafts.remove(0),
            other => panic!("expected one event of {}, got {other:?}", content.dedupe_key),
        }
    }

    pub fn fact(&self, content: &NewDelivery) -> Fact {
        self.event(content).fact
    }
}

/// The branch that web sales count for.
pub fn web() -> BranchCode {
    BranchCode::parse("WEB").unwrap()
}

impl Place {
    pub fn url(&self) -> String {
        match self {
            Self::File(_) => format!("sqlite:{}", self.path().display()),
            Self::Server(scratch) => scratch.url.clone(),
        }
    }

    fn path(&self) -> std::path::PathBuf {
        match self {
            Self::File(folder) => folder.path().join("office.db"),
            Self::Server(_) => unreachable!("a server has no file"),
        }
    }
}

impl Scratch {
    pub async fn new() -> Option<Self> {
        let server = servers::postgres()?;
        let name = format!("office_{}", uuid::Uuid::new_v4().simple());
        let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'");
        client(&server).await.batch_execute(&create).await.unwrap();
        let (host, _) = server.rsplit_once('/').unwrap();
        Some(Self { url: format!("{host}/{name}"), server, name })
    }

    pub async fn client(&self) -> tokio_postgres::Client {
        client(&self.url).await
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                client(&server).await.batch_execute(&drop).await.unwrap();
            });
        });
        if dropped.join().is_err() {
            eprintln!("the scratch database {} is left behind", self.name);
        }
    }
}

async fn client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

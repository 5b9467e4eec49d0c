//! A journal of its own for each test, with a clock moved by hand and a look behind the port.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tillbridge::journal::Journal;
use tillbridge::journal::clock::Clock;
use tillbridge::journal::postgres::PostgresJournal;
use tillbridge::journal::sqlite::SqliteJournal;

use crate::support::servers;

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub struct HandClock(Arc<AtomicI64>);

impl HandClock {
    fn new() -> Self {
        let noon: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        Self(Arc::new(AtomicI64::new(noon.as_microsecond())))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub fn moves_on(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }

    fn clock(&self) -> Clock {
        let hand = self.clone();
        Clock::from_fn(move || hand.now())
    }
}

/// Where a journal is kept, and taken away when the test ends.
enum Place {
    File { _folder: tempfile::TempDir, path: PathBuf },
    Database(Database),
}

/// A database of its own on the given server.
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// Creates one, or says that the test is left out.
    pub async fn create(test: &str) -> Option<Self> {
        let Some(server) = servers::postgres() else {
            servers::left_out(test, "DATABASE_URL");
            return None;
        };
        let name = format!("tillbridge_test_{}", uuid::Uuid::new_v4().simple());
        run(&server, &format!("CREATE DATABASE {name}")).await;
        Some(Self { server, name })
    }

    pub fn url(&self) -> String {
        let (base, options) = self.server.split_once('?').unwrap_or((&self.server, ""));
        let (address, _) = base.rsplit_once('/').expect("DATABASE_URL ends with a database name");
        format!("{address}/{}?{options}", self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, statement) = (self.server.clone(), format!("DROP DATABASE {} WITH (FORCE)", self.name));
        // A runtime of its own: the test's may be the one that is being torn down.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(&server, &statement));
        });
        if dropping.join().is_err() {
            eprintln!("the test database {} could not be dropped", self.name);
        }
    }
}

/// Runs a statement on a connection of its own.
pub async fn run(url: &str, statement: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(statement).await.unwrap();
}

/// A journal under test.
pub struct Shelf {
    pub journal: Arc<dyn Journal>,
    pub clock: HandClock,
    place: Place,
}

impl Shelf {
    /// A journal in a new file.
    pub fn sqlite() -> Self {
        Self::sqlite_in(tempfile::tempdir().unwrap())
    }

    /// A journal in a new file that is kept in memory where that can be, for stories that do not care what a disk takes.
    pub fn sqlite_in_memory() -> Self {
        Self::sqlite_in(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    fn sqlite_in(folder: tempfile::TempDir) -> Self {
        let path = folder.path().join("tillbridge.db");
        let clock = HandClock::new();
        let journal = Arc::new(SqliteJournal::open_with(&path, clock.clock()).unwrap());
        Self { journal, clock, place: Place::File { _folder: folder, path } }
    }

    /// A journal in a new database; `None` where no server is given.
    pub async fn postgres(test: &str) -> Option<Self> {
        let database = Database::create(test).await?;
        PostgresJournal::migrate(&database.url()).await.unwrap();
        let clock = HandClock::new();
        let journal = Arc::new(PostgresJournal::connect_with(&database.url(), 8, clock.clock()).await.unwrap());
        Some(Self { journal, clock, place: Place::Database(database) })
    }

    /// Ends the process that has the journal open, as far as the journal can tell, and opens it again. What was handed out
    /// is due again at once in a file, and after its lease in a database that others may have open too.
    pub async fn reopened(self) -> Self {
        let Self { journal, clock, place } = self;
        drop(journal);
        let journal: Arc<dyn Journal> = match &place {
            Place::File { path, .. } => Arc::new(SqliteJournal::open_with(path, clock.clock()).unwrap()),
            Place::Database(database) => {
                Arc::new(PostgresJournal::connect_with(&database.url(), 8, clock.clock()).await.unwrap())
            }
        };
        Self { journal, clock, place }
    }

    /// Numbers straight from the tables: pairs of a word and a number.
    pub async fn look(&self, query: &str) -> Vec<(String, i64)> {
        match &self.place {
            Place::File { path, .. } => {
                let connection = rusqlite::Connection::open(path).unwrap();
                let mut statement = connection.prepare(query).unwrap();
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
                rows.collect::<Result<_, _>>().unwrap()
            }
            Place::Database(_) => {
                let client = self.connection().await;
                client.query(query, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
            }
        }
    }

    /// A connection of somebody else's to the database.
    pub async fn connection(&self) -> tokio_postgres::Client {
        let Place::Database(database) = &self.place else { panic!("this journal is no database") };
        let (client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("SET search_path TO tillbridge").await.unwrap();
        client
    }

    /// The bytes of the file once nobody has it open any more.
    pub fn file_at_rest(self) -> Vec<u8> {
        let Place::File { path, _folder } = self.place else { panic!("this journal is no file") };
        drop(self.journal);
        std::fs::read(&path).unwrap()
    }

    /// Whether a process that ended leaves nothing to wait for, because the file lets one process in at a time.
    pub fn is_file(&self) -> bool {
        matches!(self.place, Place::File { .. })
    }
}

//! A living reference office: the contract's tables on SQLite or PostgreSQL, a shop's life, and an audit of its books.
//!
//! What comes in: an assortment to begin with, then what happens in a shop (a sale at the till, a new price, a style going
//! online). What goes out: the books, for tests and the demo to look at. It is a real office by the contract and refuses
//! what the contract says is refused; the bridge meets it through [`crate::office::counter_intelligence`].

use std::path::Path;

use crate::domain::{BranchCode, CallError, Currency, Money, Sku};
use crate::office::counter_intelligence::database::{Database, Param, Row, Written, on};

mod assortment;
mod audit;
mod books;
mod cells;
mod life;
mod seed;

pub use books::{BookedDocument, BookedLine, BookedPayment, Customer};
pub use life::NewVariant;
pub use seed::{Assortment, PICTURES, Seed};

const POSTGRES_SCHEMA: &str = include_str!("../../schemas/office/postgres.sql");
const SQLITE_SCHEMA: &str = include_str!("../../schemas/office/sqlite.sql");

/// A simulated Counter Intelligence office.
#[derive(Debug, Clone)]
pub struct SandboxOffice {
    database: Database,
}

impl SandboxOffice {
    /// Makes a new, empty office in an SQLite file.
    ///
    /// # Errors
    /// [`CallError::Rejected`] when the file exists or cannot be made.
    pub fn create_sqlite(path: impl AsRef<Path>) -> Result<Self, CallError> {
        let path = path.as_ref();
        if path.exists() {
            return Err(CallError::Rejected(format!("{} exists already; name a new file", path.display())));
        }
        let refused = |error: rusqlite::Error| CallError::Rejected(format!("{}: {error}", path.display()));
        let connection = rusqlite::Connection::open(path).map_err(refused)?;
        connection.execute_batch(&format!("BEGIN; {} COMMIT;", without_journal_mode())).map_err(refused)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(refused)?;
        drop(connection);
        Self::open(&format!("sqlite:{}", path.display()))
    }

    /// Makes a new, empty office in an empty PostgreSQL database, which must be reachable without encryption.
    ///
    /// # Errors
    /// [`CallError`] when the server cannot be reached or the database has such tables already.
    pub async fn create_postgres(url: &str) -> Result<Self, CallError> {
        let unreachable = |error| CallError::Transient(format!("the sandbox's database cannot be reached: {error}"));
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.map_err(unreachable)?;
        let connection = tokio::spawn(connection);
        let installed = client.batch_execute(POSTGRES_SCHEMA).await;
        drop(client);
        connection.abort();
        installed.map_err(|error| {
            let words = error.as_db_error().map_or_else(|| error.to_string(), |said| said.message().to_owned());
            CallError::Rejected(format!("the office's tables cannot be made: {words}"))
        })?;
        Self::open(url)
    }

    /// Opens an office that was made earlier: `postgres://…` or `sqlite:PATH`.
    ///
    /// # Errors
    /// As [`crate::office::counter_intelligence::CounterIntelligence::connect`].
    pub fn open(url: &str) -> Result<Self, CallError> {
        Ok(Self { database: Database::open(url)? })
    }

    /// Pieces of a SKU at a branch; zero where none were ever booked.
    ///
    /// # Errors
    /// [`CallError`] when the database cannot be read.
    pub async fn stock(&self, sku: &Sku, branch: &BranchCode) -> Result<i64, CallError> {
        let sql = "SELECT CAST(on_hand AS text) FROM office_stock WHERE sku = $1 AND branch = $2";
        let mut rows = self.read(sql, &[sku.as_str(), branch.as_str()]).await?;
        rows.first_mut().map_or(Ok(0), |row| row.int(0))
    }

    /// Whether every change made so far may be read by now. On a server a change comes into sight only when no older
    /// transaction is running, whoever's it is.
    ///
    /// # Errors
    /// [`CallError`] when the database cannot be read.
    pub async fn is_settled(&self) -> Result<bool, CallError> {
        let sql = "SELECT CAST(CASE WHEN newest.marker > (SELECT settled FROM ci_horizon) THEN 0 ELSE 1 END AS text) \
                   FROM (SELECT max(marker) AS marker FROM (SELECT marker FROM ci_product \
                   UNION ALL SELECT marker FROM ci_price UNION ALL SELECT marker FROM ci_stock \
                   UNION ALL SELECT marker FROM ci_customer UNION ALL SELECT marker FROM ci_branch) changes) newest";
        let mut rows = self.read(sql, &[]).await?;
        rows.first_mut().map_or(Ok(true), |row| row.flag(0))
    }

    /// The currency of its prices.
    ///
    /// # Errors
    /// [`CallError`] when the database cannot be read.
    pub async fn base_currency(&self) -> Result<Currency, CallError> {
        let mut rows = self.read("SELECT base_currency FROM office_setting", &[]).await?;
        let code = rows.first_mut().map_or(Ok(String::new()), |row| row.text(0))?;
        Currency::parse(&code).map_err(|error| CallError::Rejected(error.to_string()))
    }

    async fn read(&self, sql: &'static str, texts: &[&str]) -> Result<Vec<Row>, CallError> {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        let work = on(move |session| {
            Box::pin(async move {
                let params: Vec<Param<'_>> = texts.iter().map(|text| Param::Text(text)).collect();
                session.rows(sql, &params).await
            })
        });
        self.database.read(work).await
    }
}

/// An amount column as money.
fn money(shown: &str, currency: Currency) -> Result<Money, CallError> {
    Money::parse(shown, currency).map_err(|error| CallError::Rejected(format!("an amount in the books: {error}")))
}

fn committed<T>(written: Written<T>) -> Result<T, CallError> {
    match written {
        Written::Committed(done) => Ok(done),
        Written::Unknown(_, reason) => Err(CallError::InDoubt(reason)),
    }
}

/// The journal mode cannot be changed inside the transaction that makes the tables.
fn without_journal_mode() -> String {
    SQLITE_SCHEMA.replace("PRAGMA journal_mode = WAL;", "")
}

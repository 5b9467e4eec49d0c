//! The office's database, whichever it is: one small trait beneath which the two drivers differ.
//!
//! What comes in: work on a [`Session`], as statements on which both dialects agree. What goes out: rows of text, or an
//! error with its class. It keeps every transaction whole: work that fails is rolled back, and a commit without an answer
//! is told apart from a failure. Statements cast what they select to text, so that no driver's types reach further up.

use async_trait::async_trait;
use futures::future::BoxFuture;
use serde_json::Value;

use super::{postgres, sqlite};
use crate::domain::{CallError, Currency, Money};

/// A value given to a statement as `$1`, `$2`, …
#[derive(Debug, Clone, Copy)]
pub(crate) enum Param<'a> {
    /// A whole number.
    Int(i64),
    /// A text.
    Text(&'a str),
}

/// A row of texts.
#[derive(Debug)]
pub(crate) struct Row(pub(super) Vec<Option<String>>);

impl Row {
    /// A column that may be missing.
    pub(crate) fn optional(&mut self, column: usize) -> Option<String> {
        self.0.get_mut(column).and_then(Option::take)
    }

    /// A column that is always there.
    pub(crate) fn text(&mut self, column: usize) -> Result<String, CallError> {
        self.optional(column)
            .ok_or_else(|| CallError::Rejected(format!("the office left column {} of a row empty", column + 1)))
    }

    /// A whole number.
    pub(crate) fn int(&mut self, column: usize) -> Result<i64, CallError> {
        let text = self.text(column)?;
        text.parse().map_err(|_| CallError::Rejected(format!("the office gave `{text}` where a whole number belongs")))
    }

    /// A yes or no, selected through [`flag`].
    pub(crate) fn flag(&mut self, column: usize) -> Result<bool, CallError> {
        Ok(self.int(column)? != 0)
    }
}

/// Selects a yes-or-no column so that both databases answer alike.
pub(crate) fn flag(column: &str) -> String {
    format!("CAST(CASE WHEN {column} THEN 1 ELSE 0 END AS text)")
}

/// What a column in a JSON list of rows holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Text.
    Text,
    /// A whole number.
    Int,
    /// Yes or no.
    Flag,
    /// Money, as [`Session::amount_out`] writes it.
    Amount,
    /// A time, as [`jiff::Timestamp`] writes it.
    Time,
}

/// One connection in the middle of a transaction.
#[async_trait]
pub(crate) trait Session: Send {
    /// Runs a statement and answers its rows. Statements are prepared once a connection.
    async fn rows(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, CallError>;

    /// A table expression named `rows` over a JSON list of objects given as `$1`.
    fn json_rows(&self, columns: &[(&str, Holds)]) -> String;

    /// An amount as the staging tables take it.
    fn amount_out(&self, amount: Money) -> Result<Value, CallError>;

    /// An amount as the views show it, as decimal text. What cannot be read stays as it is, for a person to see.
    fn amount_in(&self, shown: String, currency: Currency) -> String;

    /// Waits until no other transaction holds one of these names, and holds them until the end of this one.
    async fn hold(&mut self, names: &[String]) -> Result<(), CallError>;
}

/// Inserts a JSON list of objects into a table, in one statement.
pub(crate) async fn insert(
    session: &mut dyn Session,
    table: &str,
    columns: &[(&str, Holds)],
    rows: Vec<Value>,
) -> Result<(), CallError> {
    if rows.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let names = names.join(", ");
    let sql = format!("INSERT INTO {table} ({names}) SELECT {names} FROM {}", session.json_rows(columns));
    session.rows(&sql, &[Param::Text(&Value::from(rows).to_string())]).await.map(drop)
}

/// Work inside one transaction.
pub(crate) type Work<T> = Box<dyn for<'s> FnOnce(&'s mut dyn Session) -> BoxFuture<'s, Result<T, CallError>> + Send>;

/// Makes [`Work`] of a closure.
pub(crate) fn on<T, F>(work: F) -> Work<T>
where
    F: for<'s> FnOnce(&'s mut dyn Session) -> BoxFuture<'s, Result<T, CallError>> + Send + 'static,
{
    Box::new(work)
}

/// How work that was to be committed ended.
#[derive(Debug)]
pub(crate) enum Written<T> {
    /// It is in the database.
    Committed(T),
    /// The commit was sent and not answered, for this reason.
    Unknown(T, String),
}

/// An office's database.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    /// A server.
    Postgres(postgres::Server),
    /// A file.
    Sqlite(sqlite::File),
}

impl Database {
    /// Understands an address; opens the file, but does not call the server yet.
    pub(crate) fn open(url: &str) -> Result<Self, CallError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return sqlite::File::open(path).map(Self::Sqlite);
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return postgres::Server::at(url).map(Self::Postgres);
        }
        // The address may hold a password and is not repeated.
        Err(CallError::Rejected(
            "the office's address begins with neither `postgres://` nor `sqlite:`; correct it in the configuration"
                .into(),
        ))
    }

    /// Reads in one snapshot. Harmless to repeat.
    pub(crate) async fn read<T: Send + 'static>(&self, work: Work<T>) -> Result<T, CallError> {
        match self {
            Self::Postgres(server) => server.read(work).await,
            Self::Sqlite(file) => file.read(work).await,
        }
    }

    /// Writes in one transaction. An error means that nothing was written.
    pub(crate) async fn write<T: Send + 'static>(&self, work: Work<T>) -> Result<Written<T>, CallError> {
        match self {
            Self::Postgres(server) => server.write(work).await,
            Self::Sqlite(file) => file.write(work).await,
        }
    }
}

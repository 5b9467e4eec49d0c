//! The SQLite driver: one connection that writes, one that reads, each on a thread where blocking is allowed.
//!
//! A writer begins IMMEDIATE, so there is one at a time whatever the process. Past its deadline the work is interrupted and
//! rolled back, so its outcome is always known.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, Value as SqlValue, ValueRef};
use rusqlite::{Connection, ErrorCode, InterruptHandle, OpenFlags, ToSql};
use serde_json::Value;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

use super::database::{Holds, Param, Row, Session, Work, Written};
use crate::domain::{CallError, Currency, Money};

/// For another process to let go of the file.
const BUSY_DEADLINE: Duration = Duration::from_secs(10);
/// For our turn on the connection, and then again for the statements of one transaction.
const WORK_DEADLINE: Duration = Duration::from_secs(30);
/// Prepared statements kept per connection.
const STATEMENTS: usize = 64;

/// An SQLite file.
#[derive(Clone)]
pub(crate) struct File {
    writer: Arc<Mutex<Connection>>,
    reader: Arc<Mutex<Connection>>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("sqlite:…")
    }
}

impl File {
    /// Opens a file that exists.
    pub(super) fn open(path: &str) -> Result<Self, CallError> {
        if !Path::new(path).is_file() {
            return Err(CallError::Rejected(format!(
                "there is no office database `{path}`; correct the path in the configuration"
            )));
        }
        let open = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY_DEADLINE)?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            Ok(Arc::new(Mutex::new(connection)))
        };
        let refused = |error| classed(&error);
        Ok(Self { writer: open().map_err(refused)?, reader: open().map_err(refused)? })
    }

    pub(super) async fn read<T: Send + 'static>(&self, work: Work<T>) -> Result<T, CallError> {
        match transact(&self.reader, "BEGIN", work).await? {
            Written::Committed(found) | Written::Unknown(found, _) => Ok(found),
        }
    }

    pub(super) async fn write<T: Send + 'static>(&self, work: Work<T>) -> Result<Written<T>, CallError> {
        transact(&self.writer, "BEGIN IMMEDIATE", work).await
    }
}

async fn transact<T: Send + 'static>(
    connection: &Arc<Mutex<Connection>>,
    begin: &'static str,
    work: Work<T>,
) -> Result<Written<T>, CallError> {
    let late = || CallError::Transient("the office's database file was in use for too long".to_owned());
    let connection = timeout(WORK_DEADLINE, Arc::clone(connection).lock_owned()).await.map_err(|_| late())?;
    let interrupt = InterruptOnDrop(connection.get_interrupt_handle(), true);
    let mut task = tokio::task::spawn_blocking(move || run(connection, begin, work));
    let in_time = timeout(WORK_DEADLINE, &mut task).await;
    let ended = if let Ok(ended) = in_time {
        ended
    } else {
        interrupt.0.interrupt();
        task.await
    };
    interrupt.disarm();
    ended.unwrap_or_else(|error| Err(CallError::InDoubt(format!("the office's database thread ended: {error}"))))
}

/// Interrupts the work when its caller has gone away.
struct InterruptOnDrop(InterruptHandle, bool);

impl InterruptOnDrop {
    fn disarm(mut self) {
        self.1 = false;
    }
}

impl Drop for InterruptOnDrop {
    fn drop(&mut self) {
        if self.1 {
            self.0.interrupt();
        }
    }
}

fn run<T>(mut connection: OwnedMutexGuard<Connection>, begin: &str, work: Work<T>) -> Result<Written<T>, CallError> {
    connection.execute_batch(begin).map_err(|error| classed(&error))?;
    // The session never waits for anything but the file, so this runs straight through.
    let outcome = futures::executor::block_on(work(&mut Transaction { connection: &mut connection }));
    let committed = match outcome {
        Ok(done) => match connection.execute_batch("COMMIT") {
            Ok(()) => return Ok(Written::Committed(done)),
            // A full disk or a failed sync: whether the last page reached the disk is not known.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure) => {
                Ok(Written::Unknown(done, format!("the commit failed on the disk ({error})")))
            }
            Err(error) => Err(classed(&error)),
        },
        Err(error) => Err(error),
    };
    if !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK").map_err(|error| classed(&error))?;
    }
    committed
}

struct Transaction<'a> {
    connection: &'a mut Connection,
}

#[async_trait]
impl Session for Transaction<'_> {
    async fn rows(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, CallError> {
        // `?1` is a numbered parameter here; `$1` would be a name, numbered as it comes.
        read(self.connection, &sql.replace('$', "?"), params).map_err(|error| classed(&error))
    }

    fn json_rows(&self, columns: &[(&str, Holds)]) -> String {
        let taken: Vec<String> = columns.iter().map(|(name, _)| format!("value ->> '{name}' AS {name}")).collect();
        format!("(SELECT {} FROM json_each($1)) AS rows", taken.join(", "))
    }

    fn amount_out(&self, amount: Money) -> Result<Value, CallError> {
        let too_large = || CallError::Rejected(format!("{amount} is too large for the office's books"));
        i64::try_from(amount.amount().mantissa()).map(Value::from).map_err(|_| too_large())
    }

    fn amount_in(&self, shown: String, currency: Currency) -> String {
        match shown.parse() {
            Ok(units) => rust_decimal::Decimal::new(units, currency.decimals()).to_string(),
            Err(_) => shown,
        }
    }

    async fn hold(&mut self, _: &[String]) -> Result<(), CallError> {
        // The file has one writer, and this is it.
        Ok(())
    }
}

fn read(connection: &Connection, sql: &str, params: &[Param<'_>]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut found = statement.query(rusqlite::params_from_iter(params))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let text = |column| Ok(words(row.get_ref(column)?));
        rows.push(Row((0..columns).map(text).collect::<rusqlite::Result<_>>()?));
    }
    Ok(rows)
}

fn words(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

impl ToSql for Param<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Int(number) => ToSqlOutput::Owned(SqlValue::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

/// Sorts an error by what has to happen next.
fn classed(error: &rusqlite::Error) -> CallError {
    let words = match error {
        rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
        other => other.to_string(),
    };
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OperationInterrupted
            | ErrorCode::OutOfMemory
            | ErrorCode::DiskFull
            | ErrorCode::SchemaChanged
            | ErrorCode::SystemIoFailure,
        ) => CallError::Transient(words),
        Some(
            ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::AuthorizationForStatementDenied,
        ) => CallError::Unauthorised(words),
        _ => CallError::Rejected(words),
    }
}

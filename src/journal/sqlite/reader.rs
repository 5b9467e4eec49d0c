//! The reading connections: a few, each used by one question at a time, on threads where waiting for a disk is allowed.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql};
use tokio::sync::Semaphore;

use super::work::failure;
use crate::journal::JournalError;
use crate::journal::read::Reader;
use crate::journal::value::{Row, Value};

const CONNECTIONS: usize = 4;

/// The reading connections.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        let connections = (0..CONNECTIONS).map(|_| connect(path)).collect::<rusqlite::Result<Vec<_>>>();
        let connections = connections.map_err(|error| failure(&error))?;
        Ok(Self { idle: Arc::new(Mutex::new(connections)), permits: Arc::new(Semaphore::new(CONNECTIONS)) })
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "cache_size", -4_096)?;
    Ok(connection)
}

#[async_trait]
impl Reader for Readers {
    async fn rows(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, JournalError> {
        let closed = |_| JournalError::Unavailable("the journal is being closed".to_owned());
        let permit = self.permits.clone().acquire_owned().await.map_err(closed)?;
        // `$1` is a name to SQLite, `?1` a number.
        let (sql, idle) = (sql.replace('$', "?"), self.idle.clone());
        let asked = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection =
                taken.ok_or_else(|| JournalError::Unavailable("no reading connection is left".to_owned()))?;
            let found = ask(&connection, &sql, &params).map_err(|error| failure(&error));
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            found
        });
        asked
            .await
            .map_err(|error| JournalError::Unavailable(format!("a question to the journal was broken off: {error}")))?
    }
}

fn ask(connection: &Connection, sql: &str, params: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    let width = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Row((0..width).map(|column| row.get_ref(column).and_then(value)).collect::<Result<_, _>>()?));
    }
    Ok(found)
}

fn value(field: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match field {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(_) => Value::Text(field.as_str()?.to_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(rusqlite::Error::InvalidQuery),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

//! The PostgreSQL driver: a small pool, a deadline on everything, errors sorted by SQLSTATE.
//!
//! A connection goes back to the pool only from outside a transaction; one that was given up on the way is closed, and the
//! server rolls back.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, QueueMode, RecyclingMethod, Runtime,
};
use serde_json::Value;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::database::{Holds, Param, Row, Session, Work, Written};
use crate::domain::{CallError, Currency, Money};

/// Connections to one office at most; the office is somebody's shop floor first.
const CONNECTIONS: usize = 4;
/// To connect, and to get a connection that is free.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// After so long without an answer from the network, a connection counts as lost, busy or not.
const SILENCE: Duration = Duration::from_secs(15);
/// For the statements of one transaction.
const WORK_DEADLINE: Duration = Duration::from_secs(30);
/// For the commit.
const COMMIT_DEADLINE: Duration = Duration::from_secs(15);
/// The server gives up a little earlier than we do, so that it says why. Times are read as UTC. Compiling plans takes longer
/// than any of our statements.
const SETTINGS: &str = "SET statement_timeout = '25s'; SET lock_timeout = '15s'; \
     SET idle_in_transaction_session_timeout = '60s'; SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET jit = off";

/// A PostgreSQL server.
#[derive(Clone)]
pub(crate) struct Server {
    pool: Pool,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("postgres://…")
    }
}

impl Server {
    /// Understands an address, without calling the server. `sslmode=disable` in it turns encryption off, `require` insists.
    pub(super) fn at(url: &str) -> Result<Self, CallError> {
        let unreadable = |_| CallError::Rejected("the office's postgres:// address cannot be understood".to_owned());
        let mut config: Config = url.parse().map_err(unreadable)?;
        config
            .connect_timeout(CONNECT_DEADLINE)
            .application_name("tillbridge office")
            .keepalives_idle(SILENCE)
            .tcp_user_timeout(SILENCE);
        let manner = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = if config.get_ssl_mode() == SslMode::Disable {
            Manager::from_config(config, NoTls, manner)
        } else {
            Manager::from_config(config, tls()?, manner)
        };
        let settings = Hook::async_fn(|client: &mut deadpool_postgres::ClientWrapper, _| {
            Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            // The one used last has its statements prepared and planned; the others are for rushes.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT_DEADLINE))
            .create_timeout(Some(CONNECT_DEADLINE))
            .recycle_timeout(Some(CONNECT_DEADLINE))
            .post_create(settings)
            .build()
            .map_err(|error| CallError::Rejected(format!("the office's connection pool cannot be made: {error}")))?;
        Ok(Self { pool })
    }

    pub(super) async fn read<T: Send + 'static>(&self, work: Work<T>) -> Result<T, CallError> {
        let mut lease = self.lease().await?;
        let found = lease.work("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", work).await?;
        lease.end("COMMIT").await.map_err(|error| classed(&error))?;
        Ok(found)
    }

    pub(super) async fn write<T: Send + 'static>(&self, work: Work<T>) -> Result<Written<T>, CallError> {
        let mut lease = self.lease().await?;
        let done = lease.work("BEGIN", work).await?;
        match timeout(COMMIT_DEADLINE, lease.end("COMMIT")).await {
            Ok(Ok(())) => Ok(Written::Committed(done)),
            // The server answered that it did not commit.
            Ok(Err(error)) if error.code().is_some_and(|code| !shuts_down(code)) => Err(classed(&error)),
            Ok(Err(error)) => Ok(Written::Unknown(done, format!("the connection was lost while committing ({error})"))),
            Err(_) => Ok(Written::Unknown(done, format!("no answer to the commit in {} s", COMMIT_DEADLINE.as_secs()))),
        }
    }

    async fn lease(&self) -> Result<Lease, CallError> {
        let client = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => classed(&error),
            PoolError::Timeout(_) => CallError::Transient("no connection to the office came free in time".to_owned()),
            other => CallError::Transient(format!("no connection to the office: {other}")),
        })?;
        Ok(Lease(Some(client)))
    }
}

/// A connection in use. Dropped before its transaction has ended, it is closed.
struct Lease(Option<Object>);

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}

impl Lease {
    fn client(&self) -> Result<&Object, CallError> {
        self.0.as_ref().ok_or_else(|| CallError::Transient("the connection to the office was given back".to_owned()))
    }

    async fn work<T>(&mut self, begin: &str, work: Work<T>) -> Result<T, CallError> {
        let whole = async {
            let client = self.client()?;
            client.batch_execute(begin).await.map_err(|error| classed(&error))?;
            work(&mut Transaction { client }).await
        };
        let outcome = timeout(WORK_DEADLINE, whole).await.unwrap_or_else(|_| {
            Err(CallError::Transient(format!("the office did not answer within {} s", WORK_DEADLINE.as_secs())))
        });
        if outcome.is_err() {
            // Best effort: a connection that cannot even do this is closed when the lease is dropped.
            drop(timeout(CONNECT_DEADLINE, self.end("ROLLBACK")).await);
        }
        outcome
    }

    async fn end(&mut self, statement: &str) -> Result<(), tokio_postgres::Error> {
        if let Some(client) = &self.0 {
            client.batch_execute(statement).await?;
        }
        self.0.take();
        Ok(())
    }
}

struct Transaction<'a> {
    client: &'a Object,
}

#[async_trait]
impl Session for Transaction<'_> {
    async fn rows(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, CallError> {
        let statement = self.client.prepare_cached(sql).await.map_err(|error| classed(&error))?;
        let params: Vec<&(dyn ToSql + Sync)> = params
            .iter()
            .map(|param| match param {
                Param::Int(number) => number as &(dyn ToSql + Sync),
                Param::Text(text) => text,
            })
            .collect();
        let rows = self.client.query(&statement, &params).await.map_err(|error| classed(&error))?;
        rows.iter().map(texts).collect::<Result<_, _>>().map_err(|error| classed(&error))
    }

    fn json_rows(&self, columns: &[(&str, Holds)]) -> String {
        let typed: Vec<String> = columns.iter().map(|(name, holds)| format!("{name} {}", type_name(*holds))).collect();
        format!("json_to_recordset(CAST(CAST($1 AS text) AS json)) AS rows ({})", typed.join(", "))
    }

    fn amount_out(&self, amount: Money) -> Result<Value, CallError> {
        Ok(Value::String(amount.amount().to_string()))
    }

    fn amount_in(&self, shown: String, _: Currency) -> String {
        shown
    }

    async fn hold(&mut self, names: &[String]) -> Result<(), CallError> {
        // In one order for everybody, so that two batches never wait for each other.
        let sql = "SELECT CAST(pg_advisory_xact_lock(place) AS text) FROM (SELECT DISTINCT hashtextextended(name, 0) AS place \
                   FROM json_array_elements_text(CAST(CAST($1 AS text) AS json)) AS names (name) ORDER BY 1) AS places";
        self.rows(sql, &[Param::Text(&Value::from(names).to_string())]).await.map(drop)
    }
}

fn texts(row: &tokio_postgres::Row) -> Result<Row, tokio_postgres::Error> {
    (0..row.len()).map(|column| row.try_get(column)).collect::<Result<_, _>>().map(Row)
}

fn type_name(holds: Holds) -> &'static str {
    match holds {
        Holds::Text => "text",
        Holds::Int => "bigint",
        Holds::Flag => "boolean",
        Holds::Amount => "numeric",
        Holds::Time => "timestamptz",
    }
}

fn tls() -> Result<MakeRustlsConnect, CallError> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| CallError::Rejected(format!("encryption to the office cannot be set up: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn shuts_down(code: &SqlState) -> bool {
    code.code().starts_with("57P") || code.code().starts_with("08")
}

/// Sorts an error by what has to happen next. Only the message is passed on: details quote rows, and rows name people.
fn classed(error: &tokio_postgres::Error) -> CallError {
    let Some(said) = error.as_db_error() else {
        return CallError::Transient(format!("the office's database cannot be reached: {error}"));
    };
    let code = said.code().code();
    let words = said.message().to_owned();
    match code.get(..2) {
        // Signing in, permissions, a database that is not there.
        Some("28" | "3D") => CallError::Unauthorised(words),
        _ if *said.code() == SqlState::INSUFFICIENT_PRIVILEGE => CallError::Unauthorised(words),
        // Connections, transactions that met, resources, operators, locks, disks.
        Some("08" | "25" | "40" | "53" | "55" | "57" | "58" | "XX") => {
            CallError::Transient(format!("{words} (SQLSTATE {code})"))
        }
        // The contract's own refusals.
        Some("CI") => CallError::Rejected(words),
        _ => CallError::Rejected(format!("{words} (SQLSTATE {code})")),
    }
}

//! Connections: a pool with a deadline on every wait, each connection set up alike.

use std::time::Duration;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod, Runtime};
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, NoTls};

use super::tls;
use super::trouble::{failure, pool_failure};
use crate::journal::JournalError;

/// The schema everything lives in.
pub(super) const SCHEMA: &str = "tillbridge";
const CONNECT: Duration = Duration::from_secs(5);
/// How long to wait for a connection that others use.
const WAIT: Duration = Duration::from_secs(10);
/// After so long without an answer from the network, the connection counts as lost.
const SILENCE: Duration = Duration::from_secs(15);

/// What each connection is told first. A server that does not wait for its disk would break promise P1. Every statement here
/// goes by an index to a batch of rows; left to itself the planner, which does not know how long an array or a page is, may
/// choose once to read a whole table, or all there is of a channel. Planning each time anew cost more than most of the work; how
/// long a plan is kept is for [`is_to_plan_anew`] to say.
const SETTINGS: &str = "SET search_path TO tillbridge;
    SET statement_timeout TO '15s';
    SET lock_timeout TO '10s';
    SET idle_in_transaction_session_timeout TO '30s';
    SET default_transaction_isolation TO 'read committed';
    SET jit TO off;
    SET enable_seqscan TO off;
    SET enable_hashjoin TO off;
    SET enable_mergejoin TO off;
    SET enable_bitmapscan TO off;
    SET plan_cache_mode TO force_generic_plan;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// A plan is kept for so many uses of a connection.
const PLANS_LAST: usize = 1_024;

/// Whether a connection that was used so often is to forget its plans. The first are made for tables with next to nothing in them,
/// and PostgreSQL itself would keep them until it has counted the rows again, a minute or more into a flood. So a plan goes when the
/// connection has been used twice as often as when it was made, and never lasts longer than a thousand uses.
fn is_to_plan_anew(uses: usize) -> bool {
    uses.is_power_of_two() || uses.is_multiple_of(PLANS_LAST)
}

/// Reads the URL. Errors never repeat it, for it holds a password.
pub(super) fn config(url: &str) -> Result<Config, JournalError> {
    // `require` here always checks the certificate and the name, which is what these two words ask for elsewhere.
    let url = url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    let mut config: Config = url.parse().map_err(|_| {
        JournalError::Broken(
            "the journal's PostgreSQL URL cannot be read; write it like postgres://user:password@host:5432/database"
                .to_owned(),
        )
    })?;
    config
        .application_name("tillbridge")
        .connect_timeout(CONNECT)
        .keepalives(true)
        .keepalives_idle(SILENCE)
        .tcp_user_timeout(SILENCE);
    Ok(config)
}

/// A pool for so many connections, and one for appending.
pub(super) fn pool(url: &str, connections: usize) -> Result<Pool, JournalError> {
    let config = config(url)?;
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match config.get_ssl_mode() {
        SslMode::Require => Manager::from_config(config, tls::connector()?, recycling),
        _ => Manager::from_config(config, NoTls, recycling),
    };
    Pool::builder(manager)
        .max_size(connections.max(1) + 1)
        // The one used last has its statements prepared and planned; the others are for rushes.
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(CONNECT * 2))
        .recycle_timeout(Some(CONNECT))
        .post_create(Hook::async_fn(|client, _| {
            Box::pin(async move { client.batch_execute(SETTINGS).await.map_err(HookError::Backend) })
        }))
        .pre_recycle(Hook::sync_fn(|client, metrics| {
            if is_to_plan_anew(metrics.recycle_count + 1) {
                client.statement_cache.clear();
            }
            Ok(())
        }))
        .build()
        .map_err(|error| JournalError::Broken(format!("the pool of connections cannot be made: {error}")))
}

/// A connection of its own, without the deadlines of ordinary work, for migrations.
pub(super) async fn alone(url: &str) -> Result<tokio_postgres::Client, JournalError> {
    let config = config(url)?;
    if config.get_ssl_mode() == SslMode::Require {
        let (client, connection) = config.connect(tls::connector()?).await.map_err(|error| failure(&error))?;
        tokio::spawn(connection);
        return Ok(client);
    }
    let (client, connection) = config.connect(NoTls).await.map_err(|error| failure(&error))?;
    tokio::spawn(connection);
    Ok(client)
}

/// A connection from the pool.
pub(super) async fn client(pool: &Pool) -> Result<deadpool_postgres::Client, JournalError> {
    pool.get().await.map_err(|error| pool_failure(&error))
}

//! A database and queues of a story's own on the given servers, gone when it ends.

use tillbridge::handlers;
use uuid::Uuid;

use super::servers;

/// A PostgreSQL database of a story's own.
pub struct Database {
    /// Its address.
    pub url: String,
    admin: String,
    name: String,
}

impl Database {
    /// Makes it.
    pub async fn create() -> Self {
        let admin = servers::postgres().unwrap();
        let name = format!("story_{}", Uuid::new_v4().simple());
        run(&admin, &format!("CREATE DATABASE {name}")).await;
        let (address, parameters) = match admin.split_once('?') {
            Some((address, parameters)) => (address, format!("?{parameters}")),
            None => (admin.as_str(), String::new()),
        };
        let server = address.rsplit_once('/').unwrap().0;
        Self { url: format!("{server}/{name}{parameters}"), name, admin }
    }

    /// Ends every connection to it and refuses new ones.
    pub async fn refuse_everybody(&self) {
        run(&self.admin, &format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name)).await;
        let connected = format!("FROM pg_stat_activity WHERE datname = '{}'", self.name);
        run(&self.admin, &format!("SELECT pg_terminate_backend(pid) {connected}")).await;
    }

    /// Takes connections again.
    pub async fn let_everybody_in(&self) {
        run(&self.admin, &format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name)).await;
    }

    /// Drops it, whoever is still connected.
    pub async fn drop(self) {
        run(&self.admin, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

/// Makes a database of this name on a server that is the story's alone, and answers its address.
pub async fn database_at(server: &str, name: &str) -> String {
    run(server, &format!("CREATE DATABASE {name}")).await;
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

async fn run(url: &str, statement: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(statement).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

/// RabbitMQ queues of a story's own, by what their names begin with.
pub struct Queues {
    /// What their names begin with.
    pub prefix: String,
}

impl Queues {
    /// A fresh beginning of names.
    pub fn new() -> Self {
        Self { prefix: format!("story-{}", Uuid::new_v4().simple()) }
    }

    /// Deletes those of these channels and their exchanges.
    pub async fn delete(self, channels: &[&str]) {
        let url = servers::rabbitmq().unwrap();
        let connection = lapin::Connection::connect(&url, lapin::ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        let names = handlers::names();
        let lanes = channels.iter().flat_map(|channel| names.iter().map(move |handler| format!("{channel}.{handler}")));
        for queue in lanes.chain(["dead".to_owned()]) {
            let name = format!("{}.{queue}", self.prefix);
            channel.queue_delete(name.into(), lapin::options::QueueDeleteOptions::default()).await.unwrap();
        }
        for exchange in ["events", "dead"] {
            let name = format!("{}.{exchange}", self.prefix);
            channel.exchange_delete(name.into(), lapin::options::ExchangeDeleteOptions::default()).await.unwrap();
        }
        connection.close(200, "".into()).await.unwrap();
    }
}

/// Whether both servers are there; says aloud when a story is left out.
pub fn both(story: &str) -> bool {
    if servers::postgres().is_none() {
        servers::left_out(story, "DATABASE_URL");
        return false;
    }
    if servers::rabbitmq().is_none() {
        servers::left_out(story, "AMQP_URL");
        return false;
    }
    true
}

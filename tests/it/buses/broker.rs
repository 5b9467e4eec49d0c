//! A test's own corner of a RabbitMQ server: a random prefix, a bus on it, a proxy in front, and a back door.

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use tillbridge::bus::Lane;
use tillbridge::bus::rabbitmq::RabbitBus;
use uuid::Uuid;

use super::stories::within;
use crate::support::proxy::Proxy;
use crate::support::servers;

/// A corner of the server.
pub struct Corner {
    url: String,
    pub prefix: String,
    pub lanes: Vec<Lane>,
    _connection: Connection,
    pub back_door: Channel,
}

impl Corner {
    /// None, and a word about it, when there is no server.
    pub async fn open(test: &str, lanes: &[Lane]) -> Option<Self> {
        let Some(url) = servers::rabbitmq() else {
            servers::left_out(test, "AMQP_URL");
            return None;
        };
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
        let back_door = connection.create_channel().await.unwrap();
        let prefix = format!("test.{}", Uuid::new_v4().simple());
        Some(Self { url, prefix, lanes: lanes.to_vec(), _connection: connection, back_door })
    }

    /// A bus straight to the server.
    pub async fn bus(&self) -> RabbitBus {
        self.bus_at(&self.url).await
    }

    /// A bus through a proxy. Heartbeats every second, so that silence is noticed soon.
    pub async fn bus_through_proxy(&self) -> (RabbitBus, Proxy) {
        let mut uri: AMQPUri = self.url.parse().unwrap();
        let proxy = Proxy::start((uri.authority.host.clone(), uri.authority.port)).await;
        uri.authority.host = proxy.place().ip().to_string();
        uri.authority.port = proxy.place().port();
        uri.query.heartbeat = Some(1);
        (self.bus_at(&uri.to_string()).await, proxy)
    }

    async fn bus_at(&self, url: &str) -> RabbitBus {
        self.bus_with(url, &self.lanes).await
    }

    /// A bus of a process that knows only these lanes.
    pub async fn bus_knowing(&self, lanes: &[Lane]) -> RabbitBus {
        self.bus_with(&self.url, lanes).await
    }

    async fn bus_with(&self, url: &str, lanes: &[Lane]) -> RabbitBus {
        within("connecting", RabbitBus::connect(url, &self.prefix, lanes)).await.unwrap()
    }

    /// The whole name of a queue or an exchange.
    pub fn queue(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    pub async fn delete_queue(&self, name: &str) {
        let options = QueueDeleteOptions::default();
        self.back_door.queue_delete(self.queue(name).into(), options).await.unwrap();
    }

    /// How many messages wait in a queue, in nobody's hands.
    pub async fn waiting(&self, name: &str) -> u32 {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let queue = self.back_door.queue_declare(self.queue(name).into(), options, FieldTable::default()).await;
        queue.unwrap().message_count()
    }

    /// Waits for a message in a queue and takes it for good.
    pub async fn take_from(&self, name: &str) -> lapin::message::Delivery {
        within("a message in the queue", async {
            loop {
                let options = BasicGetOptions { no_ack: true };
                if let Some(got) = self.back_door.basic_get(self.queue(name).into(), options).await.unwrap() {
                    return got.delivery;
                }
            }
        })
        .await
    }

    /// Puts a message that tillbridge has not written into a queue.
    pub async fn smuggle(&self, name: &str, body: &[u8]) {
        let options = BasicPublishOptions::default();
        let properties = BasicProperties::default();
        let queue = self.queue(name).into();
        self.back_door.basic_publish("".into(), queue, options, body, properties).await.unwrap().await.unwrap();
    }

    /// Leaves nothing behind.
    pub async fn close(self) {
        let lanes = self.lanes.iter().map(|lane| format!("{}.{}", lane.channel, lane.handler));
        for name in lanes.chain(["dead".to_owned()]) {
            let _ = self.back_door.queue_delete(self.queue(&name).into(), QueueDeleteOptions::default()).await;
        }
        for name in ["events", "dead"] {
            let _ = self.back_door.exchange_delete(self.queue(name).into(), ExchangeDeleteOptions::default()).await;
        }
    }
}

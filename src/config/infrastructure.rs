//! `[journal]`, `[bus]` and `[listen]`: what one deployment stands on.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::read::Section;
use crate::domain::Secret;
use crate::policy::Retention;

/// Which journal is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalChoice {
    /// An SQLite file, for one process.
    Sqlite(PathBuf),
    /// A PostgreSQL database, for any number of processes.
    Postgres {
        /// Where it is.
        url: Secret,
        /// Most connections from this process.
        connections: u32,
    },
}

/// Which bus is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusChoice {
    /// Inside the process.
    Local,
    /// A RabbitMQ broker.
    RabbitMq {
        /// Where it is.
        url: Secret,
        /// What the names of exchanges and queues begin with.
        prefix: String,
    },
}

/// Where the program listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listen {
    /// For webhooks.
    pub webhooks: SocketAddr,
    /// For health and metrics.
    pub admin: SocketAddr,
    /// What callers of the admin address must show.
    pub admin_token: Option<Secret>,
    /// Largest webhook body, in bytes.
    pub body_limit: usize,
}

pub(super) fn journal(section: &Section<'_>) -> Option<JournalChoice> {
    let sqlite = section.text("sqlite");
    let connections = section.number("connections", 16, 1_000);
    if let (Some(_), Some(postgres)) = (section.value("sqlite"), section.value("postgres")) {
        section.add(
            &postgres.place,
            "[journal] has both `sqlite` and `postgres`",
            "keep `sqlite` for one process with nothing to install, or `postgres` for several processes",
        );
        return None;
    }
    if section.value("postgres").is_some() {
        return Some(JournalChoice::Postgres { url: section.secret("postgres")?, connections });
    }
    if let Some(unused) = section.value("connections") {
        section.add(
            &unused.place,
            "`connections` is for PostgreSQL, but the journal is an SQLite file",
            "leave it out",
        );
    }
    Some(JournalChoice::Sqlite(sqlite.map_or("tillbridge.db", |found| found.value).into()))
}

pub(super) fn keep(section: &Section<'_>) -> Retention {
    let default = Retention::default();
    let deliveries = section.days("keep_deliveries", default.deliveries);
    let keep = Retention { deliveries, events: section.days("keep_events", default.events.max(deliveries)) };
    if let Some(node) = section.value("keep_events")
        && keep.events < keep.deliveries
    {
        section.add(
            &node.place,
            "`keep_events` is shorter than `keep_deliveries`: what a delivery meant would go before what it said",
            "make it as long at least, or shorten `keep_deliveries`",
        );
    }
    keep
}

pub(super) fn bus(section: &Section<'_>, journal_is_shared: bool) -> Option<BusChoice> {
    let prefix = section.text("prefix");
    let Some(node) = section.value("rabbitmq") else {
        if let Some(unused) = prefix {
            section.add(
                unused.place,
                "`prefix` is for RabbitMQ, but [bus] names none",
                "add `rabbitmq`, or leave it out",
            );
        }
        return Some(BusChoice::Local);
    };
    if !journal_is_shared {
        section.add(
            &node.place,
            "`rabbitmq` with an SQLite journal: RabbitMQ hands work to several processes, but an SQLite file belongs to one",
            "add postgres = { env = \"NAME\" } to [journal], or leave `rabbitmq` out",
        );
    }
    let prefix = prefix.map_or("tillbridge", |found| found.value).to_owned();
    Some(BusChoice::RabbitMq { url: section.secret("rabbitmq")?, prefix })
}

pub(super) fn listen(section: &Section<'_>) -> Option<Listen> {
    let webhooks = section.address("webhooks", "0.0.0.0:8080");
    let admin = section.address("admin", "127.0.0.1:8081");
    let admin_token = section.secret("admin_token");
    let body_limit = section.size("body_limit", 16 << 20);
    let (webhooks, admin) = (webhooks?, admin?);
    if !admin.value.ip().is_loopback() && section.value("admin_token").is_none() {
        let what = format!("the admin address {} can be reached from other machines, but has no token", admin.value);
        section.add(admin.place, what, "add admin_token = { env = \"NAME\" } to [listen], or use 127.0.0.1");
    }
    if webhooks.value == admin.value && webhooks.value.port() != 0 {
        let what = format!("`webhooks` and `admin` are both {}", admin.value);
        section.add(admin.place, what, "give one of them another port");
    }
    Some(Listen { webhooks: webhooks.value, admin: admin.value, admin_token, body_limit })
}

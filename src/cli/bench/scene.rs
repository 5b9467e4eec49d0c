//! What is measured: a town, and a bridge in one process or several.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::time::Instant;

use super::child::{Folder, Process, free_address};
use crate::journal::postgres::PostgresJournal;
use crate::journal::sqlite::SqliteJournal;
use crate::rehearsal::{self, Bus, Journal, Side, Town, TownPlan};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// The webhook door alone, storing nothing.
    Storeless,
    /// SQLite and the bus in the process.
    Sqlite,
    /// PostgreSQL and the bus in the process.
    Postgres,
    /// PostgreSQL and RabbitMQ.
    Distributed,
}

/// A town, and a bridge to be measured in a process of its own.
pub struct Scene {
    /// The shop and the office.
    pub town: Town,
    /// The bridge's process that takes webhooks.
    pub process: Process,
    /// Further processes of the same bridge.
    others: Vec<Process>,
    journal: Journal,
    database: Option<Database>,
    environment: Vec<(String, String)>,
    folder: PathBuf,
}

impl Scene {
    /// Founds the town and starts the bridge with these roles.
    ///
    /// # Errors
    /// When a database or a process cannot be started.
    pub async fn set(measured: Measured, roles: &str, folder: &Folder, styles: u32) -> anyhow::Result<Self> {
        let mut plan = TownPlan::new("bench");
        plan.styles = styles;
        plan.stock = 1_000_000;
        plan.every = Duration::from_secs(1);
        let town = Town::found(&plan, folder.path()).await?;
        let mut database = None;
        let journal = match measured {
            Measured::Storeless | Measured::Sqlite => Journal::Sqlite(folder.path().join("journal.db")),
            Measured::Postgres | Measured::Distributed => {
                let made = Database::create().await?;
                let journal = Journal::Postgres(made.url.clone());
                database = Some(made);
                journal
            }
        };
        let bus = match measured {
            Measured::Distributed => Bus::RabbitMq {
                url: std::env::var("AMQP_URL").context("AMQP_URL names no broker")?,
                prefix: format!("bench-{}", uuid::Uuid::now_v7().simple()),
            },
            _ => Bus::Local,
        };
        let (webhooks, admin) = (free_address()?, free_address()?);
        let configuration = rehearsal::configuration(&journal, &bus, webhooks, admin, &[&town]);
        let file = folder.path().join("tillbridge.toml");
        std::fs::write(&file, &configuration.text)?;
        let mut environment = configuration.secrets;
        environment.push(("TILLBRIDGE_CONFIG".to_owned(), file.display().to_string()));
        if let Journal::Postgres(url) = &journal {
            PostgresJournal::migrate(url).await?;
        }
        let arguments: &[&str] = match measured {
            Measured::Storeless => &["bench", "--storeless"],
            _ => &["serve", "--roles", roles],
        };
        let process = Process::start(arguments, &environment, webhooks, admin, &folder.path().join("log")).await?;
        let folder = folder.path().to_owned();
        Ok(Self { town, process, others: Vec::new(), journal, database, environment, folder })
    }

    /// Starts another process of the same bridge with these roles.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn joined_by(&mut self, roles: &str) -> anyhow::Result<()> {
        let process = self.another(roles).await?;
        self.others.push(process);
        Ok(())
    }

    /// Ends all processes of the bridge and goes on with one of these roles.
    ///
    /// # Errors
    /// When one does not end well, or the next cannot be started.
    pub async fn goes_on_as(&mut self, roles: &str) -> anyhow::Result<()> {
        self.end_processes().await?;
        self.process = self.another(roles).await?;
        Ok(())
    }

    /// Ends all processes of the bridge; its journal can be opened then.
    ///
    /// # Errors
    /// When one does not end well.
    pub async fn end_processes(&mut self) -> anyhow::Result<()> {
        self.process.end().await?;
        for mut other in self.others.drain(..) {
            other.end().await?;
        }
        Ok(())
    }

    async fn another(&self, roles: &str) -> anyhow::Result<Process> {
        let (webhooks, admin) = (free_address()?, free_address()?);
        let mut environment = self.environment.clone();
        environment.push(("TILLBRIDGE_LISTEN__WEBHOOKS".to_owned(), webhooks.to_string()));
        environment.push(("TILLBRIDGE_LISTEN__ADMIN".to_owned(), admin.to_string()));
        let log = self.folder.join(format!("log-{}", admin.port()));
        Process::start(&["serve", "--roles", roles], &environment, webhooks, admin, &log).await
    }

    /// Time all its processes have spent on processors, in hundredths of a second.
    ///
    /// # Errors
    /// When one is gone.
    pub fn processor_ticks(&self) -> anyhow::Result<u64> {
        self.others.iter().try_fold(self.process.processor_ticks()?, |sum, one| Ok(sum + one.processor_ticks()?))
    }

    /// Where its journal is.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Waits until the office's catalogue is at the shop.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn catalogue_on_the_web(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !self.town.is_on_the_web() {
            ensure!(begun.elapsed() < super::stock::PATIENCE, "the catalogue did not reach the shop");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.agreed().await
    }

    /// Waits until both sides show the same stock.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn agreed(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !self.town.differences().await?.is_empty() {
            ensure!(begun.elapsed() < super::stock::PATIENCE, "the sides do not agree");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        Ok(())
    }

    /// Waits until the office has booked so many invoices.
    ///
    /// # Errors
    /// When it takes too long.
    pub async fn invoices_reach(&self, count: u64) -> anyhow::Result<()> {
        let begun = Instant::now();
        let wanted = i64::try_from(count)?;
        loop {
            let (booked, _) = self.town.office.document_counts().await?;
            if booked >= wanted {
                return Ok(());
            }
            ensure!(begun.elapsed() < super::stock::PATIENCE, "only {booked} of {wanted} invoices were booked");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends the bridge and drops what was made for it.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.end_processes().await?;
        match self.database {
            Some(database) => database.drop().await,
            None => Ok(()),
        }
    }

    /// Opens the journal of a bridge that has ended.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open_journal(&self) -> anyhow::Result<Box<dyn crate::journal::Journal>> {
        Ok(match &self.journal {
            Journal::Sqlite(path) => Box::new(SqliteJournal::open(path)?),
            Journal::Postgres(url) => Box::new(PostgresJournal::connect(url, 2).await?),
        })
    }
}

/// A PostgreSQL database of the benchmark's own.
pub struct Database {
    /// Its address.
    pub url: String,
    admin: String,
    name: String,
}

impl Database {
    async fn create() -> anyhow::Result<Self> {
        let admin = std::env::var("DATABASE_URL").context("DATABASE_URL names no server")?;
        let name = format!("bench_{}", uuid::Uuid::now_v7().simple());
        execute(&admin, &format!("CREATE DATABASE {name}")).await?;
        let (address, parameters) = admin.split_once('?').unwrap_or((&admin, ""));
        let (server, _) = address.rsplit_once('/').context("DATABASE_URL names no database")?;
        let url = format!("{server}/{name}{}{parameters}", if parameters.is_empty() { "" } else { "?" });
        Ok(Self { url, admin, name })
    }

    async fn drop(self) -> anyhow::Result<()> {
        execute(&self.admin, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await
    }
}

/// Runs statements on a connection of their own.
///
/// # Errors
/// When the server refuses one.
pub async fn execute(url: &str, statement: &str) -> anyhow::Result<()> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    client.batch_execute(statement).await?;
    drop(client);
    connection.await??;
    Ok(())
}

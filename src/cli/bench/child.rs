//! A tillbridge process to be measured: started as its user would start it, watched from outside.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::journal::postgres::PostgresJournal;
use crate::journal::sqlite::SqliteJournal;
use crate::rehearsal::{self, Bus, Journal, Side, Town, TownPlan};

/// How long a process may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running process and its addresses.
pub struct Process {
    child: Child,
    /// Where webhooks go.
    pub webhooks: SocketAddr,
    /// Where health and metrics are.
    pub admin: SocketAddr,
}

impl Process {
    /// Starts `tillbridge` with these arguments and environment, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not start or is not ready in time; its log is in `log`.
    pub async fn start(
        arguments: &[&str],
        environment: &[(String, String)],
        webhooks: SocketAddr,
        admin: SocketAddr,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let file = std::fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start a process to measure")?;
        let mut process = Self { child, webhooks, admin };
        let begun = Instant::now();
        while !process.is_ready().await {
            if let Some(status) = process.child.try_wait()? {
                bail!("the process to measure ended with {status}: {}", last_words(log));
            }
            if begun.elapsed() > PATIENCE {
                bail!("the process to measure was not ready in time: {}", last_words(log));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(process)
    }

    async fn is_ready(&self) -> bool {
        let question = reqwest::Client::new().get(format!("http://{}/readyz", self.admin));
        let answer = question.timeout(Duration::from_secs(5)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Resident memory in KiB, from the kernel.
    ///
    /// # Errors
    /// When the process is gone or the kernel does not tell.
    pub fn resident_kib(&self) -> anyhow::Result<u64> {
        self.memory_kib("VmRSS:")
    }

    /// The most resident memory so far in KiB, from the kernel.
    ///
    /// # Errors
    /// When the process is gone or the kernel does not tell.
    pub fn peak_kib(&self) -> anyhow::Result<u64> {
        self.memory_kib("VmHWM:")
    }

    fn memory_kib(&self, which: &str) -> anyhow::Result<u64> {
        let id = self.child.id().context("the process is gone")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(which));
        let figure = line.and_then(|line| line.split_whitespace().next()).and_then(|figure| figure.parse().ok());
        figure.context("the kernel does not tell the resident memory")
    }

    /// Time it has spent on processors, from the kernel, in hundredths of a second.
    ///
    /// # Errors
    /// When the process is gone or the kernel does not tell.
    pub fn processor_ticks(&self) -> anyhow::Result<u64> {
        let id = self.child.id().context("the process is gone")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The second field is the program's name in brackets and may hold anything; user and system time are the 12th and 13th
        // after it (proc_pid_stat(5)).
        let fields: Vec<&str> =
            status.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
        let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<u64>().ok());
        let (user, system) = ticks(11).zip(ticks(12)).context("the kernel does not tell the time on processors")?;
        Ok(user + system)
    }

    /// Asks it to end and waits until it has.
    ///
    /// # Errors
    /// When it does not end in time or ends badly.
    pub async fn end(mut self) -> anyhow::Result<()> {
        if let Some(id) = self.child.id() {
            Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        }
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.context("it did not end in time")??;
        if status.success() { Ok(()) } else { bail!("it ended with {status}") }
    }
}

/// A free address on this machine.
///
/// # Errors
/// When the machine has none.
pub fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
}

/// A folder of its own for one measurement, removed at the end.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes it under the system's folder for such things.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("tillbridge-bench-{}", uuid::Uuid::now_v7().simple()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

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
    /// The bridge.
    pub process: Process,
    journal: Journal,
    database: Option<Database>,
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
        let file = file.display().to_string();
        let mut environment = configuration.secrets;
        environment.push(("TILLBRIDGE_CONFIG".to_owned(), file.clone()));
        if let Journal::Postgres(url) = &journal {
            PostgresJournal::migrate(url).await?;
        }
        let arguments: &[&str] = match measured {
            Measured::Storeless => &["bench", "--storeless"],
            _ => &["serve", "--config", &file, "--roles", roles],
        };
        let process = Process::start(arguments, &environment, webhooks, admin, &folder.path().join("log")).await?;
        Ok(Self { town, process, journal, database })
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

    /// Ends the bridge.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn end(self) -> anyhow::Result<()> {
        self.process.end().await?;
        if let Some(database) = self.database {
            database.drop().await?;
        }
        Ok(())
    }

    /// Ends the bridge and opens its journal. A PostgreSQL database made for it stays for the reader to look at.
    ///
    /// # Errors
    /// When the bridge does not end well or its journal cannot be opened.
    pub async fn end_and_open_journal(self) -> anyhow::Result<Box<dyn crate::journal::Journal>> {
        self.process.end().await?;
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

async fn execute(url: &str, statement: &str) -> anyhow::Result<()> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let connection = tokio::spawn(connection);
    client.batch_execute(statement).await?;
    drop(client);
    connection.await??;
    Ok(())
}

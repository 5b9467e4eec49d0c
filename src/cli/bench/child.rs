//! A tillbridge process to be measured: started as its user would start it, watched from outside.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::{Child, Command};
use tokio::time::Instant;

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

    /// Asks it to end and waits until it has; one that has ended already is left alone.
    ///
    /// # Errors
    /// When it does not end in time or ends badly.
    pub async fn end(&mut self) -> anyhow::Result<()> {
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

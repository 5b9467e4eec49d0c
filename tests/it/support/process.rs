//! The real program in a process of its own, over a configuration file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tillbridge::rehearsal::Configuration;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::house::PATIENCE;

/// A bridge in a process of its own, which can be killed.
pub struct Process {
    configuration: Configuration,
    file: PathBuf,
    log: PathBuf,
    admin: SocketAddr,
    child: Option<Child>,
}

impl Process {
    /// Writes the configuration into this folder and makes the journal ready; the bridge is not started.
    pub async fn of(folder: &Path, configuration: Configuration, admin: SocketAddr) -> Self {
        let file = folder.join("tillbridge.toml");
        std::fs::write(&file, &configuration.text).unwrap();
        let process = Self { configuration, file, log: folder.join("log"), admin, child: None };
        let migrated = process.command("migrate").status().await.unwrap();
        assert!(migrated.success(), "migrate failed: {}", process.last_words());
        process
    }

    /// A command of the program over the same configuration.
    pub fn command(&self, verb: &str) -> Command {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tillbridge"));
        command.args([verb, "--config"]).arg(&self.file).envs(self.configuration.secrets.iter().cloned());
        command.stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        command
    }

    /// Starts it and waits until it is ready.
    pub async fn start(&mut self) {
        self.child = Some(self.command("serve").spawn().unwrap());
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = reqwest::get(format!("http://{}/readyz", self.admin)).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < until, "the bridge does not start: {}", self.last_words());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// kill -9.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().await.unwrap();
        child.wait().await.unwrap();
    }

    /// SIGTERM; it must settle what it holds and end well.
    pub async fn end(&mut self) {
        let mut child = self.child.take().unwrap();
        let id = child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let status = tokio::time::timeout(PATIENCE, child.wait()).await.unwrap().unwrap();
        assert!(status.success(), "SIGTERM ended it with {status}: {}", self.last_words());
    }

    /// Deliveries and handlings under way, as operators are told.
    pub async fn unfinished(&self) -> i64 {
        let told = self.command("status").arg("--json").stdout(Stdio::piped()).output().await.unwrap();
        assert!(told.status.success(), "status failed: {}", self.last_words());
        let status: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
        status["unfinished"].as_i64().unwrap()
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().rev().take(15).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// An address of this machine where nobody listens.
pub fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

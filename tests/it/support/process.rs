//! The real program in processes of its own, over configuration files.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
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
    roles: Vec<String>,
    told: Vec<(String, String)>,
    child: Option<Child>,
}

impl Process {
    /// Writes the configuration into this folder and makes the journal ready; the bridge is not started.
    pub async fn of(folder: &Path, configuration: Configuration, admin: SocketAddr) -> Self {
        let file = folder.join("tillbridge.toml");
        std::fs::write(&file, &configuration.text).unwrap();
        let process = Self {
            configuration,
            file,
            log: folder.join("log"),
            admin,
            roles: Vec::new(),
            told: Vec::new(),
            child: None,
        };
        let migrated = process.command("migrate").status().await.unwrap();
        assert!(migrated.success(), "migrate failed: {}", process.last_words());
        process
    }

    /// A command of the program over the same configuration, such as `status` or `stock audit`.
    pub fn command(&self, words: &str) -> Command {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_tillbridge"));
        command.args(words.split(' ')).arg("--config").arg(&self.file).envs(self.configuration.secrets.iter().cloned());
        command.stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        command
    }

    /// Has it take these roles alone.
    pub fn takes(&mut self, roles: &[&str]) {
        self.roles = roles.iter().map(|role| (*role).to_owned()).collect();
    }

    /// Gives it further variables in its environment.
    pub fn is_told(&mut self, variables: &[(&str, &str)]) {
        self.told = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    }

    /// Starts it and waits until it is ready.
    pub async fn start(&mut self) {
        let is_up = self.comes_up(Instant::now() + PATIENCE).await;
        assert!(is_up, "the bridge does not start: {}", self.last_words());
    }

    /// Starts it as a supervisor does: again and again while what it needs is not there, until it is ready.
    pub async fn is_kept_up(&mut self) {
        let until = Instant::now() + PATIENCE;
        while !self.comes_up(until).await {
            assert!(Instant::now() < until, "the bridge does not stay up: {}", self.last_words());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// One start; whether it was ready before it ended, and in time.
    async fn comes_up(&mut self, until: Instant) -> bool {
        self.launches();
        while !self.has_ended() && Instant::now() < until {
            if self.is_ready().await {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        false
    }

    /// Starts it and does not wait.
    pub fn launches(&mut self) {
        let mut serve = self.command("serve");
        if !self.roles.is_empty() {
            serve.args(["--roles", &self.roles.join(",")]);
        }
        serve.envs(self.told.iter().cloned());
        self.child = Some(serve.spawn().unwrap());
    }

    /// Whether it says that it is ready, on however slow a machine; one that answers nobody yet does not.
    pub async fn is_ready(&self) -> bool {
        let asked = reqwest::get(format!("http://{}/readyz", self.admin));
        let answer = tokio::time::timeout(Duration::from_secs(5), asked).await;
        answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status().is_success()))
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().unwrap().try_wait().unwrap().is_some()
    }

    /// kill -9.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().await.unwrap();
        child.wait().await.unwrap();
    }

    /// SIGTERM; how it ended.
    pub async fn ends(&mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let id = child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
        ended.unwrap_or_else(|_| panic!("SIGTERM does not end it: {}", self.last_words())).unwrap()
    }

    /// SIGTERM; it must settle what it holds and end well.
    pub async fn end(&mut self) {
        let status = self.ends().await;
        assert!(status.success(), "SIGTERM ended it with {status}: {}", self.last_words());
    }

    /// Deliveries and handlings under way, as operators are told.
    pub async fn unfinished(&self) -> i64 {
        self.status().await["unfinished"].as_i64().unwrap()
    }

    /// The journal's figures, as operators are told.
    pub async fn status(&self) -> serde_json::Value {
        let told = self.command("status").arg("--json").stdout(Stdio::piped()).output().await.unwrap();
        assert!(told.status.success(), "status failed: {}", self.last_words());
        serde_json::from_slice(&told.stdout).unwrap()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        self.log().lines().rev().take(15).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// An address of this machine where nobody listens, below those that the system gives to outgoing connections: nobody else
/// gets it while whoever listens there is down.
pub fn free_address() -> SocketAddr {
    loop {
        let address = SocketAddr::from(([127, 0, 0, 1], rand::random_range(20_000..32_000)));
        if std::net::TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

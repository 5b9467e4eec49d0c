//! The command line as a person sees it: the real binary, its exit code, what it writes where.

mod both_sides;
mod demo;
mod distributed;
mod help;
mod ledger;
mod with_journal;
mod without_journal;

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A folder with a configuration, in which commands are run.
pub struct Desk {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl Desk {
    /// An empty folder.
    pub fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    /// A folder with this configuration as `tillbridge.toml`.
    pub fn with(config: &str) -> Self {
        let desk = Self::empty();
        std::fs::write(desk.path().join("tillbridge.toml"), config).unwrap();
        desk
    }

    /// Sets an environment variable for all commands.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the program and tells everything a person would see.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_tillbridge"))
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text =
            |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&*self.path().to_string_lossy(), "[FOLDER]");
        format!(
            "$ tillbridge {}\nexit code: {}\n----- stdout -----\n{}----- stderr -----\n{}",
            arguments.join(" "),
            output.status.code().map_or("none".to_owned(), |code| code.to_string()),
            text(output.stdout),
            text(output.stderr),
        )
    }
}

/// Compares what a person sees with the snapshot; times and numbers that differ from run to run are hidden.
macro_rules! assert_seen {
    ($seen:expr) => {
        insta::with_settings!({ filters => vec![
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[TIME]"),
            (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "[UUID]"),
            (r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", "[TRACE]"),
        ]}, { insta::assert_snapshot!($seen) });
    };
}
use assert_seen;

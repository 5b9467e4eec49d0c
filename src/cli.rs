//! The command line: one file per command.
//!
//! What comes in: arguments. What goes out: an answer on stdout, logs and errors on stderr, and an exit code that means
//! something ([`Exit`]). Texts are for people; `--json` is for programs. No personal data is shown but where its
//! contents are asked for: `events show --body`, `dead show --body`, `dead edits --before` and `privacy export`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::ops::logging;

mod check;
mod confirm;
mod dead;
mod events;
mod failure;
mod init;
mod migrate;
mod output;
mod pause;
mod poll;
mod privacy;
mod reconcile;
mod replay;
mod selection;
mod status;
mod stock;
mod trace;
mod webhooks;

pub mod bench;
pub mod demo;
pub mod serve;

pub use failure::{Exit, Failure};
pub use output::Output;

const AFTER_HELP: &str = "\
Exit codes:
  0  all is well
  1  it failed
  2  the call or the configuration is wrong
  3  a promise is broken

Examples:
  tillbridge demo                                 see it work, without any system of yours
  tillbridge init counter-intelligence-shopify    write a configuration to begin with
  tillbridge check                                is it right, and do both sides answer?
  tillbridge serve                                run
  tillbridge dead list                            what waits for a person";

/// Joins shops' tills to their web shops: every sale crosses exactly once, to the cent, within seconds
#[derive(Debug, Parser)]
#[command(name = "tillbridge", version, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show the whole bridge at work in a sandbox: a shop, an office and traffic in one process
    Demo(demo::Args),
    /// Write a commented configuration to begin with
    Init(init::Args),
    /// Check the configuration, then call both sides of every channel
    Check(check::Args),
    /// Bring the journal's tables up to date
    Migrate(migrate::Args),
    /// Run the bridge
    Serve(serve::Args),
    /// Show how much work there is and whether any is stuck
    Status(status::Args),
    /// Register and audit the storefronts' webhooks
    #[command(subcommand)]
    Webhooks(webhooks::Command),
    /// Ask an office for changes once, now
    Poll(poll::Args),
    /// Ask a storefront now for what it never told
    Reconcile(reconcile::Args),
    /// Compare the stock a storefront shows with what it should show
    #[command(subcommand)]
    Stock(stock::Command),
    /// Look up events and what became of them
    #[command(subcommand)]
    Events(events::Command),
    /// Look after what was given up: dead letters
    #[command(subcommand)]
    Dead(dead::Command),
    /// Answer requests about personal data, and prove what was done
    #[command(subcommand)]
    Privacy(privacy::Command),
    /// Handle stored events again; what has taken effect is not done twice
    Replay(replay::Args),
    /// Hold a channel's work; deliveries are still taken in
    Pause(pause::PauseArgs),
    /// Go on with a paused channel's work
    Resume(pause::ResumeArgs),
    /// Measure this machine
    Bench(bench::Args),
}

/// Which configuration a command works with.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigFile {
    /// The configuration file
    #[arg(
        long,
        value_name = "FILE",
        env = "TILLBRIDGE_CONFIG",
        hide_env_values = true,
        default_value = "tillbridge.toml"
    )]
    pub config: PathBuf,
}

impl ConfigFile {
    /// Reads it.
    ///
    /// # Errors
    /// [`Failure`] with exit code 2 and every problem.
    pub fn load(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.config)?)
    }
}

/// Runs the program: arguments from the process, answers to stdout and stderr.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap knows which stream each belongs to.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Fine };
            return if error.print().is_ok() { exit.into() } else { Exit::Failed.into() };
        }
    };
    let mut output = Output::stdout();
    let result = start(cli.command.logs()).and_then(|runtime| runtime.block_on(cli.command.run(&mut output)));
    match result.and_then(|exit| output.flush().map(|()| exit).map_err(Failure::from)) {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}

fn start(logs: &str) -> Result<tokio::runtime::Runtime, Failure> {
    logging::start(logs).map_err(|error| Failure::usage(error.to_string(), error.hint()))?;
    // Several libraries could each choose a provider; the first choice of the process is this one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

impl Command {
    /// What is logged unless the environment says otherwise.
    fn logs(&self) -> &'static str {
        match self {
            Self::Serve(_) => logging::NEWS,
            _ => logging::COMPLAINTS,
        }
    }

    async fn run(self, output: &mut Output) -> Result<Exit, Failure> {
        match self {
            Self::Demo(args) => demo::run(args, output).await,
            Self::Init(args) => init::run(&args, output),
            Self::Check(args) => check::run(&args, output).await,
            Self::Migrate(args) => migrate::run(&args, output).await,
            Self::Serve(args) => serve::run(args, output).await,
            Self::Status(args) => status::run(&args, output).await,
            Self::Webhooks(command) => webhooks::run(&command, output).await,
            Self::Poll(args) => poll::run(&args, output).await,
            Self::Reconcile(args) => reconcile::run(&args, output).await,
            Self::Stock(command) => stock::run(&command, output).await,
            Self::Events(command) => events::run(&command, output).await,
            Self::Dead(command) => dead::run(&command, output).await,
            Self::Privacy(command) => privacy::run(&command, output).await,
            Self::Replay(args) => replay::run(&args, output).await,
            Self::Pause(args) => pause::pause(&args, output).await,
            Self::Resume(args) => pause::resume(&args, output).await,
            Self::Bench(args) => bench::run(args, output).await,
        }
    }
}

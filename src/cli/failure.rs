//! How a command ends: exit codes, and failures told with what to do next.

use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use crate::app::OpenError;
use crate::config::ConfigErrors;
use crate::domain::CallError;
use crate::flow::poll::PollError;
use crate::handlers::stock::Unread;
use crate::journal::JournalError;

/// What the exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: all is well.
    Fine = 0,
    /// 1: something could not be done, or was found not to be well.
    Failed = 1,
    /// 2: the call or the configuration is wrong; nothing was done.
    Usage = 2,
    /// 3: a promise of the program was seen broken.
    Broken = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What happened and where.
    pub what: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Whoever read the output has gone; nothing is to be said.
    quiet: bool,
}

impl Failure {
    /// Something could not be done.
    pub fn failed(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, what: what.into(), hint: Some(hint.into()), quiet: false }
    }

    /// The call or the configuration is wrong.
    pub fn usage(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, ..Self::failed(what, hint) }
    }

    /// Tells the failure on stderr and gives the exit code.
    pub fn report(&self) -> ExitCode {
        if self.quiet {
            return Exit::Fine.into();
        }
        let mut stderr = std::io::stderr().lock();
        let coloured = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let (red, cyan, plain) = if coloured { ("\x1b[1;31m", "\x1b[36m", "\x1b[0m") } else { ("", "", "") };
        // Nothing can be done where stderr itself is gone.
        let _ = writeln!(stderr, "{red}error{plain}: {}", self.what);
        if let Some(hint) = &self.hint {
            let _ = writeln!(stderr, "\n{cyan}hint{plain}: {hint}");
        }
        self.exit.into()
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self { exit: Exit::Usage, what: errors.to_string(), hint: None, quiet: false }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        // `tillbridge events list | head` is no failure.
        let quiet = error.kind() == ErrorKind::BrokenPipe;
        Self { quiet, ..Self::failed(format!("cannot read or write: {error}"), "look at the disk and its permissions") }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        let hint = match &error {
            JournalError::Unavailable(_) => {
                "see that the database named in [journal] is there and not full; `tillbridge migrate` makes a new one"
            }
            JournalError::Broken(_) => {
                "run `tillbridge migrate`; if that does not mend it, restore the journal from a backup"
            }
            JournalError::CursorMoved => "another process polls the same office; try again",
        };
        Self::failed(error.to_string(), hint)
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let hint = match &error {
            CallError::Unauthorised(_) => {
                "look at the credentials in the configuration and the permissions on the other side"
            }
            CallError::Rejected(_) | CallError::Unmapped { .. } => {
                "what the other side says must be mended there or in the configuration"
            }
            CallError::Throttled { .. } => "wait, then try again",
            CallError::InDoubt(_) => "look on the other side whether it took effect, then try again",
            CallError::Transient(_) | CallError::Conflict(_) => {
                "try again; if it lasts, see that the other side can be reached"
            }
        };
        Self::failed(error.to_string(), hint)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let what = error.to_string();
        let hint = match error {
            OpenError::Journal(error) => Self::from(error).hint,
            OpenError::Bus(_) => {
                Some("see that the broker named in [bus] is there, and that the URL is right".to_owned())
            }
            OpenError::Storefront(..) => Some("mend its settings in the configuration".to_owned()),
            OpenError::Channel(_, asked) => Some(asked.fix),
            OpenError::Office(_, error) => Self::from(error).hint,
        };
        Self { exit: Exit::Failed, what, hint, quiet: false }
    }
}

impl From<PollError> for Failure {
    fn from(error: PollError) -> Self {
        let what = error.to_string();
        let hint = match error {
            PollError::Office(error) => Self::from(error).hint,
            PollError::Journal(error) => Self::from(error).hint,
        };
        Self { exit: Exit::Failed, what, hint, quiet: false }
    }
}

impl From<Unread> for Failure {
    fn from(error: Unread) -> Self {
        match error {
            Unread::Call(error) => error.into(),
            Unread::Journal(error) => error.into(),
        }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { exit: Exit::Failed, what: format!("{error:#}"), hint: None, quiet: false }
    }
}

//! Log lines on stderr, as text for people or JSON for collectors.
//!
//! `TILLBRIDGE_LOG` chooses the lines, such as `info` or `tillbridge::flow=debug,warn`; `TILLBRIDGE_LOG_FORMAT` is `text` or
//! `json`. Lines name things by id; secrets show themselves as `[secret]` (P8).

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// What a serving process logs when nothing is said: our own news, and others' complaints.
pub const NEWS: &str = "warn,tillbridge=info";

/// What a command that answers and ends logs when nothing is said: complaints.
pub const COMPLAINTS: &str = "warn";

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text {
        /// With colours.
        coloured: bool,
    },
    /// One JSON object a line.
    Json,
}

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// `TILLBRIDGE_LOG` cannot be understood.
    #[error("TILLBRIDGE_LOG cannot be read: {0}")]
    Filter(String),
    /// `TILLBRIDGE_LOG_FORMAT` is neither.
    #[error("TILLBRIDGE_LOG_FORMAT cannot be `{0}`")]
    Format(String),
    /// Something in the process logs elsewhere already.
    #[error("logging was started before")]
    Started,
}

impl LoggingError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Filter(_) => "write it like `info` or `tillbridge::flow=debug,warn`",
            Self::Format(_) => "write `text` or `json`",
            Self::Started => "start logging once",
        }
    }
}

/// Starts logging to stderr, as the environment says; where it says nothing, these lines.
///
/// # Errors
/// [`LoggingError`] when a variable cannot be read.
pub fn start(default: &str) -> Result<(), LoggingError> {
    let filter = variable("TILLBRIDGE_LOG").unwrap_or_else(|| default.to_owned());
    let format = format(variable("TILLBRIDGE_LOG_FORMAT").as_deref())?;
    let subscriber = subscriber(&filter, format, std::io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LoggingError::Started)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn format(word: Option<&str>) -> Result<Format, LoggingError> {
    match word {
        None | Some("text") => {
            let plain = variable("NO_COLOR").is_some() || !std::io::stderr().is_terminal();
            Ok(Format::Text { coloured: !plain })
        }
        Some("json") => Ok(Format::Json),
        Some(other) => Err(LoggingError::Format(other.to_owned())),
    }
}

/// What writes the lines, to any writer.
///
/// # Errors
/// [`LoggingError::Filter`] when the filter cannot be read.
pub fn subscriber<W>(filter: &str, format: Format, writer: W) -> Result<Box<dyn Subscriber + Send + Sync>, LoggingError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let unreadable = |error: &dyn std::fmt::Display| LoggingError::Filter(error.to_string());
    let filter = EnvFilter::try_new(filter).map_err(|error| unreadable(&error))?;
    // Whatever is asked for: that library logs returned messages with their bodies (P8).
    let never = crate::bus::LOG_DIRECTIVE.parse().map_err(|error| unreadable(&error))?;
    let filter = filter.add_directive(never);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(match format {
        Format::Text { coloured } => Box::new(builder.with_ansi(coloured).finish()),
        Format::Json => Box::new(builder.json().flatten_event(true).finish()),
    })
}

//! Sorts PostgreSQL's errors. Texts name the SQLSTATE, the table and the constraint, never what is in a row.

use deadpool_postgres::{HookError, PoolError, TimeoutType};
use tokio_postgres::error::SqlState;

use crate::journal::JournalError;

/// Why an attempt at a transaction failed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It got in another one's way and was undone: try it again.
    Again(JournalError),
    /// It failed.
    Failed(JournalError),
}

impl From<tokio_postgres::Error> for Trouble {
    fn from(error: tokio_postgres::Error) -> Self {
        let again =
            matches!(error.code(), Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED));
        if again { Self::Again(failure(&error)) } else { Self::Failed(failure(&error)) }
    }
}

impl From<JournalError> for Trouble {
    fn from(error: JournalError) -> Self {
        Self::Failed(error)
    }
}

impl From<Trouble> for JournalError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Again(error) | Trouble::Failed(error) => error,
        }
    }
}

/// Classes and codes that pass when somebody makes room, restarts, or lets us in again; see appendix A of the manual.
fn may_pass(code: &SqlState) -> bool {
    const CLASSES: [&str; 7] = ["08", "28", "3D", "40", "53", "57", "58"];
    CLASSES.contains(&code.code().get(..2).unwrap_or_default())
        || matches!(code, &SqlState::LOCK_NOT_AVAILABLE | &SqlState::READ_ONLY_SQL_TRANSACTION)
}

pub(super) fn failure(error: &tokio_postgres::Error) -> JournalError {
    if let Some(db) = error.as_db_error() {
        let mut text = format!("PostgreSQL answers SQLSTATE {}", db.code().code());
        for (what, name) in [(", table ", db.table()), (", constraint ", db.constraint())] {
            if let Some(name) = name {
                text.push_str(what);
                text.push_str(name);
            }
        }
        if db.code() == &SqlState::DISK_FULL {
            text.push_str(": its disk is full; make room, nothing more is accepted until then");
        }
        return if may_pass(db.code()) { JournalError::Unavailable(text) } else { JournalError::Broken(text) };
    }
    let cause = std::error::Error::source(error);
    let from_network = error.is_closed() || cause.is_none_or(<dyn std::error::Error>::is::<std::io::Error>);
    let text = cause.map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"));
    if from_network {
        JournalError::Unavailable(format!("PostgreSQL cannot be reached: {text}"))
    } else {
        JournalError::Broken(format!("PostgreSQL's answer cannot be used: {error}"))
    }
}

pub(super) fn pool_failure(error: &PoolError) -> JournalError {
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => failure(error),
        PoolError::Timeout(TimeoutType::Wait) => JournalError::Unavailable(
            "all connections to PostgreSQL are busy; give the journal more of them".to_owned(),
        ),
        PoolError::Timeout(_) => JournalError::Unavailable("PostgreSQL did not let us connect in time".to_owned()),
        PoolError::Closed => JournalError::Unavailable("the journal is closed".to_owned()),
        other => JournalError::Broken(format!("the pool of connections: {other}")),
    }
}

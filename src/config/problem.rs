//! What is wrong with a configuration, where, and how to mend it. All problems are collected and reported together.

use std::cell::RefCell;
use std::fmt;

/// Where a value of the configuration stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The file as a whole, for what is missing from it.
    File,
    /// A line and column of the file, both from 1.
    Line(usize, usize),
    /// An environment variable that overrides the file.
    Variable(String),
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The file, as it was named.
    pub file: String,
    /// At least one problem, in the order of the file.
    pub problems: Vec<Problem>,
}

impl ConfigErrors {
    pub(super) fn single(file: &str, what: impl Into<String>, hint: impl Into<String>) -> Self {
        let problem = Problem { place: Place::File, what: what.into(), hint: hint.into() };
        Self { file: file.to_owned(), problems: vec![problem] }
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => write!(f, "the configuration has a problem")?,
            many => write!(f, "the configuration has {many} problems")?,
        }
        for problem in &self.problems {
            let file = &self.file;
            match &problem.place {
                Place::File => write!(f, "\n\n{file}: {}", problem.what)?,
                Place::Line(line, column) => write!(f, "\n\n{file}:{line}:{column}: {}", problem.what)?,
                Place::Variable(name) => write!(f, "\n\n{name} (environment): {}", problem.what)?,
            }
            write!(f, "\n  hint: {}", problem.hint)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// Why a file could not be read, in plain words.
pub(super) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "its permissions do not allow it".to_owned(),
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        other => other.to_string(),
    }
}

/// Collects problems while the configuration is read.
#[derive(Debug, Default)]
pub(super) struct Report(RefCell<Vec<Problem>>);

impl Report {
    pub(super) fn add(&self, place: &Place, what: impl Into<String>, hint: impl Into<String>) {
        self.0.borrow_mut().push(Problem { place: place.clone(), what: what.into(), hint: hint.into() });
    }

    /// The errors, or nothing when there are none.
    pub(super) fn into_errors(self, file: &str) -> Result<(), ConfigErrors> {
        let mut problems = self.0.into_inner();
        if problems.is_empty() {
            return Ok(());
        }
        problems.sort();
        problems.dedup();
        Err(ConfigErrors { file: file.to_owned(), problems })
    }
}

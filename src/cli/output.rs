//! What commands say on stdout: lines and tables for people, JSON for programs.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};

use serde::Serialize;

/// Where a command's answer goes.
pub struct Output(Box<dyn Write + Send>);

impl Output {
    /// To the process's stdout.
    #[must_use]
    pub fn stdout() -> Self {
        Self(Box::new(BufWriter::new(io::stdout())))
    }

    /// To anything else.
    #[must_use]
    pub fn to(writer: Box<dyn Write + Send>) -> Self {
        Self(writer)
    }

    /// One line of text.
    pub fn line(&mut self, text: impl Display) -> io::Result<()> {
        writeln!(self.0, "{text}")
    }

    /// One JSON document, over several lines.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut self.0, value)?;
        writeln!(self.0)
    }

    /// One JSON object on one line, for lists of any length.
    pub fn json_line(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.0, value)?;
        writeln!(self.0)
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// A table with its columns aligned.
    pub fn table(&mut self, header: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| shown(cell)).collect()).collect();
        let width = |column: usize, title: &str| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([title.len()]).max().unwrap_or(0)
        };
        let widths: Vec<_> = header.iter().enumerate().map(|(column, title)| width(column, title)).collect();
        self.row(&widths, header)?;
        rows.iter().try_for_each(|row| self.row(&widths, row))
    }

    fn row(&mut self, widths: &[usize], cells: &[impl AsRef<str>]) -> io::Result<()> {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{:<width$}", cell.as_ref()));
        let line = padded.collect::<Vec<_>>().join("  ");
        writeln!(self.0, "{}", line.trim_end())
    }

    /// Hands everything on.
    pub fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A text from outside as it may be shown on a terminal: on one line, without control characters.
#[must_use]
pub fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A number with its noun.
#[must_use]
pub fn counted(count: impl TryInto<u64>, one: &str, many: &str) -> String {
    let count = count.try_into().unwrap_or(0);
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_from_outside_cannot_steer_the_terminal() {
        assert_eq!(shown("order:\x1b[2J\n1"), "order: [2J 1");
    }
}

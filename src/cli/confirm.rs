//! Asks a person before something is done to many things at once.

use std::io::{BufRead, IsTerminal, Write};

use super::Failure;

/// Asks on the terminal. Without a terminal there is nobody to ask, so the call must say `--yes`.
pub fn confirm(question: &str, yes: bool) -> Result<bool, Failure> {
    if yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            format!("nobody can be asked: {question}"),
            "add --yes to go on without being asked",
        ));
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "{question} [y/N] ")?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Who does it, for the audit trail.
pub fn who() -> String {
    let user = std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_default();
    let user: String = user.chars().filter(|c| !c.is_control()).take(64).collect();
    if user.is_empty() { "command line".to_owned() } else { format!("command line, {user}") }
}

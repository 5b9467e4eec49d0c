//! Corrects a dead letter, and tells of corrections. Only what was asked for by its number shows personal data.

use std::path::Path;

use super::{Exit, Failure, Output};
use crate::cli::confirm::who;
use crate::cli::output::shown;
use crate::journal::{Edit, Edited, Journal};

/// No delivery is larger, so no file for one need be.
const LARGEST: u64 = 64 << 20;

/// What a dead letter says, as it came.
pub(super) async fn body(journal: &dyn Journal, id: &str, output: &mut Output) -> Result<(), Failure> {
    let body = journal.letter(id).await?.ok_or_else(|| no_letter(id))?;
    output.bytes(&body)?;
    Ok(())
}

/// Puts a file's contents in the place of a dead letter's and has it tried again.
pub(super) async fn edit(
    journal: &dyn Journal,
    id: &str,
    from: &Path,
    why: &str,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let file = shown(&from.display().to_string());
    let unread =
        |error: std::io::Error| Failure::failed(format!("{file} cannot be read: {error}"), "name another file");
    if std::fs::metadata(from).map_err(unread)?.len() > LARGEST {
        return Err(Failure::failed(format!("{file} is larger than {} MiB", LARGEST >> 20), "name another file"));
    }
    let contents = std::fs::read(from).map_err(unread)?;
    match journal.edit_dead(id, &contents, &who(), why).await? {
        Edited::Done => {
            output
                .line(format_args!("{} is corrected and handed out again; what it said before is kept", shown(id)))?;
            Ok(Exit::Fine)
        }
        Edited::NoLetter => Err(no_letter(id)),
        Edited::Refused(reason) => Err(Failure::failed(
            format!("{file} cannot take the place of what {} says: {}", shown(id), shown(&reason)),
            format!("begin with `tillbridge dead show {} --body`; nothing was changed", shown(id)),
        )),
    }
}

/// Tells of corrections.
pub(super) async fn list(journal: &dyn Journal, json: bool, output: &mut Output) -> Result<Exit, Failure> {
    let edits = journal.edits().await?;
    if json {
        edits.iter().try_for_each(|edit| output.json_line(edit))?;
    } else if edits.is_empty() {
        output.line("nothing was corrected")?;
    } else {
        let rows: Vec<Vec<String>> = edits.iter().map(row).collect();
        output.table(&["NUMBER", "AT", "LETTER", "WHO", "WHY", "BEFORE"], &rows)?;
    }
    Ok(Exit::Fine)
}

fn row(edit: &Edit) -> Vec<String> {
    let Edit { id, letter, at, who, why, kept } = edit;
    let before = if *kept { "kept" } else { "gone" };
    vec![id.to_string(), format!("{at:.3}"), letter.clone(), who.clone(), why.clone(), before.to_owned()]
}

/// What a letter said before a correction.
pub(super) async fn before(journal: &dyn Journal, number: i64, output: &mut Output) -> Result<Exit, Failure> {
    let before = journal.before_edit(number).await?;
    let gone =
        || Failure::failed(format!("nothing is kept of before correction {number}"), "see `tillbridge dead edits`");
    output.bytes(&before.ok_or_else(gone)?)?;
    Ok(Exit::Fine)
}

fn no_letter(id: &str) -> Failure {
    Failure::failed(format!("there is no dead letter `{}`", shown(id)), "`tillbridge dead list` shows their ids")
}

//! Values for the office's own tables, written alike on both databases.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{SandboxOffice, committed};
use crate::domain::{CallError, Money};
use crate::office::counter_intelligence::database::{Holds, Param, Session, insert, on};

/// One value of a row.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Text(Option<String>),
    Int(i64),
    Flag(bool),
    Amount(Option<Money>),
    Time(Option<Timestamp>),
}

/// A row: column names and values.
pub(super) type Cells = Vec<(&'static str, Cell)>;

/// A text that is there.
pub(super) fn text(text: impl AsRef<str>) -> Cell {
    Cell::Text(Some(text.as_ref().to_owned()))
}

impl Cell {
    fn holds(&self) -> Holds {
        match self {
            Self::Text(_) => Holds::Text,
            Self::Int(_) => Holds::Int,
            Self::Flag(_) => Holds::Flag,
            Self::Amount(_) => Holds::Amount,
            Self::Time(_) => Holds::Time,
        }
    }

    fn value(&self, session: &dyn Session) -> Result<Value, CallError> {
        Ok(match self {
            Self::Text(text) => text.clone().into(),
            Self::Int(number) => (*number).into(),
            Self::Flag(flag) => (*flag).into(),
            Self::Amount(amount) => amount.map_or(Ok(Value::Null), |amount| session.amount_out(amount))?,
            Self::Time(time) => time.map(|time| time.to_string()).into(),
        })
    }
}

fn columns(row: &Cells) -> Vec<(&'static str, Holds)> {
    row.iter().map(|(name, cell)| (*name, cell.holds())).collect()
}

fn object(session: &dyn Session, row: &Cells) -> Result<Value, CallError> {
    let value = |(name, cell): &(&'static str, Cell)| Ok(((*name).to_owned(), cell.value(session)?));
    Ok(Value::Object(row.iter().map(value).collect::<Result<Map<_, _>, CallError>>()?))
}

/// Inserts rows of one shape in one statement.
pub(super) async fn insert_rows(session: &mut dyn Session, table: &str, rows: &[Cells]) -> Result<(), CallError> {
    let Some(first) = rows.first() else { return Ok(()) };
    let values = rows.iter().map(|row| object(&*session, row)).collect::<Result<_, _>>()?;
    insert(session, table, &columns(first), values).await
}

impl SandboxOffice {
    /// Inserts one row.
    pub(super) async fn add(&self, table: &'static str, row: Cells) -> Result<(), CallError> {
        let work = on(move |session| Box::pin(async move { insert_rows(session, table, &[row]).await }));
        committed(self.database.write(work).await?)
    }

    /// Changes the row whose first column has the first cell's value; refused when there is none.
    pub(super) async fn change(&self, table: &'static str, row: Cells) -> Result<(), CallError> {
        let work = on(move |session| Box::pin(async move { change(session, table, &row).await }));
        committed(self.database.write(work).await?)
    }
}

pub(super) async fn change(session: &mut dyn Session, table: &str, row: &Cells) -> Result<(), CallError> {
    let Some((key, cell)) = row.first() else { return Ok(()) };
    let set: Vec<String> = row[1..].iter().map(|(name, _)| format!("{name} = rows.{name}")).collect();
    let source = session.json_rows(&columns(row));
    let sql = format!(
        "UPDATE {table} SET {} FROM {source} WHERE {table}.{key} = rows.{key} RETURNING CAST({table}.{key} AS text)",
        set.join(", ")
    );
    let values = Value::from(vec![object(&*session, row)?]).to_string();
    if session.rows(&sql, &[Param::Text(&values)]).await?.is_empty() {
        return Err(CallError::Rejected(format!("{table} has no row whose {key} is {cell:?}")));
    }
    Ok(())
}

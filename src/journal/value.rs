//! Values and rows in neither database's dialect, for the reading statements both share.

use uuid::Uuid;

use super::JournalError;

/// A parameter or a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Uuid> for Value {
    fn from(id: Uuid) -> Self {
        Self::Bytes(id.as_bytes().to_vec())
    }
}

/// One row of an answer.
#[derive(Debug, Clone)]
pub(super) struct Row(pub(super) Vec<Value>);

impl Row {
    fn unexpected(&self, column: usize, wanted: &str) -> JournalError {
        let found = match self.0.get(column) {
            None => "nothing",
            Some(Value::Null) => "NULL",
            Some(Value::Int(_)) => "a number",
            Some(Value::Text(_)) => "a text",
            Some(Value::Bytes(_)) => "bytes",
        };
        JournalError::Broken(format!("column {} of an answer is {found}, not {wanted}", column + 1))
    }

    pub(super) fn int(&self, column: usize) -> Result<i64, JournalError> {
        match self.0.get(column) {
            Some(Value::Int(number)) => Ok(*number),
            _ => Err(self.unexpected(column, "a number")),
        }
    }

    pub(super) fn opt_int(&self, column: usize) -> Result<Option<i64>, JournalError> {
        if matches!(self.0.get(column), Some(Value::Null)) { Ok(None) } else { self.int(column).map(Some) }
    }

    pub(super) fn text(&self, column: usize) -> Result<&str, JournalError> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(self.unexpected(column, "a text")),
        }
    }

    pub(super) fn opt_text(&self, column: usize) -> Result<Option<&str>, JournalError> {
        if matches!(self.0.get(column), Some(Value::Null)) { Ok(None) } else { self.text(column).map(Some) }
    }

    pub(super) fn bytes(&self, column: usize) -> Result<&[u8], JournalError> {
        match self.0.get(column) {
            Some(Value::Bytes(bytes)) => Ok(bytes),
            _ => Err(self.unexpected(column, "bytes")),
        }
    }

    pub(super) fn uuid(&self, column: usize) -> Result<Uuid, JournalError> {
        Uuid::from_slice(self.bytes(column)?).map_err(|_| self.unexpected(column, "a number of 16 bytes"))
    }

    pub(super) fn is_null(&self, column: usize) -> bool {
        matches!(self.0.get(column), None | Some(Value::Null))
    }
}

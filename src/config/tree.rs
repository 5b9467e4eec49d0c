//! The configuration as a tree in which every key and value knows where it stands.
//!
//! What comes in: the text of the file. What goes out: a [`Node`] for the root, or every syntax error with its line.
//! Next: [`super::environment`] lays variables over it, [`super::shape`] checks it against the declared keys.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Report};

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub place: Place,
    pub value: Value,
}

/// What a value can be here. Kinds that no key takes are kept by the name of their kind.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Flag(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Entry>),
    Other(&'static str),
}

/// A key of a table, with its own place, and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub key_place: Place,
    pub node: Node,
}

impl Node {
    /// An empty table for a section that is not in the file.
    pub(super) fn empty(place: Place) -> Self {
        Self { place, value: Value::Table(BTreeMap::new()) }
    }

    pub(super) fn table(&self) -> Option<&BTreeMap<String, Entry>> {
        if let Value::Table(table) = &self.value { Some(table) } else { None }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.table()?.get(key).map(|entry| &entry.node)
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// The kind of value, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "a text",
            Value::Whole(_) => "a whole number",
            Value::Flag(_) => "a truth value",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
        }
    }
}

/// Reads the file's text. Syntax errors go to the report and give nothing.
pub(super) fn parse(text: &str, report: &Report) -> Option<Node> {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = error.span().map_or(Place::File, |span| place_of(text, span.start));
        report.add(
            &place,
            format!("this is not TOML: {}", error.message()),
            "mend the syntax; texts need quotation marks, and a key or table may be there only once",
        );
    }
    errors.is_empty().then(|| Node { place: Place::File, value: table(text, document.into_inner()) })
}

fn table(text: &str, table: DeTable<'_>) -> Value {
    let entries = table.into_iter().map(|(key, value)| {
        let key_place = place_of(text, key.span().start);
        (key.into_inner().into_owned(), Entry { key_place, node: node(text, value) })
    });
    Value::Table(entries.collect())
}

fn node(text: &str, spanned: Spanned<DeValue<'_>>) -> Node {
    let place = place_of(text, spanned.span().start);
    let value = match spanned.into_inner() {
        DeValue::String(value) => Value::Text(value.into_owned()),
        DeValue::Integer(value) => {
            let digits = value.as_str().replace('_', "");
            i64::from_str_radix(&digits, value.radix()).map_or(Value::Other("a number that is too large"), Value::Whole)
        }
        DeValue::Float(_) => Value::Other("a fraction"),
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(list) => Value::List(list.into_iter().map(|value| node(text, value)).collect()),
        DeValue::Table(entries) => table(text, entries),
    };
    Node { place, value }
}

fn place_of(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place::Line(before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

//! A `WHERE` that grows with what an operator asks for, so that each database plans exactly that.

use crate::journal::value::Value;
use crate::journal::{Selection, text};

/// A statement under construction.
#[derive(Debug)]
pub(super) struct Filter {
    pub sql: String,
    pub params: Vec<Value>,
}

impl Filter {
    pub(super) fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), params: Vec::new() }
    }

    /// Adds text.
    pub(super) fn then(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Adds text with a parameter where `{}` stands.
    pub(super) fn with(&mut self, sql: &str, value: impl Into<Value>) -> &mut Self {
        self.params.push(value.into());
        self.sql.push_str(&sql.replace("{}", &format!("${}", self.params.len())));
        self
    }

    fn given(&mut self, sql: &str, value: Option<impl Into<Value>>) -> &mut Self {
        if let Some(value) = value {
            self.with(sql, value);
        }
        self
    }

    /// The time range of a selection on a column.
    pub(super) fn between(&mut self, column: &str, selection: &Selection) -> &mut Self {
        self.given(&format!(" AND {column} >= {{}}"), selection.since.map(jiff::Timestamp::as_microsecond));
        self.given(&format!(" AND {column} < {{}}"), selection.until.map(jiff::Timestamp::as_microsecond))
    }

    /// Number, kind, entity, channel and delivery of the event `e`.
    pub(super) fn event(&mut self, selection: &Selection) -> &mut Self {
        self.given(" AND e.kind = {}", selection.event_type.map(crate::domain::EventType::as_str));
        let entity = selection.entity.as_deref().map(text::key);
        self.given(" AND e.entity = {}", entity.as_deref());
        self.given(" AND e.id = {}", selection.event.map(|event| event.0));
        self.given(" AND e.delivery = {}", selection.delivery.map(|delivery| delivery.0));
        self.given(" AND e.channel = {}", selection.channel.as_ref().map(crate::domain::ChannelName::as_str))
    }
}

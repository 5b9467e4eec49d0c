//! What can happen in a running process, one struct each: `emit` writes the log line and counts, with fixed names.
//!
//! Fields are names of the configuration, words of the program, ids and figures. Reasons come from classified errors, which
//! carry no personal data (P8). Reading this file tells every counter there is; [`super::metrics`] has their names.

use std::time::Duration;

use metrics::{counter, histogram};

use super::metrics as names;
use crate::domain::{CallError, ChannelName, DeliveryId, HandlerName, Origin};

/// A delivery was committed to the journal.
#[derive(Debug)]
pub struct DeliveryJournalled<'a> {
    /// Where it came from.
    pub origin: &'a Origin,
    /// What it is about.
    pub topic: &'a str,
    /// Its number.
    pub id: DeliveryId,
    /// Whether it was there before.
    pub duplicate: bool,
}

impl DeliveryJournalled<'_> {
    /// Logs and counts.
    pub fn emit(&self) {
        let outcome = if self.duplicate { "duplicate" } else { "new" };
        tracing::debug!(origin = %name_of(self.origin), topic = self.topic, delivery = %self.id, outcome, "delivery journalled");
        counter!(names::DELIVERIES, "origin" => name_of(self.origin), "outcome" => outcome).increment(1);
    }
}

/// A call was turned away at the door.
#[derive(Debug)]
pub struct CallRefused<'a> {
    /// The storefront it claimed to come from, one of the configuration's.
    pub storefront: &'a str,
    /// A word: `unauthenticated`, `malformed`, `too_large`, `overloaded`.
    pub reason: &'static str,
}

impl CallRefused<'_> {
    /// Logs and counts.
    pub fn emit(&self) {
        tracing::warn!(storefront = self.storefront, reason = self.reason, "call refused");
        counter!(names::REFUSED, "storefront" => self.storefront.to_owned(), "reason" => self.reason).increment(1);
    }
}

/// A delivery was normalised.
#[derive(Debug)]
pub struct DeliveryNormalised<'a> {
    /// Where it came from.
    pub origin: &'a Origin,
    /// Its number.
    pub id: DeliveryId,
    /// `handled`, `ignored` or `rejected`.
    pub outcome: &'static str,
}

impl DeliveryNormalised<'_> {
    /// Logs and counts. Why it was rejected stands in the journal.
    pub fn emit(&self) {
        let origin = name_of(self.origin);
        if self.outcome == "rejected" {
            tracing::warn!(%origin, delivery = %self.id, "delivery rejected, a dead letter waits");
        } else {
            tracing::debug!(%origin, delivery = %self.id, outcome = self.outcome, "delivery normalised");
        }
        counter!(names::NORMALISED, "origin" => origin, "outcome" => self.outcome).increment(1);
    }
}

/// A handling was put on the bus, or was not taken by it.
#[derive(Debug)]
pub struct HandlingPublished<'a> {
    /// Whose work it is.
    pub handler: &'a HandlerName,
    /// Why the bus did not take it, if it did not.
    pub failure: Option<&'a crate::bus::BusError>,
}

impl HandlingPublished<'_> {
    /// Logs and counts.
    pub fn emit(&self) {
        let outcome = if self.failure.is_some() { "failed" } else { "confirmed" };
        if let Some(error) = self.failure {
            tracing::warn!(handler = %self.handler, %error, "handling not published, it is tried again");
        }
        counter!(names::PUBLISHED, "handler" => self.handler.to_string(), "outcome" => outcome).increment(1);
    }
}

/// An attempt was settled.
#[derive(Debug)]
pub struct AttemptSettled<'a> {
    /// The channel.
    pub channel: &'a ChannelName,
    /// Whose work it was.
    pub handler: &'a HandlerName,
    /// Its number.
    pub handling: i64,
    /// `done`, `ignored`, `retry`, `wait` or `dead`.
    pub outcome: &'static str,
    /// How long ago the event was raised.
    pub age: Duration,
}

impl AttemptSettled<'_> {
    /// Logs and counts. The reason stands in the journal.
    pub fn emit(&self) {
        let Self { channel, handler, handling, outcome, age } = self;
        if *outcome == "dead" {
            tracing::error!(%channel, %handler, handling, "handling given up, a dead letter waits");
        } else {
            tracing::debug!(%channel, %handler, handling, outcome, age_ms = age.as_millis(), "attempt settled");
        }
        let labels =
            [("channel", channel.to_string()), ("handler", handler.to_string()), ("outcome", (*outcome).into())];
        counter!(names::HANDLED, &labels).increment(1);
        if matches!(*outcome, "done" | "ignored") {
            histogram!(names::LATENCY, "handler" => handler.to_string()).record(*age);
        }
    }
}

/// A call to a storefront or an office failed.
#[derive(Debug)]
pub struct CallFailed<'a> {
    /// Whom was called.
    pub origin: &'a Origin,
    /// How it failed.
    pub error: &'a CallError,
}

impl CallFailed<'_> {
    /// Logs and counts.
    pub fn emit(&self) {
        let class = match self.error {
            CallError::Transient(_) => "transient",
            CallError::Throttled { .. } => "throttled",
            CallError::InDoubt(_) => "in_doubt",
            CallError::Rejected(_) => "rejected",
            CallError::Unmapped { .. } => "unmapped",
            CallError::Unauthorised(_) => "unauthorised",
            CallError::Conflict(_) => "conflict",
        };
        let (side, name) = (self.origin.side.as_str(), self.origin.name.clone());
        tracing::warn!(side, name, class, error = %self.error, "call failed");
        counter!(names::CALLS, "side" => side, "name" => name, "class" => class).increment(1);
    }
}

/// An office was asked for changes.
#[derive(Debug)]
pub struct OfficePolled<'a> {
    /// Which office.
    pub office: &'a str,
    /// For what.
    pub kind: &'static str,
    /// How many new deliveries there were, or why there was no answer.
    pub result: Result<usize, String>,
}

impl OfficePolled<'_> {
    /// Logs and counts.
    pub fn emit(&self) {
        let outcome = match &self.result {
            Ok(new) => {
                tracing::debug!(office = self.office, kind = self.kind, new, "office polled");
                "read"
            }
            Err(error) => {
                tracing::warn!(office = self.office, kind = self.kind, error, "office not polled, it is tried again");
                "failed"
            }
        };
        let labels = [("office", self.office.to_owned()), ("kind", self.kind.into()), ("outcome", outcome.into())];
        counter!(names::POLLED, &labels).increment(1);
    }
}

/// A channel was paused by the program, because access to a side was refused.
#[derive(Debug)]
pub struct ChannelPaused<'a> {
    /// Which channel.
    pub channel: &'a ChannelName,
    /// Why.
    pub reason: &'a str,
}

impl ChannelPaused<'_> {
    /// Logs and counts.
    pub fn emit(&self) {
        tracing::error!(channel = %self.channel, reason = self.reason, "channel paused until a person resumes it");
        counter!(names::PAUSED, "channel" => self.channel.to_string()).increment(1);
    }
}

fn name_of(origin: &Origin) -> String {
    format!("{}/{}", origin.side.as_str(), origin.name)
}

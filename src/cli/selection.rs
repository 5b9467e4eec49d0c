//! The filters that `events`, `dead` and `replay` share.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use uuid::Uuid;

use crate::config::did_you_mean;
use crate::domain::{ChannelName, DeliveryId, EventId, EventType, HandlerName};
use crate::journal::Selection;

/// Which events or dead letters are meant; every filter narrows
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Filters {
    /// At or after this time: RFC 3339, or how long ago (`2h`, `7d`)
    #[arg(help_heading = "Filters", long, value_name = "TIME", value_parser = time)]
    pub since: Option<Timestamp>,
    /// Before this time: RFC 3339, or how long ago
    #[arg(help_heading = "Filters", long, value_name = "TIME", value_parser = time)]
    pub until: Option<Timestamp>,
    /// Events of this type, such as `sale.invoiced`
    #[arg(help_heading = "Filters", long = "type", value_name = "TYPE", value_parser = event_type)]
    pub event_type: Option<EventType>,
    /// Events about this entity, such as `order:5900000000001`
    #[arg(help_heading = "Filters", long, value_name = "ENTITY")]
    pub entity: Option<String>,
    /// Events of this channel
    #[arg(help_heading = "Filters", long, value_name = "CHANNEL", value_parser = |name: &str| ChannelName::parse(name))]
    pub channel: Option<ChannelName>,
    /// Work of this handler, such as `invoice`
    #[arg(help_heading = "Filters", long, value_name = "HANDLER", value_parser = |name: &str| HandlerName::parse(name))]
    pub handler: Option<HandlerName>,
    /// What this delivery said, by its number
    #[arg(help_heading = "Filters", long, value_name = "ID")]
    pub delivery: Option<Uuid>,
    /// The event of this number
    #[arg(help_heading = "Filters", long, value_name = "ID")]
    pub event: Option<Uuid>,
}

impl Filters {
    /// Whether nothing narrows the selection.
    pub fn is_empty(&self) -> bool {
        let Self { since, until, event_type, entity, channel, handler, delivery, event } = self;
        since.is_none()
            && until.is_none()
            && event_type.is_none()
            && entity.is_none()
            && channel.is_none()
            && handler.is_none()
            && delivery.is_none()
            && event.is_none()
    }

    /// One page of the selection.
    pub fn page(&self, after: Option<i64>, limit: usize) -> Selection {
        Selection {
            since: self.since,
            until: self.until,
            event_type: self.event_type,
            entity: self.entity.clone(),
            channel: self.channel.clone(),
            handler: self.handler.clone(),
            delivery: self.delivery.map(DeliveryId),
            event: self.event.map(EventId),
            text: None,
            after,
            limit,
        }
    }
}

/// Reads a point in time: RFC 3339, or a length of time before now.
pub fn time(text: &str) -> Result<Timestamp, String> {
    time_before(text, Timestamp::now())
}

fn time_before(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let wrong = || "write a time as `2026-11-22T08:00:00Z`, or how long ago as `2h` or `7d`".to_owned();
    let length = text.trim().trim_end_matches("ago").trim();
    let span: Span = length.parse().map_err(|_| wrong())?;
    now.to_zoned(TimeZone::UTC).checked_sub(span.abs()).map(|time| time.timestamp()).map_err(|_| wrong())
}

fn event_type(text: &str) -> Result<EventType, String> {
    EventType::from_word(text)
        .ok_or_else(|| did_you_mean(text, EventType::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_point_or_a_length_before_now() {
        let now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
        let read = |text| time_before(text, now).unwrap().to_string();

        assert_eq!(read("2026-11-21T23:00:00+13:00"), "2026-11-21T10:00:00Z");
        assert_eq!(read("2h"), "2026-11-22T06:00:00Z");
        assert_eq!(read("2h ago"), "2026-11-22T06:00:00Z");
        assert_eq!(read("7d"), "2026-11-15T08:00:00Z");
        assert_eq!(read("1h 30m"), "2026-11-22T06:30:00Z");
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in ["", "yesterday", "ago", "2026-13-01T00:00:00Z", "999999999h", "-"] {
            assert!(time_before(text, Timestamp::UNIX_EPOCH).is_err(), "{text}");
        }
    }
}

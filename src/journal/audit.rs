//! The words of the audit trail: who did what to which work, when and why.

use super::{Selection, text};

/// Who pauses a channel when nobody is named: the program does it when access is refused.
pub(super) const ITSELF: &str = "tillbridge";
pub(super) const PAUSE: &str = "pause";
pub(super) const RESUME: &str = "resume";
pub(super) const RETRY: &str = "retry";
pub(super) const DISCARD: &str = "discard";
pub(super) const REPLAY: &str = "replay";

pub(super) const PRIVACY: &str = "privacy";

/// What was done about a request for personal data.
pub(super) fn privacy(wish: &str, deliveries: i64, events: i64) -> String {
    format!("{wish}: {deliveries} deliveries, {events} events")
}

/// The reason a discarded dead letter is kept with.
pub(super) fn discarded(who: &str, why: &str) -> String {
    text::reason(&format!("discarded by {who}: {why}"))
}

/// A selection in words.
pub(super) fn selected(selection: &Selection) -> String {
    let mut words = Vec::new();
    let mut say = |what: &str, value: Option<String>| words.extend(value.map(|value| format!("{what} {value}")));
    say("since", selection.since.map(|time| time.to_string()));
    say("until", selection.until.map(|time| time.to_string()));
    say("type", selection.event_type.map(|kind| kind.as_str().to_owned()));
    say("entity", selection.entity.clone());
    say("channel", selection.channel.as_ref().map(ToString::to_string));
    say("handler", selection.handler.as_ref().map(ToString::to_string));
    say("after row", selection.after.map(|row| row.to_string()));
    if words.is_empty() { "everything".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_told_in_words() {
        assert_eq!(selected(&Selection::default()), "everything");
        let entity = Selection { entity: Some("order:1".into()), after: Some(7), ..Selection::default() };
        assert_eq!(selected(&entity), "entity order:1, after row 7");
    }
}

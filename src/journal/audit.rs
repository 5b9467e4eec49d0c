//! The words of the audit trail: who did what to which work, when and why.

use super::{NewReplay, ReplayMode, Selection, text};

/// Who pauses a channel when nobody is named: the program does it when access is refused.
pub(super) const ITSELF: &str = "tillbridge";
pub(super) const PAUSE: &str = "pause";
pub(super) const RESUME: &str = "resume";
pub(super) const RETRY: &str = "retry";
pub(super) const EDIT: &str = "edit";
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

/// What is kept of a replay that begins.
pub(super) fn replay(id: i64, replay: &NewReplay) -> String {
    format!("replay {id}, {}: {} counted", replay.mode.as_str(), replay.total)
}

/// What is kept of a replay that has come to its end.
pub(super) fn replayed(done: i64, mode: ReplayMode) -> String {
    match mode {
        ReplayMode::Handle => format!("{done} handlings"),
        ReplayMode::Normalise => format!("{done} deliveries"),
    }
}

/// Why a dead letter is tried again that nobody asked for.
pub(super) const CAME: &str = "what it lacked has come";

/// A selection in words.
pub(super) fn selected(selection: &Selection) -> String {
    let mut words = Vec::new();
    let mut say = |what: &str, value: Option<String>| words.extend(value.map(|value| format!("{what} {value}")));
    say("since", selection.since.map(|time| format!("{time:.3}")));
    say("until", selection.until.map(|time| format!("{time:.3}")));
    say("type", selection.event_type.map(|kind| kind.as_str().to_owned()));
    say("entity", selection.entity.clone());
    say("channel", selection.channel.as_ref().map(ToString::to_string));
    say("handler", selection.handler.as_ref().map(ToString::to_string));
    say("delivery", selection.delivery.map(|id| id.to_string()));
    say("event", selection.event.map(|id| id.to_string()));
    if words.is_empty() { "everything".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_told_in_words() {
        assert_eq!(selected(&Selection::default()), "everything");
        let entity = Selection { entity: Some("order:1".into()), after: Some(7), ..Selection::default() };
        assert_eq!(selected(&entity), "entity order:1");
    }
}

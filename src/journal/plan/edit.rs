//! Whether corrected contents may take the place of a dead letter's.

use crate::domain::Event;
use crate::journal::pack::{pack, unpack_text};

/// No delivery is larger than this.
const LARGEST: usize = 64 << 20;

/// A delivery's corrected body as it is to be kept. Reading it again is as strict as it was the first time.
pub(in crate::journal) fn delivery(contents: &[u8]) -> Result<Vec<u8>, String> {
    if contents.len() > LARGEST {
        return Err(format!("it is larger than {} MiB", LARGEST >> 20));
    }
    Ok(pack(contents))
}

/// A corrected event as it is to be kept: in nothing but its data another than the one that is kept.
pub(in crate::journal) fn event(kept: &[u8], contents: &[u8]) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(contents).map_err(|_| "it is not text".to_owned())?;
    let new = Event::from_cloud_event(text).map_err(|error| format!("it is no event: {error}"))?;
    if let Ok(old) = unpack_text(kept).map_err(drop).and_then(|json| Event::from_cloud_event(&json).map_err(drop)) {
        let data_alone =
            Event { draft: crate::domain::Draft { fact: new.draft.fact.clone(), ..old.draft.clone() }, ..old.clone() };
        if data_alone != new || old.event_type() != new.event_type() {
            return Err(
                "it differs from the event in more than its data; leave every other attribute as it is".to_owned()
            );
        }
    }
    let json = new.to_cloud_event().map_err(|error| format!("it cannot be written as an event: {error}"))?;
    Ok(pack(json.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BranchCode, ChannelName, DeliveryId, Draft, EventId, Fact, Sku, StockLevel, Version};

    fn kept(on_hand: i64) -> Event {
        Event {
            id: EventId(uuid::Uuid::from_u128(1)),
            channel: ChannelName::parse("kiwi").unwrap(),
            source: "office/kiwi".into(),
            delivery: DeliveryId(uuid::Uuid::from_u128(2)),
            draft: Draft {
                source_document: "SHIRT#1".into(),
                entity: "SHIRT".into(),
                version: Version(1),
                time: "2026-11-22T11:59:00Z".parse().unwrap(),
                fact: Fact::StockChanged(StockLevel {
                    sku: Sku::parse("SHIRT").unwrap(),
                    branch: BranchCode::parse("WEB").unwrap(),
                    on_hand,
                }),
            },
        }
    }

    #[test]
    fn only_the_data_of_an_event_may_differ() {
        let old = pack(kept(1).to_cloud_event().unwrap().as_bytes());
        let corrected = kept(7).to_cloud_event().unwrap();
        let taken = event(&old, corrected.as_bytes()).unwrap();
        assert_eq!(unpack_text(&taken).unwrap(), corrected);
        for (from, to) in [("SHIRT#1", "SHIRT#2"), ("\"kiwi\"", "\"weka\""), ("stock.changed", "price.changed")] {
            assert!(event(&old, corrected.replace(from, to).as_bytes()).is_err(), "{to}");
        }
        let reason = event(&old, corrected.replace("\"on_hand\":7", "\"on_hand\":\"seven\"").as_bytes()).unwrap_err();
        assert!(reason.starts_with("it is no event"), "{reason}");
    }
}

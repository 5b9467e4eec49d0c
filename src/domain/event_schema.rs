//! The JSON Schema of each kind of event with its CloudEvents envelope, kept under `schemas/events/` for whoever listens.

use serde_json::{Value, json};

use super::EventType;

impl EventType {
    /// The JSON Schema of a whole event of this kind: envelope and data.
    #[must_use]
    pub fn event_schema(self) -> Value {
        let kind = self.as_str();
        let mut data = self.data_schema().to_value();
        // References in the data's schema start at the root of the document, so its definitions move there.
        let definitions = data.as_object_mut().and_then(|data| {
            data.remove("$schema");
            data.remove("$defs")
        });
        let uuid = || json!({ "type": "string", "format": "uuid" });
        let text = |description: &str| json!({ "type": "string", "minLength": 1, "description": description });
        let properties = json!({
            "specversion": { "const": "1.0" },
            "id": uuid(),
            "source": text("where it came from, such as storefront/NAME or office/NAME"),
            "type": { "const": kind },
            "subject": text("the entity it is about"),
            "time": { "type": "string", "format": "date-time", "description": "when it happened at its source, UTC" },
            "datacontenttype": { "const": "application/json" },
            "dataschema": { "const": format!("urn:tillbridge:schema:{kind}:1") },
            "channel": { "type": "string", "minLength": 1, "maxLength": 64 },
            "sourcedocument": text("what makes the fact unique within its channel and type"),
            "entityversion": {
                "type": "string",
                "pattern": "^-?[0-9]+$",
                "description": "how new a state is, by its source's own count; 0 for documents, which never change",
            },
            "correlationid": uuid(),
            "causationid": uuid(),
            "traceparent": { "type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$" },
            "data": data,
        });
        let required: Vec<_> = properties.as_object().into_iter().flat_map(|all| all.keys()).collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": format!("urn:tillbridge:event:{kind}:1"),
            "title": kind,
            "type": "object",
            "properties": properties,
            "required": required,
            "$defs": definitions.unwrap_or_else(|| json!({})),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;
    use serde_json::Value;
    use uuid::Uuid;

    use super::super::{ChannelName, DeliveryId, Draft, Event, EventId, EventType, Fact, ProductArchived, Version};

    #[test]
    fn the_envelope_of_an_event_has_exactly_the_attributes_of_its_schema() {
        let schema = EventType::ProductArchived.event_schema();
        let event = Event {
            id: EventId(Uuid::from_u128(1)),
            channel: ChannelName::parse("kiwi").unwrap(),
            source: "office/kiwi".to_owned(),
            delivery: DeliveryId(Uuid::from_u128(2)),
            draft: Draft {
                source_document: "product:SHIRT#1".to_owned(),
                entity: "product:SHIRT".to_owned(),
                version: Version(1),
                time: Timestamp::UNIX_EPOCH,
                fact: Fact::ProductArchived(serde_json::from_str::<ProductArchived>(ARCHIVED).unwrap()),
            },
        };

        let written: Value = serde_json::from_str(&event.to_cloud_event().unwrap()).unwrap();

        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert_eq!(keys(&written), keys(&schema["properties"]));
        for (name, property) in schema["properties"].as_object().unwrap() {
            if let Some(constant) = property.get("const") {
                assert_eq!(&written[name], constant, "{name}");
            }
        }
    }

    const ARCHIVED: &str = r#"{ "style": "SHIRT" }"#;

    #[test]
    fn every_reference_of_a_schema_leads_to_a_definition_of_it() {
        for kind in EventType::ALL {
            let schema = kind.event_schema();
            let text = schema.to_string();
            for reference in text.split("\"$ref\":\"#").skip(1) {
                let pointer = reference.split('"').next().unwrap();
                assert!(schema.pointer(pointer).is_some(), "{}: {pointer}", kind.as_str());
            }
        }
    }
}

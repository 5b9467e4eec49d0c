//! What the journal keeps of a product beside its ids: its pictures, its collection, and the operation that is writing it.
//!
//! Each is a state of its own beside `product:STYLE`, kept with the version it was written at.

use jiff::{SignedDuration, Timestamp};

use crate::domain::StyleCode;
use crate::handlers::Desk;
use crate::journal::{Claim, JournalError, Written};

/// An operation that takes longer is looked at by a person.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);

/// See the module.
#[derive(Debug)]
pub struct Kept {
    pub style: StyleCode,
    /// Identities of the pictures that were attached.
    pub pictures: Vec<String>,
    /// The collection it was put into.
    pub collection: Option<String>,
    /// What is being written in the background.
    pub operation: Option<Operation>,
}

/// A background operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    pub id: String,
    begun: Timestamp,
}

impl Operation {
    fn parse(text: &str) -> Option<Self> {
        let (id, begun) = text.rsplit_once('|')?;
        Some(Self { id: id.to_owned(), begun: begun.parse().ok()? })
    }

    pub fn is_too_old(&self, now: Timestamp) -> bool {
        now.duration_since(self.begun) > LONGEST
    }
}

fn entities(style: &StyleCode) -> [String; 3] {
    ["pictures", "category", "operation"].map(|what| format!("{what}:{style}"))
}

impl Kept {
    pub async fn read(desk: &Desk<'_>, style: &StyleCode) -> Result<Self, JournalError> {
        let mut found = desk.journal.written(&desk.channel.name, &entities(style)).await?.into_iter();
        let mut next = || found.next().flatten().map(|written| written.value).filter(|value| !value.is_empty());
        let (pictures, collection, operation) = (next(), next(), next());
        Ok(Self {
            style: style.clone(),
            pictures: pictures.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
            collection,
            operation: operation.and_then(|text| Operation::parse(&text)),
        })
    }
}

fn written(claim: &Claim, style: &StyleCode, which: usize, value: String) -> Written {
    let [pictures, category, operation] = entities(style);
    let entity = match which {
        0 => pictures,
        1 => category,
        _ => operation,
    };
    Written { entity, version: claim.event.draft.version, value }
}

/// The pictures that are attached now.
pub fn pictures(claim: &Claim, style: &StyleCode, identities: &[String]) -> Written {
    written(claim, style, 0, serde_json::to_string(identities).unwrap_or_default())
}

/// The collection it is in now, if that has changed.
pub fn collection(claim: &Claim, style: &StyleCode, now: Option<&str>, kept: &Kept) -> Option<Written> {
    (now != kept.collection.as_deref()).then(|| written(claim, style, 1, now.unwrap_or_default().to_owned()))
}

/// An operation that has begun.
pub fn operation(claim: &Claim, style: &StyleCode, id: &str, now: Timestamp) -> Written {
    written(claim, style, 2, format!("{id}|{now}"))
}

/// No operation any more.
pub fn no_operation(claim: &Claim, style: &StyleCode) -> Written {
    written(claim, style, 2, String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_read_back_and_grows_old() {
        let begun: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let operation = Operation::parse(&format!("gid://shopify/ProductSetOperation/7|{begun}")).unwrap();
        assert_eq!(operation, Operation { id: "gid://shopify/ProductSetOperation/7".into(), begun });
        assert!(!operation.is_too_old(begun + LONGEST));
        assert!(operation.is_too_old(begun + LONGEST + SignedDuration::from_secs(1)));
        assert_eq!(Operation::parse("nothing"), None);
    }
}

//! What the journal keeps of a product beside its ids: its pictures, its collection, and the operation that is writing it.
//!
//! Each is a state of its own beside `product:STYLE`, kept with the version it was written at.

use jiff::{SignedDuration, Timestamp};

use crate::domain::StyleCode;
use crate::handlers::Desk;
use crate::journal::{Claim, JournalError, Written};

/// An operation that takes longer is looked at by a person.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);

/// What an operation is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Writing this one large product.
    Large,
    /// Writing this product among many.
    BulkProducts,
    /// Showing this product among many.
    BulkPublish,
}

impl Doing {
    const ALL: [Self; 3] = [Self::Large, Self::BulkProducts, Self::BulkPublish];

    fn word(self) -> &'static str {
        match self {
            Self::Large => "large",
            Self::BulkProducts => "bulk",
            Self::BulkPublish => "show",
        }
    }
}

/// See the module.
#[derive(Debug, Clone)]
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
    pub doing: Doing,
    pub id: String,
    pub begun: Timestamp,
}

impl Operation {
    fn parse(text: &str) -> Option<Self> {
        let (doing, rest) = text.split_once('|')?;
        let (id, begun) = rest.rsplit_once('|')?;
        let doing = Doing::ALL.into_iter().find(|known| known.word() == doing)?;
        Some(Self { doing, id: id.to_owned(), begun: begun.parse().ok()? })
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
        let found = desk.journal.written(&desk.channel.name, &entities(style)).await?;
        Ok(Self::of(style, &mut found.into_iter()))
    }

    /// The same for many styles, asked for together.
    pub async fn read_all(desk: &Desk<'_>, styles: &[StyleCode]) -> Result<Vec<Self>, JournalError> {
        let entities: Vec<String> = styles.iter().flat_map(entities).collect();
        let mut found = desk.journal.written(&desk.channel.name, &entities).await?.into_iter();
        Ok(styles.iter().map(|style| Self::of(style, &mut found)).collect())
    }

    /// Takes a style's three values from the front.
    fn of(style: &StyleCode, found: &mut impl Iterator<Item = Option<Written>>) -> Self {
        let mut next = || found.next().flatten().map(|written| written.value).filter(|value| !value.is_empty());
        let (pictures, collection, operation) = (next(), next(), next());
        Self {
            style: style.clone(),
            pictures: pictures.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
            collection,
            operation: operation.and_then(|text| Operation::parse(&text)),
        }
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
pub fn operation(claim: &Claim, style: &StyleCode, doing: Doing, id: &str, now: Timestamp) -> Written {
    written(claim, style, 2, format!("{}|{id}|{now}", doing.word()))
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
        let operation = Operation::parse(&format!("bulk|gid://shopify/BulkOperation/7|{begun}")).unwrap();
        let id = "gid://shopify/BulkOperation/7".to_owned();
        assert_eq!(operation, Operation { doing: Doing::BulkProducts, id, begun });
        assert!(!operation.is_too_old(begun + LONGEST));
        assert!(operation.is_too_old(begun + LONGEST + SignedDuration::from_secs(1)));
        assert_eq!(Operation::parse("nothing"), None);
    }
}

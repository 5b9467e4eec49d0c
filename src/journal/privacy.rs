//! What a request about personal data leaves in the journal, and how everything that is kept is looked through.
//!
//! What comes in: a request, and documents without what was personal in them. What goes out: stored documents page by page, and the
//! record that proves what was done and when. The record holds counts and numbers, never personal data.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::JournalError;
use crate::domain::{ChannelName, DeliveryId, PrivacyWish};

/// How far everything that is kept has been looked through: deliveries first, then events, each by number. Numbers grow with time,
/// so what comes later than the look stands behind it. Plans come last, for they are made of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// After this delivery.
    Deliveries(Uuid),
    /// After this event.
    Events(Uuid),
    /// After the effect of this key.
    Plans {
        /// Its channel.
        channel: String,
        /// Its key.
        key: String,
    },
    /// Everything.
    End,
}

impl Place {
    /// Before everything.
    pub const START: Self = Self::Deliveries(Uuid::nil());

    /// Before every plan.
    pub(super) fn plans() -> Self {
        Self::Plans { channel: String::new(), key: String::new() }
    }

    pub(super) fn word(&self) -> String {
        match self {
            Self::Deliveries(after) => format!("d{}", after.simple()),
            Self::Events(after) => format!("e{}", after.simple()),
            // No channel has a space in its name.
            Self::Plans { channel, key } => format!("p{channel} {key}"),
            Self::End => "end".to_owned(),
        }
    }

    pub(super) fn from_word(word: &str) -> Result<Self, JournalError> {
        let after = |rest: &str| Uuid::parse_str(rest).ok();
        let place = match word.split_at_checked(1) {
            Some(("d", rest)) => after(rest).map(Self::Deliveries),
            Some(("e", rest)) if word != "end" => after(rest).map(Self::Events),
            Some(("p", rest)) => {
                rest.split_once(' ').map(|(channel, key)| Self::Plans { channel: channel.into(), key: key.into() })
            }
            _ => (word == "end").then_some(Self::End),
        };
        place.ok_or_else(|| JournalError::Broken("a record of privacy stands at a place that is none".into()))
    }
}

/// Something that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDocument {
    /// Its number.
    pub id: Uuid,
    /// Where it came from (`storefront/kiwi-web`), for an event its channel.
    pub origin: String,
    /// Topic of a delivery, kind of an event.
    pub about: String,
    /// When it was received or raised, UTC.
    pub at: Timestamp,
    /// What it says.
    pub body: Vec<u8>,
}

/// A document that is about to be booked and whose outcome is not known: what its effect keeps until then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPlan {
    /// The effect's channel.
    pub channel: String,
    /// The effect's key.
    pub key: String,
    /// What it says.
    pub plan: String,
}

/// The office's numbers as the journal keeps them.
pub(super) fn numbers_of(request: &NewPrivacyRecord) -> String {
    serde_json::json!(request.office_numbers).to_string()
}

/// The one record that was asked for.
pub(super) fn only(records: Vec<PrivacyRecord>) -> Result<PrivacyRecord, JournalError> {
    records.into_iter().next().ok_or_else(|| JournalError::Broken("a record of privacy is not there".into()))
}

/// One page of what is kept.
#[derive(Debug, Clone)]
pub struct KeptPage {
    /// Documents, all deliveries or all events.
    pub documents: Vec<KeptDocument>,
    /// Plans, once deliveries and events have been looked through.
    pub plans: Vec<KeptPlan>,
    /// Where to look on.
    pub next: Place,
}

/// A request as it is begun.
#[derive(Debug, Clone)]
pub struct NewPrivacyRecord {
    /// The channel it is carried out for.
    pub channel: ChannelName,
    /// The delivery it came with; with the channel, what makes it unique.
    pub delivery: DeliveryId,
    /// What is asked.
    pub wish: PrivacyWish,
    /// The storefront's id of the customer; empty when the whole storefront is meant.
    pub customer: String,
    /// The storefront's number of the request; may be empty.
    pub number: String,
    /// When it was asked, UTC.
    pub asked_at: Timestamp,
    /// The office's numbers of the customer.
    pub office_numbers: Vec<String>,
}

/// What was asked, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrivacyRecord {
    /// Number, for the command line.
    pub id: i64,
    /// Channel.
    pub channel: String,
    /// The delivery it came with.
    pub delivery: DeliveryId,
    /// What was asked.
    pub wish: PrivacyWish,
    /// The storefront's id of the customer; empty when the whole storefront was meant.
    pub customer: String,
    /// The storefront's number of the request; may be empty.
    pub number: String,
    /// When it was asked, UTC.
    pub asked_at: Timestamp,
    /// When it was begun, UTC.
    pub begun_at: Timestamp,
    /// When it was done, UTC.
    pub finished_at: Option<Timestamp>,
    /// Deliveries that were erased or exported.
    pub deliveries: i64,
    /// Events that were erased or exported.
    pub events: i64,
    /// Numbers of the customer in the office, whose own papers a person must treat by law.
    pub office_numbers: Vec<String>,
    /// How far the journal was looked through.
    #[serde(skip)]
    pub place: Place,
}

/// Documents of one page as they are to be kept from now on.
#[derive(Debug, Clone, Default)]
pub struct Replacements {
    /// Deliveries by number.
    pub deliveries: Vec<(Uuid, Vec<u8>)>,
    /// Events by number.
    pub events: Vec<(Uuid, Vec<u8>)>,
    /// Plans by their effects. One whose document was booked meanwhile is gone and stays gone.
    pub plans: Vec<KeptPlan>,
}

/// The part of the journal that carries out requests about personal data.
#[async_trait]
pub trait Archive: Send + Sync + 'static {
    /// Keeps a request, or finds the record of one that was begun.
    async fn begin_privacy(&self, request: &NewPrivacyRecord) -> Result<PrivacyRecord, JournalError>;

    /// One page of what is kept after a place, oldest first, at most `limit` documents or plans.
    async fn kept(&self, after: Place, limit: usize) -> Result<KeptPage, JournalError>;

    /// Puts documents in the place of stored ones, with the record's counts and its new place, in one transaction. Numbers, keys
    /// and states of the stored ones stay. Answers whether the record still stood at `from`; otherwise nothing was done, for
    /// somebody else was there.
    async fn replace_kept(
        &self,
        record: i64,
        from: &Place,
        to: &Place,
        replacements: Replacements,
    ) -> Result<bool, JournalError>;

    /// Marks a request as done and leaves a line in the audit trail. `exported`: how many deliveries and events were handed out,
    /// for an export. Doing it again changes nothing.
    async fn finish_privacy(&self, record: i64, who: &str, exported: Option<(i64, i64)>) -> Result<(), JournalError>;

    /// Every request, oldest first.
    async fn privacy_records(&self) -> Result<Vec<PrivacyRecord>, JournalError>;
}

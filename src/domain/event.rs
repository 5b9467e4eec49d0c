//! Domain events: what a delivery means, whatever system it came from, in a CloudEvents 1.0 envelope.
//!
//! What comes in: a [`Draft`] from an adapter's normaliser. What goes out: an [`Event`] in the journal and on the bus.
//! Next in the flow: [`crate::flow`] gives each event to the handlers that want it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    Account, Branch, ChannelName, Credit, Customer, CustomerMerged, DeliveryId, DocumentHinted, OrderCancelled,
    OrderChanged, Price, PrivacyRequest, Product, ProductArchived, ProductSeen, Sale, StockDoubted, StockLevel,
    StockSeen, StorefrontLeft,
};

/// The number of an event (UUIDv7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct EventId(pub Uuid);

impl std::fmt::Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of one handler's work on one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HandlingId(pub i64);

/// How new a state is, by its source's own count; larger is newer. Documents, which never change, have version 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident($data:ty) = $word:literal;)*) => {
        /// The kinds of event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType {
            $($(#[$doc])* $variant,)*
        }

        impl EventType {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The CloudEvents `type`, also the routing key's beginning.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads a CloudEvents `type`.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }

            /// The JSON Schema of the event's data.
            #[must_use]
            pub fn data_schema(self) -> schemars::Schema {
                match self { $(Self::$variant => schemars::schema_for!($data),)* }
            }
        }

        /// What happened.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(clippy::large_enum_variant, reason = "facts are moved rarely and boxed by nobody")]
        pub enum Fact {
            $($(#[$doc])* $variant($data),)*
        }

        impl Fact {
            /// Which kind of event this is.
            #[must_use]
            pub fn event_type(&self) -> EventType {
                match self { $(Self::$variant(_) => EventType::$variant,)* }
            }

            /// The data as JSON.
            ///
            /// # Errors
            /// When the data cannot be written as JSON.
            pub fn to_json(&self) -> serde_json::Result<Box<RawValue>> {
                match self { $(Self::$variant(data) => serde_json::value::to_raw_value(data),)* }
            }

            /// Reads the data of one kind of event.
            ///
            /// # Errors
            /// When the JSON is not of that kind's shape.
            pub fn from_json(kind: EventType, json: &str) -> serde_json::Result<Self> {
                match kind { $(EventType::$variant => serde_json::from_str(json).map(Self::$variant),)* }
            }
        }
    };
}

facts! {
    /// A sale is complete and becomes an invoice.
    SaleInvoiced(Sale) = "sale.invoiced";
    /// Something was given back and becomes a credit note.
    SaleCredited(Credit) = "sale.credited";
    /// An order is not what it was.
    OrderChanged(OrderChanged) = "order.changed";
    /// An order ended before it was invoiced.
    OrderCancelled(OrderCancelled) = "order.cancelled";
    /// Something happened to a document of the storefront's that is to be read.
    DocumentHinted(DocumentHinted) = "document.hinted";
    /// A product is new or has changed.
    ProductChanged(Product) = "product.changed";
    /// A product is no longer for the web.
    ProductArchived(ProductArchived) = "product.archived";
    /// A product at the storefront is not what it should be.
    ProductSeen(ProductSeen) = "product.seen";
    /// A stock figure has changed.
    StockChanged(StockLevel) = "stock.changed";
    /// A stock figure at the storefront is not what it should be.
    StockSeen(StockSeen) = "stock.seen";
    /// A stock figure at the storefront is to be looked at again.
    StockDoubted(StockDoubted) = "stock.doubted";
    /// A price has changed.
    PriceChanged(Price) = "price.changed";
    /// A price at the storefront is not what it should be.
    PriceSeen(Price) = "price.seen";
    /// A customer of the office is new or has changed.
    CustomerChanged(Customer) = "customer.changed";
    /// An account of a storefront is new or has changed.
    AccountChanged(Account) = "account.changed";
    /// Two accounts of a storefront became one.
    CustomerMerged(CustomerMerged) = "customer.merged";
    /// A branch is new or has changed.
    BranchChanged(Branch) = "branch.changed";
    /// Somebody wants to know, or wants forgotten, what is kept of them.
    PrivacyRequested(PrivacyRequest) = "privacy.requested";
    /// A storefront has removed the app.
    StorefrontLeft(StorefrontLeft) = "storefront.left";
}

/// An event as an adapter states it, before the journal numbers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What makes the fact unique within its channel and kind, such as `order:5900000000001` or `stock:SHIRT-M@AKL#815`.
    pub source_document: String,
    /// The thing it is about, such as `order:5900000000001` or `stock:SHIRT-M@AKL`. One handler works on one entity at a time.
    pub entity: String,
    /// How new it is.
    pub version: Version,
    /// When it happened at its source, UTC.
    pub time: Timestamp,
    /// What happened.
    pub fact: Fact,
}

/// What a delivery turned out to mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Normalised {
    /// It raises these events; at least one.
    Events(Vec<Draft>),
    /// It carries no news, for this reason.
    Ignored(String),
    /// It cannot be understood, for this reason; a person should look.
    Rejected(String),
}

/// A domain event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// The channel it belongs to.
    pub channel: ChannelName,
    /// Where it came from, as a URI reference: `storefront/kiwi-web`, `office/kiwi`.
    pub source: String,
    /// The delivery that raised it.
    pub delivery: DeliveryId,
    /// What it says.
    pub draft: Draft,
}

/// The CloudEvents envelope; attribute names by the CloudEvents rules (lower case letters and digits).
#[derive(Serialize, Deserialize)]
struct Envelope {
    specversion: std::borrow::Cow<'static, str>,
    id: EventId,
    source: String,
    r#type: String,
    subject: String,
    time: Timestamp,
    datacontenttype: std::borrow::Cow<'static, str>,
    dataschema: String,
    channel: ChannelName,
    sourcedocument: String,
    entityversion: String,
    correlationid: DeliveryId,
    causationid: DeliveryId,
    traceparent: String,
    data: Box<RawValue>,
}

/// Why stored text is not an event.
#[derive(Debug, thiserror::Error)]
pub enum BadEvent {
    /// Not the envelope's shape, or not the data's.
    #[error("the event cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A kind this program does not know.
    #[error("the event is of unknown type `{0}`")]
    UnknownType(String),
    /// The version is not a number.
    #[error("the event's version `{0}` is not a number")]
    Version(String),
}

impl Event {
    /// Which kind of event this is.
    #[must_use]
    pub fn event_type(&self) -> EventType {
        self.draft.fact.event_type()
    }

    /// The event as CloudEvents JSON.
    ///
    /// # Errors
    /// When the data cannot be written as JSON.
    pub fn to_cloud_event(&self) -> Result<String, BadEvent> {
        let kind = self.event_type().as_str();
        let trace = self.delivery.0.simple();
        let span = &self.id.0.simple().to_string()[16..];
        Ok(serde_json::to_string(&Envelope {
            specversion: "1.0".into(),
            id: self.id,
            source: self.source.clone(),
            r#type: kind.to_owned(),
            subject: self.draft.entity.clone(),
            time: self.draft.time,
            datacontenttype: "application/json".into(),
            dataschema: format!("urn:tillbridge:schema:{kind}:1"),
            channel: self.channel.clone(),
            sourcedocument: self.draft.source_document.clone(),
            entityversion: self.draft.version.0.to_string(),
            correlationid: self.delivery,
            causationid: self.delivery,
            traceparent: format!("00-{trace}-{span}-01"),
            data: self.draft.fact.to_json()?,
        })?)
    }

    /// Reads CloudEvents JSON that [`Event::to_cloud_event`] wrote.
    ///
    /// # Errors
    /// [`BadEvent`] when it is not such a text.
    pub fn from_cloud_event(json: &str) -> Result<Self, BadEvent> {
        let envelope: Envelope = serde_json::from_str(json)?;
        let kind =
            EventType::from_word(&envelope.r#type).ok_or_else(|| BadEvent::UnknownType(envelope.r#type.clone()))?;
        let version = envelope.entityversion.parse().map_err(|_| BadEvent::Version(envelope.entityversion.clone()))?;
        Ok(Self {
            id: envelope.id,
            channel: envelope.channel,
            source: envelope.source,
            delivery: envelope.correlationid,
            draft: Draft {
                source_document: envelope.sourcedocument,
                entity: envelope.subject,
                version: Version(version),
                time: envelope.time,
                fact: Fact::from_json(kind, envelope.data.get())?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BranchCode, Sku};

    #[test]
    fn an_event_comes_back_from_its_envelope_as_it_was() {
        let event = Event {
            id: EventId(Uuid::now_v7()),
            channel: ChannelName::parse("kiwi").unwrap(),
            source: "office/kiwi".into(),
            delivery: DeliveryId(Uuid::now_v7()),
            draft: Draft {
                source_document: "stock:SHIRT-M@AKL#9007199254740993".into(),
                entity: "stock:SHIRT-M@AKL".into(),
                version: Version(9_007_199_254_740_993),
                time: "2026-04-05T02:30:00.123456Z".parse().unwrap(),
                fact: Fact::StockChanged(StockLevel {
                    sku: Sku::parse("SHIRT-M").unwrap(),
                    branch: BranchCode::parse("AKL").unwrap(),
                    on_hand: -3,
                }),
            },
        };
        let json = event.to_cloud_event().unwrap();
        assert_eq!(Event::from_cloud_event(&json).unwrap(), event);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["specversion"], "1.0");
        assert_eq!(value["type"], "stock.changed");
        let trace = value["traceparent"].as_str().unwrap();
        assert_eq!(trace.len(), 55);
    }

    #[test]
    fn an_envelope_of_unknown_type_is_told_apart() {
        let event = r#"{"specversion":"1.0","id":"0198c0de-0000-7000-8000-000000000000","source":"x","type":"moon.rose",
            "subject":"s","time":"2026-01-01T00:00:00Z","datacontenttype":"application/json","dataschema":"d","channel":"c",
            "sourcedocument":"s","entityversion":"1","correlationid":"0198c0de-0000-7000-8000-000000000000",
            "causationid":"0198c0de-0000-7000-8000-000000000000","traceparent":"t","data":{}}"#;
        assert!(matches!(Event::from_cloud_event(event), Err(BadEvent::UnknownType(kind)) if kind == "moon.rose"));
    }
}

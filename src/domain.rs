//! The vocabulary every other room speaks: money, documents, products, events.
//!
//! Pure data and arithmetic: no input or output, no clock, no foreign field names. Keeps P6 by making amounts of two
//! currencies impossible to add and by giving every document one balance check.
//! Next in the flow: [`crate::storefront`] and [`crate::office`] translate foreign shapes into these types.

mod access;
mod books;
mod branch;
mod call_error;
mod credit;
mod customer;
mod delivery;
mod demand;
mod event;
mod event_schema;
mod hint;
mod money;
mod names;
mod order;
mod order_state;
mod privacy;
mod product;
mod reckoning;
mod sale;
mod secret;
mod stock;

pub use access::{Access, IntegrationAccess, OAuthKeys, StorefrontLeft};
pub use books::{Books, Entry};
pub use branch::Branch;
pub use call_error::CallError;
pub use credit::{Credit, CreditLine};
pub use customer::{Account, Address, Buyer, Consent, ConsentState, Customer, CustomerMerged, CustomerProfile};
pub use delivery::{Delivery, DeliveryId, NewDelivery, Origin, Side, Verified};
pub use demand::{BookedPieces, Held, Holdings, Moved, WebClaim, WebDemand, WebLine, WebOrder, WebPieces};
pub use event::{BadEvent, Draft, Event, EventId, EventType, Fact, HandlingId, Normalised, Version};
pub use hint::{DocumentHinted, HintedKind};
pub use money::{Currency, Money, MoneyError};
pub use names::{
    BadName, BranchCode, ChannelName, DocumentRef, HandlerName, OfficeName, Sku, StorefrontName, StyleCode,
};
pub use order::{OrderCancelled, OrderChanged, Placed, SaleMoment};
pub use order_state::{OrderLine, OrderReturn, OrderState, ReturnedLine, ShippedPieces};
pub use privacy::{ERASED, Person, PrivacyRequest, PrivacyWish, erase};
pub use product::{Image, Price, Product, ProductArchived, ProductSeen, Variant};
pub use reckoning::{Open, Reckoned, Step, reckon};
pub use sale::{Imbalance, LineKind, Payment, Payments, Sale, SaleLine};
pub use secret::Secret;
pub use stock::{StockDoubted, StockLevel, StockSeen};

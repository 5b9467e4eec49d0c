//! The handlers: one file per thing written to the other side, all in the same shape.
//!
//! What comes in: claimed events of one channel. What goes out: one [`Settlement`] per claim. They keep P2 (intent, look-up,
//! write, record), P3 (older versions are left out), P6 (nothing unbalanced is written) and P7 (what is already so is not
//! written again). They publish nothing and never retry by themselves: they answer how the attempt ended.
//! Next in the flow: [`crate::flow::handle`] settles what they answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::domain::{EventType, HandlerName, OfficeName, Side, StorefrontName};
use crate::journal::{Claim, Journal, Settlement};
use crate::office::Office;
use crate::policy::Channel;
use crate::storefront::Storefront;

mod account;
mod books;
mod cancellation;
mod credit_note;
mod customer;
mod departure;
mod document;
mod invoice;
mod items;
mod location;
mod merge;
mod outcome;
mod paper;
mod price;
mod privacy;
pub mod product;
mod read;
mod reckoning;
mod state;
pub mod stock;

pub use privacy::concerns;

/// A handler's standing orders, read by the flow.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Its name, and part of its queues'.
    pub name: &'static str,
    /// The kinds of event it wants.
    pub consumes: &'static [EventType],
    /// The most events it takes at once.
    pub batch: usize,
    /// How long it waits for a batch to fill once one event is there. Zero where latency matters more than calls saved.
    pub linger: Duration,
    /// How many batches of one channel a process works on at a time.
    pub workers: usize,
    /// The sides without which it can do nothing: its work is held while one of them answers nobody.
    pub needs: &'static [Side],
}

/// Everything a handler may talk to while it works for one channel.
pub struct Desk<'a> {
    /// The channel's rules.
    pub channel: &'a Channel,
    /// The durable record.
    pub journal: &'a dyn Journal,
    /// The channel's web shop.
    pub storefront: &'a dyn Storefront,
    /// The channel's back office.
    pub office: &'a dyn Office,
}

/// Writes one kind of event to the other side.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Its standing orders.
    fn policy(&self) -> &'static Policy;

    /// Handles events of one channel; answers one settlement per claim, in any order. A claim left without one is tried
    /// again when its lease ends.
    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement>;
}

/// Every handler there is. A new one is one file and one line here.
#[must_use]
pub fn all() -> Vec<Arc<dyn Handler>> {
    vec![
        Arc::new(invoice::WriteInvoice),
        Arc::new(credit_note::WriteCreditNote),
        Arc::new(reckoning::Reckon),
        Arc::new(read::ReadDocument),
        Arc::new(cancellation::NoteCancellation),
        Arc::new(location::WriteLocation),
        Arc::new(departure::NoteDeparture),
        Arc::new(privacy::CarryOutPrivacy),
        Arc::new(product::WriteProduct),
        Arc::new(price::WritePrices),
        Arc::new(stock::WriteStock),
        Arc::new(customer::WriteCustomer),
        Arc::new(account::TakeAccount),
        Arc::new(merge::FollowMerge),
    ]
}

/// The names of all handlers: each has a queue for each channel.
#[must_use]
pub fn names() -> Vec<HandlerName> {
    all().iter().filter_map(|handler| HandlerName::parse(handler.policy().name).ok()).collect()
}

/// Who handles a kind of event.
#[must_use]
pub fn wanting(kind: EventType) -> Vec<HandlerName> {
    let wanting = all().into_iter().filter(|handler| handler.policy().consumes.contains(&kind));
    wanting.filter_map(|handler| HandlerName::parse(handler.policy().name).ok()).collect()
}

/// Both sides of every channel.
#[derive(Clone, Default)]
pub struct Sides {
    /// Web shops by name.
    pub storefronts: BTreeMap<StorefrontName, Arc<dyn Storefront>>,
    /// Back offices by name.
    pub offices: BTreeMap<OfficeName, Arc<dyn Office>>,
    /// The rules between them.
    pub channels: Vec<Arc<Channel>>,
    /// Where web shops are to send their webhooks, where that is known.
    pub addresses: BTreeMap<StorefrontName, String>,
}

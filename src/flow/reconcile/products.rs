//! Products that the storefront does not show as they are to be shown: deleted, hidden or changed by hand, or known by an id that is
//! lost.
//!
//! What comes in: the storefront's listing, and all the office says of its products. What goes out: a delivery for each product and
//! price that differs, which the handlers that write them decide anew. Fields of the shop's own are no difference. A catalogue in
//! which nothing has changed costs one call for every 250 products of a whole listing, and one for a window. The same state of a
//! product is handed over once: what cannot be put right does not come again and again.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::{Delivery, DeliveryId, Draft, EventType, Fact, NewDelivery, Normalised, Version};
use crate::handlers::Desk;
use crate::handlers::product::drift::{self, Drift, Listing, Question};
use crate::handlers::stock::Unread;
use crate::journal::{Appended, JournalError};
use crate::office::ChangeKind;
use crate::storefront::Listings;

use super::super::own;
use super::{Products, Since, Window, append};

/// The topic of what was seen.
pub(in crate::flow) const TOPIC: &str = "product/seen";
/// Products of the office read at once.
const PAGE: usize = 250;

/// Whether it is time to look at every product, and not only at those that changed.
pub(super) async fn is_due(desk: &Desk<'_>, every: Duration) -> Result<bool, JournalError> {
    let last = desk.journal.cursor(&whole_task(desk)).await?;
    let last = last.and_then(|text| text.parse::<Timestamp>().ok());
    Ok(last.and_then(|last| last.checked_add(every).ok()).is_none_or(|due| due <= desk.journal.now()))
}

fn whole_task(desk: &Desk<'_>) -> String {
    format!("reconcile/{}/catalogue", desk.channel.name)
}

/// Asks for products and journals what differs.
pub(super) async fn ask(
    desk: &Desk<'_>,
    listings: &dyn Listings,
    window: Window,
    whole: bool,
) -> Result<Products, Unread> {
    // What the bridge wrote before it was first asked is not read again: no more than the usual overlap.
    let since = Since::read(desk, "products", window, window.overlap).await?;
    let listing = listing(listings, (!whole).then_some(since.moment)).await?;
    let mut found = Products { whole, listed: listing.len(), ..Products::default() };
    let question = Question { changed_since: since.moment, whole };
    let mut handed_over = 0;
    let (mut cursor, mut more) = (None, whole || !listing.is_empty());
    while more {
        let page = desk.office.changes(ChangeKind::Products, cursor.as_deref(), PAGE).await.map_err(Unread::Call)?;
        let drafts = page.deliveries.into_iter().filter_map(|record| draft(desk, record)).collect();
        let look = drift::compare(desk, listings, drafts, &listing, question).await?;
        found.compared += look.compared;
        found.read += look.read;
        if window.dry_run {
            found.differing.extend(look.drifts);
        } else {
            let differing = look.drifts.len();
            let new = hand_over(desk, look.drifts, &mut handed_over).await?;
            found.handed_over_before += differing - new.len();
            found.differing.extend(new);
        }
        (cursor, more) = (Some(page.cursor), page.more);
    }
    if !window.dry_run {
        append(desk, since.all(Vec::new())).await?;
        if whole {
            own::stand_at(desk, &whole_task(desk), &desk.journal.now().to_string(), Vec::new()).await?;
        }
        metrics::counter!("tillbridge_products_differing_total", "storefront" => desk.channel.storefront.to_string())
            .increment(handed_over);
    }
    Ok(found)
}

async fn listing(listings: &dyn Listings, since: Option<Timestamp>) -> Result<Listing, Unread> {
    let (mut listing, mut after) = (Listing::default(), None);
    loop {
        let page = listings.products_since(since, after.as_deref()).await.map_err(Unread::Call)?;
        listing.add(page.products);
        after = page.next;
        if after.is_none() {
            return Ok(listing);
        }
    }
}

/// What the office says of one product now. One that cannot be read was rejected with its reason when it came.
fn draft(desk: &Desk<'_>, record: NewDelivery) -> Option<Draft> {
    let record = Delivery { id: DeliveryId(uuid::Uuid::nil()), received_at: desk.journal.now(), content: record };
    match desk.office.normalise(&record) {
        Normalised::Events(drafts) => drafts.into_iter().next(),
        _ => None,
    }
}

/// Journals what differs; answers those that were not handed over in the same state before.
async fn hand_over(desk: &Desk<'_>, drifts: Vec<Drift>, handed_over: &mut u64) -> Result<Vec<Drift>, JournalError> {
    let mut deliveries = Vec::new();
    for drift in &drifts {
        for draft in &drift.drafts {
            deliveries.push(own::delivery(desk, TOPIC, &draft.source_document, &Body::of(draft)?)?);
        }
    }
    if deliveries.is_empty() {
        return Ok(drifts);
    }
    let task = format!("reconcile/{}/seen", desk.channel.name);
    let appended = own::stand_at(desk, &task, &uuid::Uuid::new_v4().to_string(), deliveries).await?;
    let mut is_new = appended.iter().map(|appended| matches!(appended, Appended::New(_)));
    let mut new = Vec::new();
    for drift in drifts {
        let count = is_new.by_ref().take(drift.drafts.len()).filter(|is_new| *is_new).count();
        *handed_over += count as u64;
        if count > 0 {
            new.push(drift);
        }
    }
    Ok(new)
}

/// The body of a delivery: the event it becomes.
#[derive(Serialize, Deserialize)]
pub(in crate::flow) struct Body {
    kind: String,
    source_document: String,
    entity: String,
    version: i64,
    fact: Box<RawValue>,
}

impl Body {
    fn of(draft: &Draft) -> Result<Self, JournalError> {
        Ok(Self {
            kind: draft.fact.event_type().as_str().to_owned(),
            source_document: draft.source_document.clone(),
            entity: draft.entity.clone(),
            version: draft.version.0,
            fact: draft.fact.to_json().map_err(|error| JournalError::Broken(error.to_string()))?,
        })
    }
}

/// What was seen, as an event.
pub(in crate::flow) fn meaning(delivery: &Delivery, body: Body) -> Normalised {
    let kind = EventType::from_word(&body.kind);
    let seen = kind.filter(|kind| matches!(kind, EventType::ProductSeen | EventType::PriceSeen));
    match seen.and_then(|kind| Fact::from_json(kind, body.fact.get()).ok()) {
        Some(fact) => Normalised::Events(vec![Draft {
            source_document: body.source_document,
            entity: body.entity,
            version: Version(body.version),
            time: delivery.received_at,
            fact,
        }]),
        None => Normalised::Rejected("it is no product or price that was seen at a storefront".to_owned()),
    }
}

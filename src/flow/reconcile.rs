//! Finds what the storefront did and never told: webhooks are not guaranteed to come (P4).
//!
//! What comes in: a channel and the moment up to which it was asked before. What goes out: a delivery for each order that changed
//! since and whose change is not in the journal, to be normalised like any other: its events have the keys its webhooks' would
//! have, so a webhook that comes late changes nothing. Windows overlap, and how far was asked is committed with what was found.
//! Then [`super::stocktake`] compares the stock that was looked at before.
//! Next in the flow: [`super::normalise`].

mod documents;

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{ChannelName, EventType};
use crate::handlers::Desk;
use crate::handlers::stock::Unread;
use crate::journal::{Appended, JournalError, PolledPage};
use crate::storefront::{ListedOrder, SalesWay, WholeOrders};

use super::stocktake::{self, Report};
use super::{Stage, rest};

/// How far back the first question reaches, and the longest that can be asked about without a permission of its own.
const FIRST: Duration = Duration::from_secs(24 * 3600);
/// How long missed orders may take to be normalised before stock is left to the next time.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a reconciliation found.
#[derive(Debug, Default, Serialize)]
pub struct Found {
    /// Orders that changed in the window.
    pub orders: usize,
    /// Ids of those whose change was not known.
    pub missed: Vec<String>,
    /// The stock, where it was compared.
    pub stock: Option<Report>,
}

/// What is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// From when on; without it from where the last one ended.
    pub since: Option<Timestamp>,
    /// How far the window reaches back over the last one.
    pub overlap: Duration,
    /// Whether nothing is to be journalled.
    pub dry_run: bool,
}

impl Window {
    /// From when on is asked, where it was asked up to `last` before.
    fn begins(&self, last: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let since = self.since.or(last.and_then(|last| last.checked_sub(self.overlap).ok()));
        since.or_else(|| now.checked_sub(FIRST).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// Reconciles a channel again and again until the process ends.
pub async fn run(stage: Stage, name: ChannelName) {
    let sides = std::sync::Arc::clone(&stage.sides);
    let Some(channel) = sides.channels.iter().find(|channel| channel.name == name) else { return };
    let Some(storefront) = sides.storefronts.get(&channel.storefront) else { return };
    let Some(office) = sides.offices.get(&channel.office) else { return };
    let rules = channel.reconcile;
    let beat = format!("reconcile {name}");
    loop {
        // The first look waits its turn too: at start everything else has more to do.
        stage.beats.beat(&beat, rules.every * 3 + Duration::from_secs(60), None);
        if !rest(None, rules.every, &stage.stop).await {
            return;
        }
        let desk =
            Desk { channel, journal: stage.journal.as_ref(), storefront: storefront.as_ref(), office: office.as_ref() };
        let window = Window { since: None, overlap: rules.overlap, dry_run: false };
        match once(&desk, window, true).await {
            Ok(found) => {
                let drifts = found.stock.as_ref().map_or(0, |stock| stock.drifts.len());
                if !found.missed.is_empty() || drifts > 0 {
                    tracing::warn!(channel = %name, missed = found.missed.len(), drifts, "found what was never told");
                }
                stage.bells.deliveries.notify_one();
            }
            Err(error) => {
                tracing::warn!(channel = %name, %error, "a reconciliation failed and is tried again");
                stage.beats.beat(&beat, rules.every * 3 + Duration::from_secs(60), Some(error.to_string()));
            }
        }
    }
}

/// Reconciles a channel once: orders, and with `stock` the figures too. Repeating it is safe.
///
/// # Errors
/// [`Unread`] when a side or the journal does not answer; what was found before is journalled.
pub async fn once(desk: &Desk<'_>, window: Window, stock: bool) -> Result<Found, Unread> {
    // Looked at first: whatever was sold by now, the orders tell.
    let seen = if stock { Some(stocktake::look(desk).await?) } else { None };
    let mut found = match desk.storefront.abilities().sales {
        SalesWay::Orders(shop) => orders(desk, shop, window).await?,
        SalesWay::Documents(shop) => documents::changed(desk, shop, window).await?,
    };
    if let Some(seen) = seen
        && known_by_now(desk, &found.appended).await?
    {
        let report = stocktake::compare(desk, seen).await?;
        if !window.dry_run {
            stocktake::raise(desk, &report, true).await?;
        }
        found.found.stock = Some(report);
    }
    Ok(found.found)
}

/// What came of asking for orders.
#[derive(Default)]
struct Asked {
    found: Found,
    appended: Vec<Appended>,
}

async fn orders(desk: &Desk<'_>, shop: &dyn WholeOrders, window: Window) -> Result<Asked, Unread> {
    let task = format!("reconcile/{}/orders", desk.channel.name);
    let from = desk.journal.cursor(&task).await?;
    let now = desk.journal.now();
    let last = from.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
    let since = window.begins(last, now);
    let (mut asked, mut after) = (Asked::default(), None);
    let (mut deliveries, mut ids) = (Vec::new(), Vec::new());
    loop {
        let page = shop.orders_since(since, after.as_deref()).await.map_err(Unread::Call)?;
        asked.found.orders += page.orders.len();
        for order in missed(desk, page.orders).await? {
            deliveries.push(shop.missed_order(&order).await.map_err(Unread::Call)?);
            ids.push(order.order);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if window.dry_run {
        asked.found.missed = ids;
        return Ok(asked);
    }
    // How far was asked never goes back, whatever an operator asks for in between.
    let to = last.map_or(now, |last| last.max(now)).to_string();
    match desk.journal.append_polled(PolledPage { task, from, to, deliveries }).await {
        Ok(appended) => {
            // One that was handed over before is not missed again, though nothing may have followed from it.
            let mut new = appended.iter().map(|one| matches!(one, Appended::New(_)));
            asked.found.missed = ids.into_iter().filter(|_| new.next() == Some(true)).collect();
            asked.appended = appended;
        }
        // Somebody else has asked about the same window and has found the same.
        Err(JournalError::CursorMoved) => {}
        Err(error) => return Err(error.into()),
    }
    metrics::counter!("tillbridge_orders_missed_total", "storefront" => desk.channel.storefront.to_string())
        .increment(asked.found.missed.len() as u64);
    Ok(asked)
}

/// The orders whose change the journal does not know.
async fn missed(desk: &Desk<'_>, orders: Vec<ListedOrder>) -> Result<Vec<ListedOrder>, JournalError> {
    let channel = &desk.channel.name;
    let entities: Vec<String> = orders.iter().map(|order| order.sale.to_string()).collect();
    let known = desk.journal.web_orders(channel, &entities).await?;
    let sold = desk.journal.raised(channel, EventType::SaleInvoiced, &entities).await?;
    let mut missed = Vec::new();
    for ((order, known), sold) in orders.into_iter().zip(known).zip(sold) {
        let credited = desk.journal.raised(channel, EventType::SaleCredited, &order.refunds).await?;
        let told = known.is_some_and(|known| known >= order.version) && (sold || !order.fulfilled);
        if !(told && credited.iter().all(|credited| *credited)) {
            missed.push(order);
        }
    }
    Ok(missed)
}

/// Waits until these deliveries are normalised: only then is what they say of stock known.
async fn known_by_now(desk: &Desk<'_>, appended: &[Appended]) -> Result<bool, JournalError> {
    let until = tokio::time::Instant::now() + PATIENCE;
    for one in appended {
        let (Appended::New(id) | Appended::Duplicate(id)) = one;
        loop {
            let trace = desk.journal.trace(id.0).await?;
            if trace.is_none_or(|trace| trace.delivery.state != "new") {
                break;
            }
            if tokio::time::Instant::now() >= until {
                return Ok(false);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(true)
}

//! Finds what the storefront did and never told: webhooks are not guaranteed to come (P4).
//!
//! What comes in: a channel and the moment up to which it was asked before. What goes out: a delivery for each order and account
//! that changed since and whose change is not in the journal, to be normalised like any other: its events have the keys its
//! webhooks' would have, so a webhook that comes late changes nothing. Windows overlap, and how far was asked is committed with
//! what was found. [`super::stocktake`] compares the stock that was looked at before, and [`products`] what is shown of the
//! office's products, and hand over what differs.
//! Next in the flow: [`super::normalise`].

mod accounts;
mod documents;
mod early;
mod orders;
pub(super) mod products;

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::time::Instant;

use crate::domain::{ChannelName, HintedKind, NewDelivery};
use crate::handlers::Desk;
use crate::handlers::product::drift::Drift;
use crate::handlers::stock::Unread;
use crate::journal::{Appended, JournalError, PolledPage};
use crate::policy::{ReceiveCustomers, ReconcileRules};
use crate::storefront::SalesWay;

use super::stocktake::{self, Count, Report};
use super::{Stage, rest};
pub use early::EarlyCount;

/// How far back the first question reaches, and the longest that can be asked about without a permission of its own.
const FIRST: Duration = Duration::from_secs(24 * 3600);
/// How soon a reconciliation that failed is tried again, at the latest.
const SOONER: Duration = Duration::from_secs(60);
/// How often it is looked whether stock wants counting before its time.
const GLANCE: Duration = Duration::from_secs(10);
/// How long missed orders may take to be normalised before stock is left to the next time.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a reconciliation found.
#[derive(Debug, Default, Serialize)]
pub struct Found {
    /// Orders that changed in the window.
    pub orders: usize,
    /// Ids of those whose change was not known.
    pub missed: Vec<String>,
    /// Accounts, where they were asked for.
    pub customers: Option<Accounts>,
    /// Products, where they were asked for.
    pub products: Option<Products>,
    /// The stock, where it was compared.
    pub stock: Option<Report>,
}

/// What was found of accounts.
#[derive(Debug, Default, Serialize)]
pub struct Accounts {
    /// Accounts that changed in the window.
    pub changed: usize,
    /// Ids of those whose change was not known.
    pub missed: Vec<String>,
}

/// What was found of products.
#[derive(Debug, Default, Serialize)]
pub struct Products {
    /// Whether the storefront was asked for all there are, and not only for those that changed in the window.
    pub whole: bool,
    /// Products the storefront listed, its own among them.
    pub listed: usize,
    /// Products of the office that were compared with the listing.
    pub compared: usize,
    /// How many of them were read down to their last variant.
    pub read: usize,
    /// Those that differ and were not handed over in the same state before.
    pub differing: Vec<Drift>,
    /// How many more differ and were.
    pub handed_over_before: usize,
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
    /// From when on is asked, where it was asked up to `last` before; `first` is how far back the first question reaches.
    fn begins(&self, last: Option<Timestamp>, now: Timestamp, first: Duration) -> Timestamp {
        let since = self.since.or(last.and_then(|last| last.checked_sub(self.overlap).ok()));
        since.or_else(|| now.checked_sub(first).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// What is asked about beside orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Which stock is compared.
    pub stock: Option<Count>,
    /// Whether accounts are asked for, where the channel takes them over.
    pub accounts: bool,
    /// Which products are asked for.
    pub products: Breadth,
}

/// Which products are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breadth {
    /// None.
    None,
    /// Those that changed in the window.
    Changed,
    /// All there are, so that those that are gone are found too.
    Whole,
}

impl Scope {
    /// Orders alone.
    pub const ORDERS: Self = Self { stock: None, accounts: false, products: Breadth::None };
}

/// Reconciles a channel again and again until the process ends.
pub async fn run(stage: Stage, name: ChannelName) {
    let sides = std::sync::Arc::clone(&stage.sides);
    let Some(channel) = sides.channels.iter().find(|channel| channel.name == name) else { return };
    let Some(storefront) = sides.storefronts.get(&channel.storefront) else { return };
    let Some(office) = sides.offices.get(&channel.office) else { return };
    let rules = channel.reconcile;
    let beat = format!("reconcile {name}");
    let mut all = Instant::now() + first_wait(rules.every, asked_last(&stage, &name).await, stage.journal.now());
    let mut early = EarlyCount::new(early::APART);
    stage.beats.beat(&beat, rules.every * 3 + Duration::from_secs(60), None);
    loop {
        if !rest(None, GLANCE.min(all - Instant::now()), &stage.stop).await {
            return;
        }
        let desk =
            Desk { channel, journal: stage.journal.as_ref(), storefront: storefront.as_ref(), office: office.as_ref() };
        let looked = if Instant::now() >= all {
            all = Instant::now() + rules.every;
            on_schedule(&desk, rules).await.map(Some)
        } else {
            early.if_wished(&desk, rules).await
        };
        match looked {
            Ok(None) => {}
            Ok(Some(found)) => {
                let drifts = found.stock.as_ref().map_or(0, |stock| stock.drifts.len());
                let accounts = found.customers.as_ref().map_or(0, |accounts| accounts.missed.len());
                let products = found.products.as_ref().map_or(0, |products| products.differing.len());
                if found.missed.len() + accounts + products + drifts > 0 {
                    let orders = found.missed.len();
                    tracing::warn!(channel = %name, orders, accounts, products, drifts, "found what was never told");
                }
                stage.bells.deliveries.notify_one();
                stage.beats.beat(&beat, rules.every * 3 + Duration::from_secs(60), None);
            }
            Err(error) => {
                tracing::warn!(channel = %name, %error, "a reconciliation failed and is tried again");
                all = all.min(Instant::now() + SOONER);
                stage.beats.beat(&beat, rules.every * 3 + Duration::from_secs(60), Some(error.to_string()));
            }
        }
    }
}

/// When a channel was asked last, by whatever process.
async fn asked_last(stage: &Stage, name: &ChannelName) -> Option<Timestamp> {
    let mut last = None;
    for kind in [orders::KIND, HintedKind::Order.as_str()] {
        // A journal that does not answer says so soon enough.
        let cursor = stage.journal.cursor(&format!("reconcile/{name}/{kind}")).await.unwrap_or_default();
        last = last.max(cursor.and_then(|text| text.parse().ok()));
    }
    last
}

/// How long the first look waits. At start everything else has more to do; but where processes are started again and again, what was
/// asked long ago must not wait for ever.
fn first_wait(every: Duration, last: Option<Timestamp>, now: Timestamp) -> Duration {
    let Some(last) = last else { return every };
    let since = Duration::try_from(now.duration_since(last)).unwrap_or_default();
    every.saturating_sub(since).max(SOONER.min(every))
}

/// All of it; every product when that was long ago, else those that changed.
async fn on_schedule(desk: &Desk<'_>, rules: ReconcileRules) -> Result<Found, Unread> {
    let whole = products::is_due(desk, rules.catalogue).await?;
    let products = if whole { Breadth::Whole } else { Breadth::Changed };
    let window = Window { since: None, overlap: rules.overlap, dry_run: false };
    once(desk, window, Scope { stock: Some(Count::All), accounts: true, products }).await
}

/// Reconciles a channel once: orders, and what else the scope names. Repeating it is safe.
///
/// # Errors
/// [`Unread`] when a side or the journal does not answer; what was found before is journalled.
pub async fn once(desk: &Desk<'_>, window: Window, scope: Scope) -> Result<Found, Unread> {
    // Looked at first: whatever was sold by now, the orders tell.
    let seen = match scope.stock {
        Some(count) => Some(stocktake::look(desk, count).await?),
        None => None,
    };
    let orders::Asked { mut found, appended, overtaken } = match desk.storefront.abilities().sales {
        SalesWay::Orders(shop) => orders::ask(desk, shop, window).await?,
        SalesWay::Documents(shop) => documents::changed(desk, shop, window).await?,
    };
    // What somebody else has found meanwhile may not be normalised yet, and a sale that is not known must not be written over.
    if let Some(seen) = seen
        && !overtaken
        && known_by_now(desk, &appended).await?
    {
        let report = stocktake::compare(desk, seen).await?;
        if !window.dry_run {
            stocktake::raise(desk, &report, true).await?;
        }
        found.stock = Some(report);
    }
    let Some(listings) = desk.storefront.abilities().listings else { return Ok(found) };
    if scope.accounts && desk.channel.customers.receive == ReceiveCustomers::Always {
        found.customers = Some(accounts::ask(desk, listings, window).await?);
    }
    if scope.products != Breadth::None {
        found.products = Some(products::ask(desk, listings, window, scope.products == Breadth::Whole).await?);
    }
    Ok(found)
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

/// From when on one kind of thing is asked for, and what is kept of having asked.
struct Since {
    /// What changed at or after it is asked for.
    moment: Timestamp,
    task: String,
    from: Option<String>,
    to: String,
}

impl Since {
    /// From where the last question about a kind ended, unless the window says otherwise.
    async fn read(desk: &Desk<'_>, kind: &str, window: Window, first: Duration) -> Result<Self, JournalError> {
        let task = format!("reconcile/{}/{kind}", desk.channel.name);
        let from = desk.journal.cursor(&task).await?;
        let now = desk.journal.now();
        let last = from.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
        let moment = window.begins(last, now, first);
        // How far was asked never goes back, whatever an operator asks for in between.
        let to = last.map_or(now, |last| last.max(now)).to_string();
        Ok(Self { moment, task, from, to })
    }

    /// All that was found, or what is left of it: with it goes how far was asked.
    fn all(&self, deliveries: Vec<NewDelivery>) -> PolledPage {
        PolledPage { task: self.task.clone(), from: self.from.clone(), to: self.to.clone(), deliveries }
    }

    /// A part of what was found: the next question begins where this one did.
    fn part(&self, deliveries: Vec<NewDelivery>) -> PolledPage {
        let to = self.from.clone().unwrap_or_else(|| self.moment.to_string());
        PolledPage { task: self.task.clone(), from: self.from.clone(), to, deliveries }
    }

    /// The next part follows on this page.
    fn stand_at(&mut self, page: &PolledPage) {
        self.from = Some(page.to.clone());
    }
}

/// Journals what was found. Answers for each whether it is new: what was handed over before is not missed again, though nothing may
/// have followed from it; and `None` where somebody else has asked about the same window meanwhile and has found the same.
async fn append(desk: &Desk<'_>, page: PolledPage) -> Result<Option<Vec<Appended>>, JournalError> {
    match desk.journal.append_polled(page).await {
        Err(JournalError::CursorMoved) => Ok(None),
        appended => appended.map(Some),
    }
}

/// Those of these that were appended as new.
fn new<T>(appended: &[Appended], all: impl IntoIterator<Item = T>) -> Vec<T> {
    let with = all.into_iter().zip(appended);
    with.filter(|(_, appended)| matches!(appended, Appended::New(_))).map(|(one, _)| one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_starts_looks_when_it_is_time_and_not_at_once() {
        let (now, quarter) = (Timestamp::UNIX_EPOCH, Duration::from_secs(900));
        let wait = |last: Option<i64>| {
            let last = last.map(|ago| now.checked_sub(jiff::SignedDuration::from_mins(ago)).unwrap());
            first_wait(quarter, last, now)
        };
        assert_eq!(wait(None), quarter, "a first load has more to do");
        assert_eq!(wait(Some(5)), Duration::from_secs(600));
        assert_eq!(wait(Some(15)), SOONER);
        assert_eq!(wait(Some(100_000)), SOONER);
        assert_eq!(wait(Some(-60)), quarter, "a clock that was ahead");
        assert_eq!(first_wait(Duration::from_secs(1), Some(now), now), Duration::from_secs(1));
    }
}

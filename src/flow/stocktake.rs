//! Stock on demand, all of it (F-252): every figure the storefront shows is compared with what it should show, and what differs
//! is decided anew by the handler that writes stock.
//!
//! What comes in: a channel. What goes out: a report, and a delivery for each figure that differs. The storefront is looked at
//! first, so whatever was sold by then can be asked for before anything is decided. A figure that changes after the look is refused by
//! the storefront when it is written, so nothing is written over a sale.

use serde::{Deserialize, Serialize};

use crate::domain::{Delivery, DeliveryId, Draft, Fact, NewDelivery, Normalised, Sku, StockLevel, StockSeen, Version};
use crate::handlers::Desk;
use crate::handlers::stock::Unread;
use crate::handlers::stock::drift::{self, Drift, Look, Seen};
use crate::handlers::stock::recount;
use crate::journal::JournalError;
use crate::office::ChangeKind;

use super::own;

/// Figures looked at together.
const PAGE: usize = 500;
/// The topic of what was seen.
pub(super) const TOPIC: &str = "stock/seen";

/// What a stocktake found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Figures compared.
    pub compared: usize,
    /// Figures of the office whose SKU is not at the storefront.
    pub absent: usize,
    /// Figures that differ.
    pub drifts: Vec<Drift>,
}

/// Which figures are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Every one that the office has.
    All,
    /// Those that cannot be explained.
    InDoubt,
}

/// Looks at figures of a channel's storefront that the office has one for, page by page.
///
/// # Errors
/// [`Unread`] when a side or the journal does not answer.
pub async fn look(desk: &Desk<'_>, count: Count) -> Result<Vec<Seen>, Unread> {
    let (mut cursor, mut seen) = (None, Vec::new());
    loop {
        let page = desk.office.changes(ChangeKind::Stock, cursor.as_deref(), PAGE).await.map_err(Unread::Call)?;
        let mut places = page.deliveries.into_iter().filter_map(|record| place(desk, record)).collect();
        if count == Count::InDoubt {
            places = recount::in_doubt(desk, places).await?;
        }
        seen.push(drift::look(desk, places).await?);
        cursor = Some(page.cursor);
        if !page.more {
            return Ok(seen);
        }
    }
}

/// The SKU and branch a record is about, where the channel shows it.
fn place(desk: &Desk<'_>, record: NewDelivery) -> Option<(Sku, crate::domain::BranchCode)> {
    let record = Delivery { id: DeliveryId(uuid::Uuid::nil()), received_at: desk.journal.now(), content: record };
    let Normalised::Events(drafts) = desk.office.normalise(&record) else { return None };
    drafts.into_iter().find_map(|draft| match draft.fact {
        Fact::StockChanged(level) if desk.channel.stock.locations.contains_key(&level.branch) => {
            Some((level.sku, level.branch))
        }
        _ => None,
    })
}

/// Compares what was seen with what should be.
///
/// # Errors
/// [`Unread`] when the office or the journal does not answer.
pub async fn compare(desk: &Desk<'_>, seen: Vec<Seen>) -> Result<Report, Unread> {
    let mut report = Report::default();
    for seen in seen {
        let Look { compared, drifts, absent } = drift::compare(desk, seen).await?;
        report.compared += compared;
        report.absent += absent;
        report.drifts.extend(drifts);
    }
    report.drifts.sort_by(|one, other| (&one.sku, &one.branch).cmp(&(&other.sku, &other.branch)));
    Ok(report)
}

/// The body of a delivery: a figure that was seen.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Body {
    #[serde(flatten)]
    seen: StockSeen,
    version: i64,
    run: uuid::Uuid,
}

/// Journals what differs, to be decided anew. Answers how many figures it was. Fewer pieces than there should be may be a sale
/// that nobody has told yet: unless all sales are `told`, such figures are left alone (P5).
///
/// # Errors
/// [`JournalError`] when nothing could be journalled.
pub async fn raise(desk: &Desk<'_>, report: &Report, told: bool) -> Result<usize, JournalError> {
    let run = uuid::Uuid::new_v4();
    let mut raised = 0;
    let drifts: Vec<&Drift> = report.drifts.iter().filter(|drift| told || drift.shown > drift.should).collect();
    for drifts in drifts.chunks(PAGE) {
        let deliveries = drifts.iter().map(|drift| delivery(desk, drift, run)).collect::<Result<Vec<_>, _>>()?;
        let task = format!("stocktake/{}", desk.channel.name);
        raised += own::stand_at(desk, &task, &format!("{run} {raised}"), deliveries).await?.len();
    }
    Ok(raised)
}

fn delivery(desk: &Desk<'_>, drift: &Drift, run: uuid::Uuid) -> Result<NewDelivery, JournalError> {
    let seen = StockSeen { sku: drift.sku.clone(), branch: drift.branch.clone(), shown: drift.shown };
    let key = format!("{}~{run}", StockLevel::entity(&drift.sku, &drift.branch));
    own::delivery(desk, TOPIC, &key, &Body { seen, version: drift.version.0, run })
}

/// What a figure that was seen means.
pub(super) fn meaning(delivery: &Delivery, Body { seen, version, run }: Body) -> Normalised {
    let entity = StockLevel::entity(&seen.sku, &seen.branch);
    Normalised::Events(vec![Draft {
        source_document: format!("{entity}~{run}"),
        entity,
        version: Version(version),
        time: delivery.received_at,
        fact: Fact::StockSeen(seen),
    }])
}

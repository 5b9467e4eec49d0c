//! Reads what changed since a cursor, oldest change first, in pages.
//!
//! What comes in: a cursor or none. What goes out: one delivery per style, per SKU, per SKU and branch, or per branch. Pages are cut by
//! marker *and* key, so rows that share a marker are never skipped at an edge, and only up to the horizon, so no row can
//! appear behind the cursor later (the contract says why). One page is read in one snapshot.
//! Next in the flow: [`super::normalise`], by way of the journal.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::database::{Database, Session, on};
use super::{people, snapshots};
use crate::domain::{CallError, Currency, NewDelivery, OfficeName, Origin};
use crate::office::{ChangeKind, ChangePage};

/// Rows in one page at most, whatever was asked for.
const LARGEST_PAGE: usize = 1_000;

/// Where a page ended: marker and key (style; SKU; SKU and branch; branch) of its last row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    pub marker: i64,
    pub key: Vec<String>,
}

impl Cursor {
    fn beginning(kind: ChangeKind) -> Self {
        Self { marker: 0, key: vec![String::new(); key_parts(kind)] }
    }

    fn parse(text: &str, kind: ChangeKind) -> Result<Self, CallError> {
        serde_json::from_str(text).ok().filter(|cursor: &Self| cursor.key.len() == key_parts(kind)).ok_or_else(|| {
            let kind = kind.as_str();
            CallError::Rejected(format!("the cursor of `{kind}` cannot be read; reset it to read from the beginning"))
        })
    }
}

fn key_parts(kind: ChangeKind) -> usize {
    match kind {
        ChangeKind::Products | ChangeKind::Prices | ChangeKind::Customers | ChangeKind::Branches => 1,
        ChangeKind::Stock => 2,
    }
}

/// A changed record: where it stands, and its body.
pub(super) struct Change {
    at: Cursor,
    body: Vec<u8>,
}

impl Change {
    pub(super) fn new(marker: i64, key: &[&str], record: &impl Serialize) -> Result<Self, CallError> {
        let body = serde_json::to_vec(record).map_err(unwritable)?;
        Ok(Self { at: Cursor { marker, key: key.iter().map(|&part| part.to_owned()).collect() }, body })
    }

    fn into_delivery(self, kind: ChangeKind, office: &OfficeName) -> NewDelivery {
        NewDelivery {
            origin: Origin::office(office.as_str()),
            topic: kind.as_str().to_owned(),
            dedupe_key: format!("{}:{}#{}", kind.as_str(), self.at.key.join("@"), self.at.marker),
            fold_key: None,
            headers: BTreeMap::new(),
            body: self.body.into(),
        }
    }
}

/// Reads one page.
pub(super) async fn read(
    database: &Database,
    office: &OfficeName,
    kind: ChangeKind,
    cursor: Option<&str>,
    limit: usize,
) -> Result<ChangePage, CallError> {
    let from = cursor.map_or_else(|| Ok(Cursor::beginning(kind)), |text| Cursor::parse(text, kind))?;
    let start = from.clone();
    let limit = limit.clamp(1, LARGEST_PAGE);
    // One row more than asked for tells whether more is waiting.
    let mut changes = database.read(on(move |session| Box::pin(page(session, kind, start, limit + 1)))).await?;
    let more = changes.len() > limit;
    changes.truncate(limit);
    let to = changes.last().map_or(from, |last| last.at.clone());
    Ok(ChangePage {
        deliveries: changes.into_iter().map(|change| change.into_delivery(kind, office)).collect(),
        cursor: serde_json::to_string(&to).map_err(unwritable)?,
        more,
    })
}

async fn page(
    session: &mut dyn Session,
    kind: ChangeKind,
    from: Cursor,
    rows: usize,
) -> Result<Vec<Change>, CallError> {
    let currency = base_currency(session).await?;
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    match kind {
        ChangeKind::Products => snapshots::products(session, currency, &from, rows).await,
        ChangeKind::Prices => snapshots::prices(session, currency, &from, rows).await,
        ChangeKind::Stock => snapshots::stock(session, &from, rows).await,
        ChangeKind::Customers => people::customers(session, &from, rows).await,
        ChangeKind::Branches => snapshots::branches(session, &from, rows).await,
    }
}

async fn base_currency(session: &mut dyn Session) -> Result<Currency, CallError> {
    let mut rows = session.rows("SELECT base_currency FROM ci_info", &[]).await?;
    let code = match rows.first_mut() {
        Some(row) => row.text(0)?,
        None => return Err(CallError::Rejected("the office's ci_info has no row".to_owned())),
    };
    Currency::parse(&code).map_err(|error| CallError::Rejected(format!("the office's base currency: {error}")))
}

fn unwritable(error: impl std::fmt::Display) -> CallError {
    CallError::Rejected(format!("a changed record cannot be written as JSON: {error}"))
}

//! Stock figures: source items of MSI in batches, or the one stock item of a product where MSI is not installed (F-250).
//!
//! What comes in: rows with the figure believed to be there. What goes out: one outcome per row.
//!
//! **The rule for web orders that are not shipped**, by the figure the channel writes. With MSI a source holds what lies on the
//! shelf: placing an order reserves pieces without touching it, shipping takes them off. So the channel writes `on_hand`: what
//! the office has, with the pieces of open web orders still on it, which Magento itself takes off what it sells. Without MSI the
//! stock item goes down when an order is placed, so the channel writes `available`: what the office has without them. A channel
//! that asks for the other figure is refused with that reason, because either mistake would count an open order twice or not
//! at all (P5).
//!
//! **Newest wins** (P3). Magento has no write that names the figure it replaces. The items of a batch are read first, those that
//! differ from what is believed are answered as stale, the others are written at once. A shipment that Magento books between that
//! read and that write, well under a second apart, is overwritten: the web then shows its pieces again until the next
//! figure of the SKU or the next stocktake, which compares all of them.

mod legacy;

use std::collections::{HashMap, HashSet};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client::{Failure, Repeat, Scope};
use super::criteria::{Criteria, Page};
use super::known::Inventory;
use super::wire::Amount;
use super::{Magento2, repeatable};
use crate::domain::CallError;
use crate::storefront::{StockFigure, StockOutcome, StockRow};

/// The most rows of one call, by the limit that shops switch on against large requests.
pub const MOST_ROWS: usize = 20;

/// What lies at a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SourceItem {
    sku: String,
    source_code: String,
    quantity: Amount,
    /// 0: none is sold, whatever the quantity; 1: they are.
    #[serde(default)]
    status: u8,
}

#[derive(Serialize)]
struct SourceItems {
    #[serde(rename = "sourceItems")]
    source_items: Vec<SourceItem>,
}

/// Item and place, as both are compared.
type Place = (String, String);

fn place(item: &str, location: &str) -> Place {
    (item.to_lowercase(), location.to_owned())
}

impl SourceItem {
    fn place(&self) -> Place {
        place(&self.sku, &self.source_code)
    }
}

/// Whole pieces; what is sold by weight has a part of one left over, which nobody can sell as a piece.
fn pieces(quantity: Decimal) -> i64 {
    quantity.floor().to_i64().unwrap_or(0)
}

impl Magento2 {
    pub(super) async fn write_stock(
        &self,
        figure: StockFigure,
        rows: &[StockRow],
    ) -> Result<Vec<StockOutcome>, CallError> {
        if rows.len() > MOST_ROWS {
            let count = rows.len();
            return Err(CallError::Rejected(format!("{count} stock rows in one call, but {MOST_ROWS} is the most")));
        }
        match self.inventory_for(figure).await? {
            Inventory::Legacy => self.write_legacy(rows).await,
            Inventory::Sources => self.write_sources(rows).await,
        }
    }

    pub(super) async fn read_stock(
        &self,
        figure: StockFigure,
        places: &[(String, String)],
    ) -> Result<Vec<Option<i64>>, CallError> {
        if self.inventory_for(figure).await? == Inventory::Legacy {
            return self.read_legacy(places).await;
        }
        let mut all = Vec::with_capacity(places.len());
        for places in places.chunks(MOST_ROWS) {
            let wanted: Vec<Place> = places.iter().map(|(item, location)| place(item, location)).collect();
            let found = self.source_items(places.iter().map(|(item, at)| (item.as_str(), at.as_str()))).await?;
            let absent = places.iter().zip(&wanted).filter(|(_, wanted)| !found.contains_key(*wanted));
            let there = self.there_are(absent.map(|((item, _), _)| item.as_str())).await?;
            // A product that was never stocked at a place has nothing there.
            all.extend(wanted.iter().map(|wanted| match found.get(wanted) {
                Some(item) => Some(pieces(item.quantity.0)),
                None => there.contains(&wanted.0).then_some(0),
            }));
        }
        Ok(all)
    }

    /// Where stock is kept, if the figure is the one that is kept there.
    async fn inventory_for(&self, figure: StockFigure) -> Result<Inventory, CallError> {
        let inventory = self.inventory().await?;
        let (wanted, why) = match inventory {
            Inventory::Sources => (StockFigure::OnHand, "keeps what is on the shelf (MSI): write figure = \"on_hand\""),
            Inventory::Legacy => {
                (StockFigure::Available, "keeps what can be sold (no MSI): write figure = \"available\"")
            }
        };
        if figure == wanted {
            return Ok(inventory);
        }
        Err(CallError::Unmapped {
            what: format!("the channel's stock figure: storefront `{}` {why} under [channels.stock]", self.name),
            fix: "correct it, restart, then retry".into(),
        })
    }

    /// Where stock is kept. A read, once.
    pub(super) async fn inventory(&self) -> Result<Inventory, CallError> {
        let read = || async {
            let query = Criteria::most(1);
            match self.client.get::<Page<Value>>(Scope::All, &["inventory", "sources"], &query.query()).await {
                Ok(_) => Ok(Inventory::Sources),
                Err(Failure::NoRoute(_)) => Ok(Inventory::Legacy),
                Err(other) => Err(CallError::from(other)),
            }
        };
        self.known.inventory.get_or_try_init(read).await.copied()
    }

    async fn write_sources(&self, rows: &[StockRow]) -> Result<Vec<StockOutcome>, CallError> {
        let found = self.source_items(rows.iter().map(|row| (row.stock_item.as_str(), row.location.as_str()))).await?;
        let absent = rows.iter().filter(|row| !found.contains_key(&place(&row.stock_item, &row.location)));
        let there = self.there_are(absent.map(|row| row.stock_item.as_str())).await?;
        let (mut outcomes, mut items, mut sent) = (Vec::with_capacity(rows.len()), Vec::new(), Vec::new());
        for (at, row) in rows.iter().enumerate() {
            let place = place(&row.stock_item, &row.location);
            let item = found.get(&place);
            if item.is_none() && !there.contains(&place.0) {
                outcomes.push(StockOutcome::Failed(vanished(&row.stock_item)));
                continue;
            }
            let quantity = item.map_or(0, |item| pieces(item.quantity.0));
            if row.expected.is_some_and(|expected| expected != quantity) {
                outcomes.push(StockOutcome::Stale { found: quantity });
                continue;
            }
            outcomes.push(StockOutcome::Written);
            items.push(SourceItem {
                sku: row.stock_item.clone(),
                source_code: row.location.clone(),
                quantity: Amount(row.quantity.into()),
                // Without pieces the shop's own state stays, for shops that sell beyond what they have.
                status: if row.quantity > 0 { 1 } else { item.map_or(0, |item| item.status) },
            });
            sent.push(at);
        }
        if items.is_empty() {
            return Ok(outcomes);
        }
        if let Err(error) = self.send_items(items.clone()).await {
            let CallError::Rejected(_) = error else { return Err(error) };
            // One bad row refuses all: then each is asked for by itself, and only the bad one fails.
            for (at, item) in sent.into_iter().zip(items) {
                match self.send_items(vec![item]).await {
                    Ok(()) => {}
                    Err(CallError::Rejected(why)) => outcomes[at] = StockOutcome::Failed(CallError::Rejected(why)),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(outcomes)
    }

    async fn send_items(&self, source_items: Vec<SourceItem>) -> Result<(), CallError> {
        let path = ["inventory", "source-items"];
        let sent: Result<Value, Failure> =
            self.client.post(Scope::All, &path, &SourceItems { source_items }, Repeat::Harmless).await;
        sent.map(|_| ()).map_err(|failure| repeatable(failure.into()))
    }

    /// What lies at these places. A read.
    async fn source_items<'a>(
        &self,
        places: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<HashMap<Place, SourceItem>, CallError> {
        let places: Vec<(&str, &str)> = places.collect();
        if places.is_empty() {
            return Ok(HashMap::new());
        }
        let each = |values: Vec<&'a str>| {
            let mut seen = HashSet::new();
            values.into_iter().filter(|value| seen.insert(*value)).collect::<Vec<_>>()
        };
        let skus = each(places.iter().map(|(sku, _)| *sku).collect());
        let sources = each(places.iter().map(|(_, source)| *source).collect());
        let most = skus.len() * sources.len();
        let criteria = Criteria::most(most).one_of("sku", skus).one_of("source_code", sources);
        let path = ["inventory", "source-items"];
        let page: Page<SourceItem> = self.client.get(Scope::All, &path, &criteria.query()).await?;
        Ok(page.items.into_iter().map(|item| (item.place(), item)).collect())
    }

    /// Which of these SKUs are products, in lower case. A read.
    async fn there_are<'a>(&self, skus: impl Iterator<Item = &'a str>) -> Result<HashSet<String>, CallError> {
        let skus: Vec<&str> = skus.collect();
        Ok(self.by_sku(&skus).await?.into_keys().collect())
    }
}

fn vanished(sku: &str) -> CallError {
    CallError::Unmapped {
        what: format!("the stock of {sku} at the shop"),
        fix: "the product was deleted there: handle it again".into(),
    }
}

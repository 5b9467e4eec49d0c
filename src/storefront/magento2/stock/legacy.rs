//! The one stock item of a product, where MSI is not installed. Each is read and written by itself.

use serde::{Deserialize, Serialize};

use super::super::Magento2;
use super::super::client::{Failure, Found as _, Scope};
use super::super::wire::{Amount, Id};
use super::{pieces, vanished};
use crate::domain::CallError;
use crate::storefront::{StockOutcome, StockRow};

/// What is read of it.
#[derive(Debug, Deserialize)]
#[allow(clippy::struct_field_names, reason = "these are Magento's names")]
struct Item {
    item_id: Id,
    qty: Amount,
    #[serde(default)]
    is_in_stock: bool,
}

#[derive(Serialize)]
struct Body {
    #[serde(rename = "stockItem")]
    stock_item: Input,
}

/// What is written of it; how stock is managed stays the shop's.
#[derive(Serialize)]
struct Input {
    qty: Amount,
    is_in_stock: bool,
}

impl Magento2 {
    pub(super) async fn write_legacy(&self, rows: &[StockRow]) -> Result<Vec<StockOutcome>, CallError> {
        let mut outcomes = Vec::with_capacity(rows.len());
        for row in rows {
            outcomes.push(match self.write_item(row).await {
                Ok(outcome) => outcome,
                Err(error @ (CallError::Rejected(_) | CallError::Unmapped { .. })) => StockOutcome::Failed(error),
                Err(error) => return Err(error),
            });
        }
        Ok(outcomes)
    }

    async fn write_item(&self, row: &StockRow) -> Result<StockOutcome, CallError> {
        let sku = &row.stock_item;
        let Some(item) = self.stock_item(sku).await? else { return Err(vanished(sku)) };
        let there = pieces(item.qty.0);
        if row.expected.is_some_and(|expected| expected != there) {
            return Ok(StockOutcome::Stale { found: there });
        }
        let is_in_stock = row.quantity > 0 || item.is_in_stock;
        let body = Body { stock_item: Input { qty: Amount(row.quantity.into()), is_in_stock } };
        let path = ["products", sku.as_str(), "stockItems", &item.item_id.to_string()];
        let written: Result<serde_json::Value, Failure> = self.client.put(Scope::All, &path, &body).await;
        match written.found()? {
            Some(_) => Ok(StockOutcome::Written),
            None => Err(vanished(sku)),
        }
    }

    pub(super) async fn read_legacy(&self, places: &[(String, String)]) -> Result<Vec<Option<i64>>, CallError> {
        let mut all = Vec::with_capacity(places.len());
        for (sku, _) in places {
            all.push(self.stock_item(sku).await?.map(|item| pieces(item.qty.0)));
        }
        Ok(all)
    }

    async fn stock_item(&self, sku: &str) -> Result<Option<Item>, CallError> {
        self.client.get(Scope::All, &["stockItems", sku], &[]).await.found()
    }
}

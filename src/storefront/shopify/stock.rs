//! Sets stock figures, never over one that somebody else has changed in the meantime.
//!
//! What comes in: a key and rows with the figure believed to be at the shop. What goes out: one outcome per row. It keeps P3 at
//! the far end: each row names the figure it replaces, and the shop refuses the whole call when one is wrong. Then the rows
//! are read, the wrong ones are answered as stale with what was found, and the others are sent again under a key derived from
//! the first, so that repeating the same call repeats the same requests.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::Shopify;
use super::graphql::{ReadStock, SetStock, gid, read_stock, set_stock};
use super::refusal::{UserError, refused, user_errors};
use crate::domain::CallError;
use crate::storefront::{StockFigure, StockOutcome, StockRow};

/// The most rows of one call, by Shopify's limit on lists.
pub const MOST_ROWS: usize = 250;
/// Rows read at once; larger pages would cost more points than one request may.
const READ_ROWS: usize = 100;
/// How often rows are sent within one call before the rest is given back as changed.
const MOST_ROUNDS: u32 = 4;
/// What the change is called in the shop's stock history.
const REASON: &str = "correction";

const STALE: [&str; 2] = ["CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE"];
const BAD_ROW: [&str; 6] = [
    "INVALID_INVENTORY_ITEM",
    "INVALID_LOCATION",
    "INVALID_QUANTITY_NEGATIVE",
    "INVALID_QUANTITY_TOO_HIGH",
    "INVALID_QUANTITY_TOO_LOW",
    "NON_MUTABLE_INVENTORY_ITEM",
];

/// Where a row's figure is kept: item and location.
type Place = (String, String);

impl Shopify {
    pub(super) async fn write_stock(
        &self,
        key: Uuid,
        figure: StockFigure,
        rows: &[StockRow],
    ) -> Result<Vec<StockOutcome>, CallError> {
        if rows.len() > MOST_ROWS {
            return Err(CallError::Rejected(format!(
                "{} stock rows in one call, but {MOST_ROWS} is the most",
                rows.len()
            )));
        }
        let mut outcomes: Vec<Option<StockOutcome>> = vec![None; rows.len()];
        let mut round_key = key;
        for round in 1..=MOST_ROUNDS {
            let open: Vec<usize> = (0..rows.len()).filter(|at| outcomes[*at].is_none()).collect();
            if open.is_empty() {
                break;
            }
            let errors = self.send_rows(round_key, key, figure, rows, &open).await?;
            if errors.is_empty() {
                for at in open {
                    outcomes[at] = Some(StockOutcome::Written);
                }
                break;
            }
            self.sort_rows(figure, rows, &open, &errors, &mut outcomes).await?;
            round_key = derived_key(key, round, &outcomes);
        }
        let unsettled = || CallError::Conflict("the figures at the shop keep changing".into());
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(|| StockOutcome::Failed(unsettled()))).collect())
    }

    /// Sends the open rows, and answers what the shop found wrong with them.
    async fn send_rows(
        &self,
        round_key: Uuid,
        key: Uuid,
        figure: StockFigure,
        rows: &[StockRow],
        open: &[usize],
    ) -> Result<Vec<UserError>, CallError> {
        let quantities = open.iter().map(|at| &rows[*at]).map(|row| set_stock::InventoryQuantityInput {
            inventory_item_id: gid("InventoryItem", &row.stock_item),
            location_id: gid("Location", &row.location),
            quantity: row.quantity,
            change_from_quantity: row.expected,
        });
        let input = set_stock::InventorySetQuantitiesInput {
            name: word(figure).into(),
            reason: REASON.into(),
            reference_document_uri: Some(format!("gid://tillbridge/StockWrite/{key}")),
            quantities: quantities.collect(),
        };
        let variables = set_stock::Variables { input, key: round_key.to_string() };
        let payload = self.client.call::<SetStock>(variables).await?.inventory_set_quantities;
        let payload =
            payload.ok_or_else(|| CallError::Transient("the shop answered a stock write with nothing".into()))?;
        Ok(user_errors!(payload.user_errors))
    }

    /// Gives an outcome to every row that will not be sent again.
    async fn sort_rows(
        &self,
        figure: StockFigure,
        rows: &[StockRow],
        open: &[usize],
        errors: &[UserError],
        outcomes: &mut [Option<StockOutcome>],
    ) -> Result<(), CallError> {
        let any = |codes: &[&str]| errors.iter().any(|error| error.is(codes));
        if any(&["IDEMPOTENCY_CONCURRENT_REQUEST"]) {
            let reason = "the same stock write is still running".into();
            return Err(CallError::Throttled { wait: std::time::Duration::from_secs(1), reason });
        }
        if any(&["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]) {
            return Err(CallError::Conflict(
                "the key of this stock write was used for other rows: decide again".into(),
            ));
        }
        // After this one a new key alone is asked for.
        let mut understood = any(&["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"]);
        for error in errors.iter().filter(|error| error.is(&BAD_ROW)) {
            if let Some(at) = error.row().and_then(|row| open.get(row)) {
                let about = format!("the stock of {}", rows[*at].stock_item);
                outcomes[*at] = Some(StockOutcome::Failed(bad_row(&about, error)));
                understood = true;
            }
        }
        if any(&STALE) {
            let asked: Vec<usize> = open.iter().copied().filter(|at| outcomes[*at].is_none()).collect();
            let found = self.read_figures(figure, rows, &asked).await?;
            for at in asked {
                let place = place(&rows[at]);
                outcomes[at] = match (rows[at].expected, found.get(&place)) {
                    (Some(_), None) => Some(StockOutcome::Failed(vanished(&place.0))),
                    (Some(expected), Some(there)) if *there != expected => Some(StockOutcome::Stale { found: *there }),
                    _ => None,
                };
            }
            understood = true;
        }
        if understood { Ok(()) } else { refused("a stock write", errors) }
    }

    /// What is at the shop for these rows, where a figure is believed to be there.
    async fn read_figures(
        &self,
        figure: StockFigure,
        rows: &[StockRow],
        asked: &[usize],
    ) -> Result<HashMap<Place, i64>, CallError> {
        let asked = asked.iter().map(|at| &rows[*at]).filter(|row| row.expected.is_some());
        self.read_places(figure, asked.map(place)).await
    }

    /// What is at the shop at these places, in their order.
    pub(super) async fn read_stock(
        &self,
        figure: StockFigure,
        places: &[(String, String)],
    ) -> Result<Vec<Option<i64>>, CallError> {
        let places: Vec<Place> =
            places.iter().map(|(item, at)| (gid("InventoryItem", item), gid("Location", at))).collect();
        let found = self.read_places(figure, places.iter().cloned()).await?;
        Ok(places.iter().map(|place| found.get(place).copied()).collect())
    }

    /// One request per location and hundred items.
    async fn read_places(
        &self,
        figure: StockFigure,
        places: impl Iterator<Item = Place>,
    ) -> Result<HashMap<Place, i64>, CallError> {
        let mut by_location: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (item, location) in places {
            by_location.entry(location).or_default().push(item);
        }
        let mut found = HashMap::new();
        for (location, items) in by_location {
            for items in items.chunks(READ_ROWS) {
                let variables = read_stock::Variables {
                    items: items.to_vec(),
                    location: location.clone(),
                    figures: vec![word(figure).into()],
                };
                for node in self.client.call::<ReadStock>(variables).await?.nodes.into_iter().flatten() {
                    if let read_stock::ReadStockNodes::InventoryItem(item) = node {
                        // An item that was never stocked there has nothing there.
                        let quantities = item.inventory_level.map(|level| level.quantities).unwrap_or_default();
                        let there =
                            quantities.iter().find(|one| one.name == word(figure)).map_or(0, |one| one.quantity);
                        found.insert((item.id, location.clone()), there);
                    }
                }
            }
        }
        Ok(found)
    }
}

fn word(figure: StockFigure) -> &'static str {
    match figure {
        StockFigure::OnHand => "on_hand",
        StockFigure::Available => "available",
    }
}

fn place(row: &StockRow) -> Place {
    (gid("InventoryItem", &row.stock_item), gid("Location", &row.location))
}

/// A key for what is left to be sent: the same rows left in the same round have the same key.
fn derived_key(key: Uuid, round: u32, outcomes: &[Option<StockOutcome>]) -> Uuid {
    let left: Vec<String> =
        outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_none()).map(|(at, _)| at.to_string()).collect();
    Uuid::new_v5(&key, format!("{round}:{}", left.join(",")).as_bytes())
}

fn bad_row(about: &str, error: &UserError) -> CallError {
    if error.is(&["INVALID_INVENTORY_ITEM", "INVALID_LOCATION"]) {
        return vanished(about);
    }
    refused(about, std::slice::from_ref(error)).err().unwrap_or_else(|| CallError::Rejected(about.to_owned()))
}

fn vanished(what: &str) -> CallError {
    CallError::Unmapped {
        what: format!("{what} at the shop"),
        fix: "the variant or the location was deleted there: handle the product again, or correct the locations".into(),
    }
}

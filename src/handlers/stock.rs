//! `stock.changed` → the figure at the storefront's location (F-250, F-251, F-361, F-362).
//!
//! Bursts are coalesced to the newest figure per SKU and branch and sent in the largest batch the storefront takes. Every row
//! names the figure it replaces, so that a figure somebody else set in between is seen and decided upon, never overwritten
//! blindly (P3).

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::{CallError, EventType, Fact, StockLevel, Version};
use crate::journal::{Claim, Effect, JournalError, LinkKind, Outcome, Settlement, Written};
use crate::storefront::{StockOutcome, StockRow};

use super::outcome::{after_failure, journal_failed, try_again};
use super::state::{newest, wrote};
use super::{Desk, Handler, Policy};

const POLICY: Policy = Policy {
    name: "stock",
    consumes: &[EventType::StockChanged],
    batch: 250,
    linger: Duration::from_millis(250),
    workers: 1,
};
/// How often a figure that waits for its product looks again by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// How often a row is decided anew within one attempt when the figure keeps changing under it.
const DECISIONS: usize = 4;

/// Writes stock figures.
pub(super) struct WriteStock;

/// A figure that is to be written.
struct Due<'a> {
    claim: &'a Claim,
    row: StockRow,
}

#[async_trait]
impl Handler for WriteStock {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement> {
        let fresh = match newest(desk, batch).await {
            Ok(fresh) => fresh,
            Err(error) => return journal_failed(batch, &error),
        };
        let mut settled = fresh.settled;
        let mut due = match decide(desk, fresh.claims, &mut settled).await {
            Ok(due) => due,
            Err(error) => return journal_failed(batch, &error),
        };
        for _ in 0..DECISIONS {
            if due.is_empty() {
                return settled;
            }
            due = write(desk, due, &mut settled).await;
        }
        for due in due {
            let reason = format!("the figure kept changing at the storefront; last seen: {:?}", due.row.expected);
            settled.push(Settlement::of(due.claim, try_again(due.claim.failures, reason)));
        }
        settled
    }
}

/// Which claims need a write, with the figure believed to be there.
async fn decide<'a>(
    desk: &Desk<'_>,
    claims: Vec<(&'a Claim, Option<Written>)>,
    settled: &mut Vec<Settlement>,
) -> Result<Vec<Due<'a>>, JournalError> {
    let mut levels: Vec<(&Claim, &StockLevel, &String, Option<Written>)> = Vec::with_capacity(claims.len());
    for (claim, last) in claims {
        let Fact::StockChanged(level) = &claim.event.draft.fact else { continue };
        match desk.channel.stock.locations.get(&level.branch) {
            Some(location) => levels.push((claim, level, location, last)),
            None => {
                let reason = format!("branch {} is not shown on the web", level.branch);
                settled.push(Settlement::of(claim, Outcome::Ignored(reason)));
            }
        }
    }
    let skus: Vec<String> = levels.iter().map(|(_, level, _, _)| level.sku.to_string()).collect();
    let items = desk.journal.links(&desk.channel.name, LinkKind::StockItem, &skus).await?;
    let mut due = Vec::with_capacity(levels.len());
    for ((claim, level, location, last), item) in levels.into_iter().zip(items) {
        let Some(stock_item) = item else {
            settled.push(Settlement::of(claim, waits(level)));
            continue;
        };
        let expected = last.and_then(|last| last.value.parse().ok());
        if expected == Some(level.on_hand) {
            let outcome = Outcome::Ignored("the storefront has this figure already".into());
            settled.push(wrote(claim, outcome, level.on_hand.to_string()));
            continue;
        }
        let row = StockRow { stock_item, location: location.clone(), quantity: level.on_hand, expected };
        due.push(Due { claim, row });
    }
    Ok(due)
}

fn waits(level: &StockLevel) -> Outcome {
    Outcome::Wait {
        kind: LinkKind::StockItem,
        key: level.sku.to_string(),
        look_again: LOOK_AGAIN,
        reason: format!("waits for {} to be on the web", level.sku),
    }
}

/// Sends rows in batches; answers those that must be decided anew, with the figure that was found.
async fn write<'a>(desk: &Desk<'_>, due: Vec<Due<'a>>, settled: &mut Vec<Settlement>) -> Vec<Due<'a>> {
    let mut again = Vec::new();
    let mut rest = due;
    while !rest.is_empty() {
        let later = rest.split_off(rest.len().min(desk.storefront.stock_batch().max(1)));
        let now = std::mem::replace(&mut rest, later);
        let rows: Vec<StockRow> = now.iter().map(|due| due.row.clone()).collect();
        match desk.storefront.set_stock(key(&now), desk.channel.stock.figure, &rows).await {
            Ok(outcomes) => {
                for (due, outcome) in now.into_iter().zip(outcomes) {
                    settle_row(desk, due, outcome, settled, &mut again).await;
                }
            }
            Err(error) => {
                for due in now {
                    settled.push(Settlement::of(due.claim, after_failure(desk, due.claim, &error).await));
                }
            }
        }
    }
    again
}

async fn settle_row<'a>(
    desk: &Desk<'_>,
    mut due: Due<'a>,
    outcome: StockOutcome,
    settled: &mut Vec<Settlement>,
    again: &mut Vec<Due<'a>>,
) {
    match outcome {
        StockOutcome::Written => settled.push(done(&due, true)),
        StockOutcome::Stale { found } if found == due.row.quantity => settled.push(done(&due, false)),
        StockOutcome::Stale { found } => {
            due.row.expected = Some(found);
            again.push(due);
        }
        StockOutcome::Failed(error) => {
            let error = match error {
                CallError::Unmapped { what, .. } => CallError::Unmapped {
                    what,
                    fix: "if the product was deleted at the storefront, let it come back by changing its style in the office; \
                          if the location is gone, correct it under [channels.locations]"
                        .into(),
                },
                error => error,
            };
            settled.push(Settlement::of(due.claim, after_failure(desk, due.claim, &error).await));
        }
    }
}

fn done(due: &Due<'_>, written: bool) -> Settlement {
    let value = due.row.quantity.to_string();
    if !written {
        return wrote(due.claim, Outcome::Ignored("the storefront has this figure already".into()), value);
    }
    let Version(version) = due.claim.event.draft.version;
    let mut settlement = wrote(due.claim, Outcome::Done(value.clone()), value.clone());
    settlement.effects.push(Effect {
        key: format!("storefront stock {}#{version}", due.claim.event.draft.entity),
        kind: "storefront stock",
        result: value,
    });
    settlement
}

/// Names one decision: the same rows of the same attempts give the same key, so that a repeated call is harmless; a new attempt
/// or decision gives another, since the shop answers a key it knows with what it answered before, a refusal too.
fn key(due: &[Due<'_>]) -> Uuid {
    let mut text = String::with_capacity(due.len() * 120);
    for due in due {
        use std::fmt::Write;
        let StockRow { stock_item, location, quantity, expected } = &due.row;
        let (handling, fence) = (due.claim.handling.0, due.claim.fence);
        let _ = write!(text, "{handling}|{fence}|{stock_item}|{location}|{quantity}|{expected:?};");
    }
    let namespace = due.first().map_or(Uuid::NAMESPACE_OID, |due| due.claim.event.id.0);
    Uuid::new_v5(&namespace, text.as_bytes())
}

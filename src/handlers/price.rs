//! `price.changed` → price and struck-through price of a variant, and fixed prices in the channel's price lists (F-287 to
//! F-289).
//!
//! A sale begins and ends at its times without a word from the office: the handling rests until then, in the journal, and
//! writes again. A restart in between changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::{EventType, Fact, Price, Side};
use crate::journal::{Claim, Effect, JournalError, LinkKind, Outcome, Settlement, Written};
use crate::storefront::{ListPrice, PriceRow, PriceRules};

use super::outcome::after_failure;
use super::state::{Fresh, WriteState, wrote};
use super::{Desk, Policy};

const POLICY: Policy = Policy {
    name: "price",
    consumes: &[EventType::PriceChanged, EventType::PriceSeen],
    batch: 250,
    linger: Duration::from_millis(200),
    workers: 1,
    needs: &[Side::Storefront],
};
/// How often a price that waits for its product looks again by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// What comes before each list in the text that is kept as written.
const LIST: &str = "; list ";

/// Writes prices.
pub(super) struct WritePrices;

/// A price that is to be written.
struct Due<'a> {
    claim: &'a Claim,
    price: &'a Price,
    row: PriceRow,
    /// What each price list is to show; `None`: nothing of its own any more.
    lists: Vec<(&'a str, Option<PriceRow>)>,
    value: String,
}

#[async_trait]
impl WriteState for WritePrices {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn write(&self, desk: &Desk<'_>, fresh: Fresh<'_>) -> Result<Vec<Settlement>, JournalError> {
        let Fresh { claims, mut settled } = fresh;
        let prices: Vec<(&Claim, &Price, Option<Written>)> = claims
            .into_iter()
            .filter_map(|(claim, last)| match &claim.event.draft.fact {
                Fact::PriceChanged(price) | Fact::PriceSeen(price) => Some((claim, price, last)),
                _ => None,
            })
            .collect();
        let skus: Vec<String> = prices.iter().map(|(_, price, _)| price.sku.to_string()).collect();
        let styles: Vec<String> = prices.iter().map(|(_, price, _)| price.style.to_string()).collect();
        let channel = &desk.channel.name;
        let variants = desk.journal.links(channel, LinkKind::Variant, &skus).await?;
        let products = desk.journal.links(channel, LinkKind::Product, &styles).await?;
        let (now, rules) = (desk.journal.now(), &desk.channel.prices);
        let mut by_product: BTreeMap<String, Vec<Due<'_>>> = BTreeMap::new();
        for (((claim, price, last), variant), product) in prices.into_iter().zip(variants).zip(products) {
            let (Some(variant), Some(product)) = (variant, product) else {
                settled.push(Settlement::of(claim, waits(price)));
                continue;
            };
            let (pays, before) = price.at(now);
            let row = PriceRow { variant, price: pays, compare_at: before };
            let (lists, value) = shown(price, &row, rules, last.as_ref(), now);
            // Whoever was at it before may have written another price and not lived to say so: then it is written again. So is
            // one that was seen to be another.
            let is_seen = matches!(claim.event.draft.fact, Fact::PriceSeen(_));
            if !claim.interrupted && !is_seen && last.is_some_and(|last| last.value == value) {
                let already = wrote(claim, Outcome::Ignored("the storefront has it so already".into()), value);
                settled.push(until_it_changes(price, now, already));
                continue;
            }
            by_product.entry(product).or_default().push(Due { claim, price, row, lists, value });
        }
        for (product, due) in by_product {
            let answer = write(desk, &product, &due).await;
            for due in due {
                settled.push(match &answer {
                    Ok(()) => until_it_changes(due.price, now, done(&due)),
                    Err(error) => Settlement::of(due.claim, after_failure(desk, due.claim, error).await),
                });
            }
        }
        Ok(settled)
    }
}

/// Writes the prices of one product: its own first, then those of each list. All of it sets absolute values.
async fn write(desk: &Desk<'_>, product: &str, due: &[Due<'_>]) -> Result<(), crate::domain::CallError> {
    let rows: Vec<PriceRow> = due.iter().map(|due| due.row.clone()).collect();
    desk.storefront.set_prices(product, &rows).await?;
    let Some(lists) = desk.storefront.abilities().price_lists else { return Ok(()) };
    for list in desk.channel.prices.lists.keys() {
        let (mut rows, mut gone) = (Vec::new(), Vec::new());
        for due in due {
            for (_, row) in due.lists.iter().filter(|(named, _)| named == list) {
                match row {
                    Some(row) => rows.push(row.clone()),
                    None => gone.push(due.row.variant.clone()),
                }
            }
        }
        if !rows.is_empty() || !gone.is_empty() {
            lists.set_list_prices(list, &rows, &gone).await?;
        }
    }
    Ok(())
}

/// What the price lists are to show beside the shop's own price, and all of it as the text that is kept as written.
fn shown<'a>(
    price: &Price,
    own: &PriceRow,
    rules: &'a PriceRules,
    last: Option<&Written>,
    now: Timestamp,
) -> (Vec<(&'a str, Option<PriceRow>)>, String) {
    let (mut lists, mut text) = (Vec::new(), value(price, now));
    for (list, which) in &rules.lists {
        let row = match which {
            ListPrice::Same => Some(own.clone()),
            ListPrice::Level(level) => price.levels.get(level).map(|amount| PriceRow {
                variant: own.variant.clone(),
                price: *amount,
                compare_at: None,
            }),
        };
        let name = format!("{LIST}{list}: ");
        match row {
            Some(row) => {
                text.push_str(&name);
                text.push_str(&amounts(&row));
                lists.push((list.as_str(), Some(row)));
            }
            None if last.is_some_and(|last| last.value.contains(&name)) => lists.push((list.as_str(), None)),
            None => {}
        }
    }
    (lists, text)
}

fn waits(price: &Price) -> Outcome {
    Outcome::Wait {
        kind: LinkKind::Variant,
        key: price.sku.to_string(),
        look_again: LOOK_AGAIN,
        reason: format!("waits for {} to be on the web", price.sku),
    }
}

/// What is kept as written of the shop's own price.
pub(super) fn value(price: &Price, now: Timestamp) -> String {
    let (pays, before) = price.at(now);
    amounts(&PriceRow { variant: String::new(), price: pays, compare_at: before })
}

/// Whether a text kept as written says that the shop's own price is the one of this moment; what lists show may follow it.
pub(super) fn is_written(kept: &str, price: &Price, now: Timestamp) -> bool {
    let rest = kept.strip_prefix(&value(price, now));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(LIST))
}

fn amounts(row: &PriceRow) -> String {
    match row.compare_at {
        Some(before) => format!("{} instead of {before}", row.price),
        None => row.price.to_string(),
    }
}

/// Keeps a handling whose price changes by itself later. A newer version that comes meanwhile ends it. Two of one version may rest
/// side by side: whichever wakes first writes, and the other finds it so.
fn until_it_changes(price: &Price, now: Timestamp, mut settlement: Settlement) -> Settlement {
    if let Some(moment) = price.changes_after(now) {
        settlement.outcome =
            Outcome::Later { at: moment, reason: format!("the sale of {} begins or ends at {moment}", price.sku) };
    }
    settlement
}

fn done(due: &Due<'_>) -> Settlement {
    let draft = &due.claim.event.draft;
    let mut settlement = wrote(due.claim, Outcome::Done(due.value.clone()), due.value.clone());
    settlement.effects.push(Effect {
        // One version of a price is written anew when its sale begins and when it ends.
        key: format!("storefront price {} {}", draft.source_document, due.value),
        kind: "storefront price",
        result: due.value.clone(),
    });
    settlement
}

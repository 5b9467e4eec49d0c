//! `stock.changed`, `stock.seen`, `stock.doubted` → the figure at the storefront's location (F-250, F-251, F-361, F-362).
//!
//! Bursts are coalesced to one figure per SKU and branch and sent in the largest batch the storefront takes. A write names the
//! figure it replaces: what was written last, less what web orders have taken since. So a write that is accepted proves that
//! the bridge knows of every sale the storefront has made there; one that is refused is decided anew with the figure that was
//! found. A figure lower than it should be is taken for a sale nobody has told yet, and so many pieces fewer are shown (P5),
//! until the sale comes or everything was asked for ([`crate::flow::stocktake`]).

mod doubt;
pub mod drift;
mod due;
mod figures;
pub mod recount;
mod shown;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::domain::{BranchCode, CallError, EventType, Fact, Side, Sku, StockLevel, Version};
use crate::journal::{Claim, Effect, JournalError, LinkKind, Outcome, Settlement, Written};
use crate::storefront::{StockOutcome, StockRow};

use super::outcome::{after_failure, journal_failed, try_again};
use super::state::{newest, wrote};
use super::{Desk, Handler, Policy, location};
use due::{Doubt, Due};
pub use figures::Unread;
use figures::{Figure, read};
use shown::{Shown, Unexplained};

const POLICY: Policy = Policy {
    name: "stock",
    consumes: &[EventType::StockChanged, EventType::StockSeen, EventType::StockDoubted],
    batch: 250,
    linger: Duration::from_millis(250),
    workers: 1,
    needs: &[Side::Storefront, Side::Office],
};
/// How often a figure that waits for its product looks again by itself.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// How long an answer is waited for: a storefront that has not given one by then gives none.
const ANSWER: Duration = Duration::from_secs(12);
/// How long is waited before a call whose answer was lost is repeated. All of it fits into the time a handler has.
const REPETITIONS: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];
/// How often a row is decided anew within one attempt when the figure keeps changing under it.
const DECISIONS: usize = 4;

/// Writes stock figures.
pub(super) struct WriteStock;

#[async_trait]
impl Handler for WriteStock {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement> {
        let news = batch.iter().filter(|claim| !doubt::is_one(claim));
        let mut fresh = match newest(desk, news).await {
            Ok(fresh) => fresh,
            Err(error) => return journal_failed(batch, &error),
        };
        if let Err(error) = doubt::join(desk, batch, &mut fresh).await {
            return journal_failed(batch, &error);
        }
        let mut settled = fresh.settled;
        let mut due = match places(desk, fresh.claims, &mut settled).await {
            Ok(due) => due,
            Err(error) => return journal_failed(batch, &error),
        };
        for _ in 0..DECISIONS {
            due = decide(desk, due, &mut settled).await;
            if due.is_empty() {
                return settled;
            }
            due = write(desk, due, &mut settled).await;
        }
        for due in due {
            let reason = format!("the figure kept changing at the storefront; last seen: {:?}", due.found);
            settled.push(Settlement::of(due.claim, try_again(due.claim.failures, reason)));
        }
        settled
    }
}

/// The SKU and branch a claim is about, and the figure seen at the storefront where that is the news.
fn subject(claim: &Claim) -> Option<(&Sku, &BranchCode, Option<i64>)> {
    match &claim.event.draft.fact {
        Fact::StockChanged(level) => Some((&level.sku, &level.branch, None)),
        Fact::StockSeen(seen) => Some((&seen.sku, &seen.branch, Some(seen.shown))),
        Fact::StockDoubted(place) => Some((&place.sku, &place.branch, None)),
        _ => None,
    }
}

/// The claims that have a place at the storefront, with what was last written there.
async fn places<'a>(
    desk: &Desk<'_>,
    claims: Vec<(&'a Claim, Option<Written>)>,
    settled: &mut Vec<Settlement>,
) -> Result<Vec<Due<'a>>, JournalError> {
    let branches = claims.iter().filter_map(|(claim, _)| subject(claim)).map(|(_, branch, _)| branch);
    let made = location::made(desk, branches).await?;
    let mut shown_at = Vec::with_capacity(claims.len());
    for (claim, last) in claims {
        let Some((sku, branch, seen)) = subject(claim) else { continue };
        match desk.channel.stock.locations.get(branch).or_else(|| made.get(branch)) {
            Some(location) => shown_at.push((claim, sku, branch, seen, location, last)),
            None if desk.channel.catalogue.create_locations => {
                settled.push(Settlement::of(claim, location::waits(branch)));
            }
            None => {
                let reason = format!("branch {branch} is not shown on the web");
                settled.push(Settlement::of(claim, Outcome::Ignored(reason)));
            }
        }
    }
    let channel = &desk.channel.name;
    let skus: Vec<String> = shown_at.iter().map(|(_, sku, ..)| sku.to_string()).collect();
    let sent: Vec<String> = shown_at.iter().map(|(_, sku, branch, ..)| sent_as(sku, branch)).collect();
    let items = desk.journal.links(channel, LinkKind::StockItem, &skus).await?;
    let sent = desk.journal.written(channel, &sent).await?;
    let mut due = Vec::with_capacity(shown_at.len());
    for (((claim, sku, branch, seen, location, last), item), sent) in shown_at.into_iter().zip(items).zip(sent) {
        let Some(stock_item) = item else {
            let outcome = if doubt::is_one(claim) { doubt::not_ours(sku) } else { waits(sku) };
            settled.push(Settlement::of(claim, outcome));
            continue;
        };
        due.push(Due {
            claim,
            place: (sku.clone(), branch.clone()),
            row: StockRow { stock_item, location: location.clone(), quantity: 0, expected: None },
            last: last.and_then(|last| Shown::parse(&last.value)),
            sent: sent.map(|sent| Shown::parse_all(&sent.value)).unwrap_or_default(),
            found: seen,
            proven: seen.is_some(),
            figure: Figure { target: None, version: Version(0), moved: 0 },
            unexplained: Unexplained::default(),
        });
    }
    Ok(due)
}

fn waits(sku: &Sku) -> Outcome {
    Outcome::Wait {
        kind: LinkKind::StockItem,
        key: sku.to_string(),
        look_again: LOOK_AGAIN,
        reason: format!("waits for {sku} to be on the web"),
    }
}

/// Where the journal keeps what is about to be written.
fn sent_as(sku: &Sku, branch: &BranchCode) -> String {
    format!("sent:{}", StockLevel::entity(sku, branch))
}

/// Decides each figure anew from what is known now; answers those that need a write.
async fn decide<'a>(desk: &Desk<'_>, due: Vec<Due<'a>>, settled: &mut Vec<Settlement>) -> Vec<Due<'a>> {
    if due.is_empty() {
        return due;
    }
    let places: Vec<(Sku, BranchCode)> = due.iter().map(|due| due.place.clone()).collect();
    let figures = match read(desk, &places).await {
        Ok(figures) => figures,
        Err(Unread::Journal(error)) => {
            for due in due {
                settled.extend(journal_failed(std::slice::from_ref(due.claim), &error));
            }
            return Vec::new();
        }
        Err(Unread::Call(error)) => {
            for due in due {
                settled.push(Settlement::of(due.claim, after_failure(desk, due.claim, &error).await));
            }
            return Vec::new();
        }
    };
    let mut to_write = Vec::with_capacity(due.len());
    for (mut due, figure) in due.into_iter().zip(figures) {
        due.figure = figure;
        let Some(target) = figure.target else {
            let reason = format!("the office has no stock of {} at {} any more", due.place.0, due.place.1);
            settled.push(Settlement::of(due.claim, Outcome::Ignored(reason)));
            continue;
        };
        let believed = due.last.as_ref().map(|last| last.by_now(figure.moved));
        due.unexplained = due.explain();
        due.row.expected = due.found.or(believed);
        due.row.quantity = target - due.unexplained.most.max(0);
        // A figure that was seen to be right needs a write all the same where the bridge believed something else of it: only an
        // accepted write proves that nothing came in between. So does one that is only guessed at: an accepted write proves the
        // guess, a refused one finds what is there. A figure that a count saw is as old as the count: that it is what is guessed
        // at may be chance, since what lowered it then may be what the bridge itself has taken off since.
        let guessed = (due.found.is_none() || due.proven) && due.is_guessed();
        let known = (!due.proven || due.found == believed) && !guessed;
        if due.row.expected == Some(due.row.quantity) && known {
            settled.push(done(desk, &due, false));
        } else {
            to_write.push(due);
        }
    }
    to_write
}

/// Sends rows in batches; answers those that must be decided anew, with the figure that was found.
async fn write<'a>(desk: &Desk<'_>, due: Vec<Due<'a>>, settled: &mut Vec<Settlement>) -> Vec<Due<'a>> {
    let mut again = Vec::new();
    let mut rest = due;
    while !rest.is_empty() {
        let later = rest.split_off(rest.len().min(desk.storefront.stock_batch().max(1)));
        let now = std::mem::replace(&mut rest, later);
        if let Err(error) = announce(desk, &now).await {
            for due in now {
                settled.extend(journal_failed(std::slice::from_ref(due.claim), &error));
            }
            continue;
        }
        let rows: Vec<StockRow> = now.iter().map(|due| due.row.clone()).collect();
        let (answer, is_certain) = send(desk, key(&now), &rows).await;
        match answer {
            Ok(outcomes) => {
                for (mut due, outcome) in now.into_iter().zip(outcomes) {
                    if !is_certain && !matches!(outcome, StockOutcome::Written) {
                        due.may_have_been_sent(desk.journal.now());
                    }
                    settle_row(desk, due, outcome, settled, &mut again).await;
                }
            }
            Err(error) => {
                for due in now {
                    let mut settlement = Settlement::of(due.claim, after_failure(desk, due.claim, &error).await);
                    settlement.written.extend(is_certain.then(|| never_sent(&due)));
                    settled.push(settlement);
                }
            }
        }
    }
    again
}

/// Sends rows, and again under the same key where the answer was lost: the storefront says what it said then, or takes them now.
/// Answers besides whether every answer was heard: after one that was not, a row that is refused may have been written.
async fn send(desk: &Desk<'_>, key: Uuid, rows: &[StockRow]) -> (Result<Vec<StockOutcome>, CallError>, bool) {
    let mut pauses = REPETITIONS.into_iter();
    let mut is_certain = true;
    loop {
        let call = desk.storefront.set_stock(key, desk.channel.stock.figure, rows);
        let answer = tokio::time::timeout(ANSWER, call).await;
        let answer =
            answer.unwrap_or_else(|_| Err(CallError::InDoubt(format!("no answer within {} s", ANSWER.as_secs()))));
        let is_lost = matches!(answer, Err(CallError::InDoubt(_) | CallError::Transient(_)));
        is_certain &= !is_lost;
        match pauses.next() {
            Some(pause) if is_lost => tokio::time::sleep(pause).await,
            _ => return (answer, is_certain),
        }
    }
}

/// What the journal keeps of a write that was announced and certainly did not take place.
fn never_sent(due: &Due<'_>) -> Written {
    Written { entity: sent_as(&due.place.0, &due.place.1), version: due.figure.version, value: due.announced_before() }
}

/// Commits what is about to be written, so that after a crash or a lost answer our own write is not taken for somebody's.
async fn announce(desk: &Desk<'_>, due: &[Due<'_>]) -> Result<(), JournalError> {
    let mut rows: HashMap<String, Written> = HashMap::with_capacity(due.len());
    for due in due {
        let entity = sent_as(&due.place.0, &due.place.1);
        let value = due.announced(desk.journal.now());
        rows.insert(entity.clone(), Written { entity, version: due.figure.version, value });
    }
    desk.journal.keep_written(&desk.channel.name, rows.into_values().collect()).await
}

async fn settle_row<'a>(
    desk: &Desk<'_>,
    mut due: Due<'a>,
    outcome: StockOutcome,
    settled: &mut Vec<Settlement>,
    again: &mut Vec<Due<'a>>,
) {
    match outcome {
        StockOutcome::Written => settled.push(done(desk, &due, true)),
        StockOutcome::Stale { found } => {
            due.found = Some(found);
            due.proven = false;
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
            let mut settlement = Settlement::of(due.claim, after_failure(desk, due.claim, &error).await);
            settlement.written.push(never_sent(&due));
            settled.push(settlement);
        }
    }
}

fn done(desk: &Desk<'_>, due: &Due<'_>, written: bool) -> Settlement {
    let now = desk.journal.now();
    let value = due.shown(now).to_string();
    let doubt = due.doubt(now);
    let wants_count = matches!(doubt, Doubt::WantsCount);
    let outcome = match doubt {
        Doubt::LooksAgain(outcome) => outcome,
        Doubt::None | Doubt::WantsCount if written => Outcome::Done(due.row.quantity.to_string()),
        Doubt::None | Doubt::WantsCount => Outcome::Ignored("the storefront has this figure already".into()),
    };
    let mut settlement = wrote(due.claim, outcome, value.clone());
    // What was announced is settled with it: a refused write is nobody's.
    let entity = sent_as(&due.place.0, &due.place.1);
    // The figure was read after its event: it may be newer, and the older event must not come after it.
    let version = due.claim.event.draft.version.max(due.figure.version);
    settlement.written.push(Written { entity, version, value });
    for written in &mut settlement.written {
        written.version = version;
    }
    if wants_count {
        settlement.written.push(recount::wish(desk));
    }
    if written {
        let Version(version) = version;
        settlement.effects.push(Effect {
            key: format!("storefront stock {}/{}#{version}", desk.channel.name, due.claim.event.draft.entity),
            kind: "storefront stock",
            result: due.row.quantity.to_string(),
        });
    }
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

/// What the storefront shows of these places by now, as far as is known: for a product that is made again.
pub(super) async fn believed(desk: &Desk<'_>, places: &[(Sku, BranchCode)]) -> Result<Vec<Option<i64>>, JournalError> {
    let channel = &desk.channel.name;
    let skus: Vec<String> = places.iter().map(|(sku, _)| sku.to_string()).collect();
    let entities: Vec<String> = places.iter().map(|(sku, branch)| StockLevel::entity(sku, branch)).collect();
    let demand = desk.journal.web_demand(channel, &skus).await?;
    let last = desk.journal.written(channel, &entities).await?;
    let by_now = |((sku, branch), last): (&(Sku, BranchCode), Option<Written>)| {
        let moved = demand.moved(sku, branch);
        let moved = match desk.channel.stock.figure {
            crate::storefront::StockFigure::OnHand => moved.on_hand,
            crate::storefront::StockFigure::Available => moved.available,
        };
        Some(Shown::parse(&last?.value)?.by_now(moved))
    };
    Ok(places.iter().zip(last).map(by_now).collect())
}

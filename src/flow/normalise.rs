//! From deliveries to domain events, in every channel the sender belongs to.
//!
//! What comes in: deliveries that are due. What goes out: events with their handlings, or a reason why there are none: a
//! delivery never ends in silence (P4). The work itself is a pure function of the adapter, so it may be done again at any
//! time. Next in the flow: [`crate::flow::publish`].

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use uuid::Uuid;

use crate::domain::{
    BranchCode, ChannelName, Delivery, Draft, Event, EventId, Fact, Normalised, OfficeName, Side, Sku, StockDoubted,
    StockLevel, StorefrontName, Version, WebClaim, WebLine,
};
use crate::handlers::{self, Sides};
use crate::journal::{DeliverySettlement, Raised, Taken, Verdict};
use crate::policy::Channel;

use super::{Stage, rest, rest_after};

/// The loop's name in readiness.
const NAME: &str = "normalise";

/// Normalises until the process ends.
pub async fn run(stage: Stage) {
    loop {
        let (look, trouble) = match round(&stage).await {
            Ok(taken) => (rest_after(taken, &stage.pace), None),
            Err(error) => {
                tracing::warn!(%error, "normalising waits for the journal");
                (stage.pace.look, Some(error.to_string()))
            }
        };
        stage.beats.beat(NAME, Duration::from_secs(60), trouble);
        if !rest(Some(&stage.bells.deliveries), look, &stage.stop).await {
            return;
        }
    }
}

/// Normalises what is due, one batch. Answers how many deliveries it was.
pub async fn round(stage: &Stage) -> Result<usize, crate::journal::JournalError> {
    let taken = stage.journal.take_deliveries(stage.pace.batch, stage.pace.lease).await?;
    let count = taken.len();
    if count == 0 {
        return Ok(0);
    }
    let settlements = taken.into_iter().map(|taken| settle(&stage.sides, &taken)).collect();
    if stage.journal.settle_deliveries(settlements).await? > 0 {
        stage.bells.outbox.notify_one();
    }
    Ok(count)
}

fn settle(sides: &Sides, taken: &Taken) -> DeliverySettlement {
    let delivery = &taken.delivery;
    // A panic is a fault of ours, and one delivery's fault must not stop the others.
    let normalised = catch_unwind(AssertUnwindSafe(|| normalise(sides, delivery)));
    let verdict = match normalised {
        Ok((Normalised::Events(drafts), channels)) => raise(delivery, &drafts, &channels),
        Ok((Normalised::Ignored(reason), _)) => Verdict::Ignored(reason),
        Ok((Normalised::Rejected(reason), _)) => {
            tracing::warn!(delivery = %delivery.id, topic = delivery.content.topic, reason, "delivery rejected");
            Verdict::Rejected(reason)
        }
        Err(_) => Verdict::Rejected("normalising it failed by a fault of tillbridge; please report it".into()),
    };
    let demand = demand(sides, delivery);
    let verdict = with_doubts(delivery, verdict, &demand);
    DeliverySettlement { id: delivery.id, fence: taken.fence, verdict, demand }
}

/// Has places looked at again whose pieces were given back or taken off. Sales move the storefront's figure as they move what
/// should be shown, whenever they are told; pieces that come back do not: a figure decided before they were told, but after
/// they were booked, shows them twice. Each version of an order asks once.
fn with_doubts(delivery: &Delivery, verdict: Verdict, demand: &[(ChannelName, WebClaim)]) -> Verdict {
    let mut doubts = Vec::new();
    for (channel, claim) in demand.iter().filter(|(_, claim)| !claim.left_out) {
        let moved_back = claim.lines.iter().filter(|(_, line)| line.back > 0 || line.off > 0);
        let places: BTreeSet<(&Sku, &BranchCode)> =
            moved_back.filter_map(|(branch, line)| Some((line.sku.as_ref()?, branch))).collect();
        doubts.extend(places.into_iter().map(|(sku, branch)| {
            let entity = StockLevel::entity(sku, branch);
            let draft = Draft {
                source_document: format!("{entity}~{}#{}", claim.order, claim.version.0),
                entity,
                version: Version(0),
                time: delivery.received_at,
                fact: Fact::StockDoubted(StockDoubted { sku: sku.clone(), branch: branch.clone() }),
            };
            raised(delivery, channel, draft)
        }));
    }
    match verdict {
        Verdict::Handled(mut raised) => {
            raised.extend(doubts);
            Verdict::Handled(raised)
        }
        Verdict::Ignored(_) if !doubts.is_empty() => Verdict::Handled(doubts),
        verdict => verdict,
    }
}

/// What the delivery says of the pieces an order takes, in every channel of its storefront, whatever else it means. Places
/// that no branch is shown at count for the branch of web sales, which is where their document is booked too.
fn demand(sides: &Sides, delivery: &Delivery) -> Vec<(ChannelName, WebClaim)> {
    let Some(name) = storefront(delivery) else { return Vec::new() };
    let order = || sides.storefronts.get(&name)?.web_order(delivery);
    // As above: a fault of ours in one delivery must not stop the others. The verdict tells of it.
    let Ok(Some(order)) = catch_unwind(AssertUnwindSafe(order)) else { return Vec::new() };
    let claim = |channel: &Channel| {
        let branch = |line: &WebLine| {
            let at = line.location.as_deref().and_then(|location| channel.stock.branch_at(location));
            at.unwrap_or(&channel.sale.branch).clone()
        };
        let lines = order.lines.iter().map(|line| (branch(line), line.clone())).collect();
        let left_out = channel.sale.skips(order.placed).is_some();
        WebClaim { order: order.order.clone(), version: order.version, left_out, lines }
    };
    let channels = sides.channels.iter().filter(|channel| channel.storefront == name);
    channels.map(|channel| (channel.name.clone(), claim(channel))).collect()
}

fn storefront(delivery: &Delivery) -> Option<StorefrontName> {
    let origin = &delivery.content.origin;
    (origin.side == Side::Storefront).then(|| StorefrontName::parse(&origin.name).ok()).flatten()
}

/// Asks the sender's adapter, and finds the channels the sender belongs to.
fn normalise<'a>(sides: &'a Sides, delivery: &Delivery) -> (Normalised, Vec<&'a Channel>) {
    let origin = &delivery.content.origin;
    if let Some((normalised, name)) = super::own::normalise(delivery) {
        return (normalised, sides.channels.iter().map(AsRef::as_ref).filter(|channel| channel.name == name).collect());
    }
    let channels = sides.channels.iter().map(AsRef::as_ref).filter(|channel: &&Channel| match origin.side {
        Side::Storefront => channel.storefront.as_str() == origin.name,
        Side::Office => channel.office.as_str() == origin.name,
    });
    let channels: Vec<&Channel> = channels.collect();
    let normalised = match origin.side {
        Side::Storefront => {
            let adapter = StorefrontName::parse(&origin.name).ok().and_then(|name| sides.storefronts.get(&name));
            adapter.map(|adapter| adapter.normalise(delivery))
        }
        Side::Office => {
            let adapter = OfficeName::parse(&origin.name).ok().and_then(|name| sides.offices.get(&name));
            adapter.map(|adapter| adapter.normalise(delivery))
        }
    };
    let normalised = match normalised {
        None => Normalised::Rejected(format!("`{}` is not in the configuration any more", origin.name)),
        Some(Normalised::Events(_)) if channels.is_empty() => {
            Normalised::Ignored(format!("no channel uses `{}`", origin.name))
        }
        Some(normalised) => normalised,
    };
    (normalised, channels)
}

/// Raises what the channels want of these drafts; a delivery none of them wants anything of is ignored with the reason.
fn raise(delivery: &Delivery, drafts: &[Draft], channels: &[&Channel]) -> Verdict {
    let (mut events, mut declined) = (Vec::new(), Vec::new());
    for channel in channels {
        for draft in drafts {
            if let Some(why) = channel.sale.declines(&draft.fact) {
                declined.push(why);
                continue;
            }
            events.push(raised(delivery, &channel.name, draft.clone()));
        }
    }
    match declined.into_iter().next() {
        Some(why) if events.is_empty() => Verdict::Ignored(why),
        _ => Verdict::Handled(events),
    }
}

fn raised(delivery: &Delivery, channel: &ChannelName, draft: Draft) -> Raised {
    let origin = &delivery.content.origin;
    let handlers = handlers::wanting(draft.fact.event_type());
    let source = format!("{}/{}", origin.side.as_str(), origin.name);
    let event = Event { id: EventId(Uuid::now_v7()), channel: channel.clone(), source, delivery: delivery.id, draft };
    Raised { event, handlers }
}

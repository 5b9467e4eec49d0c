//! The workers: take messages, take the entities' turns, let the handler write, settle, acknowledge.
//!
//! What comes in: numbers of handlings from the bus, those of one channel. What goes out: settlements in the journal. Keeps P2
//! and P3: a message is only a hint, the claim decides; the acknowledgement comes after the commit, so whatever dies in between
//! comes again. A channel has workers of its own, so one whose sides are slow, or that is flooded, keeps nobody else's busy (P9).

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::bus::{Consumer, Lane, Received};
use crate::domain::{ChannelName, HandlerName, HandlingId};
use crate::handlers::Handler;
use crate::journal::{Claim, Outcome, Settlement};

use super::circuit::{self, Admitted};
use super::{Stage, rest, strays};

/// How long a worker rests when it cannot reach the bus or the journal.
const REST: Duration = Duration::from_millis(500);

/// Works for one handler and one channel until the process ends.
pub async fn run(stage: Stage, handler: Arc<dyn Handler>, channel: ChannelName, worker: usize) {
    let policy = handler.policy();
    let Ok(name) = HandlerName::parse(policy.name) else { return };
    let lane = Lane { channel, handler: name };
    let beat = format!("handle {lane} {worker}");
    // Twice the batch, so that the next one is at hand while this one is worked on.
    let prefetch = u16::try_from(policy.batch * 2).unwrap_or(u16::MAX);
    let mut consumer = loop {
        match stage.bus.consume(&lane, prefetch).await {
            Ok(consumer) => break consumer,
            Err(error) => {
                stage.beats.beat(&beat, Duration::from_secs(60), Some(error.to_string()));
                if !rest(None, REST, &stage.stop).await {
                    return;
                }
            }
        }
    };
    loop {
        stage.beats.beat(&beat, Duration::from_secs(600), None);
        let received = tokio::select! {
            () = stage.stop.cancelled() => return,
            received = consumer.next(policy.batch, policy.linger) => received,
            // A sign of life while nothing comes.
            () = tokio::time::sleep(Duration::from_secs(60)) => continue,
        };
        work(&stage, handler.as_ref(), &lane.channel, consumer.as_mut(), &received).await;
    }
}

/// Handles one batch of messages from claim to acknowledgement.
async fn work(
    stage: &Stage,
    handler: &dyn Handler,
    channel: &ChannelName,
    consumer: &mut dyn Consumer,
    received: &[Received],
) {
    let mut seen = HashSet::new();
    let ids: Vec<HandlingId> =
        received.iter().map(|message| message.handling).filter(|handling| seen.insert(*handling)).collect();
    let claims = match stage.journal.claim(&ids, stage.pace.lease).await {
        Ok(claims) => claims,
        Err(error) => {
            // The messages are let go: the journal makes the handlings due again when the lease of publishing ends.
            tracing::warn!(handler = handler.policy().name, %channel, %error, "a batch could not be claimed");
            tokio::time::sleep(REST).await;
            acknowledge(consumer, received).await;
            return;
        }
    };
    let (ours, lost): (Vec<Claim>, Vec<Claim>) = claims.into_iter().partition(|claim| claim.event.channel == *channel);
    let mut settlements = all(&lost, &misled());
    if !ours.is_empty() {
        settlements.extend(handle(stage, handler, channel, &ours).await);
    }
    settle(stage, handler.policy().name, settlements).await;
    acknowledge(consumer, received).await;
}

async fn acknowledge(consumer: &mut dyn Consumer, received: &[Received]) {
    let tickets: Vec<_> = received.iter().map(|message| message.ticket).collect();
    consumer.ack(&tickets).await;
}

/// What follows for work of another channel, as when somebody moved a message by hand: it is published again, to where it belongs.
fn misled() -> Outcome {
    let reason = "its message came by the queue of another channel".to_owned();
    Outcome::Retry { after: Duration::ZERO, reason, counts: false }
}

async fn handle(stage: &Stage, handler: &dyn Handler, name: &ChannelName, batch: &[Claim]) -> Vec<Settlement> {
    let Some(desk) = stage.desk(name) else { return all(batch, &strays::unknown(name)) };
    let policy = handler.policy();
    let (admitted, held) = match circuit::admit(stage, name, policy).await {
        Admitted::All => (batch, Vec::new()),
        Admitted::One(held) => {
            let (one, others) = batch.split_at(1);
            (one, all(others, &held))
        }
        Admitted::None(held) => return all(batch, &held),
    };
    // Work must end before its lease does; a handler that hangs loses its turn, and its late settlement is fenced off.
    let deadline = stage.pace.lease * 4 / 5;
    let mut settlements = match tokio::time::timeout(deadline, handler.handle(&desk, admitted)).await {
        Ok(settlements) => settlements,
        Err(_) => {
            let reason = format!("the handler took longer than {} s", deadline.as_secs());
            all(admitted, &Outcome::Retry { after: Duration::from_secs(5), reason, counts: true })
        }
    };
    circuit::judge(stage, &desk, policy, admitted, &mut settlements).await;
    settlements.extend(held);
    settlements
}

/// The same end for all of a batch.
pub(super) fn all(batch: &[Claim], outcome: &Outcome) -> Vec<Settlement> {
    batch.iter().map(|claim| Settlement::of(claim, outcome.clone())).collect()
}

pub(super) async fn settle(stage: &Stage, handler: &'static str, settlements: Vec<Settlement>) {
    if settlements.is_empty() {
        return;
    }
    for settlement in &settlements {
        metrics::counter!("tillbridge_handled_total", "handler" => handler, "outcome" => word(&settlement.outcome))
            .increment(1);
        if let Outcome::Dead { reason, .. } = &settlement.outcome {
            tracing::warn!(handler, handling = settlement.handling.0, reason, "dead letter");
        }
    }
    let mut pause = Duration::from_millis(100);
    // The work is done; what must not happen is that it is forgotten. The lease bounds how long this tries: after it the
    // handling is due again and the look-up finds the document.
    for _ in 0..6 {
        match stage.journal.settle(settlements.clone()).await {
            Ok(applied) => {
                let late = applied.each.iter().filter(|applied| !**applied).count();
                if late > 0 {
                    tracing::warn!(handler, late, "settlements came after their lease and were left out");
                }
                if applied.ready {
                    stage.bells.outbox.notify_one();
                }
                return;
            }
            Err(error) => {
                tracing::warn!(handler, %error, "settling waits for the journal");
                tokio::time::sleep(pause).await;
                pause *= 3;
            }
        }
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Done(_) => "done",
        Outcome::Ignored(_) => "ignored",
        Outcome::Retry { .. } => "retry",
        Outcome::Wait { .. } => "wait",
        Outcome::Held { .. } => "held",
        Outcome::Later { .. } => "later",
        Outcome::Dead { .. } => "dead",
    }
}

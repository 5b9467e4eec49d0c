//! Circuits: where nothing gets through to a side of a channel, nobody knocks, and the work is held until something does (P4).
//!
//! What comes in: batches before they are handled, and how their attempts ended before they are settled. What goes out: the same, where
//! what is held, or failed as everything does, counts no attempt: no outage makes a dead letter. Open circuits are rows of the journal,
//! which every process reads each second; one at a time looks whether something gets through again, and then all of it goes on.
//! One bad document opens nothing: a side's circuit opens only when it does not answer the cheapest question, a handler's only after
//! several entities in a row.
//! Next in the flow: [`crate::flow::handle`] settles what comes out.

mod known;

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::timeout;

use crate::domain::{CallError, ChannelName, HandlerName, HandlingId, Side};
use crate::handlers::{Desk, Policy};
use crate::journal::{Circuit, Claim, JournalError, Outcome, Settlement, Way};

use super::{Stage, rest};
pub use known::Circuits;

/// The loop's name in readiness.
const NAME: &str = "circuit";
/// So many attempts of one handler that failed, with none between that ended well, make the sides suspect.
const IN_A_ROW: u32 = 3;
/// So many entities of one handler in a row that failed, while the sides answer, and its work is held.
const ENTITIES_IN_A_ROW: usize = 8;
/// An attempt that failed so often, where nothing is held, is given up: with its waits, after about half an hour.
const MOST_FAILURES: u32 = 12;
/// Who tells everybody to wait so long is as good as away.
const LONG_WAIT: Duration = Duration::from_secs(30);
/// How long it is believed that a side answers.
const BELIEVED: Duration = Duration::from_secs(5);
/// How often a process reads which circuits are open.
const READ_EVERY: Duration = Duration::from_secs(1);
/// How long a side may take to answer when somebody looks.
const LOOK_DEADLINE: Duration = Duration::from_secs(5);
/// How much of what was held is made due in one transaction.
const DUE_AT_ONCE: usize = 5_000;

/// How many of a batch may be handled.
pub(super) enum Admitted {
    /// All of it.
    All,
    /// One, to see whether it gets through; the others are held.
    One(Outcome),
    /// None: all are held.
    None(Outcome),
}

/// Decides how many of a handler's batch may be handled now.
pub(super) async fn admit(stage: &Stage, channel: &ChannelName, handler: &Policy) -> Admitted {
    let sides = handler.needs.iter().map(|side| Way::Side(*side));
    if let Some(held) = stage.circuits.hold(channel, sides) {
        return Admitted::None(held);
    }
    let Ok(name) = HandlerName::parse(handler.name) else { return Admitted::All };
    let way = Way::Handler(name);
    let Some(held) = stage.circuits.hold(channel, [way.clone()]) else { return Admitted::All };
    if stage.circuits.look_is_due(channel, &way, stage.journal.now())
        && stage.journal.take_look(channel, &way).await.unwrap_or(false)
    {
        return Admitted::One(held);
    }
    Admitted::None(held)
}

/// Decides what failed attempts of a handler's batch come to, asking the channel's sides where there is reason to.
pub(super) async fn judge(
    stage: &Stage,
    desk: &Desk<'_>,
    handler: &Policy,
    batch: &[Claim],
    settlements: &mut [Settlement],
) {
    let channel = &desk.channel.name;
    let claims: HashMap<HandlingId, &Claim> = batch.iter().map(|claim| (claim.handling, claim)).collect();
    let failed: Vec<&str> = settlements
        .iter()
        .filter(|settlement| is_failure(&settlement.outcome))
        .filter_map(|settlement| Some(claims.get(&settlement.handling)?.event.draft.entity.as_str()))
        .collect();
    let ended_well = settlements.iter().any(|settlement| matches!(settlement.outcome, Outcome::Done(_)));
    if failed.len() < settlements.len()
        && let Ok(name) = HandlerName::parse(handler.name)
        && stage.circuits.is_open(channel, &Way::Handler(name.clone()))
    {
        closes(stage, channel, &Way::Handler(name)).await;
    }
    let (in_a_row, entities) = stage.circuits.count(channel, handler.name, ended_well, &failed);
    if failed.is_empty() {
        return;
    }
    let gives_up = |settlement: &Settlement| {
        matches!(settlement.outcome, Outcome::Retry { counts: true, .. })
            && claims.get(&settlement.handling).is_some_and(|claim| claim.failures + 1 >= MOST_FAILURES)
    };
    let mut held = None;
    if in_a_row >= IN_A_ROW || settlements.iter().any(gives_up) {
        held = suspect(stage, desk).await;
        if held.is_none() && entities >= ENTITIES_IN_A_ROW {
            held = opens_for(stage, channel, handler.name, settlements).await;
        }
    }
    let held = held.or_else(|| stage.circuits.hold_any(channel, handler.name));
    for settlement in settlements.iter_mut().filter(|settlement| is_failure(&settlement.outcome)) {
        let is_over = gives_up(settlement);
        match (&held, &settlement.outcome) {
            (Some(held), _) => settlement.outcome = held.clone(),
            (None, Outcome::Retry { reason, .. }) if is_over => settlement.outcome = give_up(reason),
            (None, _) => {}
        }
    }
}

/// Asks both sides of a channel, unless that was just done, and opens the circuit of each that does not answer. Answers how to hold
/// what failed for it.
async fn suspect(stage: &Stage, desk: &Desk<'_>) -> Option<Outcome> {
    let channel = &desk.channel.name;
    let asked = stage.circuits.asked(channel);
    let mut asked = asked.lock().await;
    if asked.is_some_and(|at| at.elapsed() < BELIEVED) {
        return None;
    }
    // The attempts' lease goes on running meanwhile.
    let deadline = (stage.pace.lease / 10).min(LOOK_DEADLINE);
    let (storefront, office) =
        tokio::join!(is_away(desk, Side::Storefront, deadline), is_away(desk, Side::Office, deadline));
    *asked = Some(tokio::time::Instant::now());
    let mut held = None;
    for (side, reason) in [(Side::Storefront, storefront), (Side::Office, office)] {
        let Some(reason) = reason else { continue };
        let outcome = opens(stage, channel, Way::Side(side), &reason).await;
        held = held.or(Some(outcome));
    }
    held
}

/// Opens the circuit of a handler for the reason its work fails for.
async fn opens_for(
    stage: &Stage,
    channel: &ChannelName,
    handler: &'static str,
    settlements: &[Settlement],
) -> Option<Outcome> {
    let name = HandlerName::parse(handler).ok()?;
    let reason = settlements.iter().find_map(|settlement| match &settlement.outcome {
        outcome @ Outcome::Retry { reason, .. } if is_failure(outcome) => Some(reason.as_str()),
        _ => None,
    })?;
    Some(opens(stage, channel, Way::Handler(name), reason).await)
}

/// Opens a circuit; answers how to hold what failed for it.
async fn opens(stage: &Stage, channel: &ChannelName, way: Way, reason: &str) -> Outcome {
    match stage.journal.open_circuit(channel, &way, reason).await {
        Ok(was_closed) => {
            stage.circuits.opened(channel, &way, reason);
            if was_closed {
                tracing::warn!(%channel, way = way.as_str(), reason, "nothing gets through: work is held until something does");
                metrics::counter!("tillbridge_circuits_opened_total", "channel" => channel.to_string(),
                    "way" => way.as_str().to_owned())
                .increment(1);
            }
        }
        // Nothing is lost: what is held without an open circuit is tried again in a moment.
        Err(error) => tracing::warn!(%channel, way = way.as_str(), %error, "a circuit could not be opened"),
    }
    known::held(&way, reason)
}

/// Closes a circuit and lets go on what it held.
async fn closes(stage: &Stage, channel: &ChannelName, way: &Way) {
    let handler = match way {
        Way::Side(_) => None,
        Way::Handler(name) => Some(name),
    };
    let closing = async {
        let was_open = stage.journal.close_circuit(channel, way).await?;
        stage.circuits.closed(channel, way);
        if was_open {
            tracing::info!(%channel, way = way.as_str(), "something gets through again: what was held goes on");
        }
        while stage.journal.go_on(channel, handler, DUE_AT_ONCE).await? == DUE_AT_ONCE {
            stage.bells.outbox.notify_one();
        }
        stage.bells.outbox.notify_one();
        Ok::<(), JournalError>(())
    };
    if let Err(error) = closing.await {
        tracing::warn!(%channel, way = way.as_str(), %error, "what was held goes on later");
    }
}

/// Reads which circuits are open and looks whether something gets through again, until the process ends.
pub async fn run(stage: Stage) {
    loop {
        let trouble = round(&stage).await.err().map(|error| error.to_string());
        stage.beats.beat(NAME, Duration::from_secs(60), trouble);
        if !rest(None, READ_EVERY, &stage.stop).await {
            return;
        }
    }
}

/// Reads once, and looks where the time has come.
async fn round(stage: &Stage) -> Result<(), JournalError> {
    let open = stage.journal.circuits().await?;
    stage.circuits.learn(&open);
    let now = stage.journal.now();
    let looks = open.iter().filter(|circuit| circuit.look_at <= now).map(|circuit| look(stage, circuit));
    futures::future::try_join_all(looks).await.map(drop)
}

async fn look(stage: &Stage, circuit: &Circuit) -> Result<(), JournalError> {
    let Circuit { channel, way, .. } = circuit;
    // Another process may know the channel.
    let Some(desk) = stage.desk(channel) else { return Ok(()) };
    match way {
        Way::Side(side) => {
            if stage.journal.take_look(channel, way).await? {
                match is_away(&desk, *side, LOOK_DEADLINE).await {
                    Some(reason) => tracing::debug!(%channel, way = way.as_str(), reason, "still nothing gets through"),
                    None => closes(stage, channel, way).await,
                }
            }
        }
        // Whoever works on it takes the look.
        Way::Handler(name) => match stage.journal.go_on(channel, Some(name), 1).await? {
            0 => closes(stage, channel, way).await,
            _ => stage.bells.outbox.notify_one(),
        },
    }
    Ok(())
}

/// Why a side answers nobody, if it does not. It is asked what it is, which changes nothing.
async fn is_away(desk: &Desk<'_>, side: Side, deadline: Duration) -> Option<String> {
    let answer = async {
        match side {
            Side::Storefront => desk.storefront.describe().await.map(drop),
            Side::Office => desk.office.probe().await.map(drop),
        }
    };
    match timeout(deadline, answer).await {
        Err(_) => Some(format!("no answer within {} ms", deadline.as_millis())),
        Ok(Err(error @ (CallError::Transient(_) | CallError::InDoubt(_)))) => Some(error.to_string()),
        Ok(Err(error @ CallError::Throttled { wait, .. })) if wait >= LONG_WAIT => Some(error.to_string()),
        // It answers, be it with a refusal: those have consequences of their own.
        Ok(_) => None,
    }
}

/// Whether an attempt ended as they all do while nothing gets through. Who is told to wait is none of them: the adapters send nobody
/// before the wait is over.
fn is_failure(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Retry { counts: true, .. })
}

fn give_up(reason: &str) -> Outcome {
    Outcome::Dead {
        reason: format!("gave up after {MOST_FAILURES} attempts: {reason}"),
        action: "see what the other side makes of it, then `tillbridge dead retry`".into(),
        lacks: None,
    }
}

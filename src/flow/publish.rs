//! From the journal to the bus: the outbox relay.
//!
//! What comes in: handlings that are due, first attempts and retries alike. What goes out: messages, each confirmed or due
//! again. A crash between confirmation and settlement publishes twice, which the claim makes harmless; so this stage needs
//! no cleverness. What belongs to a channel that no process knows is given up ([`super::strays`]).
//! Next in the flow: [`crate::flow::handle`].

use std::collections::BTreeSet;
use std::time::Duration;

use crate::bus::{BusError, Lane, Message};
use crate::domain::{ChannelName, HandlingId};
use crate::journal::{JournalError, Outgoing};

use super::{Stage, rest, rest_after, strays};

/// The loop's name in readiness.
const NAME: &str = "publish";
/// How long handlings rest that the bus did not take.
const REST_AFTER_REFUSAL: Duration = Duration::from_millis(500);
/// How long those rest whose channel this process does not know, and that no queue takes: whoever knows it may publish them.
const REST_OF_STRAYS: Duration = Duration::from_secs(5);

/// Publishes until the process ends.
pub async fn run(stage: Stage) {
    loop {
        let (look, trouble) = match round(&stage).await {
            Ok(Round { taken, refused: None }) => (rest_after(taken, &stage.pace), None),
            Ok(Round { refused, .. }) => (stage.pace.look, refused),
            Err(error) => {
                tracing::warn!(%error, "publishing waits for the journal");
                (stage.pace.look, Some(error.to_string()))
            }
        };
        stage.beats.beat(NAME, Duration::from_secs(60), trouble);
        if !rest(Some(&stage.bells.outbox), look, &stage.stop).await {
            return;
        }
    }
}

/// What one round did.
pub struct Round {
    /// How many handlings were taken.
    pub taken: usize,
    /// Why the bus refused some, if it did.
    pub refused: Option<String>,
}

/// Publishes what is due, one batch.
pub async fn round(stage: &Stage) -> Result<Round, JournalError> {
    let due = stage.journal.take_outbox(stage.pace.batch, stage.pace.lease).await?;
    let taken = due.len();
    if taken == 0 {
        return Ok(Round { taken, refused: None });
    }
    let unknown: BTreeSet<ChannelName> =
        due.iter().map(|outgoing| &outgoing.channel).filter(|channel| stage.desk(channel).is_none()).cloned().collect();
    // Where the journal does not say, somebody may work for it.
    let abandoned = strays::abandoned(stage, &unknown).await.unwrap_or_default();
    let (given_up, due): (Vec<Outgoing>, Vec<Outgoing>) =
        due.into_iter().partition(|outgoing| abandoned.contains(&outgoing.channel));
    let refused = hand_over(stage, due, &unknown).await;
    // Last, so that what can be worked on waits for none of this.
    let ended = strays::give_up(stage, &given_up).await;
    let refused = refused?;
    ended.map(|()| Round { taken, refused })
}

/// Publishes a batch, and puts back what was not taken; answers why that was not, if any was.
async fn hand_over(
    stage: &Stage,
    due: Vec<Outgoing>,
    unknown: &BTreeSet<ChannelName>,
) -> Result<Option<String>, JournalError> {
    let sent: Vec<(HandlingId, bool)> =
        due.iter().map(|outgoing| (outgoing.handling, unknown.contains(&outgoing.channel))).collect();
    let answers = stage.bus.publish(due.into_iter().map(message).collect()).await;
    let published = answers.iter().filter(|answer| answer.is_ok()).count();
    metrics::counter!("tillbridge_published_total").increment(published as u64);
    let mut reason = None;
    let (mut soon, mut later) = (Vec::new(), Vec::new());
    for ((handling, is_stray), answer) in sent.into_iter().zip(answers) {
        let Err(error) = answer else { continue };
        let is_later = is_stray && matches!(error, BusError::Unroutable(_));
        if is_later { &mut later } else { &mut soon }.push(handling);
        reason.get_or_insert_with(|| error.to_string());
    }
    if let Some(reason) = &reason {
        tracing::debug!(refused = soon.len() + later.len(), reason, "the bus did not take all of a batch");
    }
    for (handlings, pause) in [(soon, REST_AFTER_REFUSAL), (later, REST_OF_STRAYS)] {
        if !handlings.is_empty() {
            stage.journal.unpublish(&handlings, pause).await?;
        }
    }
    Ok(reason)
}

fn message(outgoing: Outgoing) -> Message {
    Message {
        handling: outgoing.handling,
        lane: Lane { channel: outgoing.channel, handler: outgoing.handler },
        event: outgoing.event,
        event_type: outgoing.event_type,
        body: outgoing.body.into(),
    }
}

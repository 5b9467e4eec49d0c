//! From the journal to the bus: the outbox relay.
//!
//! What comes in: handlings that are due, first attempts and retries alike. What goes out: messages, each confirmed or due
//! again. A crash between confirmation and settlement publishes twice, which the claim makes harmless; so this stage needs
//! no cleverness. Next in the flow: [`crate::flow::handle`].

use std::time::Duration;

use crate::bus::{BusError, Message};
use crate::domain::HandlingId;
use crate::journal::{JournalError, Outgoing};

use super::{Stage, rest};

/// The loop's name in readiness.
const NAME: &str = "publish";
/// How long handlings rest that the bus did not take.
const REST_AFTER_REFUSAL: Duration = Duration::from_millis(500);

/// Publishes until the process ends.
pub async fn run(stage: Stage) {
    loop {
        let trouble = match round(&stage).await {
            Ok(Round { taken: 0, .. }) => None,
            Ok(Round { refused: None, .. }) => {
                stage.beats.beat(NAME, Duration::from_secs(60), None);
                if stage.stop.is_cancelled() {
                    return;
                }
                continue;
            }
            Ok(Round { refused, .. }) => refused,
            Err(error) => {
                tracing::warn!(%error, "publishing waits for the journal");
                Some(error.to_string())
            }
        };
        stage.beats.beat(NAME, Duration::from_secs(60), trouble);
        if !rest(Some(&stage.bells.outbox), stage.pace.look, &stage.stop).await {
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
    let ids: Vec<HandlingId> = due.iter().map(|outgoing| outgoing.handling).collect();
    let answers = stage.bus.publish(due.into_iter().map(message).collect()).await;
    let refused: Vec<(HandlingId, BusError)> =
        ids.into_iter().zip(answers).filter_map(|(id, answer)| Some((id, answer.err()?))).collect();
    metrics::counter!("tillbridge_published_total").increment((taken - refused.len()) as u64);
    let Some((_, first)) = refused.first() else { return Ok(Round { taken, refused: None }) };
    let reason = first.to_string();
    tracing::debug!(refused = refused.len(), reason, "the bus did not take all of a batch");
    let ids: Vec<HandlingId> = refused.into_iter().map(|(id, _)| id).collect();
    stage.journal.unpublish(&ids, REST_AFTER_REFUSAL).await?;
    Ok(Round { taken, refused: Some(reason) })
}

fn message(outgoing: Outgoing) -> Message {
    Message {
        handling: outgoing.handling,
        handler: outgoing.handler,
        event: outgoing.event,
        event_type: outgoing.event_type,
        body: outgoing.body.into(),
    }
}

//! Work of channels that are not in the configuration: left to the processes that know them, and where none does, given up with
//! the reason (P4).
//!
//! What comes in: the channels of handlings that are due and that this process does not know. What goes out: those that nobody
//! knows, and dead letters of their work, which come back when the channel is configured again ([`crate::flow::Running::introduce`]).
//!
//! Processes may run with configurations of different age, so what one does not know says nothing: another may work on it already,
//! or still. Whoever works says so in the journal, channel by channel and each half minute, for three minutes; all of them keep the
//! same lease, so it ends only with the last of them. A channel whose lease has run out has no queue that anybody looks into, and its
//! handlings would be published for ever.

use std::collections::BTreeSet;
use std::time::Duration;

use uuid::Uuid;

use crate::domain::{ChannelName, HandlingId};
use crate::handlers;
use crate::journal::{Claim, JournalError, Lack, Outcome, Outgoing};

use super::{Stage, handle, rest};

/// The loop's name in readiness.
const NAME: &str = "strays";
/// How long it is believed that somebody works for a channel.
const BELIEVED: Duration = Duration::from_secs(180);
/// How often that is said.
const EVERY: Duration = Duration::from_secs(30);
/// How soon it is said again where it could not be.
const SOON: Duration = Duration::from_secs(1);
/// In whose name: everybody's who works, so that each keeps it on for all.
const WORKERS: Uuid = Uuid::from_u128(0x6c61_6e65_735f_776f_726b_6572_735f_3031);

fn lease_of(channel: &ChannelName) -> String {
    format!("works for {channel}")
}

/// Goes on saying for which channels this process works, until it ends.
pub async fn run(stage: Stage) {
    // The start has said it first.
    let (mut pause, mut trouble) = (SOON, None);
    loop {
        stage.beats.beat(NAME, EVERY * 3, trouble);
        if !rest(None, pause, &stage.stop).await {
            return;
        }
        (pause, trouble) = match vouch(&stage).await {
            Ok(is_known) => (if is_known { EVERY } else { SOON }, None),
            Err(error) => {
                tracing::warn!(%error, "it could not be said for which channels this process works, and is tried again");
                (SOON, Some(error.to_string()))
            }
        };
    }
}

/// Says for which channels this process works. Answers whether that is known now; a clock that goes ahead elsewhere may delay it.
///
/// # Errors
/// [`JournalError`] when the journal does not answer; saying it again does no harm.
pub async fn vouch(stage: &Stage) -> Result<bool, JournalError> {
    let mut is_known = true;
    for channel in &stage.sides.channels {
        is_known &= stage.journal.hold(&lease_of(&channel.name), WORKERS, BELIEVED).await?;
    }
    Ok(is_known)
}

/// Those of these channels that no process works for.
///
/// # Errors
/// [`JournalError`] when the journal does not say; asking again does no harm.
pub(super) async fn abandoned(
    stage: &Stage,
    channels: &BTreeSet<ChannelName>,
) -> Result<BTreeSet<ChannelName>, JournalError> {
    let mut abandoned = BTreeSet::new();
    for channel in channels {
        // Taken for no time at all: this asks, and keeps nobody from saying that they work for it.
        if stage.journal.hold(&lease_of(channel), Uuid::new_v4(), Duration::ZERO).await? {
            abandoned.insert(channel.clone());
        }
    }
    Ok(abandoned)
}

/// What becomes of work of a channel that is not in the configuration.
pub(super) fn unknown(channel: &ChannelName) -> Outcome {
    Outcome::Dead {
        reason: format!("channel `{channel}` is not in the configuration of any process that works"),
        action: "put the channel back into the configuration and start with it, or discard".into(),
        lacks: Some(Lack::Mapping),
    }
}

/// Gives work of abandoned channels up.
pub(super) async fn give_up(stage: &Stage, work: &[Outgoing]) -> Result<(), JournalError> {
    if work.is_empty() {
        return Ok(());
    }
    for handler in handlers::all() {
        let name = handler.policy().name;
        let ours = work.iter().filter(|outgoing| outgoing.handler.as_str() == name);
        let ids: Vec<HandlingId> = ours.map(|outgoing| outgoing.handling).collect();
        if ids.is_empty() {
            continue;
        }
        let claims: Vec<Claim> = stage.journal.claim(&ids, stage.pace.lease).await?;
        let mut settlements = Vec::with_capacity(claims.len());
        for claim in &claims {
            settlements.extend(handle::all(std::slice::from_ref(claim), &unknown(&claim.event.channel)));
        }
        handle::settle(stage, name, settlements).await;
    }
    Ok(())
}

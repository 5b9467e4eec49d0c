//! Says that this process calls its storefronts, and learns how many others do: what a storefront bears is shared by all of them (P9).
//!
//! What comes in: the storefronts of the configuration. What goes out: a row of the journal for each, which lasts as long as a lease and
//! is renewed; and to each storefront's adapter, how many such rows there are. A process that is started says so before its first call,
//! and the others know within [`EVERY`]; one that dies is counted until its lease ends, one that is told to end no longer.

use std::time::Duration;

use uuid::Uuid;

use crate::domain::StorefrontName;
use crate::journal::JournalError;

use super::{Role, Stage, rest};

/// The loop's name in readiness.
const NAME: &str = "share";
/// How often a process says that it is there, and looks who else is.
pub const EVERY: Duration = Duration::from_secs(5);
/// How long a process counts that says nothing more: without the journal, it has no work either.
pub const LEASE: Duration = Duration::from_secs(20);

/// Whether a process of these roles calls storefronts.
pub(super) fn is_for(roles: &[Role]) -> bool {
    roles.contains(&Role::Handle) || roles.contains(&Role::Poll)
}

/// Keeps saying so until the process ends.
pub async fn run(stage: Stage) {
    while rest(None, EVERY, &stage.stop).await {
        let trouble = once(&stage, stage.process, LEASE).await.err().map(|error| error.to_string());
        stage.beats.beat(NAME, EVERY * 6, trouble);
    }
    // Who cannot say goodbye is counted a little longer.
    let _ = once(&stage, stage.process, Duration::ZERO).await;
}

/// Says so once, for so long. Repeating it is safe.
///
/// # Errors
/// [`JournalError`] when the journal does not answer; the storefronts' adapters keep to what they knew.
pub async fn once(stage: &Stage, process: Uuid, lease: Duration) -> Result<(), JournalError> {
    let names: Vec<StorefrontName> = stage.sides.storefronts.keys().cloned().collect();
    let counts = stage.journal.share(&names, process, lease).await?;
    for ((name, storefront), processes) in stage.sides.storefronts.iter().zip(counts) {
        storefront.shared_by(processes);
        metrics::gauge!("tillbridge_storefront_processes", "storefront" => name.to_string())
            .set(f64::from(u32::try_from(processes).unwrap_or(u32::MAX)));
    }
    Ok(())
}

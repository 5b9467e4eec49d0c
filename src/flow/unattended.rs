//! Tells of channels whose work is handed out here and done nowhere, as when no process with the role `handle` was started, or only
//! some with an older configuration (P4).
//!
//! What comes in: the channels of this process, and what those that work say in the journal ([`super::strays`]). What goes out: a word
//! in readiness and in the log, and a figure for alarms. The work itself waits in the journal and on the bus; nothing here moves it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::ChannelName;
use crate::journal::JournalError;

use super::{Role, Stage, rest, strays};

/// The loop's name in readiness.
const NAME: &str = "attendance";
/// How often is looked, the first time so long after the start: processes that work may be starting as well.
const EVERY: Duration = Duration::from_secs(30);

/// Whether a process of these roles has to look. One that works as well does so for every channel it knows.
pub(super) fn is_for(roles: &[Role]) -> bool {
    roles.contains(&Role::Publish) && !roles.contains(&Role::Handle)
}

/// Looks until the process ends.
pub(super) async fn run(stage: Stage) {
    let mut known = BTreeSet::new();
    loop {
        stage.beats.beat(NAME, EVERY * 3, told(&known));
        if !rest(None, EVERY, &stage.stop).await {
            return;
        }
        match look(&stage).await {
            Ok(found) => {
                is_known(&stage, &known, &found);
                known = found;
            }
            // What was known stays so: of a journal that does not answer others tell.
            Err(error) => tracing::debug!(%error, "who works for which channel is not known for the moment"),
        }
    }
}

/// Says what has changed.
fn is_known(stage: &Stage, before: &BTreeSet<ChannelName>, found: &BTreeSet<ChannelName>) {
    for channel in &stage.sides.channels {
        let is_found = found.contains(&channel.name);
        let name = channel.name.to_string();
        metrics::gauge!("tillbridge_channel_unattended", "channel" => name).set(f64::from(u8::from(is_found)));
    }
    if found == before {
        return;
    }
    match told(found) {
        Some(told) => tracing::warn!("{told}"),
        None => tracing::info!("there are processes that work for every channel again"),
    }
}

/// The channels of this process that no process works for, or has in the last three minutes.
///
/// # Errors
/// [`JournalError`] when the journal does not say.
pub async fn look(stage: &Stage) -> Result<BTreeSet<ChannelName>, JournalError> {
    let ours = stage.sides.channels.iter().map(|channel| channel.name.clone()).collect();
    strays::abandoned(stage, &ours).await
}

fn told(unattended: &BTreeSet<ChannelName>) -> Option<String> {
    let names: Vec<String> = unattended.iter().map(|channel| format!("`{channel}`")).collect();
    (!names.is_empty()).then(|| {
        format!(
            "no process works for {}, so that work waits: start one with the role `handle` whose configuration has it",
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_that_hands_out_what_it_does_not_do_has_to_look() {
        assert!(is_for(&[Role::Receive, Role::Normalise, Role::Publish]));
        assert!(!is_for(Role::ALL), "it works for its channels itself");
        assert!(!is_for(&[Role::Receive, Role::Poll]), "it hands nothing out");
    }

    #[test]
    fn all_that_nobody_works_for_are_named_with_what_to_do() {
        let channels = ["kiwi", "weka"].map(|name| ChannelName::parse(name).unwrap());
        let told = told(&channels.into()).unwrap();
        assert!(told.contains("`kiwi`, `weka`") && told.contains("role `handle`"), "{told}");
        assert_eq!(super::told(&BTreeSet::new()), None);
    }
}

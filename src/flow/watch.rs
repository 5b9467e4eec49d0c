//! Looks after storefronts: what they permit, which version they speak, and whether they still tell us everything.
//!
//! What comes in: a storefront, and the address its webhooks arrive at. What goes out: subscriptions made again that the
//! storefront deleted (Shopify does so after eight failed deliveries), and notes of what a person should know, in the log, in
//! readiness and in the journal for `tillbridge status`. Looking first makes all of it safe to repeat (P4: what is not told is
//! not known). Requests about personal data that are still open when their month draws to its end are among the notes (P8).

pub mod audit;
mod overdue;

use std::time::Duration;

use crate::domain::{CallError, StorefrontName};
use crate::journal::{Journal, JournalError, PolledPage};
use crate::storefront::Storefront;

use super::{Stage, rest};
use audit::missing;

/// How often a storefront is looked after.
pub const EVERY: Duration = Duration::from_secs(3600);
/// How soon again when it did not answer.
const SOONER: Duration = Duration::from_secs(60);

/// What a look found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// Topics that were made again.
    pub repaired: Vec<String>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Looks after a storefront until the process ends.
pub async fn run(stage: Stage, name: StorefrontName) {
    let Some(storefront) = stage.sides.storefronts.get(&name).cloned() else { return };
    let address = stage.sides.addresses.get(&name).cloned();
    let beat = format!("watch {name}");
    loop {
        let (look, pause) = once(&stage, storefront.as_ref(), address.as_deref()).await;
        for topic in &look.repaired {
            tracing::warn!(storefront = %name, topic, "a webhook subscription was gone and was made again");
        }
        metrics::counter!("tillbridge_subscriptions_repaired_total", "storefront" => name.to_string())
            .increment(look.repaired.len() as u64);
        for note in &look.notes {
            tracing::warn!(storefront = %name, note, "the storefront is not as it should be");
        }
        let trouble = (!look.notes.is_empty()).then(|| look.notes.join("; "));
        stage.beats.beat(&beat, pause * 3, trouble);
        if !rest(None, pause, &stage.stop).await {
            return;
        }
    }
}

/// Looks once and keeps what a person should know, of the storefront and of what its customers have asked. Answers how long to
/// wait for the next time.
pub async fn once(stage: &Stage, storefront: &dyn Storefront, address: Option<&str>) -> (Look, Duration) {
    let name = storefront.name();
    let (mut look, pause) = match look(storefront, address).await {
        Ok(look) => (look, EVERY),
        Err(error) => (Look { notes: vec![error.to_string()], ..Look::default() }, SOONER),
    };
    let kept = async {
        look.notes.extend(overdue::requests(stage, name).await?);
        note(stage.journal.as_ref(), name, &look.notes).await
    };
    if let Err(error) = kept.await {
        tracing::warn!(storefront = %name, %error, "what a person should know could not be noted in the journal");
    }
    (look, pause)
}

/// Looks once, and makes again what is missing where it is known where to.
///
/// # Errors
/// [`CallError`] when the storefront does not answer.
pub async fn look(storefront: &dyn Storefront, address: Option<&str>) -> Result<Look, CallError> {
    let mut look = Look::default();
    let description = storefront.describe().await?;
    if !description.missing_scopes.is_empty() {
        look.notes.push(format!("it does not grant {}", description.missing_scopes.join(", ")));
    }
    if let Some(address) = address {
        let wanted = storefront.wanted_topics();
        for topic in missing(wanted, address, &storefront.subscriptions().await?) {
            storefront.subscribe(topic, address).await?;
            look.repaired.push(topic.to_owned());
        }
    }
    look.notes.extend(storefront.alerts());
    Ok(look)
}

fn task(name: &StorefrontName) -> String {
    format!("watch/{name}")
}

/// Keeps the notes for operators. Two watchers of one storefront may overwrite each other: both have just looked.
async fn note(journal: &dyn Journal, name: &StorefrontName, notes: &[String]) -> Result<(), JournalError> {
    let from = journal.cursor(&task(name)).await?;
    let to = notes.join("\n");
    if from.as_ref() == Some(&to) {
        return Ok(());
    }
    match journal.append_polled(PolledPage { task: task(name), from, to, deliveries: Vec::new() }).await {
        Ok(_) | Err(JournalError::CursorMoved) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What was noted last.
///
/// # Errors
/// [`JournalError`] when the journal does not answer.
pub async fn noted(journal: &dyn Journal, name: &StorefrontName) -> Result<Vec<String>, JournalError> {
    let notes = journal.cursor(&task(name)).await?.unwrap_or_default();
    Ok(notes.lines().filter(|note| !note.is_empty()).map(str::to_owned).collect())
}

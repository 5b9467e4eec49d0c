//! Requests about personal data that nobody has finished while the law's month runs out: a person has to see to them.

use jiff::{SignedDuration, Timestamp};

use crate::domain::{PrivacyWish, StorefrontName};
use crate::flow::Stage;
use crate::journal::{JournalError, PrivacyRecord};

/// A request that is open for so long is worth a word: a third of the month Shopify gives is left.
const PATIENCE: SignedDuration = SignedDuration::from_hours(24 * 20);

/// A note for each request of a storefront's channels that is open for too long.
pub(super) async fn requests(stage: &Stage, name: &StorefrontName) -> Result<Vec<String>, JournalError> {
    let channels = stage.sides.channels.iter().filter(|channel| channel.storefront == *name);
    let channels: Vec<&str> = channels.map(|channel| channel.name.as_str()).collect();
    let now = stage.journal.now();
    let records = stage.journal.privacy_records().await?.into_iter();
    let open = records.filter(|record| record.finished_at.is_none() && channels.contains(&record.channel.as_str()));
    Ok(open.filter(|record| is_overdue(record, now)).map(|record| note(&record)).collect())
}

fn is_overdue(record: &PrivacyRecord, now: Timestamp) -> bool {
    now.duration_since(record.asked_at) > PATIENCE
}

fn note(record: &PrivacyRecord) -> String {
    let PrivacyRecord { id, asked_at, .. } = record;
    let what_to_do = match record.wish {
        PrivacyWish::Export => format!("`tillbridge privacy export {id} --to FILE` ends it"),
        _ => "`tillbridge dead list` says what stands in its way".to_owned(),
    };
    format!(
        "request {id} about personal data is open since {asked_at} and has to be finished within 30 days: {what_to_do}"
    )
}

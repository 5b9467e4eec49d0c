//! Deliveries of the bridge's own: what it saw at a storefront and hands over to be decided anew, journalled like anybody else's.
//!
//! What comes in: facts about one channel. What goes out: deliveries, and what they mean when they are normalised. They carry a
//! header no webhook has, since of theirs only known headers are kept.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::{ChannelName, Delivery, NewDelivery, Normalised, Origin};
use crate::handlers::Desk;
use crate::journal::{Appended, JournalError, PolledPage};

use super::{reconcile, stocktake};

/// The header that names the channel.
const OURS: &str = "tillbridge-channel";

/// A delivery about a desk's channel. `key` makes it unique within the channel.
pub(super) fn delivery(
    desk: &Desk<'_>,
    topic: &str,
    key: &str,
    body: &impl Serialize,
) -> Result<NewDelivery, JournalError> {
    let body = serde_json::to_vec(body).map_err(|error| JournalError::Broken(error.to_string()))?;
    Ok(NewDelivery {
        origin: Origin::storefront(desk.channel.storefront.as_str()),
        topic: topic.to_owned(),
        dedupe_key: format!("{}:{key}", desk.channel.name),
        fold_key: None,
        headers: BTreeMap::from([(OURS.to_owned(), desk.channel.name.to_string())]),
        body: body.into(),
    })
}

/// How often a place is read again that somebody else has moved on meanwhile.
const TRIES: usize = 5;

/// Journals deliveries with the place a task stands at from now on, wherever it stood. Answers for each whether it is new.
///
/// # Errors
/// [`JournalError`] when nothing could be journalled.
pub(super) async fn stand_at(
    desk: &Desk<'_>,
    task: &str,
    to: &str,
    deliveries: Vec<NewDelivery>,
) -> Result<Vec<Appended>, JournalError> {
    for _ in 1..TRIES {
        let page = page(desk, task, to, deliveries.clone()).await?;
        match desk.journal.append_polled(page).await {
            Err(JournalError::CursorMoved) => {}
            appended => return appended,
        }
    }
    desk.journal.append_polled(page(desk, task, to, deliveries).await?).await
}

async fn page(desk: &Desk<'_>, task: &str, to: &str, deliveries: Vec<NewDelivery>) -> Result<PolledPage, JournalError> {
    let from = desk.journal.cursor(task).await?;
    Ok(PolledPage { task: task.to_owned(), from, to: to.to_owned(), deliveries })
}

/// What a delivery of the bridge's own means, and in which channel; `None` for anybody else's.
pub(super) fn normalise(delivery: &Delivery) -> Option<(Normalised, ChannelName)> {
    let channel = ChannelName::parse(delivery.content.headers.get(OURS)?).ok()?;
    let meaning = match delivery.content.topic.as_str() {
        stocktake::TOPIC => read(delivery).map(|body| stocktake::meaning(delivery, body)),
        reconcile::products::TOPIC => read(delivery).map(|body| reconcile::products::meaning(delivery, body)),
        _ => None,
    };
    let unclear = || Normalised::Rejected("it is nothing that this version sees at a storefront".to_owned());
    Some((meaning.unwrap_or_else(unclear), channel))
}

fn read<T: DeserializeOwned>(delivery: &Delivery) -> Option<T> {
    serde_json::from_slice(&delivery.content.body).ok()
}

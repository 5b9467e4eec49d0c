//! Asks a storefront that writes documents of its own which of them changed (P4): where nothing calls us, this is how its sales come.
//!
//! What comes in: a channel and the moment up to which each kind was asked before. What goes out: what was read for each
//! document that changed since, as deliveries, each page committed together with how far it reaches. A document that was
//! read before as it is now is a duplicate and changes nothing, so windows overlap without harm.

use jiff::{SignedDuration, Timestamp};

use super::orders::Asked;
use super::{FIRST, Window, append};
use crate::domain::HintedKind;
use crate::handlers::Desk;
use crate::handlers::stock::Unread;
use crate::journal::{Appended, PolledPage};
use crate::storefront::Documents;

/// What changed less long ago than this is left to the next time: its transaction may still be under way.
const SETTLED: SignedDuration = SignedDuration::from_secs(2);

/// Reads everything that changed, kind by kind.
pub(super) async fn changed(desk: &Desk<'_>, shop: &dyn Documents, window: Window) -> Result<Asked, Unread> {
    let mut asked = Asked::default();
    for kind in HintedKind::ALL {
        of_kind(desk, shop, window, kind, &mut asked).await?;
    }
    metrics::counter!("tillbridge_documents_asked_total", "storefront" => desk.channel.storefront.to_string())
        .increment(asked.found.missed.len() as u64);
    Ok(asked)
}

async fn of_kind(
    desk: &Desk<'_>,
    shop: &dyn Documents,
    window: Window,
    kind: HintedKind,
    asked: &mut Asked,
) -> Result<(), Unread> {
    let task = format!("reconcile/{}/{}", desk.channel.name, kind.as_str());
    let mut from = desk.journal.cursor(&task).await?;
    let now = desk.journal.now();
    let last = from.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
    let until = now.checked_sub(SETTLED).unwrap_or(now);
    let since = window.begins(last, now, FIRST);
    let mut after: Option<String> = None;
    loop {
        let page = shop.changed(kind, (since, until), after.as_deref()).await.map_err(Unread::Call)?;
        asked.found.orders += page.ids.len();
        after = page.next;
        if window.dry_run {
            asked.found.missed.extend(page.ids.iter().map(|id| format!("{} {id}", kind.as_str())));
        } else {
            // How far was asked is told when all pages are read, and never goes back, whatever an operator asks for in between.
            let reached = last.map_or(until, |last| last.max(until));
            let to = match (&after, &from) {
                (None, _) => reached.to_string(),
                (Some(_), Some(from)) => from.clone(),
                (Some(_), None) => since.to_string(),
            };
            let page = PolledPage { task: task.clone(), from, to: to.clone(), deliveries: page.deliveries };
            let Some(appended) = append(desk, page).await? else {
                asked.overtaken = true;
                return Ok(());
            };
            let new = appended.iter().filter(|one| matches!(one, Appended::New(_))).count();
            asked.found.missed.extend((0..new).map(|_| kind.as_str().to_owned()));
            asked.appended.extend(appended);
            from = Some(to);
        }
        if after.is_none() {
            return Ok(());
        }
    }
}

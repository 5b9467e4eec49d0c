//! Accounts that changed and whose change the journal does not know. Asked for only where the channel takes accounts over as soon
//! as they change: elsewhere an account comes with its first document.

use crate::domain::EventType;
use crate::handlers::Desk;
use crate::handlers::stock::Unread;
use crate::storefront::Listings;

use super::{Accounts, FIRST, Since, Window, append, new};

/// Asks for accounts and journals those that were missed, page by page.
pub(super) async fn ask(desk: &Desk<'_>, listings: &dyn Listings, window: Window) -> Result<Accounts, Unread> {
    let mut since = Since::read(desk, "customers", window, FIRST).await?;
    let (mut found, mut after) = (Accounts::default(), None);
    loop {
        let page = listings.accounts_since(since.moment, after.as_deref()).await.map_err(Unread::Call)?;
        found.changed += page.accounts.len();
        let entities: Vec<String> = page.accounts.iter().map(|account| account.entity.clone()).collect();
        let known = desk.journal.raised_versions(&desk.channel.name, EventType::AccountChanged, &entities).await?;
        let all = page.accounts.into_iter().zip(known);
        let missed = all.filter(|(account, known)| known.is_none_or(|known| known < account.version));
        let (ids, news): (Vec<_>, Vec<_>) = missed.map(|(account, _)| (account.account, account.news)).unzip();
        after = page.next;
        if window.dry_run {
            found.missed.extend(ids);
        } else {
            // How far was asked is known only at the end; what was found until then is kept all the same.
            let page = if after.is_none() { since.all(news) } else { since.part(news) };
            since.stand_at(&page);
            found.missed.extend(new(&append(desk, page).await?.unwrap_or_default(), ids));
        }
        if after.is_none() {
            break;
        }
    }
    metrics::counter!("tillbridge_accounts_missed_total", "storefront" => desk.channel.storefront.to_string())
        .increment(if window.dry_run { 0 } else { found.missed.len() as u64 });
    Ok(found)
}

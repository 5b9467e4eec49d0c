//! Orders that changed and whose change the journal does not know.

use crate::domain::EventType;
use crate::handlers::Desk;
use crate::handlers::stock::Unread;
use crate::journal::{Appended, JournalError};
use crate::storefront::{ListedOrder, WholeOrders};

use super::{FIRST, Found, Since, Window, append, new};

/// What the place is called up to which orders were asked for.
pub(super) const KIND: &str = "orders";

/// What came of asking.
#[derive(Default)]
pub(super) struct Asked {
    pub found: Found,
    pub appended: Vec<Appended>,
    /// Whether somebody else asked about the same window meanwhile: what they found is not among the appended.
    pub overtaken: bool,
}

/// Asks for orders and journals those that were missed.
pub(super) async fn ask(desk: &Desk<'_>, shop: &dyn WholeOrders, window: Window) -> Result<Asked, Unread> {
    let since = Since::read(desk, KIND, window, FIRST).await?;
    let (mut asked, mut after) = (Asked::default(), None);
    let (mut deliveries, mut ids) = (Vec::new(), Vec::new());
    loop {
        let page = shop.orders_since(since.moment, after.as_deref()).await.map_err(Unread::Call)?;
        asked.found.orders += page.orders.len();
        for order in missed(desk, page.orders).await? {
            deliveries.push(shop.missed_order(&order).await.map_err(Unread::Call)?);
            ids.push(order.order);
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if window.dry_run {
        asked.found.missed = ids;
        return Ok(asked);
    }
    match append(desk, since.all(deliveries)).await? {
        Some(appended) => asked.appended = appended,
        None => asked.overtaken = true,
    }
    asked.found.missed = new(&asked.appended, ids);
    metrics::counter!("tillbridge_orders_missed_total", "storefront" => desk.channel.storefront.to_string())
        .increment(asked.found.missed.len() as u64);
    Ok(asked)
}

/// The orders whose change the journal does not know.
async fn missed(desk: &Desk<'_>, orders: Vec<ListedOrder>) -> Result<Vec<ListedOrder>, JournalError> {
    let channel = &desk.channel.name;
    let entities: Vec<String> = orders.iter().map(|order| order.sale.to_string()).collect();
    let known = desk.journal.web_orders(channel, &entities).await?;
    let sold = desk.journal.raised(channel, EventType::SaleInvoiced, &entities).await?;
    let mut missed = Vec::new();
    for ((order, known), sold) in orders.into_iter().zip(known).zip(sold) {
        let credited = desk.journal.raised(channel, EventType::SaleCredited, &order.refunds).await?;
        let told = known.is_some_and(|known| known >= order.version) && (sold || !order.fulfilled);
        if !(told && credited.iter().all(|credited| *credited)) {
            missed.push(order);
        }
    }
    Ok(missed)
}

//! Stock of variants that got new ids at the storefront: it begins there with nothing.

use std::collections::HashMap;

use uuid::Uuid;

use crate::domain::CallError;
use crate::handlers::Desk;
use crate::handlers::stock::believed;
use crate::journal::{Claim, JournalError};
use crate::storefront::{ProductLink, StockOutcome, StockRow};

/// Why figures could not be put back.
pub enum Unstocked {
    Call(CallError),
    Journal(JournalError),
}

/// The part of a product whose variants had other ids before: somebody has deleted them and they were made again. Those that had
/// none wait for their stock's own events.
pub fn replaced(before: &ProductLink, now: &ProductLink) -> ProductLink {
    let items: HashMap<_, _> = before.variants.iter().map(|one| (&one.sku, &one.stock_item)).collect();
    let is_other = |sku, item| items.get(sku).is_some_and(|known| *known != item);
    let variants = now.variants.iter().filter(|one| is_other(&one.sku, &one.stock_item));
    ProductLink { product: now.product.clone(), variants: variants.cloned().collect() }
}

/// Puts the figures last written back onto variants that were created again: they are no news for the office, so nothing
/// else would. Newer figures go to the new ids only once these are settled, and so come after. Sets absolute values, so
/// repeating it is safe.
pub async fn restock(desk: &Desk<'_>, claim: &Claim, link: &ProductLink) -> Result<(), Unstocked> {
    let (mut shown, mut places) = (Vec::new(), Vec::new());
    for variant in &link.variants {
        for (branch, location) in &desk.channel.stock.locations {
            shown.push((variant.sku.clone(), branch.clone()));
            places.push((variant.stock_item.clone(), location.clone()));
        }
    }
    let believed = believed(desk, &shown).await.map_err(Unstocked::Journal)?;
    let rows = places.into_iter().zip(believed).filter_map(|((stock_item, location), quantity)| {
        Some(StockRow { stock_item, location, quantity: quantity?, expected: None })
    });
    let rows: Vec<StockRow> = rows.collect();
    for rows in rows.chunks(desk.storefront.stock_batch().max(1)) {
        // The new product's ids are part of the key: each product that is created again is a decision of its own.
        let about: Vec<String> =
            rows.iter().map(|row| format!("{}@{}={}", row.stock_item, row.location, row.quantity)).collect();
        let key = Uuid::new_v5(&claim.event.id.0, about.join(";").as_bytes());
        for outcome in desk.storefront.set_stock(key, desk.channel.stock.figure, rows).await.map_err(Unstocked::Call)? {
            if let StockOutcome::Failed(error) = outcome {
                return Err(Unstocked::Call(error));
            }
        }
    }
    Ok(())
}

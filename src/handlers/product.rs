//! `product.changed`, `product.archived` → the product at the storefront: created on first sight, then kept up to date
//! without touching the shop's texts and pictures (F-326, F-342, F-355, F-356).

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::{CallError, EventType, Fact, Product, Version};
use crate::journal::{Claim, Effect, JournalError, Link, LinkKind, Outcome, Settlement, Written};
use crate::storefront::{ProductLink, StockOutcome, StockRow, VariantLink};

use super::outcome::{after_failure, journal_failed};
use super::state::{newest, wrote};
use super::{Desk, Handler, Policy};

const POLICY: Policy = Policy {
    name: "product",
    consumes: &[EventType::ProductChanged, EventType::ProductArchived],
    batch: 16,
    linger: Duration::ZERO,
    workers: 2,
};
/// What is kept as written for a product that was taken off the web.
const ARCHIVED: &str = "archived";

/// Writes products.
pub(super) struct WriteProduct;

#[async_trait]
impl Handler for WriteProduct {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn handle(&self, desk: &Desk<'_>, batch: &[Claim]) -> Vec<Settlement> {
        let fresh = match newest(desk, batch).await {
            Ok(fresh) => fresh,
            Err(error) => return journal_failed(batch, &error),
        };
        let mut settled = fresh.settled;
        for (claim, last) in fresh.claims {
            settled.push(match write(desk, claim, last.as_ref()).await {
                Ok(settlement) => settlement,
                Err(Failure::Call(error)) => Settlement::of(claim, after_failure(desk, claim, &error).await),
                Err(Failure::Journal(error)) => {
                    settled.extend(journal_failed(std::slice::from_ref(claim), &error));
                    continue;
                }
            });
        }
        settled
    }
}

enum Failure {
    Call(CallError),
    Journal(JournalError),
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

async fn write(desk: &Desk<'_>, claim: &Claim, last: Option<&Written>) -> Result<Settlement, Failure> {
    match &claim.event.draft.fact {
        Fact::ProductChanged(product) => show(desk, claim, product, last).await,
        Fact::ProductArchived(archived) => {
            let known =
                desk.journal.links(&desk.channel.name, LinkKind::Product, &[archived.style.to_string()]).await?;
            let Some(id) = known.into_iter().flatten().next() else {
                return Ok(Settlement::of(claim, Outcome::Ignored("it was never on the web".into())));
            };
            if last.is_some_and(|last| last.value == ARCHIVED) {
                return Ok(wrote(claim, Outcome::Ignored("it is off the web already".into()), ARCHIVED.into()));
            }
            desk.storefront.archive_product(&id).await?;
            let mut settlement = wrote(claim, Outcome::Done("taken off the web".into()), ARCHIVED.into());
            settlement.effects.push(effect(claim, "storefront product", &id));
            Ok(settlement)
        }
        _ => Ok(Settlement::of(claim, Outcome::Ignored("not a product".into()))),
    }
}

async fn show(
    desk: &Desk<'_>,
    claim: &Claim,
    product: &Product,
    last: Option<&Written>,
) -> Result<Settlement, Failure> {
    let value = fingerprint(product);
    if last.is_some_and(|last| last.value == value) {
        return Ok(wrote(claim, Outcome::Ignored("the storefront has it so already".into()), value));
    }
    let now = Timestamp::now();
    let (link, note) = match known(desk, product).await? {
        Some(link) => match desk.storefront.update_product(&link, product, now).await {
            // Somebody deleted it at the storefront: the office still wants it there.
            Err(CallError::Unmapped { .. }) => {
                let link = desk.storefront.create_product(product, now).await?;
                restock(desk, claim, &link).await?;
                (link, "created again")
            }
            updated => (updated?, "brought up to date"),
        },
        None => (desk.storefront.create_product(product, now).await?, "created"),
    };
    let mut settlement = wrote(claim, Outcome::Done(note.into()), value);
    settlement.effects.push(effect(claim, "storefront product", &link.product));
    settlement.links.push(Link { kind: LinkKind::Product, key: product.style.to_string(), other: link.product });
    for variant in link.variants {
        let key = variant.sku.to_string();
        settlement.links.push(Link { kind: LinkKind::Variant, key: key.clone(), other: variant.variant });
        settlement.links.push(Link { kind: LinkKind::StockItem, key, other: variant.stock_item });
    }
    Ok(settlement)
}

/// Puts the figures last written back onto a product that was created again: they are no news for the office, so nothing
/// else would. Newer figures go to the new ids only once these are settled, and so come after. Sets absolute values, so
/// repeating it is safe.
async fn restock(desk: &Desk<'_>, claim: &Claim, link: &ProductLink) -> Result<(), Failure> {
    let (mut shown, mut places) = (Vec::new(), Vec::new());
    for variant in &link.variants {
        for (branch, location) in &desk.channel.stock.locations {
            shown.push((variant.sku.clone(), branch.clone()));
            places.push((variant.stock_item.clone(), location.clone()));
        }
    }
    let believed = super::stock::believed(desk, &shown).await?;
    let rows = places.into_iter().zip(believed).filter_map(|((stock_item, location), quantity)| {
        Some(StockRow { stock_item, location, quantity: quantity?, expected: None })
    });
    let rows: Vec<StockRow> = rows.collect();
    for rows in rows.chunks(desk.storefront.stock_batch().max(1)) {
        // The new product's ids are part of the key: each product that is created again is a decision of its own.
        let about: Vec<String> =
            rows.iter().map(|row| format!("{}@{}={}", row.stock_item, row.location, row.quantity)).collect();
        let key = Uuid::new_v5(&claim.event.id.0, about.join(";").as_bytes());
        for outcome in desk.storefront.set_stock(key, desk.channel.stock.figure, rows).await? {
            if let StockOutcome::Failed(error) = outcome {
                return Err(error.into());
            }
        }
    }
    Ok(())
}

/// The ids kept for a product and those of its variants that are known.
async fn known(desk: &Desk<'_>, product: &Product) -> Result<Option<ProductLink>, JournalError> {
    let channel = &desk.channel.name;
    let id = desk.journal.links(channel, LinkKind::Product, &[product.style.to_string()]).await?;
    let Some(id) = id.into_iter().flatten().next() else { return Ok(None) };
    let skus: Vec<String> = product.variants.iter().map(|variant| variant.sku.to_string()).collect();
    let variants = desk.journal.links(channel, LinkKind::Variant, &skus).await?;
    let items = desk.journal.links(channel, LinkKind::StockItem, &skus).await?;
    let linked = product.variants.iter().zip(variants).zip(items).filter_map(|((variant, id), item)| {
        Some(VariantLink { sku: variant.sku.clone(), variant: id?, stock_item: item? })
    });
    Ok(Some(ProductLink { product: id, variants: linked.collect() }))
}

/// What of a product the storefront shows, as one short text: two equal ones need no write. Prices are left out: they have
/// events of their own, and a product's event must not bring back an older price (P3).
fn fingerprint(product: &Product) -> String {
    let mut shown = product.clone();
    for variant in &mut shown.variants {
        let nothing = crate::domain::Money::zero(variant.price.retail.currency());
        variant.price.retail = nothing;
        variant.price.sale = None;
        variant.price.sale_from = None;
        variant.price.sale_until = None;
    }
    let json = serde_json::to_vec(&shown).unwrap_or_default();
    uuid::Builder::from_slice(&Sha256::digest(&json)[..16])
        .map(|digest| digest.into_uuid().simple().to_string())
        .unwrap_or_default()
}

fn effect(claim: &Claim, kind: &'static str, id: &str) -> Effect {
    let Version(version) = claim.event.draft.version;
    Effect { key: format!("{kind} {}#{version}", claim.event.draft.entity), kind, result: id.to_owned() }
}

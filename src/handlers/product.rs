//! `product.changed`, `product.archived` → the product at the storefront: created on first sight, then kept up to date
//! without touching the shop's texts and pictures (F-326, F-342, F-348 to F-356).
//!
//! A product too large to wait for is written in the background: its operation's number is kept in the journal, and whoever
//! takes the handling next asks how it stands. So are a product's pictures and its collection kept, to tell what is new.

pub mod drift;

mod bulk;
mod ids;
mod kept;
mod pictures;
mod restock;
mod shelf;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::domain::{CallError, EventType, Fact, Money, Price, Product, ProductArchived, Side, Version};
use crate::journal::{Claim, Effect, JournalError, LinkKind, Outcome, Settlement, Written};
use crate::storefront::{CatalogueRules, ProductLink, ProductStep, ProductWish};

use super::outcome::{after_failure, journal_failed};
use super::state::{Fresh, WriteState, wrote};
use super::{Desk, Policy, price};
use kept::{Doing, Kept};
use pictures::Pictures;
use restock::{Unstocked, replaced, restock};
use shelf::Shelf;

const POLICY: Policy = Policy {
    name: "product",
    consumes: &[EventType::ProductChanged, EventType::ProductArchived, EventType::ProductSeen],
    batch: 250,
    // A moment, so that a first load comes in as many at a time as a bulk operation is worth.
    linger: Duration::from_millis(100),
    workers: 2,
    needs: &[Side::Storefront],
};
/// Products are written one by one for so long; what is left of a batch then comes again. A batch must end before its lease.
const ONE_BY_ONE: Duration = Duration::from_secs(20);
/// What is kept as written for a product that was taken off the web, and for one that was deleted in the office.
const ARCHIVED: &str = "archived";
const DELETED: &str = "deleted";
/// How often a large product's operation is asked for.
const LOOK_AT_OPERATION: Duration = Duration::from_secs(1);

/// Writes products.
pub(super) struct WriteProduct;

#[async_trait]
impl WriteState for WriteProduct {
    fn policy(&self) -> &'static Policy {
        &POLICY
    }

    async fn write(&self, desk: &Desk<'_>, fresh: Fresh<'_>) -> Result<Vec<Settlement>, JournalError> {
        let Fresh { claims, mut settled } = fresh;
        let rest = bulk::advance(desk, claims, &mut settled).await?;
        let begun = tokio::time::Instant::now();
        for (claim, last) in rest {
            if begun.elapsed() > ONE_BY_ONE {
                let reason = "its batch was long enough without it".to_owned();
                let outcome = Outcome::Retry { after: Duration::ZERO, reason, counts: false };
                settled.push(Settlement::of(claim, outcome));
                continue;
            }
            settled.push(match write(desk, claim, last.as_ref()).await {
                Ok(settlement) => settlement,
                Err(Failure::Call(error)) => Settlement::of(claim, after_failure(desk, claim, &error).await),
                Err(Failure::Journal(error)) => {
                    settled.extend(journal_failed(std::slice::from_ref(claim), &error));
                    continue;
                }
            });
        }
        Ok(settled)
    }
}

enum Failure {
    Call(CallError),
    Journal(JournalError),
}

impl From<Unstocked> for Failure {
    fn from(why: Unstocked) -> Self {
        match why {
            Unstocked::Call(error) => Self::Call(error),
            Unstocked::Journal(error) => Self::Journal(error),
        }
    }
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
        Fact::ProductArchived(archived) => take_off(desk, claim, archived, None, last).await,
        // What was written last is not what was seen.
        Fact::ProductSeen(seen) => match &seen.product {
            Some(product) => show(desk, claim, product, None).await,
            None => {
                let archived = ProductArchived { style: seen.style.clone(), deleted: seen.deleted };
                take_off(desk, claim, &archived, seen.at.as_ref(), None).await
            }
        },
        _ => Ok(Settlement::of(claim, Outcome::Ignored("not a product".into()))),
    }
}

async fn take_off(
    desk: &Desk<'_>,
    claim: &Claim,
    archived: &ProductArchived,
    seen_at: Option<&String>,
    last: Option<&Written>,
) -> Result<Settlement, Failure> {
    let known = desk.journal.links(&desk.channel.name, LinkKind::Product, &[archived.style.to_string()]).await?;
    let Some(id) = seen_at.cloned().or_else(|| known.into_iter().flatten().next()) else {
        return Ok(Settlement::of(claim, Outcome::Ignored("it was never on the web".into())));
    };
    let value = if archived.deleted { DELETED } else { ARCHIVED };
    if last.is_some_and(|last| last.value == value) {
        return Ok(wrote(claim, Outcome::Ignored("it is off the web already".into()), value.into()));
    }
    desk.storefront.archive_product(&id, archived.deleted).await?;
    let mut settlement = wrote(claim, Outcome::Done("taken off the web".into()), value.into());
    settlement.effects.push(effect(claim, "storefront product", &id));
    Ok(settlement)
}

async fn show(
    desk: &Desk<'_>,
    claim: &Claim,
    product: &Product,
    last: Option<&Written>,
) -> Result<Settlement, Failure> {
    let rules = &desk.channel.catalogue;
    let value = fingerprint(product, rules);
    if last.is_some_and(|last| last.value == value) {
        return Ok(wrote(claim, Outcome::Ignored("the storefront has it so already".into()), value));
    }
    let kept = Kept::read(desk, &product.style).await?;
    if let Some(unfinished) = ask_operation(desk, claim, &kept).await {
        return Ok(unfinished);
    }
    let mut pictures = Pictures::of(desk, product, &kept.pictures).await?;
    let shelf = Shelf::of(desk, claim, product).await?;
    let wish = ProductWish {
        product,
        rules,
        collection: shelf.id(),
        former_collection: kept.collection.as_deref(),
        files: &[],
        now: desk.journal.now(),
    };
    let known = ids::known(desk, product).await?;
    let mut begins_anew = false;
    let (step, note) = match &known {
        Some(link) => match desk.storefront.update_product(link, &wish).await {
            // Somebody deleted it at the storefront: the office still wants it there.
            Err(CallError::Unmapped { .. }) => {
                pictures.forget_attached();
                begins_anew = true;
                (create(desk, &wish, &mut pictures).await?, "created again")
            }
            updated => (updated?, "brought up to date"),
        },
        None => (create(desk, &wish, &mut pictures).await?, "created"),
    };
    let (link, fresh) = match step {
        ProductStep::UnderWay(operation) => {
            let mut settlement = Settlement::of(claim, under_way());
            settlement.written.push(kept::operation(claim, &product.style, Doing::Large, &operation, wish.now));
            settlement.written.extend(shelf.kept());
            settlement.links = pictures.take_links();
            return Ok(settlement);
        }
        ProductStep::Done { link, fresh } => (link, fresh),
    };
    match &known {
        // Where ids follow from codes, as they do at a Magento, the same id may be another thing.
        Some(_) if begins_anew => restock(desk, claim, &link).await?,
        Some(before) => restock(desk, claim, &replaced(before, &link)).await?,
        None => {}
    }
    let attached =
        if fresh && Pictures::come_first(desk) { None } else { pictures.attach(desk, &link.product).await? };
    let outcome = match attached {
        Some(waits) => super::outcome::try_again(claim.failures, waits),
        None => Outcome::Done(pictures.annotate(note)),
    };
    let retired = ids::retired(desk, &link).await?;
    let mut settlement = keep(desk, claim, &wish, Finished { value, outcome, link, fresh }, &kept, pictures);
    settlement.links.splice(0..0, retired);
    settlement.written.extend(shelf.kept());
    Ok(settlement)
}

struct Finished {
    value: String,
    outcome: Outcome,
    link: ProductLink,
    fresh: bool,
}

/// Everything to be kept of a product that was written. While its pictures are still being fetched, only the ids are.
fn keep(
    desk: &Desk<'_>,
    claim: &Claim,
    wish: &ProductWish<'_>,
    finished: Finished,
    kept: &Kept,
    mut pictures: Pictures,
) -> Settlement {
    let Finished { value, outcome, link, fresh } = finished;
    let style = &wish.product.style;
    let done = matches!(outcome, Outcome::Done(_));
    let mut settlement = if done { wrote(claim, outcome, value) } else { Settlement::of(claim, outcome) };
    if kept.operation.is_some() {
        settlement.written.push(kept::no_operation(claim, style));
    }
    settlement.written.extend(kept::collection(claim, style, wish.collection, kept));
    if done {
        settlement.written.push(kept::pictures(claim, style, &pictures.identities()));
        settlement.effects.push(effect(claim, "storefront product", &link.product));
    }
    if fresh {
        settlement.written.extend(prices_given(desk, wish.product, wish.now));
    }
    settlement.links = pictures.take_links();
    settlement.links.extend(ids::links(&wish.product.style, link));
    settlement
}

/// The prices a new product was given: any version of a price is newer than these. A price that may have changed by itself
/// since is left out, and so are all where price lists are to show them too.
fn prices_given(desk: &Desk<'_>, product: &Product, at: Timestamp) -> Vec<Written> {
    let steady = |price: &Price| price.sale_from.is_none() && price.sale_until.is_none();
    let variants = product.variants.iter().filter(|variant| steady(&variant.price));
    let given = variants.map(|variant| Written {
        entity: Price::entity(&variant.sku),
        version: Version(0),
        value: price::value(&variant.price, at),
    });
    if desk.channel.prices.lists.is_empty() { given.collect() } else { Vec::new() }
}

/// A product that is not at the storefront yet begins with its pictures.
async fn create(desk: &Desk<'_>, wish: &ProductWish<'_>, pictures: &mut Pictures) -> Result<ProductStep, CallError> {
    let files = pictures.upload(desk).await?;
    desk.storefront.create_product(&ProductWish { files: &files, former_collection: None, ..wish.clone() }).await
}

/// The settlement of a product whose background operation has not come to a good end; `None` when there is none any more.
async fn ask_operation(desk: &Desk<'_>, claim: &Claim, kept: &Kept) -> Option<Settlement> {
    let operation = kept.operation.as_ref().filter(|operation| operation.doing == Doing::Large)?;
    let style = &kept.style;
    let answer = desk.storefront.abilities().operations?.product_operation(&operation.id).await;
    let too_long = operation.is_too_old(desk.journal.now());
    let (outcome, ended) = match answer {
        Ok(true) => return None,
        Ok(false) if too_long => {
            let outcome = Outcome::Dead {
                reason: format!("the storefront has not finished writing it ({})", operation.id),
                action: "see whether the product is there and whole, then `tillbridge dead retry`".into(),
                lacks: None,
            };
            (outcome, true)
        }
        Ok(false) => (under_way(), false),
        Err(error) => {
            let may_pass = matches!(
                error,
                CallError::Transient(_)
                    | CallError::Throttled { .. }
                    | CallError::InDoubt(_)
                    | CallError::Unauthorised(_)
            );
            (after_failure(desk, claim, &error).await, !may_pass)
        }
    };
    let mut settlement = Settlement::of(claim, outcome);
    if ended {
        settlement.written.push(kept::no_operation(claim, style));
    }
    Some(settlement)
}

fn under_way() -> Outcome {
    let reason = "the storefront is writing a large product".to_owned();
    Outcome::Retry { after: LOOK_AT_OPERATION, reason, counts: false }
}

/// What of a product the storefront shows, as one short text: two equal ones need no write. Prices are left out: they have
/// events of their own, and a product's event must not bring back an older price (P3). So are fields that are not mapped.
pub(super) fn fingerprint(product: &Product, rules: &CatalogueRules) -> String {
    let mut shown = product.clone();
    shown.fields.retain(|field, _| rules.metafields.iter().any(|rule| rule.field == *field));
    for variant in &mut shown.variants {
        variant.price.retail = Money::zero(variant.price.retail.currency());
        variant.price.sale = None;
        variant.price.sale_from = None;
        variant.price.sale_until = None;
        variant.price.levels.clear();
    }
    let json = serde_json::to_vec(&shown).unwrap_or_default();
    uuid::Builder::from_slice(&Sha256::digest(&json)[..16])
        .map(|digest| digest.into_uuid().simple().to_string())
        .unwrap_or_default()
}

fn effect(claim: &Claim, kind: &'static str, id: &str) -> Effect {
    Effect { key: format!("{kind} {}", claim.event.draft.source_document), kind, result: id.to_owned() }
}

//! A first load: many products the storefront does not have yet are handed over together and written outside its rate limit.
//!
//! What comes in: the claims of a batch. What goes out: settlements of those that are under way in bulk, and the claims that are
//! to be written one by one. It begins by itself when enough new products come together, so nobody has to know when a load is a
//! first load; and each product keeps its own turn, version and outcome. How far it is stands in the journal with every product:
//! handed over (its operation's number), written (its ids; stock and prices can follow), shown. Whoever takes the handling next
//! asks the storefront how the operation stands, so a process that dies leaves nothing behind.
//! What a bulk operation could not write is written one by one, which says why.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::domain::{CallError, Fact, Product, StyleCode};
use crate::handlers::Desk;
use crate::handlers::outcome::{after_failure, journal_failed, try_again};
use crate::handlers::state::wrote;
use crate::journal::{Claim, JournalError, Link, LinkKind, Outcome, Settlement, Written};
use crate::storefront::{BulkProducts, BulkState, ProductLink, ProductWish};

use super::ids::links;
use super::kept::{self, Doing, Kept, Operation};
use super::shelf::{Shelf, Unshelved};
use super::{effect, fingerprint, prices_given};

/// From so many new products in one batch on, they are handed over together: one by one they would cost some fifty points each.
const FROM: usize = 25;
/// How often an operation is asked for.
const LOOK: Duration = Duration::from_secs(2);

type Claimed<'a> = (&'a Claim, Option<Written>);

/// A product that is under way in bulk, or about to be.
struct Item<'a> {
    claim: &'a Claim,
    last: Option<Written>,
    product: &'a Product,
    kept: Kept,
}

/// Moves what is under way in bulk one step on and begins what is worth it; answers the claims to be written one by one.
pub async fn advance<'a>(
    desk: &Desk<'_>,
    claims: Vec<Claimed<'a>>,
    settled: &mut Vec<Settlement>,
) -> Result<Vec<Claimed<'a>>, JournalError> {
    // A storefront that takes nothing in bulk is written to one by one.
    let Some(bulk) = desk.storefront.abilities().bulk else { return Ok(claims) };
    let mut rest = Vec::new();
    let (mut items, mut styles) = (Vec::new(), Vec::new());
    for (claim, last) in claims {
        match &claim.event.draft.fact {
            Fact::ProductChanged(product) => {
                styles.push(product.style.clone());
                items.push((claim, last, product));
            }
            _ => rest.push((claim, last)),
        }
    }
    let keys: Vec<String> = styles.iter().map(ToString::to_string).collect();
    let known = desk.journal.links(&desk.channel.name, LinkKind::Product, &keys).await?;
    let kept = Kept::read_all(desk, &styles).await?;
    let mut under_way: BTreeMap<String, Vec<Item<'_>>> = BTreeMap::new();
    let mut new = Vec::new();
    for (((claim, last, product), kept), known) in items.into_iter().zip(kept).zip(known) {
        let operation = kept.operation.clone();
        let item = Item { claim, last, product, kept };
        match operation {
            Some(operation) if operation.doing != Doing::Large => {
                under_way.entry(operation.id).or_default().push(item);
            }
            None if known.is_none() && may_go(bulk, product) => new.push(item),
            _ => rest.push((item.claim, item.last)),
        }
    }
    for (id, items) in under_way {
        rest.extend(ask(desk, bulk, &id, items, settled).await?);
    }
    if new.len() >= FROM {
        begin(desk, bulk, new, settled).await;
    } else {
        rest.extend(new.into_iter().map(|item| (item.claim, item.last)));
    }
    Ok(rest)
}

fn may_go(bulk: &dyn BulkProducts, product: &Product) -> bool {
    (1..=bulk.bulk_variants()).contains(&product.variants.len())
}

/// Hands new products over.
async fn begin(desk: &Desk<'_>, bulk: &dyn BulkProducts, items: Vec<Item<'_>>, settled: &mut Vec<Settlement>) {
    let now = desk.journal.now();
    let begun = async {
        let mut shelves = Vec::with_capacity(items.len());
        for item in &items {
            shelves.push(Shelf::of(desk, item.claim, item.product).await?);
        }
        let wish = |(item, collection)| wish(desk, item, collection, now);
        let wishes: Vec<ProductWish<'_>> = items.iter().zip(shelves.iter().map(Shelf::id)).map(wish).collect();
        let id = bulk.bulk_create(&wishes).await.map_err(Unshelved::Call)?;
        Ok::<_, Unshelved>((id, shelves))
    };
    match begun.await {
        Ok((id, shelves)) => {
            tracing::info!(channel = %desk.channel.name, products = items.len(), operation = %id, "new products handed over in bulk");
            for (item, shelf) in items.iter().zip(shelves) {
                let mut settlement = Settlement::of(item.claim, under_way(0));
                let style = &item.product.style;
                settlement.written.push(kept::operation(item.claim, style, Doing::BulkProducts, &id, now));
                settlement.written.extend(kept::collection(item.claim, style, shelf.id(), &item.kept));
                settlement.written.extend(shelf.kept());
                settled.push(settlement);
            }
        }
        Err(Unshelved::Call(error)) => fail(desk, items, &error, settled).await,
        Err(Unshelved::Journal(error)) => {
            for item in items {
                settled.extend(journal_failed(std::slice::from_ref(item.claim), &error));
            }
        }
    }
}

fn wish<'a>(desk: &Desk<'a>, item: &'a Item<'_>, collection: Option<&'a str>, now: jiff::Timestamp) -> ProductWish<'a> {
    ProductWish {
        product: item.product,
        rules: &desk.channel.catalogue,
        collection,
        former_collection: None,
        files: &[],
        now,
    }
}

fn under_way(written: u64) -> Outcome {
    let reason = format!("the storefront is writing products in bulk, {written} so far");
    Outcome::Retry { after: LOOK, reason, counts: false }
}

/// Asks how an operation stands and takes its products one step on. Answers those to be written one by one.
async fn ask<'a>(
    desk: &Desk<'_>,
    bulk: &dyn BulkProducts,
    id: &str,
    items: Vec<Item<'a>>,
    settled: &mut Vec<Settlement>,
) -> Result<Vec<Claimed<'a>>, JournalError> {
    let state = match bulk.bulk_state(id).await {
        Ok(BulkState::Running { written }) => {
            settled.extend(items.iter().map(|item| Settlement::of(item.claim, under_way(written))));
            return Ok(Vec::new());
        }
        Ok(BulkState::Ended { address, failure }) => {
            if let Some(failure) = failure {
                tracing::warn!(channel = %desk.channel.name, operation = %id, failure, "a bulk operation did not end well");
            }
            address
        }
        Err(error) => {
            fail(desk, items, &error, settled).await;
            return Ok(Vec::new());
        }
    };
    let (written, shown): (Vec<_>, Vec<_>) = items
        .into_iter()
        .partition(|item| item.kept.operation.as_ref().is_some_and(|operation| operation.doing == Doing::BulkProducts));
    let mut rest = Vec::new();
    if !written.is_empty() {
        rest.extend(take_products(desk, bulk, state.as_deref(), written, settled).await);
    }
    if !shown.is_empty() {
        finish(desk, bulk, state.as_deref(), shown, settled).await?;
    }
    Ok(rest)
}

async fn fail(desk: &Desk<'_>, items: Vec<Item<'_>>, error: &CallError, settled: &mut Vec<Settlement>) {
    for item in items {
        settled.push(Settlement::of(item.claim, after_failure(desk, item.claim, error).await));
    }
}

/// Keeps the ids of what was written and hands it over to be shown.
async fn take_products<'a>(
    desk: &Desk<'_>,
    bulk: &dyn BulkProducts,
    address: Option<&str>,
    items: Vec<Item<'a>>,
    settled: &mut Vec<Settlement>,
) -> Vec<Claimed<'a>> {
    let products = match address {
        Some(address) => bulk.bulk_products(address).await,
        None => Ok(Vec::new()),
    };
    let products = match products {
        Ok(products) => products,
        Err(error) => {
            fail(desk, items, &error, settled).await;
            return Vec::new();
        }
    };
    let mut by_style: HashMap<StyleCode, ProductLink> =
        products.into_iter().map(|product| (product.style, product.link)).collect();
    let (mut whole, mut rest) = (Vec::new(), Vec::new());
    for item in items {
        match by_style.remove(&item.product.style).filter(|link| has_all(link, item.product)) {
            Some(link) => whole.push((item, link)),
            None => rest.push((item.claim, item.last)),
        }
    }
    if whole.is_empty() {
        return rest;
    }
    let now = desk.journal.now();
    let ids: Vec<String> = whole.iter().map(|(_, link)| link.product.clone()).collect();
    let publishing = bulk.bulk_publish(&ids).await;
    for (item, link) in whole {
        let style = &item.product.style;
        // Without an operation the products are found again by the one that wrote them.
        let mut settlement = match &publishing {
            Ok(id) => {
                let mut settlement = Settlement::of(item.claim, under_way(0));
                settlement.written.push(kept::operation(item.claim, style, Doing::BulkPublish, id, now));
                settlement
            }
            Err(error) => Settlement::of(item.claim, after_failure(desk, item.claim, error).await),
        };
        let begun = item.kept.operation.as_ref().map_or(now, |operation: &Operation| operation.begun);
        settlement.written.extend(prices_given(desk, item.product, begun));
        settlement.links = links(style, link);
        settled.push(settlement);
    }
    rest
}

/// Whether every SKU of a product has its ids.
fn has_all(link: &ProductLink, product: &Product) -> bool {
    product.variants.iter().all(|variant| link.variants.iter().any(|one| one.sku == variant.sku))
}

/// Ends what is shown; what is not is handed over once more.
async fn finish(
    desk: &Desk<'_>,
    bulk: &dyn BulkProducts,
    address: Option<&str>,
    items: Vec<Item<'_>>,
    settled: &mut Vec<Settlement>,
) -> Result<(), JournalError> {
    let media = match address {
        Some(address) => bulk.bulk_media(address).await,
        None => Ok(HashMap::new()),
    };
    let mut media = match media {
        Ok(media) => media,
        Err(error) => {
            fail(desk, items, &error, settled).await;
            return Ok(());
        }
    };
    let keys: Vec<String> = items.iter().map(|item| item.product.style.to_string()).collect();
    let ids = desk.journal.links(&desk.channel.name, LinkKind::Product, &keys).await?;
    for (item, id) in items.into_iter().zip(ids) {
        let shown = id.and_then(|id| media.remove(&id).map(|files| (id, files)));
        settled.push(match shown {
            Some((id, files)) => done(desk, &item, &id, files),
            None => {
                let reason = "the storefront did not show it with the others".to_owned();
                let mut settlement = Settlement::of(item.claim, try_again(item.claim.failures, reason));
                // One by one it is found by the office's key and shown.
                settlement.written.push(kept::no_operation(item.claim, &item.product.style));
                settlement
            }
        });
    }
    Ok(())
}

fn done(desk: &Desk<'_>, item: &Item<'_>, id: &str, files: Vec<String>) -> Settlement {
    let (claim, product) = (item.claim, item.product);
    let value = fingerprint(product, &desk.channel.catalogue);
    let mut settlement = wrote(claim, Outcome::Done("created in bulk".into()), value);
    let mut identities: Vec<String> = Vec::new();
    for image in &product.images {
        if !identities.iter().any(|known| known == image.identity()) {
            identities.push(image.identity().to_owned());
        }
    }
    if identities.len() == files.len() {
        let pairs = identities.iter().cloned().zip(files);
        settlement.links.extend(pairs.map(|(key, other)| Link { kind: LinkKind::Picture, key, other }));
    }
    settlement.written.push(kept::pictures(claim, &product.style, &identities));
    settlement.written.push(kept::no_operation(claim, &product.style));
    settlement.effects.push(effect(claim, "storefront product", id));
    settlement
}

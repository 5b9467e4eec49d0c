//! What the storefront has of the office's products against what it is to have.
//!
//! What comes in: a listing of the storefront's products and what the office says of its own. What goes out: those that are not as
//! they are to be. The listing only nominates: of a product that looks the same and has not changed lately nothing more is read; any
//! other is compared down to its last variant before it is called different. A product the bridge has not finished with is left
//! to whoever is at it, and fields of the shop's own are not looked at.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::{CallError, Draft, Fact, Price, Product, ProductSeen, Sku, StyleCode, Version};
use crate::handlers::Desk;
use crate::handlers::price;
use crate::handlers::stock::Unread;
use crate::journal::{JournalError, LinkKind, Written};
use crate::storefront::{CategoryAs, ListedProduct, Listings, NewProducts, ProductWish, Visibility};

use super::{ARCHIVED, DELETED, fingerprint, ids};

/// Products as a storefront lists them.
#[derive(Debug, Default)]
pub struct Listing {
    by_id: HashMap<String, ListedProduct>,
    by_style: HashMap<StyleCode, String>,
}

/// A product that is not as it is to be.
#[derive(Debug, Clone, Serialize)]
pub struct Drift {
    /// The office's key.
    pub style: StyleCode,
    /// The storefront's id of what was looked at, where there was anything.
    pub product: Option<String>,
    /// What differs, in words that name no value.
    pub found: Vec<String>,
    /// Variants whose price is not the one that was written last.
    pub prices: Vec<Sku>,
    /// What makes this state of it one that is handed over once.
    #[serde(skip)]
    pub state: String,
    /// What is to be decided anew.
    #[serde(skip)]
    pub drafts: Vec<Draft>,
}

/// How some products stand.
#[derive(Debug, Default)]
pub struct Look {
    /// How many were looked at.
    pub compared: usize,
    /// How many of them were read whole.
    pub read: usize,
    /// Those that differ.
    pub drifts: Vec<Drift>,
}

impl Listing {
    /// Adds a page. A product that comes twice has changed meanwhile: the later counts.
    pub fn add(&mut self, products: Vec<ListedProduct>) {
        for product in products {
            if let Some(style) = &product.style {
                self.by_style.insert(style.clone(), product.product.clone());
            }
            self.by_id.insert(product.product.clone(), product);
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    fn of(&self, style: &StyleCode, link: Option<&String>) -> Option<&ListedProduct> {
        link.and_then(|id| self.by_id.get(id)).or_else(|| self.by_id.get(self.by_style.get(style)?))
    }
}

/// What is asked of a listing.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    /// Products that changed at or after this moment are read whole.
    pub changed_since: Timestamp,
    /// Whether the listing has every product of the storefront, so that one that is not in it is not there.
    pub whole: bool,
}

/// Compares what the office says of some products with a listing.
///
/// # Errors
/// [`Unread`] when the storefront or the journal does not answer.
pub async fn compare(
    desk: &Desk<'_>,
    listings: &dyn Listings,
    drafts: Vec<Draft>,
    listing: &Listing,
    question: Question,
) -> Result<Look, Unread> {
    let channel = &desk.channel.name;
    let entities: Vec<String> = drafts.iter().map(|draft| draft.entity.clone()).collect();
    let styles: Vec<String> =
        drafts.iter().map(|draft| style(draft).map(ToString::to_string).unwrap_or_default()).collect();
    let written = desk.journal.written(channel, &entities).await?;
    let links = desk.journal.links(channel, LinkKind::Product, &styles).await?;
    let mut look = Look::default();
    for ((draft, written), link) in drafts.into_iter().zip(written).zip(links) {
        let Some(style) = style(&draft).cloned() else { continue };
        // Whatever the bridge has not written in this version it is still at.
        let Some(written) = written.filter(|written| written.version == draft.version) else { continue };
        let listed = listing.of(&style, link.as_ref());
        if !question.whole && listed.is_none() {
            continue;
        }
        look.compared += 1;
        let one = One { desk, listings, question, style, link, listed, written };
        look.drifts.extend(one.compare(draft, &mut look.read).await?);
    }
    Ok(look)
}

fn style(draft: &Draft) -> Option<&StyleCode> {
    match &draft.fact {
        Fact::ProductChanged(product) => Some(&product.style),
        Fact::ProductArchived(archived) => Some(&archived.style),
        _ => None,
    }
}

/// One product of the office beside what is known of it.
struct One<'a> {
    desk: &'a Desk<'a>,
    listings: &'a dyn Listings,
    question: Question,
    style: StyleCode,
    link: Option<String>,
    listed: Option<&'a ListedProduct>,
    written: Written,
}

impl One<'_> {
    async fn compare(self, draft: Draft, read: &mut usize) -> Result<Option<Drift>, Unread> {
        let (found, prices, product, deleted) = match &draft.fact {
            Fact::ProductArchived(archived) => (self.of_archived(), Vec::new(), None, archived.deleted),
            Fact::ProductChanged(product) => {
                let (found, prices) = self.of_shown(product, read).await?;
                (found, prices, Some(product.clone()), false)
            }
            _ => return Ok(None),
        };
        if found.is_empty() && prices.is_empty() {
            return Ok(None);
        }
        let at = self.listed.map(|listed| listed.product.clone()).or_else(|| self.link.clone());
        let state = self.state();
        let mut drafts = Vec::new();
        if !found.is_empty() {
            let seen =
                ProductSeen { style: self.style.clone(), product, deleted, at: at.clone(), found: found.clone() };
            drafts.push(Draft {
                source_document: format!("{}~{state}", draft.entity),
                fact: Fact::ProductSeen(seen),
                ..draft.clone()
            });
        }
        let skus = prices.iter().map(|(_, price)| price.sku.clone()).collect();
        drafts.extend(prices.into_iter().map(|(version, price)| Draft {
            source_document: format!("{}~{state}", Price::entity(&price.sku)),
            entity: Price::entity(&price.sku),
            version,
            time: draft.time,
            fact: Fact::PriceSeen(price),
        }));
        Ok(Some(Drift { style: self.style, product: at, found, prices: skus, state, drafts }))
    }

    /// The same as long as neither the storefront's product nor what is to be shown of it changes.
    fn state(&self) -> String {
        let there = match (self.listed, &self.link) {
            (Some(listed), _) => format!("{}@{}", listed.product, listed.changed_at),
            (None, link) => format!("no {}", link.as_deref().unwrap_or("id")),
        };
        format!("{there}#{} {}", self.written.version.0, self.written.value)
    }

    fn of_archived(&self) -> Vec<String> {
        let is_off = |listed: &&ListedProduct| listed.visibility == Visibility::Hidden;
        if self.written.value != ARCHIVED && self.written.value != DELETED || self.listed.as_ref().is_none_or(is_off) {
            return Vec::new();
        }
        vec!["it is shown, and the office has taken it off the web".into()]
    }

    async fn of_shown(
        &self,
        product: &Product,
        read: &mut usize,
    ) -> Result<(Vec<String>, Vec<(Version, Price)>), Unread> {
        let found = |what: &str| Ok((vec![what.to_owned()], Vec::new()));
        if self.written.value != fingerprint(product, &self.desk.channel.catalogue) {
            return found("what is to be shown of it has changed without a word of the office");
        }
        let Some(link) = ids::known(self.desk, product).await? else {
            return found(match self.listed {
                Some(_) => "it is there, but the cross-reference to it is lost",
                None => "it is not there",
            });
        };
        if self.listed.is_some_and(|listed| self.looks_right(listed, product)) {
            return Ok((Vec::new(), Vec::new()));
        }
        *read += 1;
        let wish = wish(self.desk, product);
        match self.listings.compare_product(&link, &wish).await {
            Ok(drift) => Ok((drift.differs, self.settled_prices(product, drift.prices, wish.now).await?)),
            Err(CallError::Unmapped { .. }) if self.listed.is_some() => {
                found("the cross-reference leads to one that is gone, and another carries its key")
            }
            Err(CallError::Unmapped { .. }) => found("it is gone"),
            Err(error) => Err(Unread::Call(error)),
        }
    }

    /// Whether nothing of a listed product makes it worth reading.
    fn looks_right(&self, listed: &ListedProduct, product: &Product) -> bool {
        let rules = &self.desk.channel.catalogue;
        let same = |ours: &Option<String>, theirs: &String| ours.as_ref().is_none_or(|ours| ours == theirs);
        listed.changed_at < self.question.changed_since
            && self.link.as_ref() == Some(&listed.product)
            && (rules.new_products == NewProducts::Draft || listed.visibility == Visibility::Shown)
            && same(&product.brand, &listed.brand)
            && (rules.category == CategoryAs::Collection || same(&product.category, &listed.kind))
            && listed.variants.is_none_or(|count| count >= product.variants.len())
    }

    /// Of prices that differ those that are as they were written last: the others somebody is at, or will be when a sale begins.
    async fn settled_prices(
        &self,
        product: &Product,
        differing: Vec<Sku>,
        now: Timestamp,
    ) -> Result<Vec<(Version, Price)>, JournalError> {
        let prices = product.variants.iter().map(|variant| &variant.price);
        let prices: Vec<&Price> = prices.filter(|price| differing.contains(&price.sku)).collect();
        let entities: Vec<String> = prices.iter().map(|price| Price::entity(&price.sku)).collect();
        let written = self.desk.journal.written(&self.desk.channel.name, &entities).await?;
        let settled = prices.into_iter().zip(written).filter_map(|(price, written)| {
            let written = written?;
            price::is_written(&written.value, price, now).then(|| (written.version, price.clone()))
        });
        Ok(settled.collect())
    }
}

/// How a product is to be, but for its collection, which a comparison does not look at.
fn wish<'a>(desk: &'a Desk<'_>, product: &'a Product) -> ProductWish<'a> {
    ProductWish {
        product,
        rules: &desk.channel.catalogue,
        collection: None,
        former_collection: None,
        files: &[],
        now: desk.journal.now(),
    }
}

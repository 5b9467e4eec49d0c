//! Decides which variants to add, change and take away. Pure.
//!
//! A variant is known by its stored id; else by its SKU; else by its colour and size, so that a new SKU for the same thing
//! keeps its id and its stock. A variant at the shop that carries a SKU the office no longer names was the office's and is
//! deleted: orders keep its name and SKU as text. One without a SKU was made at the shop and is left alone.

use std::collections::HashSet;

use super::inputs::{option_names, values};
use super::shape::{ShopProduct, ShopVariant};
use crate::domain::{Product, Variant};
use crate::storefront::ProductLink;

/// What to do to a product's variants.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan<'a> {
    /// The options themselves change, or known variants change places among them: everything is stated at once. For each
    /// variant of the office its id at the shop, if it has one; then the ids of the variants that are left alone.
    Reshape(Kept<'a>),
    /// Only these variants are touched.
    Steps(Steps<'a>),
}

/// See [`Plan::Reshape`].
#[derive(Debug, PartialEq, Eq)]
pub struct Kept<'a> {
    pub office: Vec<(&'a Variant, Option<String>)>,
    pub others: Vec<String>,
}

/// See [`Plan::Steps`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Steps<'a> {
    pub create: Vec<&'a Variant>,
    pub update: Vec<(String, &'a Variant)>,
    pub delete: Vec<String>,
}

/// See the module.
pub fn plan<'a>(shop: &ShopProduct, link: &ProductLink, product: &'a Product) -> Plan<'a> {
    let pairs = pairs(shop, link, product);
    let matched: HashSet<&str> = pairs.iter().filter_map(|(_, found)| found.map(|found| found.id.as_str())).collect();
    let unmatched = shop.variants.iter().filter(|variant| !matched.contains(variant.id.as_str()));
    let ours = |variant: &ShopVariant| {
        !variant.sku.is_empty() || link.variants.iter().any(|known| known.variant == variant.id)
    };
    let (gone, others): (Vec<&ShopVariant>, Vec<&ShopVariant>) = unmatched.partition(|variant| ours(variant));
    let moved = |(variant, found): &(&Variant, Option<&ShopVariant>)| {
        found.is_some_and(|found| found.values != values(product, variant))
    };
    // An option the merchant has renamed is still the same option; only another number of options is another shape.
    if shop.options.len() != option_names(product).len() || pairs.iter().any(moved) {
        return Plan::Reshape(Kept {
            office: pairs.into_iter().map(|(variant, found)| (variant, found.map(|found| found.id.clone()))).collect(),
            others: others.into_iter().map(|variant| variant.id.clone()).collect(),
        });
    }
    let mut steps = Steps { delete: gone.into_iter().map(|variant| variant.id.clone()).collect(), ..Steps::default() };
    for (variant, found) in pairs {
        match found {
            None => steps.create.push(variant),
            Some(found) if differs(found, variant) => steps.update.push((found.id.clone(), variant)),
            Some(_) => {}
        }
    }
    Plan::Steps(steps)
}

/// A way to know a variant again.
type Way<'w> = &'w dyn Fn(&Variant, &ShopVariant) -> bool;

/// Each office variant with the shop's, each of the shop's at most once.
fn pairs<'a, 's>(
    shop: &'s ShopProduct,
    link: &ProductLink,
    product: &'a Product,
) -> Vec<(&'a Variant, Option<&'s ShopVariant>)> {
    let mut taken: HashSet<&str> = HashSet::new();
    let mut pairs: Vec<(&Variant, Option<&ShopVariant>)> =
        product.variants.iter().map(|variant| (variant, None)).collect();
    let by_id = |variant: &Variant, candidate: &ShopVariant| {
        link.variants.iter().any(|known| known.sku == variant.sku && known.variant == candidate.id)
    };
    let by_sku = |variant: &Variant, candidate: &ShopVariant| candidate.sku == variant.sku.as_str();
    let by_values = |variant: &Variant, candidate: &ShopVariant| candidate.values == values(product, variant);
    let ways: [Way<'_>; 3] = [&by_id, &by_sku, &by_values];
    for way in ways {
        for (variant, found) in &mut pairs {
            if found.is_none() {
                let fits = |candidate: &&ShopVariant| !taken.contains(candidate.id.as_str()) && way(variant, candidate);
                *found = shop.variants.iter().find(fits);
                taken.extend(found.map(|found| found.id.as_str()));
            }
        }
    }
    pairs
}

fn differs(found: &ShopVariant, variant: &Variant) -> bool {
    found.sku != variant.sku.as_str() || found.barcode != variant.barcode || !found.tracked
}

#[cfg(test)]
mod tests;

//! A product's ids at the storefront as the journal keeps them.

use crate::domain::{Product, StyleCode};
use crate::handlers::Desk;
use crate::journal::{JournalError, Link, LinkKind};
use crate::storefront::{ProductLink, VariantLink};

/// The ids kept for a product and those of its variants that are known.
pub async fn known(desk: &Desk<'_>, product: &Product) -> Result<Option<ProductLink>, JournalError> {
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

/// The ids of a product as links.
pub fn links(style: &StyleCode, link: ProductLink) -> Vec<Link> {
    let mut links = vec![Link { kind: LinkKind::Product, key: style.to_string(), other: link.product }];
    for variant in link.variants {
        let key = variant.sku.to_string();
        links.push(Link { kind: LinkKind::Variant, key: key.clone(), other: variant.variant });
        links.push(Link { kind: LinkKind::StockItem, key, other: variant.stock_item });
    }
    links
}

/// Links that give up ids which now belong to other SKUs: a variant that got a new SKU keeps its id, and its stock with it.
pub async fn retired(desk: &Desk<'_>, link: &ProductLink) -> Result<Vec<Link>, JournalError> {
    let mut retired = Vec::new();
    for kind in [LinkKind::Variant, LinkKind::StockItem] {
        let id = |variant: &VariantLink| match kind {
            LinkKind::Variant => variant.variant.clone(),
            _ => variant.stock_item.clone(),
        };
        let ids: Vec<String> = link.variants.iter().map(id).collect();
        let owners = desk.journal.links_back(&desk.channel.name, kind, &ids).await?;
        let others = link
            .variants
            .iter()
            .zip(owners)
            .filter_map(|(variant, owner)| owner.filter(|owner| owner != variant.sku.as_str()));
        retired.extend(others.map(|key| Link { kind, other: format!("retired:{key}"), key }));
    }
    Ok(retired)
}

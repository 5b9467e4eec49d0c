//! Products as the shop has them against how they are to be. Reads only.
//!
//! A listing tells of each product what a page of many can carry; a comparison reads one product to its last variant and asks the
//! same questions an update would, so that whatever is found is what an update would write.

use jiff::Timestamp;

use super::STYLE_KEY;
use super::inputs;
use super::metafields::{self, Wanted};
use super::plan::{self, Plan, Steps};
use super::shape::{ShopProduct, ShopVariant};
use crate::domain::{CallError, Money, Sku, StyleCode};
use crate::storefront::shopify::Shopify;
use crate::storefront::shopify::graphql::{ListProducts, list_products};
use crate::storefront::shopify::reconcile::changed_since;
use crate::storefront::{ListedProduct, ProductDrift, ProductLink, ProductPage, ProductWish, Visibility};

/// Rows of a page: three objects each, of the thousand points one request may ask for.
const PAGE: i64 = 250;

impl Shopify {
    pub(in crate::storefront::shopify) async fn list_products(
        &self,
        since: Option<Timestamp>,
        after: Option<&str>,
    ) -> Result<ProductPage, CallError> {
        let variables = list_products::Variables {
            first: PAGE,
            after: after.map(str::to_owned),
            search: since.map(changed_since),
            namespace: self.key_namespace.clone(),
            key: STYLE_KEY.into(),
        };
        let page = self.client.call::<ListProducts>(variables).await?.products;
        let next = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
        Ok(ProductPage { products: page.nodes.into_iter().map(listed).collect::<Result<_, _>>()?, next })
    }

    pub(in crate::storefront::shopify) async fn compare(
        &self,
        link: &ProductLink,
        wish: &ProductWish<'_>,
    ) -> Result<ProductDrift, CallError> {
        let shop = self.read_shop_product(&link.product, &wish.product.style, metafields::names(wish)).await?;
        let mut differs = of_product(&shop, wish);
        if self.wanted_metafields(wish).await?.iter().any(|field| is_other(&shop, field)) {
            differs.push("a metafield".into());
        }
        differs.extend(of_variants(&plan::plan(&shop, link, wish.product)));
        Ok(ProductDrift { differs, prices: of_prices(&shop, wish) })
    }
}

fn listed(node: list_products::ListProductsProductsNodes) -> Result<ListedProduct, CallError> {
    let changed_at = node.updated_at.parse().map_err(|_| {
        let id = &node.id;
        CallError::Rejected(format!("the time of change of {id} cannot be read"))
    })?;
    Ok(ListedProduct {
        product: node.id,
        style: node.metafield.and_then(|key| StyleCode::parse(&key.value).ok()),
        changed_at,
        visibility: match node.status {
            list_products::ProductStatus::ACTIVE => Visibility::Shown,
            list_products::ProductStatus::UNLISTED => Visibility::ByAddress,
            _ => Visibility::Hidden,
        },
        brand: node.vendor,
        kind: node.product_type,
        variants: node.variants_count.and_then(|count| usize::try_from(count.count).ok()),
    })
}

fn of_product(shop: &ShopProduct, wish: &ProductWish<'_>) -> Vec<String> {
    let Some(changes) = inputs::product_changes(shop, wish) else { return Vec::new() };
    let parts = [
        (changes.title.is_some(), "title"),
        (changes.description_html.is_some(), "text"),
        (changes.vendor.is_some(), "vendor"),
        (changes.product_type.is_some(), "product type"),
        (changes.status.is_some(), "status"),
    ];
    parts.into_iter().filter(|(differs, _)| *differs).map(|(_, part)| part.to_owned()).collect()
}

fn is_other(shop: &ShopProduct, wanted: &Wanted) -> bool {
    shop.metafields.get(&(wanted.namespace.clone(), wanted.key.clone())) != wanted.value.as_ref()
}

fn of_variants(plan: &Plan<'_>) -> Vec<String> {
    let Steps { create, update, delete } = match plan {
        Plan::Steps(steps) => steps,
        Plan::Reshape(_) => return vec!["the options of its variants".into()],
    };
    let missing = create.iter().map(|variant| format!("variant {} is missing", variant.sku));
    let changed = update.iter().map(|(_, variant)| format!("the codes of variant {}", variant.sku));
    let more = (!delete.is_empty()).then(|| format!("variants the office does not have: {}", delete.len()));
    missing.chain(changed).chain(more).collect()
}

/// Variants whose price is another one than that of the wish's moment; those that are not there will get it when they are made.
fn of_prices(shop: &ShopProduct, wish: &ProductWish<'_>) -> Vec<Sku> {
    let mut other = Vec::new();
    for variant in &wish.product.variants {
        let found = shop.variants.iter().find(|found| found.sku == variant.sku.as_str());
        let (price, former) = variant.price.at(wish.now);
        if found.is_some_and(|found| !is_sold_at(found, price, former)) {
            other.push(variant.sku.clone());
        }
    }
    other
}

fn is_sold_at(found: &ShopVariant, price: Money, former: Option<Money>) -> bool {
    let same = |text: &str, amount: Money| Money::parse(text, amount.currency()).is_ok_and(|found| found == amount);
    let struck_through = match (&found.compare_at, former) {
        (Some(text), Some(former)) => same(text, former),
        (None, None) => true,
        _ => false,
    };
    struck_through && same(&found.price, price)
}

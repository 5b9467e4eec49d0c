//! A product as it is at the shop: its options and variants, read to the last page.

use std::collections::HashMap;

use crate::domain::{CallError, Product, StyleCode};
use crate::storefront::shopify::Shopify;
use crate::storefront::shopify::graphql::{ReadProduct, ReadVariantIds, gid, read_product, read_variant_ids};
use crate::storefront::shopify::refusal::gone;
use crate::storefront::{ProductLink, VariantLink};

/// Variants of a page; larger pages would cost more points than one request may.
const PAGE: i64 = 100;
/// Variants of a page of which only the ids are read.
const IDS_PAGE: i64 = 250;

/// See the module.
#[derive(Debug, Clone)]
pub struct ShopProduct {
    pub id: String,
    pub active: bool,
    pub title: String,
    pub description: String,
    pub vendor: String,
    pub product_type: String,
    /// Values of the metafields that were asked for, by namespace and key.
    pub metafields: HashMap<(String, String), String>,
    /// Names of the options, in order.
    pub options: Vec<String>,
    pub variants: Vec<ShopVariant>,
}

/// A variant as it is at the shop.
#[derive(Debug, Clone)]
pub struct ShopVariant {
    pub id: String,
    pub sku: String,
    pub barcode: Option<String>,
    /// Values of the product's options, in their order.
    pub values: Vec<String>,
    pub stock_item: String,
    pub tracked: bool,
    /// What the buyer pays, as the shop writes it.
    pub price: String,
    /// The struck-through price.
    pub compare_at: Option<String>,
}

/// The ids of a product's variants.
#[derive(Debug, Clone)]
pub struct VariantIds {
    pub product: String,
    /// SKU, variant and stock item.
    pub variants: Vec<(String, String, String)>,
}

impl Shopify {
    /// Reads a product with all its variants and these metafields.
    pub(super) async fn read_shop_product(
        &self,
        id: &str,
        style: &StyleCode,
        metafields: Vec<String>,
    ) -> Result<ShopProduct, CallError> {
        let (mut whole, mut after): (Option<ShopProduct>, _) = (None, None);
        loop {
            let variables = read_product::Variables {
                product: gid("Product", id),
                first: PAGE,
                after,
                metafields: Some(metafields.clone()),
            };
            let page = self.client.call::<ReadProduct>(variables).await?.product;
            let page = page.ok_or_else(|| gone(&format!("product {style}"), id))?;
            let next = page.variants.page_info.end_cursor.clone().filter(|_| page.variants.page_info.has_next_page);
            match &mut whole {
                Some(whole) => whole.variants.extend(page.variants.nodes.into_iter().map(ShopVariant::from)),
                None => whole = Some(ShopProduct::from(page)),
            }
            match (next, whole.take()) {
                (None, Some(whole)) => return Ok(whole),
                (next, sofar) => (after, whole) = (next, sofar),
            }
        }
    }

    /// Reads the ids of all variants and nothing else.
    pub(super) async fn read_variant_ids(&self, id: &str, style: &StyleCode) -> Result<VariantIds, CallError> {
        let mut ids = VariantIds { product: gid("Product", id), variants: Vec::new() };
        let mut after = None;
        loop {
            let variables = read_variant_ids::Variables { product: ids.product.clone(), first: IDS_PAGE, after };
            let page = self.client.call::<ReadVariantIds>(variables).await?.product;
            let page = page.ok_or_else(|| gone(&format!("product {style}"), id))?.variants;
            let rows = page.nodes.into_iter();
            ids.variants.extend(rows.map(|one| (one.sku.unwrap_or_default(), one.id, one.inventory_item.id)));
            after = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
            if after.is_none() {
                return Ok(ids);
            }
        }
    }
}

impl ShopProduct {
    /// Its ids alone.
    pub fn ids(&self) -> VariantIds {
        let ids = |one: &ShopVariant| (one.sku.clone(), one.id.clone(), one.stock_item.clone());
        VariantIds { product: self.id.clone(), variants: self.variants.iter().map(ids).collect() }
    }
}

impl VariantIds {
    /// The ids to keep for the office's variants.
    pub fn link(&self, product: &Product) -> Result<ProductLink, CallError> {
        let mut by_sku: HashMap<&str, (&String, &String)> = HashMap::with_capacity(self.variants.len());
        for (sku, variant, stock_item) in &self.variants {
            by_sku.entry(sku).or_insert((variant, stock_item));
        }
        let variants = product.variants.iter().map(|variant| {
            let (id, stock_item) = by_sku.get(variant.sku.as_str()).ok_or_else(|| {
                CallError::Conflict(format!("SKU {} was written to the shop, but is not there", variant.sku))
            })?;
            Ok(VariantLink { sku: variant.sku.clone(), variant: (*id).clone(), stock_item: (*stock_item).clone() })
        });
        Ok(ProductLink { product: self.product.clone(), variants: variants.collect::<Result<_, CallError>>()? })
    }
}

impl From<read_product::ReadProductProduct> for ShopProduct {
    fn from(product: read_product::ReadProductProduct) -> Self {
        Self {
            id: product.id,
            active: product.status == read_product::ProductStatus::ACTIVE,
            title: product.title,
            description: product.description_html,
            metafields: product
                .metafields
                .nodes
                .into_iter()
                .map(|field| ((field.namespace, field.key), field.value))
                .collect(),
            vendor: product.vendor,
            product_type: product.product_type,
            options: product.options.into_iter().map(|option| option.name).collect(),
            variants: product.variants.nodes.into_iter().map(ShopVariant::from).collect(),
        }
    }
}

impl From<read_product::ReadProductProductVariantsNodes> for ShopVariant {
    fn from(variant: read_product::ReadProductProductVariantsNodes) -> Self {
        Self {
            id: variant.id,
            sku: variant.sku.unwrap_or_default(),
            barcode: variant.barcode.filter(|barcode| !barcode.is_empty()),
            values: variant.selected_options.into_iter().map(|option| option.value).collect(),
            stock_item: variant.inventory_item.id,
            tracked: variant.inventory_item.tracked,
            price: variant.price,
            compare_at: variant.compare_at_price,
        }
    }
}

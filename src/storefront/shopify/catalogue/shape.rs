//! A product as it is at the shop: its options and variants, read to the last page.

use crate::domain::{CallError, Product, StyleCode};
use crate::storefront::shopify::Shopify;
use crate::storefront::shopify::graphql::{ReadProduct, gid, read_product};
use crate::storefront::shopify::refusal::gone;
use crate::storefront::{ProductLink, VariantLink};

/// Variants of a page; larger pages would cost more points than one request may.
const PAGE: i64 = 100;

/// See the module.
#[derive(Debug, Clone)]
pub struct ShopProduct {
    pub id: String,
    pub active: bool,
    pub vendor: String,
    pub product_type: String,
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
}

impl Shopify {
    /// Reads a product with all its variants.
    pub(super) async fn read_shop_product(&self, id: &str, style: &StyleCode) -> Result<ShopProduct, CallError> {
        let (mut whole, mut after): (Option<ShopProduct>, _) = (None, None);
        loop {
            let variables = read_product::Variables { product: gid("Product", id), first: PAGE, after };
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
}

impl ShopProduct {
    /// The ids to keep for the office's variants.
    pub fn link(&self, product: &Product) -> Result<ProductLink, CallError> {
        let find = |sku: &str| self.variants.iter().find(|variant| variant.sku == sku);
        let variants = product.variants.iter().map(|variant| {
            let found = find(variant.sku.as_str()).ok_or_else(|| {
                CallError::Conflict(format!("SKU {} was written to the shop, but is not there", variant.sku))
            })?;
            Ok(VariantLink {
                sku: variant.sku.clone(),
                variant: found.id.clone(),
                stock_item: found.stock_item.clone(),
            })
        });
        Ok(ProductLink { product: self.id.clone(), variants: variants.collect::<Result<_, CallError>>()? })
    }
}

impl From<read_product::ReadProductProduct> for ShopProduct {
    fn from(product: read_product::ReadProductProduct) -> Self {
        Self {
            id: product.id,
            active: product.status == read_product::ProductStatus::ACTIVE,
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
        }
    }
}

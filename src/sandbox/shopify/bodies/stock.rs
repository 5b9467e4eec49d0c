//! Stock levels and products.

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

use super::super::catalogue::{Product, Variant};
use super::super::ids::gid;
use super::bytes_of;
use super::primitives::Stationery;

/// Variants beyond this many are named but not described, as the real bodies do it.
const VARIANTS_SHOWN: usize = 100;

/// What `inventory_levels/update` tells.
pub(in super::super) struct LevelFacts {
    /// Inventory item.
    pub item: u64,
    /// Location.
    pub location: u64,
    /// Pieces that can be sold.
    pub available: i64,
    /// When it changed.
    pub at: Timestamp,
}

#[derive(Serialize)]
struct Level {
    inventory_item_id: u64,
    location_id: u64,
    available: i64,
    updated_at: String,
    admin_graphql_api_id: String,
}

/// Body of `inventory_levels/update`.
pub(in super::super) fn level_body(by: Stationery, facts: &LevelFacts) -> Bytes {
    bytes_of(&Level {
        inventory_item_id: facts.item,
        location_id: facts.location,
        available: facts.available,
        updated_at: by.moment(facts.at),
        admin_graphql_api_id: format!("{}?inventory_item_id={}", gid("InventoryLevel", facts.location), facts.item),
    })
}

#[derive(Serialize)]
struct ProductBody {
    admin_graphql_api_id: String,
    body_html: Option<String>,
    created_at: String,
    handle: String,
    id: u64,
    product_type: String,
    published_at: Option<String>,
    template_suffix: Option<String>,
    title: String,
    updated_at: String,
    vendor: String,
    status: String,
    published_scope: &'static str,
    tags: &'static str,
    variants: Vec<VariantBody>,
    options: Vec<OptionBody>,
    images: Vec<ImageBody>,
    image: Option<ImageBody>,
    media: [(); 0],
    variant_gids: Vec<VariantGid>,
    has_variants_that_requires_components: bool,
    category: Option<()>,
}

#[derive(Serialize)]
struct VariantBody {
    admin_graphql_api_id: String,
    barcode: Option<String>,
    compare_at_price: Option<String>,
    created_at: String,
    id: u64,
    inventory_policy: &'static str,
    position: usize,
    price: String,
    product_id: u64,
    sku: Option<String>,
    taxable: bool,
    title: String,
    updated_at: String,
    option1: Option<String>,
    option2: Option<String>,
    option3: Option<String>,
    image_id: Option<u64>,
    inventory_item_id: u64,
    inventory_quantity: i64,
    old_inventory_quantity: i64,
}

#[derive(Serialize)]
struct OptionBody {
    name: String,
    id: u64,
    product_id: u64,
    position: usize,
    values: Vec<String>,
}

#[derive(Serialize)]
struct ImageBody {
    id: u64,
    alt: Option<String>,
    position: usize,
    product_id: u64,
    admin_graphql_api_id: String,
    src: String,
    variant_ids: [u64; 0],
}

#[derive(Serialize)]
struct VariantGid {
    admin_graphql_api_id: String,
    updated_at: String,
}

#[derive(Serialize)]
struct Deleted {
    id: u64,
}

/// Body of `products/delete`.
pub(in super::super) fn product_deleted_body(id: u64) -> Bytes {
    bytes_of(&Deleted { id })
}

/// Body of `products/create` and `products/update`. `sellable` says how many pieces of an inventory item can be sold.
pub(in super::super) fn product_body(by: Stationery, product: &Product, sellable: impl Fn(u64) -> i64) -> Bytes {
    let variant = |(index, variant): (usize, &Variant)| variant_of(by, product, index, variant, &sellable);
    let images: Vec<ImageBody> = (0..product.images.len()).map(|index| image_of(product, index)).collect();
    bytes_of(&ProductBody {
        admin_graphql_api_id: gid("Product", product.id),
        body_html: product.description.clone(),
        created_at: by.moment(product.created_at),
        handle: product.handle.clone(),
        id: product.id,
        product_type: product.product_type.clone(),
        published_at: (!product.published_on.is_empty()).then(|| by.moment(product.updated_at)),
        template_suffix: None,
        title: product.title.clone(),
        updated_at: by.moment(product.updated_at),
        vendor: product.vendor.clone(),
        status: product.status.to_lowercase(),
        published_scope: "web",
        tags: "",
        variants: product.variants.iter().enumerate().take(VARIANTS_SHOWN).map(variant).collect(),
        options: options_of(product),
        image: (!product.images.is_empty()).then(|| image_of(product, 0)),
        images,
        media: [],
        variant_gids: product.variants.iter().map(|variant| gid_of(by, variant)).collect(),
        has_variants_that_requires_components: false,
        category: None,
    })
}

fn gid_of(by: Stationery, variant: &Variant) -> VariantGid {
    VariantGid { admin_graphql_api_id: gid("ProductVariant", variant.id), updated_at: by.moment(variant.updated_at) }
}

fn options_of(product: &Product) -> Vec<OptionBody> {
    let values = |name: &str| {
        let mut values: Vec<String> = Vec::new();
        for value in product.variants.iter().filter_map(|variant| variant.option(name)) {
            if !values.iter().any(|known| known == value) {
                values.push(value.to_owned());
            }
        }
        values
    };
    let option = |(index, option): (usize, &super::super::catalogue::ProductOption)| OptionBody {
        name: option.name.clone(),
        id: option.id,
        product_id: product.id,
        position: index + 1,
        values: values(&option.name),
    };
    product.options.iter().enumerate().map(option).collect()
}

fn image_of(product: &Product, index: usize) -> ImageBody {
    let image = &product.images[index];
    ImageBody {
        id: image.id,
        alt: image.alt.clone(),
        position: index + 1,
        product_id: product.id,
        admin_graphql_api_id: gid("MediaImage", image.id),
        src: image.source.clone(),
        variant_ids: [],
    }
}

fn variant_of(
    by: Stationery,
    product: &Product,
    index: usize,
    variant: &Variant,
    sellable: impl Fn(u64) -> i64,
) -> VariantBody {
    let option = |place: usize| variant.options.get(place).map(|(_, value)| value.clone());
    let values: Vec<&str> = variant.options.iter().map(|(_, value)| value.as_str()).collect();
    VariantBody {
        admin_graphql_api_id: gid("ProductVariant", variant.id),
        barcode: variant.barcode.clone(),
        compare_at_price: variant.compare_at.map(|amount| by.text(amount)),
        created_at: by.moment(variant.created_at),
        id: variant.id,
        inventory_policy: "deny",
        position: index + 1,
        price: by.text(variant.price),
        product_id: product.id,
        sku: variant.sku.clone(),
        taxable: true,
        title: values.join(" / "),
        updated_at: by.moment(variant.updated_at),
        option1: option(0),
        option2: option(1),
        option3: option(2),
        image_id: None,
        inventory_item_id: variant.inventory_item,
        inventory_quantity: sellable(variant.inventory_item),
        old_inventory_quantity: sellable(variant.inventory_item),
    }
}

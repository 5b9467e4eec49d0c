//! The office's product in Shopify's words. Pure.

use jiff::Timestamp;

use super::metafields::Wanted;
use super::pictures::file_name;
use super::plan::Kept;
use super::shape::ShopProduct;
use super::{MOST_VARIANTS, STYLE_KEY};
use crate::domain::{CallError, Image, Product, Variant};
use crate::storefront::shopify::graphql::{create_variants, gid, set_product, update_product, update_variants};
use crate::storefront::{CategoryAs, NewProducts, ProductWish, Texts};

/// The option of a product that has neither colours nor sizes, and its only value, as Shopify itself names them.
const NO_OPTION: (&str, &str) = ("Title", "Default Title");
/// The value of a variant that lacks what its neighbours have.
const NO_VALUE: &str = "Default";

/// Refuses what Shopify could not take, in words that name what to mend.
pub fn check(product: &Product) -> Result<(), CallError> {
    let style = &product.style;
    if product.variants.is_empty() {
        return Err(CallError::Rejected(format!("product {style} has no variants")));
    }
    if product.variants.len() > MOST_VARIANTS {
        let count = product.variants.len();
        return Err(CallError::Rejected(format!(
            "product {style} has {count} variants, but a shop takes {MOST_VARIANTS}"
        )));
    }
    for (at, variant) in product.variants.iter().enumerate() {
        let twin = |other: &&Variant| {
            other.sku == variant.sku || same_values(&values(product, other), &values(product, variant))
        };
        if let Some(twin) = product.variants[..at].iter().find(twin) {
            return Err(CallError::Rejected(format!(
                "product {style}: {} and {} have the same SKU or the same colour and size, which a shop cannot tell apart",
                twin.sku, variant.sku
            )));
        }
    }
    Ok(())
}

fn same_values(left: &[String], right: &[String]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.eq_ignore_ascii_case(right))
}

/// The options a product has, in order.
pub fn option_names(product: &Product) -> Vec<&'static str> {
    let colours = product.variants.iter().any(|variant| variant.colour.is_some());
    let sizes = product.variants.iter().any(|variant| variant.size.is_some());
    match (colours, sizes) {
        (true, true) => vec!["Colour", "Size"],
        (true, false) => vec!["Colour"],
        (false, true) => vec!["Size"],
        (false, false) => vec![NO_OPTION.0],
    }
}

/// A variant's values of those options, in their order.
pub fn values(product: &Product, variant: &Variant) -> Vec<String> {
    let value = |name: &str| match name {
        "Colour" => variant.colour.clone().unwrap_or_else(|| NO_VALUE.into()),
        "Size" => variant.size.clone().unwrap_or_else(|| NO_VALUE.into()),
        _ => NO_OPTION.1.into(),
    };
    option_names(product).into_iter().map(value).collect()
}

/// The same for a bulk operation: pictures go with it by their addresses, under names that tell their contents.
pub fn new_product_with_addresses(
    namespace: &str,
    wish: &ProductWish<'_>,
    fields: &[Wanted],
) -> set_product::ProductSetInput {
    let mut seen = std::collections::HashSet::new();
    let images = wish.product.images.iter().filter(|image| seen.insert(image.identity()));
    let file = |image: &Image| {
        let name = file_name(image.identity(), &image.url);
        set_product::FileSetInput {
            id: None,
            alt: image.alt.clone(),
            content_type: Some(set_product::FileContentType::IMAGE),
            duplicate_resolution_mode: name
                .is_some()
                .then_some(set_product::FileCreateInputDuplicateResolutionMode::REPLACE),
            filename: name,
            original_source: Some(image.url.clone()),
        }
    };
    let files: Vec<_> = images.map(file).collect();
    let input = new_product(namespace, wish, fields);
    set_product::ProductSetInput { files: (!files.is_empty()).then_some(files), ..input }
}

/// A product that is not at the shop yet: everything there is, pictures included.
pub fn new_product(namespace: &str, wish: &ProductWish<'_>, fields: &[Wanted]) -> set_product::ProductSetInput {
    let (product, rules) = (wish.product, wish.rules);
    let options = option_names(product).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let files = wish.files.iter().map(|id| set_product::FileSetInput {
        id: Some(id.clone()),
        alt: None,
        content_type: None,
        duplicate_resolution_mode: None,
        filename: None,
        original_source: None,
    });
    let metafield = |namespace: &str, key: &str, kind: &str, value: String| set_product::MetafieldInput {
        namespace: Some(namespace.into()),
        key: Some(key.into()),
        type_: Some(kind.into()),
        value: Some(value),
    };
    let style = metafield(namespace, STYLE_KEY, "id", product.style.to_string());
    let given = fields
        .iter()
        .filter_map(|field| Some(metafield(&field.namespace, &field.key, &field.kind, field.value.clone()?)));
    let variants = product.variants.iter().map(|variant| set_variant(&options, product, variant, None, Some(wish.now)));
    let status = match rules.new_products {
        NewProducts::Active => set_product::ProductStatus::ACTIVE,
        NewProducts::Draft => set_product::ProductStatus::DRAFT,
    };
    set_product::ProductSetInput {
        title: Some(product.title.clone()),
        description_html: product.description.clone(),
        vendor: product.brand.clone(),
        product_type: product.category.clone().filter(|_| rules.category == CategoryAs::ProductType),
        status: Some(status),
        metafields: Some(std::iter::once(style).chain(given).collect()),
        collections: wish.collection.map(|collection| vec![collection.to_owned()]),
        files: (!wish.files.is_empty()).then(|| files.collect()),
        product_options: Some(options_input(&options, product, &[])),
        variants: Some(variants.collect()),
    }
}

/// A known product whose options change: all variants are stated, the shop's own among them; nothing else is.
pub fn reshaped(
    shop: &ShopProduct,
    kept: &Kept<'_>,
    product: &Product,
    now: Timestamp,
) -> set_product::ProductSetInput {
    let ours = option_names(product);
    let same_count = shop.options.len() == ours.len();
    let options: Vec<String> =
        if same_count { shop.options.clone() } else { ours.into_iter().map(str::to_owned).collect() };
    let mut variants: Vec<_> = kept
        .office
        .iter()
        // A known variant keeps its price: prices are written by their own version.
        .map(|(variant, id)| set_variant(&options, product, variant, id.clone(), id.is_none().then_some(now)))
        .collect();
    let others: Vec<_> = shop.variants.iter().filter(|variant| kept.others.contains(&variant.id)).collect();
    let mut other_values = Vec::new();
    for other in others {
        let mut values = other.values.clone();
        values.resize(options.len(), NO_VALUE.into());
        variants.push(set_product::ProductVariantSetInput {
            id: Some(other.id.clone()),
            option_values: option_values(&options, &values),
            sku: None,
            barcode: None,
            price: None,
            compare_at_price: None,
            inventory_item: None,
        });
        other_values.push(values);
    }
    set_product::ProductSetInput {
        title: None,
        description_html: None,
        vendor: None,
        product_type: None,
        status: None,
        metafields: None,
        collections: None,
        files: None,
        product_options: Some(options_input(&options, product, &other_values)),
        variants: Some(variants),
    }
}

fn options_input(names: &[String], product: &Product, others: &[Vec<String>]) -> Vec<set_product::OptionSetInput> {
    let all: Vec<Vec<String>> =
        product.variants.iter().map(|variant| values(product, variant)).chain(others.iter().cloned()).collect();
    let option = |(at, name): (usize, &String)| {
        let mut values: Vec<String> = Vec::new();
        for value in all.iter().filter_map(|values| values.get(at)) {
            if !values.iter().any(|known| known.eq_ignore_ascii_case(value)) {
                values.push(value.clone());
            }
        }
        let values = values.into_iter().map(|name| set_product::OptionValueSetInput { name: Some(name) });
        set_product::OptionSetInput {
            name: Some(name.clone()),
            position: i64::try_from(at + 1).ok(),
            values: Some(values.collect()),
        }
    };
    names.iter().enumerate().map(option).collect()
}

fn option_values(names: &[String], values: &[String]) -> Vec<set_product::VariantOptionValueInput> {
    let pair = |(option, value): (&String, &String)| set_product::VariantOptionValueInput {
        option_name: Some(option.clone()),
        name: Some(value.clone()),
    };
    names.iter().zip(values).map(pair).collect()
}

/// `now`: the moment whose price a variant gets; without it the price is left alone.
fn set_variant(
    options: &[String],
    product: &Product,
    variant: &Variant,
    id: Option<String>,
    now: Option<Timestamp>,
) -> set_product::ProductVariantSetInput {
    let price = now.map(|now| variant.price.at(now));
    set_product::ProductVariantSetInput {
        id,
        option_values: option_values(options, &values(product, variant)),
        sku: Some(variant.sku.to_string()),
        barcode: variant.barcode.clone(),
        price: price.map(|(price, _)| price.amount().to_string()),
        compare_at_price: price.and_then(|(_, former)| former).map(|former| former.amount().to_string()),
        inventory_item: Some(set_product::InventoryItemInput { sku: None, tracked: Some(true) }),
    }
}

/// A variant to be added to a known product, under the names its options have at the shop.
pub fn new_variant(
    shop: &ShopProduct,
    product: &Product,
    variant: &Variant,
    now: Timestamp,
) -> create_variants::ProductVariantsBulkInput {
    let (price, former) = variant.price.at(now);
    let pair = |(option, value): (&String, String)| create_variants::VariantOptionValueInput {
        option_name: Some(option.clone()),
        name: Some(value),
    };
    create_variants::ProductVariantsBulkInput {
        id: None,
        option_values: Some(shop.options.iter().zip(values(product, variant)).map(pair).collect()),
        barcode: variant.barcode.clone(),
        price: Some(price.amount().to_string()),
        compare_at_price: former.map(|former| former.amount().to_string()),
        inventory_item: Some(create_variants::InventoryItemInput {
            sku: Some(variant.sku.to_string()),
            tracked: Some(true),
        }),
    }
}

/// The codes of a known variant; a barcode that is not there any more is cleared.
pub fn changed_variant(id: &str, variant: &Variant) -> update_variants::ProductVariantsBulkInput {
    update_variants::ProductVariantsBulkInput {
        id: Some(id.to_owned()),
        option_values: None,
        barcode: variant.barcode.clone(),
        price: None,
        compare_at_price: None,
        inventory_item: Some(update_variants::InventoryItemInput {
            sku: Some(variant.sku.to_string()),
            tracked: Some(true),
        }),
    }
}

/// What differs of the office's own fields; what the office does not say is left as it is.
pub fn product_changes(shop: &ShopProduct, wish: &ProductWish<'_>) -> Option<update_product::ProductUpdateInput> {
    let (product, rules) = (wish.product, wish.rules);
    let differs = |ours: &Option<String>, theirs: &String| ours.clone().filter(|ours| ours != theirs);
    let always = rules.texts == Texts::Always;
    let join = wish.collection.filter(|joined| wish.former_collection != Some(*joined));
    let leave = wish.former_collection.filter(|former| wish.collection != Some(*former));
    let ids = |id: Option<&str>| id.map(|id| vec![id.to_owned()]);
    let input = update_product::ProductUpdateInput {
        id: None,
        title: always.then(|| product.title.clone()).filter(|title| *title != shop.title),
        description_html: differs(&product.description, &shop.description).filter(|_| always),
        vendor: differs(&product.brand, &shop.vendor),
        product_type: differs(&product.category, &shop.product_type)
            .filter(|_| rules.category == CategoryAs::ProductType),
        status: (!shop.active && rules.new_products == NewProducts::Active)
            .then_some(update_product::ProductStatus::ACTIVE),
        collections_to_join: ids(join),
        collections_to_leave: ids(leave),
    };
    (input != nothing()).then(|| update_product::ProductUpdateInput { id: Some(shop.id.clone()), ..input })
}

/// Off the web: a draft that may come back, or archived.
pub fn off_the_web(product: &str, for_good: bool) -> update_product::ProductUpdateInput {
    let status = if for_good { update_product::ProductStatus::ARCHIVED } else { update_product::ProductStatus::DRAFT };
    update_product::ProductUpdateInput { id: Some(gid("Product", product)), status: Some(status), ..nothing() }
}

fn nothing() -> update_product::ProductUpdateInput {
    update_product::ProductUpdateInput {
        id: None,
        title: None,
        description_html: None,
        vendor: None,
        product_type: None,
        status: None,
        collections_to_join: None,
        collections_to_leave: None,
    }
}

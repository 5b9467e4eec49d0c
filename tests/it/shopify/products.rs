//! Products: created once, kept up to date by id, texts and pictures left to the shop.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use tillbridge::domain::{CallError, Currency, Image, Money, Price, Product, Sku, StyleCode, Variant};
use tillbridge::storefront::{
    CatalogueRules, CategoryAs, NewProducts, PriceRow, ProductLink, ProductStep, ProductWish, Storefront as _, Texts,
    VariantLink,
};

use super::recorder::Recorder;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const PRODUCT: &str = "gid://shopify/Product/1";

pub fn money(amount: &str) -> Money {
    Money::parse(amount, Currency::parse("NZD").unwrap()).unwrap()
}

pub fn variant(sku: &str, colour: Option<&str>, size: Option<&str>, retail: &str, sale: Option<&str>) -> Variant {
    let sku = Sku::parse(sku).unwrap();
    let style = StyleCode::parse("SHIRT").unwrap();
    let sale = sale.map(money);
    Variant {
        sku: sku.clone(),
        colour: colour.map(str::to_owned),
        size: size.map(str::to_owned),
        barcode: Some(format!("94{}", sku.as_str().len())),
        price: Price {
            sku,
            style,
            retail: money(retail),
            sale,
            sale_from: None,
            sale_until: None,
            levels: BTreeMap::new(),
        },
    }
}

pub fn shirt() -> Product {
    Product {
        style: StyleCode::parse("SHIRT").unwrap(),
        title: "Shirt".into(),
        description: Some("<p>Cotton</p>".into()),
        brand: Some("Tui".into()),
        category: Some("Tops".into()),
        category_key: Some("TOPS".into()),
        fields: BTreeMap::new(),
        variants: vec![
            variant("SHIRT-R-S", Some("Red"), Some("S"), "40.00", None),
            variant("SHIRT-R-M", Some("Red"), Some("M"), "40.00", Some("30.00")),
        ],
        images: vec![Image {
            url: "https://img.example/shirt.jpg".into(),
            alt: Some("A red shirt".into()),
            hash: None,
        }],
    }
}

static RULES: CatalogueRules = CatalogueRules {
    category: CategoryAs::ProductType,
    texts: Texts::AtCreation,
    new_products: NewProducts::Active,
    metafields: Vec::new(),
    create_locations: false,
};

/// The product by the rules a channel begins with.
pub fn wish(product: &Product) -> ProductWish<'_> {
    ProductWish { product, rules: &RULES, collection: None, former_collection: None, files: &[], now: NOW }
}

fn made(link: ProductLink) -> ProductStep {
    ProductStep::Done { link, fresh: true }
}

fn known(link: ProductLink) -> ProductStep {
    ProductStep::Done { link, fresh: false }
}

pub fn at_shop(sku: &str, id: u64, barcode: &str, options: &[(&str, &str)]) -> Value {
    let options: Vec<Value> = options.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    json!({
        "id": format!("gid://shopify/ProductVariant/{id}"), "sku": sku, "barcode": barcode, "selectedOptions": options,
        "price": "40.00", "compareAtPrice": null, "inventoryItem": { "id": format!("gid://shopify/InventoryItem/{id}0"), "tracked": true },
    })
}

fn shirts() -> Vec<Value> {
    vec![
        at_shop("SHIRT-R-S", 11, "949", &[("Colour", "Red"), ("Size", "S")]),
        at_shop("SHIRT-R-M", 12, "949", &[("Colour", "Red"), ("Size", "M")]),
    ]
}

pub fn product(status: &str, vendor: &str, options: &[&str], variants: &[Value], after: Option<&str>) -> Value {
    let options: Vec<Value> = options.iter().map(|name| json!({ "name": name })).collect();
    json!({ "product": {
        "id": PRODUCT, "status": status, "title": "Shirt", "descriptionHtml": "<p>Cotton</p>", "vendor": vendor,
        "productType": "Tops", "options": options, "metafields": { "nodes": [] },
        "variants": { "nodes": variants, "pageInfo": { "hasNextPage": after.is_some(), "endCursor": after } },
    } })
}

fn as_it_should_be() -> Value {
    product("ACTIVE", "Tui", &["Colour", "Size"], &shirts(), None)
}

fn done(mutation: &str) -> Value {
    json!({ mutation: { "product": { "id": PRODUCT }, "productVariants": [], "userErrors": [],
        "productSetOperation": null } })
}

fn channels(shop: &Recorder) {
    let nodes = json!([{ "id": "gid://shopify/Publication/1", "name": "Online Store" },
        { "id": "gid://shopify/Publication/2", "name": "Point of Sale" }]);
    let page = json!({ "publications": { "nodes": nodes, "pageInfo": { "hasNextPage": false, "endCursor": null } } });
    shop.says("ListPublications", page).says("Publish", json!({ "publishablePublish": { "userErrors": [] } }));
}

fn key_is_defined(shop: &Recorder) {
    shop.says(
        "FindKeyDefinition",
        json!({ "metafieldDefinition": { "id": "gid://shopify/MetafieldDefinition/1", "type": { "name": "id" } } }),
    );
}

fn link() -> ProductLink {
    let variant = |sku: &str, id: u64| VariantLink {
        sku: Sku::parse(sku).unwrap(),
        variant: format!("gid://shopify/ProductVariant/{id}"),
        stock_item: format!("gid://shopify/InventoryItem/{id}0"),
    };
    ProductLink { product: PRODUCT.into(), variants: vec![variant("SHIRT-R-S", 11), variant("SHIRT-R-M", 12)] }
}

#[tokio::test]
async fn a_new_product_is_created_under_the_offices_key_and_shown() {
    let shop = Recorder::start().await;
    shop.says("FindKeyDefinition", json!({ "metafieldDefinition": null }))
        .says(
            "CreateKeyDefinition",
            json!({ "metafieldDefinitionCreate":
            { "createdDefinition": { "id": "gid://shopify/MetafieldDefinition/1" }, "userErrors": [] } }),
        )
        .says("FindProduct", json!({ "productByIdentifier": null }))
        .says("SetProduct", done("productSet"))
        .says("ReadVariantIds", as_it_should_be());
    channels(&shop);
    assert_eq!(shop.storefront().create_product(&wish(&shirt())).await.unwrap(), made(link()));
    insta::assert_json_snapshot!(shop.requests());
}

#[tokio::test]
async fn a_product_without_colours_and_sizes_has_the_one_option_shopify_gives_it() {
    let shop = Recorder::start().await;
    key_is_defined(&shop);
    let mut plain = shirt();
    plain.variants = vec![variant("MUG", None, None, "12.00", None)];
    plain.images.clear();
    let mug = at_shop("MUG", 11, "943", &[("Title", "Default Title")]);
    shop.says("FindProduct", json!({ "productByIdentifier": null }))
        .says("SetProduct", done("productSet"))
        .says("ReadVariantIds", product("ACTIVE", "Tui", &["Title"], &[mug], None));
    channels(&shop);
    shop.storefront().create_product(&wish(&plain)).await.unwrap();
    let set = shop.asked().into_iter().find(|asked| asked.operation == "SetProduct").unwrap();
    insta::assert_json_snapshot!(set.variables);
}

#[tokio::test]
async fn creating_again_finds_the_product_and_leaves_the_shops_texts_and_pictures_alone() {
    let shop = Recorder::start().await;
    key_is_defined(&shop);
    shop.says("FindProduct", json!({ "productByIdentifier": { "id": PRODUCT } }))
        .says("ReadProduct", as_it_should_be());
    channels(&shop);
    assert_eq!(shop.storefront().create_product(&wish(&shirt())).await.unwrap(), known(link()));
    let expected = ["FindKeyDefinition", "FindProduct", "ReadProduct", "ListPublications", "Publish"];
    assert_eq!(shop.operations(), expected);
}

#[tokio::test]
async fn the_key_is_defined_and_the_channels_are_looked_up_once() {
    let shop = Recorder::start().await;
    key_is_defined(&shop);
    channels(&shop);
    shop.says("Publish", json!({ "publishablePublish": { "userErrors": [] } }));
    let storefront = shop.storefront_with(&["point of sale"]);
    for _ in 0..2 {
        shop.says("FindProduct", json!({ "productByIdentifier": null }))
            .says("SetProduct", done("productSet"))
            .says("ReadVariantIds", as_it_should_be());
        storefront.create_product(&wish(&shirt())).await.unwrap();
    }
    let count = |name: &str| shop.operations().iter().filter(|operation| *operation == name).count();
    assert_eq!((count("FindKeyDefinition"), count("ListPublications"), count("Publish")), (1, 1, 2));
    let publish = shop.asked().into_iter().find(|asked| asked.operation == "Publish").unwrap();
    assert_eq!(publish.variables["publications"], json!([{ "publicationId": "gid://shopify/Publication/2" }]));
}

#[tokio::test]
async fn a_channel_the_shop_does_not_have_is_named_with_those_it_has() {
    let shop = Recorder::start().await;
    key_is_defined(&shop);
    shop.says("FindProduct", json!({ "productByIdentifier": null })).says("SetProduct", done("productSet"));
    channels(&shop);
    let error = shop.storefront_with(&["Marketplace"]).create_product(&wish(&shirt())).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Unmapped { what, fix } if what.contains("Marketplace") && fix.contains("Online Store"))
    );
}

#[tokio::test]
async fn a_metafield_of_the_same_name_and_another_type_is_not_taken_over() {
    let shop = Recorder::start().await;
    let text = json!({ "metafieldDefinition": { "id": "gid://shopify/MetafieldDefinition/1", "type": { "name": "single_line_text_field" } } });
    shop.says("FindKeyDefinition", text);
    let error = shop.storefront().create_product(&wish(&shirt())).await.unwrap_err();
    assert!(matches!(&error, CallError::Rejected(why) if why.contains("pos_key_namespace")), "{error}");
}

#[tokio::test]
async fn a_product_the_shop_refuses_is_said_in_its_words() {
    let shop = Recorder::start().await;
    key_is_defined(&shop);
    let errors = json!([{ "code": "INVALID_INPUT", "field": ["input", "title"], "message": "Title is too long" }]);
    shop.says("FindProduct", json!({ "productByIdentifier": null })).says(
        "SetProduct",
        json!({ "productSet": { "product": null, "productSetOperation": null, "userErrors": errors } }),
    );
    let error = shop.storefront().create_product(&wish(&shirt())).await.unwrap_err();
    assert_eq!(error, CallError::Rejected("product SHIRT: INVALID_INPUT: Title is too long at input.title".into()));
}

#[tokio::test]
async fn variants_a_shop_could_not_tell_apart_are_refused_before_anything_is_sent() {
    let shop = Recorder::start().await;
    let mut twins = shirt();
    twins.variants[1].size = Some("s".into());
    let error = shop.storefront().create_product(&wish(&twins)).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Rejected(why) if why.contains("SHIRT-R-S") && why.contains("SHIRT-R-M")),
        "{error}"
    );
    assert!(shop.asked().is_empty());
}

#[tokio::test]
async fn a_product_that_is_as_it_should_be_is_only_read() {
    let shop = Recorder::start().await;
    shop.says("ReadProduct", as_it_should_be());
    assert_eq!(shop.storefront().update_product(&link(), &wish(&shirt())).await.unwrap(), known(link()));
    assert_eq!(shop.operations(), ["ReadProduct"]);
}

#[tokio::test]
async fn an_update_writes_what_differs_and_neither_texts_nor_pictures_nor_known_prices() {
    let shop = Recorder::start().await;
    let mut changed = shirt();
    changed.title = "Better shirt".into();
    changed.variants[0].barcode = None;
    changed.variants.push(variant("SHIRT-R-L", Some("Red"), Some("L"), "42.00", None));
    let first = product("DRAFT", "Moa", &["Colour", "Size"], &shirts(), Some("page 2"));
    let old = at_shop("SHIRT-R-XS", 10, "", &[("Colour", "Red"), ("Size", "XS")]);
    let second = product("DRAFT", "Moa", &["Colour", "Size"], &[old], None);
    let mut variants = shirts();
    variants.push(at_shop("SHIRT-R-L", 13, "949", &[("Colour", "Red"), ("Size", "L")]));
    shop.says("ReadProduct", first)
        .says("ReadProduct", second)
        .says("UpdateProduct", done("productUpdate"))
        .says("CreateVariants", json!({ "productVariantsBulkCreate": { "userErrors": [], "productVariants": [
            { "id": "gid://shopify/ProductVariant/13", "sku": "SHIRT-R-L", "inventoryItem": { "id": "gid://shopify/InventoryItem/130" } }] } }))
        .says("UpdateVariants", done("productVariantsBulkUpdate"))
        .says("DeleteVariants", done("productVariantsBulkDelete"))
        .says("ReadVariantIds", product("ACTIVE", "Tui", &["Colour", "Size"], &variants, None));
    channels(&shop);
    let ProductStep::Done { link: after, .. } =
        shop.storefront().update_product(&link(), &wish(&changed)).await.unwrap()
    else {
        panic!("a small product is written at once")
    };
    assert_eq!(after.variants[2].stock_item, "gid://shopify/InventoryItem/130");
    assert!(shop.left().is_empty());
    insta::assert_json_snapshot!(shop.requests());
}

#[tokio::test]
async fn a_style_that_gains_sizes_is_stated_anew_and_keeps_its_ids_prices_and_pictures() {
    let shop = Recorder::start().await;
    let before =
        [at_shop("SHIRT-R-S", 11, "949", &[("Colour", "Red")]), at_shop("", 99, "", &[("Colour", "Gift wrapped")])];
    shop.says("ReadProduct", product("ACTIVE", "Tui", &["Colour"], &before, None))
        .says("SetProduct", done("productSet"))
        .says("ReadVariantIds", as_it_should_be());
    shop.storefront().update_product(&link(), &wish(&shirt())).await.unwrap();
    insta::assert_json_snapshot!(shop.requests());
}

#[tokio::test]
async fn a_product_that_vanished_at_the_shop_can_be_told_from_other_failures() {
    let shop = Recorder::start().await;
    shop.says("ReadProduct", json!({ "product": null }));
    let error = shop.storefront().update_product(&link(), &wish(&shirt())).await.unwrap_err();
    assert!(matches!(&error, CallError::Unmapped { what, .. } if what.contains("SHIRT")), "{error}");

    let code = |code: &str| json!([{ "code": code, "field": null, "message": "Product does not exist" }]);
    shop.says("SetPrices", json!({ "productVariantsBulkUpdate": { "productVariants": null, "userErrors": code("PRODUCT_DOES_NOT_EXIST") } }));
    let rows = [PriceRow { variant: "11".into(), price: money("1"), compare_at: None }];
    let error = shop.storefront().set_prices(PRODUCT, &rows).await.unwrap_err();
    assert!(matches!(error, CallError::Unmapped { .. }), "{error}");
}

#[tokio::test]
async fn a_product_changed_by_somebody_else_meanwhile_is_decided_anew() {
    let shop = Recorder::start().await;
    let errors = json!([{ "code": "VARIANT_ALREADY_EXISTS", "field": ["variants", "0"], "message": "The variant 'Red / M' already exists." }]);
    shop.says("ReadProduct", product("ACTIVE", "Tui", &["Colour", "Size"], &shirts()[..1], None)).says(
        "CreateVariants",
        json!({ "productVariantsBulkCreate": { "productVariants": null, "userErrors": errors } }),
    );
    let error = shop.storefront().update_product(&link(), &wish(&shirt())).await.unwrap_err();
    assert!(matches!(error, CallError::Conflict(_)), "{error}");
}

#[tokio::test]
async fn new_variants_whose_answer_was_lost_may_be_tried_again_because_they_are_looked_for_first() {
    let shop = Recorder::start().await;
    shop.says("ReadProduct", product("ACTIVE", "Tui", &["Colour", "Size"], &shirts()[..1], None));
    shop.answers("CreateVariants", 504, json!({}));
    let error = shop.storefront().update_product(&link(), &wish(&shirt())).await.unwrap_err();
    assert!(matches!(error, CallError::Transient(_)), "{error}");
}

#[tokio::test]
async fn a_product_taken_off_the_web_becomes_a_draft() {
    let shop = Recorder::start().await;
    shop.says("UpdateProduct", done("productUpdate"));
    shop.storefront().archive_product(PRODUCT, false).await.unwrap();
    insta::assert_json_snapshot!(shop.requests());
}

#[tokio::test]
async fn a_product_that_is_gone_is_off_the_web() {
    let shop = Recorder::start().await;
    let errors = json!([{ "field": ["id"], "message": "Product does not exist" }]);
    shop.says("UpdateProduct", json!({ "productUpdate": { "product": null, "userErrors": errors } }));
    shop.storefront().archive_product(PRODUCT, false).await.unwrap();
}

#[tokio::test]
async fn the_end_of_a_sale_clears_the_struck_through_price() {
    let shop = Recorder::start().await;
    shop.says("SetPrices", done("productVariantsBulkUpdate"));
    let rows = [
        PriceRow { variant: "gid://shopify/ProductVariant/11".into(), price: money("40"), compare_at: None },
        PriceRow {
            variant: "gid://shopify/ProductVariant/12".into(),
            price: money("30"),
            compare_at: Some(money("40")),
        },
    ];
    shop.storefront().set_prices(PRODUCT, &rows).await.unwrap();
    insta::assert_json_snapshot!(shop.requests());
}

#[tokio::test]
async fn prices_go_out_in_lists_the_shop_takes() {
    let shop = Recorder::start().await;
    shop.says("SetPrices", done("productVariantsBulkUpdate")).says("SetPrices", done("productVariantsBulkUpdate"));
    let row = |id: u64| PriceRow { variant: id.to_string(), price: money("1"), compare_at: None };
    let rows: Vec<PriceRow> = (1..=251).map(row).collect();
    shop.storefront().set_prices(PRODUCT, &rows).await.unwrap();
    let sizes: Vec<usize> =
        shop.asked().iter().map(|asked| asked.variables["variants"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [250, 1]);
}

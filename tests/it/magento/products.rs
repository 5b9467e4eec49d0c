//! Products: what is created, what is changed, and what is left alone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use tillbridge::domain::{CallError, Currency, Money, Price, Product, Sku, StyleCode, Variant};
use tillbridge::storefront::{
    CatalogueRules, CategoryAs, CategoryWish, NewProducts, ProductLink, ProductStep, ProductWish, Storefront as _,
    Texts, VariantLink,
};

use super::recorder::Recorder;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
static RULES: CatalogueRules = CatalogueRules {
    category: CategoryAs::Collection,
    texts: Texts::AtCreation,
    new_products: NewProducts::Active,
    metafields: Vec::new(),
    create_locations: false,
};

pub fn money(text: &str) -> Money {
    Money::parse(text, Currency::parse("NZD").unwrap()).unwrap()
}

fn variant(sku: &str, colour: Option<&str>, size: Option<&str>, sale: Option<&str>) -> Variant {
    let price = Price {
        sku: Sku::parse(sku).unwrap(),
        style: StyleCode::parse("TEE").unwrap(),
        retail: money("39.90"),
        sale: sale.map(money),
        sale_from: None,
        sale_until: None,
        levels: BTreeMap::new(),
    };
    let (colour, size) = (colour.map(str::to_owned), size.map(str::to_owned));
    Variant { sku: price.sku.clone(), colour, size, barcode: Some("949".into()), price }
}

fn product(style: &str, variants: Vec<Variant>) -> Product {
    Product {
        style: StyleCode::parse(style).unwrap(),
        title: "Piupiu tee, größer".into(),
        description: Some("<p>Cotton</p>".into()),
        brand: Some("Tui".into()),
        category: Some("Clothing > Tees".into()),
        category_key: Some("TEES".into()),
        fields: BTreeMap::new(),
        variants,
        images: Vec::new(),
    }
}

fn tee() -> Product {
    let small = variant("TEE-RED-S", Some("Red"), Some("S"), None);
    product("TEE", vec![small, variant("TEE-RED-M", Some("Red"), Some("M"), Some("30.00"))])
}

fn mug() -> Product {
    product("MUG", vec![variant("MUG/1", None, None, None)])
}

fn wish(product: &Product) -> ProductWish<'_> {
    ProductWish { product, rules: &RULES, collection: Some("21"), former_collection: None, files: &[], now: NOW }
}

fn link(product: &str, skus: &[&str]) -> ProductLink {
    let variant = |sku: &&str| VariantLink {
        sku: Sku::parse(sku).unwrap(),
        variant: (*sku).to_owned(),
        stock_item: (*sku).to_owned(),
    };
    ProductLink { product: product.into(), variants: skus.iter().map(variant).collect() }
}

fn set_is_named(store: &Recorder) {
    let set = json!({ "attribute_set_id": 4, "attribute_set_name": "Default", "entity_type_id": 4 });
    store.says("GET /rest/all/V1/products/attribute-sets/sets/list", json!({ "items": [set], "total_count": 1 }));
}

fn attribute(id: u64, code: &str, scope: &str) -> Value {
    json!({ "attribute_id": id, "attribute_code": code, "frontend_input": "select", "scope": scope,
        "default_frontend_label": code, "options": [] })
}

fn set_has(store: &Recorder, attributes: &[Value]) {
    store.says("GET /rest/all/V1/products/attribute-sets/4/attributes", json!(attributes));
}

/// Options by id and label, after the blank row every list begins with.
fn options(rows: &[(u64, &str)]) -> Value {
    let blank = std::iter::once(json!({ "label": " ", "value": "" }));
    blank.chain(rows.iter().map(|(id, label)| json!({ "label": label, "value": id.to_string() }))).collect()
}

const COLOURS: &str = "GET /rest/all/V1/products/attributes/color/options";
const SIZES: &str = "GET /rest/all/V1/products/attributes/size/options";

fn colours_and_sizes(store: &Recorder) {
    set_has(store, &[attribute(93, "color", "global"), attribute(141, "size", "global")]);
    store.says(COLOURS, options(&[(52, "red")])).says(SIZES, options(&[(168, "S"), (169, "M")]));
}

#[expect(clippy::needless_pass_by_value, reason = "it is written where it is used")]
fn at_shop(id: u64, sku: &str, kind: &str, visibility: u8, attributes: &[(&str, &str)], extension: Value) -> Value {
    let attributes: Vec<Value> =
        attributes.iter().map(|(code, value)| json!({ "attribute_code": code, "value": value })).collect();
    json!({ "id": id, "sku": sku, "name": "Shop's own name", "attribute_set_id": 4, "price": 39.9, "status": 1,
        "visibility": visibility, "type_id": kind, "extension_attributes": extension, "custom_attributes": attributes })
}

fn small_at_shop() -> Value {
    at_shop(8, "TEE-RED-S", "simple", 1, &[("color", "52"), ("size", "168")], json!({}))
}

fn medium_at_shop() -> Value {
    at_shop(9, "TEE-RED-M", "simple", 1, &[("color", "52"), ("size", "169")], json!({}))
}

/// The tee as it is to be, with one more category and a text of the shop's.
fn tee_at_shop() -> Value {
    let option = |id: u64, attribute: &str, values: &[u64]| {
        let values: Vec<Value> = values.iter().map(|value| json!({ "value_index": value })).collect();
        json!({ "id": id, "attribute_id": attribute, "label": "L", "position": 0, "values": values, "product_id": 7 })
    };
    let extension = json!({
        "website_ids": [1],
        "category_links": [{ "position": 5, "category_id": "11" }, { "position": 0, "category_id": "21" }],
        "configurable_product_options": [option(1, "93", &[52]), option(2, "141", &[168, 169])],
        "configurable_product_links": [8, 9],
    });
    at_shop(7, "TEE", "configurable", 4, &[("description", "Shop's own text")], extension)
}

const CHILDREN: &str = "GET /rest/all/V1/configurable-products/TEE/children";

#[tokio::test]
async fn a_product_without_colours_and_sizes_is_created_as_a_simple_one() {
    let store = Recorder::start().await;
    set_is_named(&store);
    store
        .lacks("GET /rest/all/V1/products/MUG%2F1")
        .says("POST /rest/all/V1/products", at_shop(6, "MUG/1", "simple", 4, &[], json!([])));
    let step = store.storefront().create_product(&wish(&mug())).await.unwrap();
    assert_eq!(step, ProductStep::Done { link: link("MUG/1", &["MUG/1"]), fresh: true });
    insta::assert_json_snapshot!(store.requests());
}

#[tokio::test]
async fn a_product_with_colours_and_sizes_is_created_with_children_and_options() {
    let store = Recorder::start().await;
    set_is_named(&store);
    set_has(&store, &[attribute(93, "color", "global"), attribute(141, "size", "global")]);
    let post = "POST /rest/all/V1/products";
    store
        .lacks("GET /rest/all/V1/products/TEE")
        .says(COLOURS, options(&[(52, "red")]))
        .says(SIZES, options(&[(168, "S")]))
        .says(SIZES, options(&[(168, "S")]))
        .says("POST /rest/all/V1/products/attributes/size/options", json!("id_169"))
        .says(SIZES, options(&[(168, "S"), (169, "M")]))
        .says("GET /rest/all/V1/products", json!({ "items": [], "total_count": 0 }))
        .says(post, small_at_shop())
        .says(post, medium_at_shop())
        .says(
            "POST /rest/all/V1/products/base-prices-information",
            json!([{ "sku": "TEE-RED-M", "price": 39.9, "store_id": 0 }]),
        )
        .says("POST /rest/all/V1/products/special-price-information", json!([]))
        .says("GET /rest/all/V1/modules", json!(["Magento_Catalog"]))
        .says("POST /rest/all/V1/products/special-price", json!([]))
        .says(post, tee_at_shop());
    let step = store.storefront().create_product(&wish(&tee())).await.unwrap();
    assert_eq!(step, ProductStep::Done { link: link("TEE", &["TEE-RED-S", "TEE-RED-M"]), fresh: true });
    insta::assert_json_snapshot!(store.requests());
}

#[tokio::test]
async fn a_product_that_is_as_it_should_be_is_only_read() {
    let store = Recorder::start().await;
    colours_and_sizes(&store);
    store
        .says("GET /rest/all/V1/products/TEE", tee_at_shop())
        .says(CHILDREN, json!([small_at_shop(), medium_at_shop()]));
    let known = link("TEE", &["TEE-RED-S", "TEE-RED-M"]);
    let step = store.storefront().update_product(&known, &wish(&tee())).await.unwrap();
    assert_eq!(step, ProductStep::Done { link: known, fresh: false });
    assert!(store.calls().iter().all(|call| call.starts_with("GET ")), "{:?}", store.calls());
    assert_eq!(store.left(), Vec::<String>::new());
}

#[tokio::test]
async fn a_size_that_is_new_joins_and_one_that_is_gone_is_taken_out_and_disabled() {
    let store = Recorder::start().await;
    colours_and_sizes(&store);
    let mut office = tee();
    office.variants.remove(0);
    office.variants.push(variant("TEE-RED-L", Some("Red"), Some("L"), None));
    let large = at_shop(10, "TEE-RED-L", "simple", 4, &[], json!({}));
    store
        .says("GET /rest/all/V1/products/TEE", tee_at_shop())
        .says(SIZES, options(&[(168, "S"), (169, "M"), (170, "l ")]))
        .says(CHILDREN, json!([small_at_shop(), medium_at_shop()]))
        .says("GET /rest/all/V1/products", json!({ "items": [large], "total_count": 1 }))
        .says("PUT /rest/all/V1/products/TEE-RED-L", json!({}))
        .says("PUT /rest/all/V1/products/TEE", json!({}))
        .says("PUT /rest/all/V1/products/TEE-RED-S", json!({}));
    let moved = ProductWish { collection: Some("22"), former_collection: Some("21"), ..wish(&office) };
    store.storefront().update_product(&link("TEE", &["TEE-RED-M"]), &moved).await.unwrap();
    assert_eq!(store.left(), Vec::<String>::new());
    insta::assert_json_snapshot!(store.requests());
}

#[tokio::test]
async fn a_product_whose_address_is_taken_gets_one_of_its_own() {
    let store = Recorder::start().await;
    set_is_named(&store);
    let taken = json!({ "message": "URL key for specified store already exists." });
    store
        .lacks("GET /rest/all/V1/products/MUG%2F1")
        .answers("POST /rest/all/V1/products", 400, taken)
        .says("POST /rest/all/V1/products", at_shop(6, "MUG/1", "simple", 4, &[], json!([])));
    store.storefront().create_product(&wish(&mug())).await.unwrap();
    let requests = store.requests();
    let key = |at: usize| requests[at]["body"]["product"]["custom_attributes"][0]["value"].as_str().unwrap().to_owned();
    let last = requests.as_array().unwrap().len() - 1;
    assert_eq!(key(last - 1), "piupiu-tee-grosser-mug-1");
    assert!(key(last).starts_with("piupiu-tee-grosser-mug-1-") && key(last).len() == 33, "{}", key(last));
}

#[tokio::test]
async fn an_option_somebody_else_makes_at_the_same_time_is_taken() {
    let store = Recorder::start().await;
    set_is_named(&store);
    set_has(&store, &[attribute(141, "size", "global")]);
    let taken =
        json!({ "message": "Admin store attribute option label \"%1\" is already exists.", "parameters": ["S"] });
    let sized = product("TEE", vec![variant("TEE-S", None, Some("S"), None)]);
    store
        .lacks("GET /rest/all/V1/products/TEE")
        .says(SIZES, options(&[]))
        .answers("POST /rest/all/V1/products/attributes/size/options", 400, taken)
        .says(SIZES, options(&[(171, "S"), (168, "s")]))
        .says("GET /rest/all/V1/products", json!({ "items": [], "total_count": 0 }))
        .says("POST /rest/all/V1/products", at_shop(8, "TEE-S", "simple", 1, &[], json!({})))
        .says("POST /rest/all/V1/products", at_shop(7, "TEE", "configurable", 4, &[], json!({})));
    store.storefront().create_product(&wish(&sized)).await.unwrap();
    let requests = store.requests();
    let child = requests.as_array().unwrap().iter().find(|one| one["body"]["product"]["sku"] == "TEE-S").unwrap();
    let size = json!({ "attribute_code": "size", "value": "168" });
    assert!(
        child["body"]["product"]["custom_attributes"].as_array().unwrap().contains(&size),
        "of two the older counts"
    );
}

#[tokio::test]
async fn an_attribute_that_cannot_tell_children_apart_is_named_with_what_to_do() {
    let without_size = [attribute(93, "color", "global")];
    let per_view = [attribute(93, "color", "global"), attribute(141, "size", "store")];
    for (attributes, why) in [(&without_size[..], "not there"), (&per_view[..], "not global")] {
        let store = Recorder::start().await;
        set_is_named(&store);
        set_has(&store, attributes);
        store.lacks("GET /rest/all/V1/products/TEE").says(COLOURS, options(&[(52, "Red")]));
        let error = store.storefront().create_product(&wish(&tee())).await.unwrap_err();
        let CallError::Unmapped { what, fix } = &error else { panic!("{error}") };
        assert!(what.contains("`size`") && what.contains(why) && fix.contains("size_attribute"), "{error}");
        assert!(store.calls().iter().all(|call| call.starts_with("GET ")), "nothing is half made");
    }
}

#[tokio::test]
async fn a_product_somebody_deleted_can_be_told_from_other_failures() {
    let store = Recorder::start().await;
    store.lacks("GET /rest/all/V1/products/TEE");
    let error = store.storefront().update_product(&link("TEE", &["TEE-RED-S"]), &wish(&tee())).await.unwrap_err();
    assert!(matches!(&error, CallError::Unmapped { what, .. } if what.contains("TEE")), "{error}");
}

#[tokio::test]
async fn a_product_of_another_type_is_left_to_a_person() {
    let store = Recorder::start().await;
    store.says("GET /rest/all/V1/products/TEE", at_shop(7, "TEE", "bundle", 4, &[], json!({})));
    let error = store.storefront().create_product(&wish(&tee())).await.unwrap_err();
    assert!(matches!(&error, CallError::Rejected(why) if why.contains("bundle")), "{error}");
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_may_simply_be_tried_again() {
    let store = Recorder::start().await;
    set_is_named(&store);
    store.lacks("GET /rest/all/V1/products/MUG%2F1").answers("POST /rest/all/V1/products", 504, json!({}));
    let error = store.storefront().create_product(&wish(&mug())).await.unwrap_err();
    assert!(matches!(error, CallError::Transient(_)), "{error}");
}

#[tokio::test]
async fn a_product_taken_off_the_web_is_disabled_once_and_never_deleted() {
    let store = Recorder::start().await;
    store
        .says("GET /rest/all/V1/products/TEE", tee_at_shop())
        .says("PUT /rest/all/V1/products/TEE", json!({}))
        .lacks("GET /rest/all/V1/products/TEE");
    let storefront = store.storefront();
    storefront.archive_product("TEE", false).await.unwrap();
    storefront.archive_product("TEE", true).await.unwrap();
    insta::assert_json_snapshot!(store.requests());
}

#[expect(clippy::needless_pass_by_value, reason = "it is written where it is used")]
fn category(id: u64, parent: u64, name: &str, children: Vec<Value>) -> Value {
    json!({ "id": id, "parent_id": parent, "name": name, "is_active": true, "position": 1, "level": 2, "product_count": 0,
        "children_data": children })
}

fn tree(store: &Recorder, children: Vec<Value>) {
    store
        .says("GET /rest/default/V1/categories", category(2, 1, "Default Category", Vec::new()))
        .says("GET /rest/all/V1/categories", category(2, 1, "Default Category", children));
}

#[tokio::test]
async fn a_category_is_made_where_it_is_missing_in_the_tree_and_then_known() {
    let store = Recorder::start().await;
    tree(&store, vec![category(11, 2, "clothing", Vec::new())]);
    store.says("POST /rest/all/V1/categories", category(21, 11, "Tees", Vec::new()));
    let storefront = store.storefront();
    for _ in 0..2 {
        let wish = CategoryWish { key: "TEES", title: "Clothing > Tees", known: None };
        assert_eq!(storefront.collection(&wish).await.unwrap(), "21");
    }
    insta::assert_json_snapshot!(store.requests());
}

#[tokio::test]
async fn a_category_the_office_renames_and_moves_is_the_same_category() {
    let store = Recorder::start().await;
    let tees = category(21, 11, "Tees", Vec::new());
    tree(&store, vec![category(11, 2, "Clothing", vec![tees]), category(12, 2, "Summer", Vec::new())]);
    store.says("PUT /rest/all/V1/categories/21/move", json!(true)).says("PUT /rest/all/V1/categories/21", json!({}));
    let known = Some(("21", "Clothing > Tees"));
    let wish = CategoryWish { key: "TEES", title: "Summer > Light tees", known };
    assert_eq!(store.storefront().collection(&wish).await.unwrap(), "21");
    insta::assert_json_snapshot!(store.requests());
}

#[tokio::test]
async fn a_category_the_shop_renamed_keeps_the_shops_name_and_place() {
    let store = Recorder::start().await;
    tree(&store, vec![category(21, 2, "Our finest tees", Vec::new())]);
    let known = Some(("21", "Clothing > Tees"));
    let wish = CategoryWish { key: "TEES", title: "Clothing > Tees", known };
    assert_eq!(store.storefront().collection(&wish).await.unwrap(), "21");
    assert!(store.calls().iter().all(|call| call.starts_with("GET ")));
}

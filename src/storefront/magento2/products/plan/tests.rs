//! What is sent for a product, from what the office says and what the store has.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::domain::{Currency, Money, Price, Sku, StyleCode};
use crate::storefront::CatalogueRules;

fn variant(sku: &str, colour: Option<&str>, size: Option<&str>) -> Variant {
    let price = Price {
        sku: Sku::parse(sku).unwrap(),
        style: StyleCode::parse("TEE").unwrap(),
        retail: Money::parse("39.90", Currency::parse("NZD").unwrap()).unwrap(),
        sale: None,
        sale_from: None,
        sale_until: None,
        levels: BTreeMap::new(),
    };
    let (colour, size) = (colour.map(str::to_owned), size.map(str::to_owned));
    Variant { sku: price.sku.clone(), colour, size, barcode: None, price }
}

fn product(variants: Vec<Variant>) -> Product {
    Product {
        style: StyleCode::parse("TEE").unwrap(),
        title: "Tee".into(),
        description: Some("<p>Cotton</p>".into()),
        brand: None,
        category: None,
        category_key: None,
        fields: BTreeMap::new(),
        variants,
        images: Vec::new(),
    }
}

fn wish<'a>(product: &'a Product, rules: &'a CatalogueRules) -> ProductWish<'a> {
    let now = jiff::Timestamp::UNIX_EPOCH;
    ProductWish { product, rules, collection: None, former_collection: None, files: &[], now }
}

#[allow(clippy::needless_pass_by_value, reason = "JSON reads best when it is handed over")]
fn at_shop(extra: serde_json::Value) -> ShopProduct {
    let mut body = json!({
        "id": 7, "sku": "TEE", "name": "Shop's own name", "attribute_set_id": 4, "status": 1, "visibility": 4,
        "type_id": "configurable", "extension_attributes": { "website_ids": [1], "category_links":
        [{ "position": 3, "category_id": "11" }, { "position": 0, "category_id": "12" }] },
        "custom_attributes": [{ "attribute_code": "description", "value": "Shop's own text" },
        { "attribute_code": "color", "value": "52" }],
    });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    serde_json::from_value(body).unwrap()
}

#[test]
fn a_style_without_colours_and_sizes_is_one_simple_product() {
    let mug = product(vec![variant("MUG-1", None, Some(" "))]);
    let shape = Shape::of(&mug).unwrap();
    assert_eq!(shape.sku(), "MUG-1");
    assert!(matches!(shape, Shape::Simple(_)));
}

#[test]
fn a_style_with_a_colour_is_configurable_even_while_there_is_but_one() {
    let tee = product(vec![variant("TEE-RED", Some("Red"), None)]);
    assert_eq!(Shape::of(&tee).unwrap(), Shape::Configurable { sku: "TEE".into(), axes: vec![Axis::Colour] });
}

#[test]
fn a_style_whose_code_is_one_of_its_skus_gets_a_sku_of_its_own() {
    let tee = product(vec![variant("tee", None, Some("S")), variant("TEE-M", None, Some("M"))]);
    assert_eq!(Shape::of(&tee).unwrap().sku(), "TEE-configurable");
}

#[test]
fn what_magento_could_not_tell_apart_or_keep_is_refused_with_names() {
    let twins = product(vec![variant("A", Some("Red"), None), variant("B", Some("red "), None)]);
    let long = "X".repeat(65);
    for (product, said) in [
        (twins, "A and B"),
        (product(vec![variant(&long, None, None)]), "longer than the 64 letters"),
        (product(Vec::new()), "no variants"),
    ] {
        let error = Shape::of(&product).unwrap_err();
        assert!(matches!(&error, CallError::Rejected(why) if why.contains(said)), "{error}");
    }
}

#[test]
fn a_known_product_keeps_its_words_and_its_categories() {
    let (tee, rules) = (product(vec![variant("TEE-RED", Some("Red"), None)]), CatalogueRules::default());
    assert!(!changes(&at_shop(json!({})), &wish(&tee, &rules)).says_something());
    let always = CatalogueRules { texts: Texts::Always, ..CatalogueRules::default() };
    let written = changes(&at_shop(json!({})), &wish(&tee, &always));
    assert_eq!(written.name.as_deref(), Some("Tee"));
    assert_eq!(written.custom_attributes, [AttributeInput::text("description", "<p>Cotton</p>")]);
}

#[test]
fn a_product_moves_with_its_category_and_stays_where_the_shop_put_it() {
    let (tee, rules) = (product(vec![variant("TEE-RED", Some("Red"), None)]), CatalogueRules::default());
    let moved = ProductWish { collection: Some("20"), former_collection: Some("12"), ..wish(&tee, &rules) };
    let written = changes(&at_shop(json!({})), &moved).extension_attributes.category_links.unwrap();
    let link = |category: &str, position| CategoryInput { position, category_id: category.into() };
    assert_eq!(written, [link("11", 3), link("20", 0)]);
    let there = ProductWish { collection: Some("12"), former_collection: Some("12"), ..wish(&tee, &rules) };
    assert!(!changes(&at_shop(json!({})), &there).says_something());
}

#[test]
fn a_disabled_product_comes_back_unless_people_at_the_shop_are_to_show_it() {
    let tee = product(vec![variant("TEE-RED", Some("Red"), None)]);
    let off = at_shop(json!({ "status": 2 }));
    assert_eq!(changes(&off, &wish(&tee, &CatalogueRules::default())).status, Some(ENABLED));
    let draft = CatalogueRules { new_products: NewProducts::Draft, ..CatalogueRules::default() };
    assert_eq!(changes(&off, &wish(&tee, &draft)).status, None);
}

#[test]
fn options_and_children_are_stated_together_or_not_at_all() {
    let joined = json!({ "extension_attributes": {
        "configurable_product_options": [{ "id": 338, "attribute_id": "93", "label": "Colour", "position": 0,
            "values": [{ "value_index": 52 }, { "value_index": 53 }] }],
        "configurable_product_links": [9, 8],
    } });
    let used = |values: &[u64]| {
        vec![Used { attribute: Id(93), label: "Color".into(), values: values.iter().copied().map(Id).collect() }]
    };
    let found = at_shop(joined);
    let mut input = Input::default();
    join(&mut input, Some(&found), &used(&[53, 52]), &[Id(8), Id(9)]);
    assert!(!input.says_something(), "in whatever order");
    join(&mut input, Some(&found), &used(&[52, 53, 54]), &[Id(8), Id(9), Id(10)]);
    let options = input.extension_attributes.configurable_product_options.unwrap();
    assert_eq!((options[0].id, options[0].label.as_str(), options[0].values.len()), (Some(Id(338)), "Colour", 3));
    assert_eq!(input.extension_attributes.configurable_product_links, Some(vec![Id(8), Id(9), Id(10)]));
}

#[test]
fn a_child_is_hidden_when_it_joins_its_product_and_not_again() {
    let options = [("color".to_owned(), Id(52))];
    let seen = at_shop(json!({ "type_id": "simple" }));
    assert_eq!(child_changes(&seen, &options, false).visibility, Some(HIDDEN));
    assert!(!child_changes(&seen, &options, true).says_something());
    let other = [("color".to_owned(), Id(53))];
    assert_eq!(child_changes(&seen, &other, true).custom_attributes, [AttributeInput::text("color", "53")]);
}

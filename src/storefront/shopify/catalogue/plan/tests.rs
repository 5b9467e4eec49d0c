//! Which variants are added, changed and taken away.

use super::*;
use crate::domain::{Currency, Money, Price, Sku, StyleCode};
use crate::storefront::VariantLink;

fn variant(sku: &str, colour: Option<&str>, size: Option<&str>) -> Variant {
    let style = StyleCode::parse("SHIRT").unwrap();
    let sku = Sku::parse(sku).unwrap();
    let retail = Money::zero(Currency::parse("NZD").unwrap());
    Variant {
        sku: sku.clone(),
        colour: colour.map(str::to_owned),
        size: size.map(str::to_owned),
        barcode: None,
        price: Price {
            sku,
            style,
            retail,
            sale: None,
            sale_from: None,
            sale_until: None,
            levels: std::collections::BTreeMap::new(),
        },
    }
}

fn product(variants: Vec<Variant>) -> Product {
    Product {
        style: StyleCode::parse("SHIRT").unwrap(),
        title: "Shirt".into(),
        description: None,
        brand: None,
        category: None,
        category_key: None,
        fields: std::collections::BTreeMap::new(),
        variants,
        images: Vec::new(),
    }
}

fn at_shop(options: &[&str], variants: &[(&str, &str, &[&str])]) -> ShopProduct {
    let variant = |(id, sku, values): &(&str, &str, &[&str])| ShopVariant {
        id: (*id).into(),
        sku: (*sku).into(),
        barcode: None,
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        stock_item: format!("stock of {id}"),
        tracked: true,
        price: "10.00".into(),
        compare_at: None,
    };
    ShopProduct {
        id: "p".into(),
        active: true,
        title: String::new(),
        description: String::new(),
        metafields: std::collections::HashMap::new(),
        vendor: String::new(),
        product_type: String::new(),
        options: options.iter().map(|name| (*name).to_owned()).collect(),
        variants: variants.iter().map(variant).collect(),
    }
}

fn known(pairs: &[(&str, &str)]) -> ProductLink {
    let link = |(sku, id): &(&str, &str)| VariantLink {
        sku: Sku::parse(sku).unwrap(),
        variant: (*id).into(),
        stock_item: String::new(),
    };
    ProductLink { product: "p".into(), variants: pairs.iter().map(link).collect() }
}

fn steps(plan: Plan<'_>) -> Steps<'_> {
    match plan {
        Plan::Steps(steps) => steps,
        Plan::Reshape(kept) => panic!("reshaped: {kept:?}"),
    }
}

#[test]
fn a_product_that_is_as_it_should_be_is_not_touched() {
    let office = product(vec![variant("S", None, Some("S")), variant("M", None, Some("M"))]);
    let shop = at_shop(&["Size"], &[("1", "S", &["S"]), ("2", "M", &["M"])]);
    assert_eq!(steps(plan(&shop, &known(&[("S", "1"), ("M", "2")]), &office)), Steps::default());
}

#[test]
fn a_new_size_is_added_and_one_the_office_dropped_is_deleted() {
    let office = product(vec![variant("S", None, Some("S")), variant("L", None, Some("L"))]);
    let shop = at_shop(&["Size"], &[("1", "S", &["S"]), ("2", "M", &["M"])]);
    let steps = steps(plan(&shop, &known(&[("S", "1"), ("M", "2")]), &office));
    assert_eq!(steps.create, [&office.variants[1]]);
    assert_eq!(steps.delete, ["2"]);
    assert!(steps.update.is_empty());
}

#[test]
fn a_new_sku_for_the_same_thing_keeps_its_id() {
    let office = product(vec![variant("NEW", None, Some("S"))]);
    let shop = at_shop(&["Size"], &[("1", "OLD", &["S"])]);
    let steps = steps(plan(&shop, &known(&[("OLD", "1")]), &office));
    assert_eq!(steps.update, [("1".to_owned(), &office.variants[0])]);
    assert!(steps.delete.is_empty() && steps.create.is_empty());
}

#[test]
fn the_stored_id_counts_more_than_the_sku_at_the_shop() {
    let office = product(vec![variant("S", None, Some("S"))]);
    let shop = at_shop(&["Size"], &[("1", "edited by hand", &["S"]), ("9", "S", &["XS"])]);
    let steps = steps(plan(&shop, &known(&[("S", "1")]), &office));
    assert_eq!(steps.update, [("1".to_owned(), &office.variants[0])]);
    assert_eq!(steps.delete, ["9"]);
}

#[test]
fn a_variant_made_at_the_shop_without_a_sku_is_left_alone() {
    let office = product(vec![variant("S", None, Some("S"))]);
    let shop = at_shop(&["Size"], &[("1", "S", &["S"]), ("2", "", &["Gift box"])]);
    assert_eq!(steps(plan(&shop, &known(&[("S", "1")]), &office)), Steps::default());
}

#[test]
fn options_renamed_at_the_shop_stay_renamed() {
    let office = product(vec![variant("S", Some("Red"), Some("S"))]);
    let shop = at_shop(&["Farbe", "Grösse"], &[("1", "S", &["Red", "S"])]);
    assert_eq!(steps(plan(&shop, &known(&[("S", "1")]), &office)), Steps::default());
}

#[test]
fn a_style_that_gains_colours_is_stated_anew_with_its_ids() {
    let office = product(vec![variant("S", Some("Red"), Some("S")), variant("B", Some("Blue"), Some("S"))]);
    let shop = at_shop(&["Size"], &[("1", "S", &["S"]), ("2", "", &["One"])]);
    let Plan::Reshape(kept) = plan(&shop, &known(&[("S", "1")]), &office) else { panic!("not reshaped") };
    assert_eq!(kept.office, [(&office.variants[0], Some("1".to_owned())), (&office.variants[1], None)]);
    assert_eq!(kept.others, ["2"]);
}

#[test]
fn variants_that_change_places_are_stated_at_once() {
    let office = product(vec![variant("A", None, Some("M")), variant("B", None, Some("S"))]);
    let shop = at_shop(&["Size"], &[("1", "A", &["S"]), ("2", "B", &["M"])]);
    assert!(matches!(plan(&shop, &known(&[("A", "1"), ("B", "2")]), &office), Plan::Reshape(_)));
}

#[test]
fn a_lost_tracking_flag_and_a_changed_barcode_are_mended() {
    let mut office = product(vec![variant("S", None, None)]);
    let mut shop = at_shop(&["Title"], &[("1", "S", &["Default Title"])]);
    shop.variants[0].tracked = false;
    assert_eq!(steps(plan(&shop, &known(&[]), &office)).update.len(), 1);
    shop.variants[0].tracked = true;
    assert_eq!(steps(plan(&shop, &known(&[]), &office)), Steps::default());
    office.variants[0].barcode = Some("9400000000001".into());
    assert_eq!(steps(plan(&shop, &known(&[]), &office)).update.len(), 1);
}

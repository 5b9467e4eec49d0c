//! Products, options, configurables, categories, prices and pictures: what is taken and what is refused.

use base64::Engine as _;
use serde_json::{Value, json};

use super::stranger::{Stranger, options, simple};

async fn saved(stranger: &Stranger, scope: &str, product: Value) -> Value {
    stranger.post(&format!("{scope}/V1/products"), json!({ "product": product })).await
}

fn custom<'a>(product: &'a Value, code: &str) -> Option<&'a Value> {
    let rows = product["custom_attributes"].as_array()?;
    rows.iter().find(|row| row["attribute_code"] == code).map(|row| &row["value"])
}

#[tokio::test]
async fn a_url_key_comes_from_the_name_and_belongs_to_one_product() {
    let stranger = Stranger::open().await;
    let tee = saved(&stranger, "/all", simple("TEE", "Harbour Tee")).await;
    assert_eq!(custom(&tee, "url_key"), Some(&"harbour-tee".into()));
    let second = json!({ "product": simple("TEE-2", "Harbour Tee") });
    let (status, words) = stranger.refused("POST", "/all/V1/products", second).await;
    assert_eq!((status, words.as_str()), (400, "URL key for specified store already exists."));
    let mut named = simple("TEE-2", "Harbour Tee");
    named["custom_attributes"] = json!([{ "attribute_code": "url_key", "value": "harbour-tee-2" }]);
    saved(&stranger, "/all", named).await;
}

#[tokio::test]
async fn a_value_written_without_all_is_the_default_views_own_from_then_on() {
    let stranger = Stranger::open().await;
    saved(&stranger, "/all", simple("TEE", "Tee")).await;
    let named = |name: &str| json!({ "product": { "sku": "TEE", "name": name } });
    stranger.call("PUT", "/V1/products/TEE", Some(named("Tee of the view"))).await;
    stranger.call("PUT", "/all/V1/products/TEE", Some(named("Tee of all"))).await;
    assert_eq!(stranger.get("/all/V1/products/TEE").await["name"], "Tee of all");
    assert_eq!(stranger.get("/default/V1/products/TEE").await["name"], "Tee of the view");
}

#[tokio::test]
async fn a_field_that_is_not_sent_stays_and_one_that_is_none_is_refused() {
    let stranger = Stranger::open().await;
    saved(&stranger, "/all", simple("TEE", "Tee")).await;
    let off = json!({ "product": { "sku": "TEE", "status": 2 } });
    let answer = stranger.call("PUT", "/all/V1/products/TEE", Some(off)).await;
    assert_eq!(
        (&answer.body["status"], &answer.body["price"], &answer.body["name"]),
        (&2.into(), &20.into(), &"Tee".into())
    );
    let odd = json!({ "product": { "sku": "TEE", "colour": "red" } });
    assert!(stranger.refused("PUT", "/all/V1/products/TEE", odd).await.1.contains("does not have accessor method"));
    let nameless = json!({ "product": { "sku": "NEW", "attribute_set_id": 4, "price": 1 } });
    assert_eq!(stranger.refused("POST", "/all/V1/products", nameless).await.0, 400);
    assert_eq!(stranger.call("GET", "/V1/products/NOBODY", None).await.status, 404);
}

#[tokio::test]
async fn an_option_is_made_once_and_a_product_takes_only_what_is_one() {
    let stranger = Stranger::open().await;
    let option = |label: &str| json!({ "option": { "label": label, "sort_order": 1 } });
    let path = "/all/V1/products/attributes/color/options";
    let id = stranger.post(path, option("Moss")).await;
    assert!(id.is_string(), "{id}");
    assert_eq!(stranger.refused("POST", path, option(" moss ")).await.0, 400);
    assert_eq!(stranger.refused("POST", path, option(id.as_str().unwrap())).await.0, 400);
    let options = stranger.get(path).await;
    assert_eq!(options, json!([{ "label": " ", "value": "" }, { "label": "Moss", "value": id }]));
    let mut tee = simple("TEE", "Tee");
    tee["custom_attributes"] = json!([{ "attribute_code": "color", "value": "9999" }]);
    assert_eq!(stranger.refused("POST", "/all/V1/products", json!({ "product": tee })).await.0, 400);
    tee["custom_attributes"] = json!([{ "attribute_code": "color", "value": id }]);
    saved(&stranger, "/all", tee).await;
}

async fn sizes(stranger: &Stranger) -> (Value, Vec<Value>) {
    let attribute = stranger.get("/V1/products/attributes/size").await["attribute_id"].clone();
    let mut values = Vec::new();
    for label in ["S", "M"] {
        let id = stranger.shop.add_option("size", label).await.unwrap();
        let mut child = simple(&format!("CAP-{label}"), &format!("Cap {label}"));
        child["visibility"] = 1.into();
        child["custom_attributes"] = json!([{ "attribute_code": "size", "value": id.to_string() }]);
        saved(stranger, "/all", child).await;
        values.push(json!({ "value_index": id }));
    }
    let cap = json!({ "sku": "CAP", "name": "Cap", "attribute_set_id": 4, "type_id": "configurable" });
    saved(stranger, "/all", cap).await;
    (attribute, values)
}

#[tokio::test]
async fn children_are_attached_one_by_one_and_only_once() {
    let stranger = Stranger::open().await;
    let (attribute, values) = sizes(&stranger).await;
    let child = |sku: &str| json!({ "childSku": sku });
    let path = "/all/V1/configurable-products/CAP/child";
    assert_eq!(stranger.refused("POST", path, child("CAP-S")).await.0, 400);
    let option = json!({ "option": { "attribute_id": attribute, "label": "Size", "position": 0, "is_use_default": true, "values": values } });
    stranger.post("/all/V1/configurable-products/CAP/options", option).await;
    assert_eq!(stranger.post(path, child("CAP-S")).await, true);
    assert!(stranger.refused("POST", path, child("CAP-S")).await.1.contains("already attached"));
    assert_eq!(stranger.shop.product("CAP").unwrap().children, ["CAP-S"]);
}

#[tokio::test]
async fn children_must_differ_and_links_without_options_are_refused() {
    let stranger = Stranger::open().await;
    let (attribute, values) = sizes(&stranger).await;
    let ids: Vec<Value> = [1, 2].map(Value::from).to_vec();
    let linked = |options: Option<Value>, links: &[Value]| {
        let mut extension = json!({ "configurable_product_links": links });
        if let Some(options) = options {
            extension["configurable_product_options"] = options;
        }
        json!({ "product": { "sku": "CAP", "extension_attributes": extension } })
    };
    let option = json!([{ "attribute_id": attribute, "label": "Size", "position": 0, "values": values }]);
    assert_eq!(stranger.refused("PUT", "/all/V1/products/CAP", linked(None, &ids)).await.0, 400);
    let answer = stranger.call("PUT", "/all/V1/products/CAP", Some(linked(Some(option.clone()), &ids))).await;
    assert_eq!(answer.body["extension_attributes"]["configurable_product_links"], json!([1, 2]));
    let same = json!({ "product": { "sku": "CAP-M", "custom_attributes": [{ "attribute_code": "size", "value": values[0]["value_index"].to_string() }] } });
    stranger.call("PUT", "/all/V1/products/CAP-M", Some(same)).await;
    let (_, words) = stranger.refused("PUT", "/all/V1/products/CAP", linked(Some(option), &ids)).await;
    assert!(words.contains("same set of attribute values"), "{words}");
}

#[tokio::test]
async fn a_price_that_is_refused_is_told_in_a_200() {
    let stranger = Stranger::open().await;
    saved(&stranger, "/all", simple("TEE", "Tee")).await;
    let row = |sku: &str, price: f64| json!({ "sku": sku, "price": price, "store_id": 0 });
    let path = "/all/V1/products/base-prices";
    assert_eq!(stranger.post(path, json!({ "prices": [row("TEE", 19.5)] })).await, json!([]));
    let answer = stranger.post(path, json!({ "prices": [row("NOBODY", 1.0), row("TEE", 18.0)] })).await;
    assert_eq!(answer[0]["parameters"], json!(["SKU", "NOBODY"]));
    assert_eq!(stranger.get("/V1/products/TEE").await["price"], 18);
    let special = json!({ "sku": "TEE", "price": 15, "store_id": 0, "price_from": "2026-11-01 00:00:00", "price_to": "2026-12-01 00:00:00" });
    assert_eq!(stranger.post("/all/V1/products/special-price", json!({ "prices": [special] })).await, json!([]));
    let product = stranger.get("/V1/products/TEE").await;
    assert_eq!(custom(&product, "special_to_date"), Some(&"2026-12-01 00:00:00".into()));
    stranger.post("/all/V1/products/special-price-delete", json!({ "prices": [special] })).await;
    assert!(stranger.shop.product("TEE").unwrap().specials.is_empty());
}

#[tokio::test]
async fn with_staging_a_special_price_begins_in_the_future() {
    let mut options = options();
    options.staging = true;
    let stranger = Stranger::open_with(options).await;
    saved(&stranger, "/all", simple("TEE", "Tee")).await;
    let special = |from: &str| json!({ "prices": [{ "sku": "TEE", "price": 15, "store_id": 0, "price_from": from, "price_to": null }] });
    let path = "/all/V1/products/special-price";
    assert_eq!(stranger.post(path, special("2020-01-01 00:00:00")).await.as_array().unwrap().len(), 1);
    assert_eq!(stranger.post(path, special("2099-01-01 00:00:00")).await, json!([]));
}

#[tokio::test]
async fn every_picture_that_is_sent_is_one_more_file() {
    let stranger = Stranger::open().await;
    saved(&stranger, "/all", simple("TEE", "Tee")).await;
    let entry = |name: &str, bytes: &[u8]| {
        let data = base64::engine::general_purpose::STANDARD.encode(bytes);
        let content = json!({ "base64_encoded_data": data, "type": "image/png", "name": name });
        json!({ "entry": { "media_type": "image", "label": "", "position": 1, "disabled": false, "types": ["image"], "content": content } })
    };
    let path = "/all/V1/products/TEE/media";
    let first = stranger.post(path, entry("tee.png", b"\x89PNG one")).await;
    let second = stranger.post(path, entry("tee.png", b"\x89PNG one")).await;
    assert_ne!(first, second);
    let media = stranger.get(path).await;
    assert_eq!((media.as_array().unwrap().len(), &media[0]["types"]), (2, &json!([])));
    for (name, bytes) in [("tee.PNG", &b"\x89PNG"[..]), ("my tee.png", b"\x89PNG"), ("tee.png", b"<html>")] {
        assert_eq!(stranger.refused("POST", path, entry(name, bytes)).await.0, 400, "{name}");
    }
    let replaced = format!("{path}/{}", first.as_str().unwrap());
    assert_eq!(stranger.call("PUT", &replaced, Some(entry("new.png", b"\x89PNG two"))).await.body, true);
    assert_eq!(stranger.call("DELETE", &replaced, None).await.status, 404);
    stranger
        .call("PUT", "/all/V1/products/TEE", Some(json!({ "product": { "sku": "TEE", "media_gallery_entries": [] } })))
        .await;
    assert_eq!(stranger.get(path).await, json!([]));
}

#[tokio::test]
async fn categories_are_a_tree_and_no_branch_hangs_on_its_own_twig() {
    let stranger = Stranger::open().await;
    let made = stranger.post("/all/V1/categories", json!({ "category": { "name": "Tops", "is_active": true } })).await;
    assert_eq!((&made["parent_id"], &made["path"]), (&2.into(), &"1/2/3".into()));
    let again = json!({ "category": { "name": "Tops", "parent_id": 2, "is_active": true } });
    assert_eq!(stranger.refused("POST", "/all/V1/categories", again).await.0, 400);
    let tees = json!({ "category": { "name": "Tees", "parent_id": 3, "is_active": true } });
    stranger.post("/all/V1/categories", tees).await;
    let below = json!({ "parentId": 4, "afterId": 0 });
    assert_eq!(stranger.refused("PUT", "/all/V1/categories/3/move", below).await.0, 400);
    let tree = stranger.get("/all/V1/categories").await;
    assert_eq!(tree["children_data"][0]["children_data"][0]["name"], "Tees");
    saved(&stranger, "/all", simple("TEE", "Tee")).await;
    let link = json!({ "productLink": { "sku": "TEE", "position": 0, "category_id": "4" } });
    stranger.post("/all/V1/categories/4/products", link).await;
    assert_eq!(stranger.shop.product("TEE").unwrap().categories, [4]);
}

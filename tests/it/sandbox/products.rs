//! Writing products: found by the office's key, lists replaced as a whole, visible only once published.

use serde_json::{Value, json};
use tillbridge::sandbox::shopify::Product;

use super::stranger::{Answer, Stranger};

const SET: &str = "mutation Set($key: UniqueMetafieldValueInput!, $input: ProductSetInput!) {
  productSet(identifier: { customId: $key }, input: $input) {
    product { id variants(first: 10) { nodes { id sku } } } userErrors { code field message }
  }
}";
const UPDATE: &str = "mutation Up($id: ID!, $rows: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $id, variants: $rows) { productVariants { id } userErrors { code field message } }
}";
const CREATE: &str = "mutation Cr($id: ID!, $rows: [ProductVariantsBulkInput!]!) {
  productVariantsBulkCreate(productId: $id, variants: $rows) {
    productVariants { id sku inventoryItem { id } } userErrors { code field message }
  }
}";
const DELETE: &str = "mutation De($id: ID!, $ids: [ID!]!) {
  productVariantsBulkDelete(productId: $id, variantsIds: $ids) { product { id } userErrors { code field message } }
}";
const DEFINE: &str = "mutation Def($it: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $it) { createdDefinition { id } userErrors { code field message } }
}";

async fn shop_with_keys() -> Stranger {
    let stranger = Stranger::open().await;
    let answer = define(&stranger).await;
    assert!(answer.user_codes("metafieldDefinitionCreate").is_empty());
    stranger
}

async fn define(stranger: &Stranger) -> Answer {
    let it =
        json!({ "name": "Style", "namespace": "tillbridge", "key": "style", "ownerType": "PRODUCT", "type": "id" });
    stranger.ask(DEFINE, json!({ "it": it })).await
}

fn row(size: &str, sku: &str) -> Value {
    json!({
        "optionValues": [{ "optionName": "Size", "name": size }], "price": "49.00",
        "inventoryItem": { "sku": sku, "tracked": true },
    })
}

fn shirt(sizes: &[(&str, &str)]) -> Value {
    let values: Vec<Value> = sizes.iter().map(|(size, _)| json!({ "name": size })).collect();
    let rows: Vec<Value> = sizes.iter().map(|(size, sku)| row(size, sku)).collect();
    json!({
        "title": "Shirt", "vendor": "Acme", "productType": "Tops",
        "metafields": [{ "namespace": "tillbridge", "key": "style", "type": "id", "value": "SHIRT" }],
        "productOptions": [{ "name": "Size", "values": values }], "variants": rows,
        "files": [{ "originalSource": "https://example.com/shirt.png", "contentType": "IMAGE" }],
    })
}

async fn set(stranger: &Stranger, input: Value) -> Answer {
    let key = json!({ "namespace": "tillbridge", "key": "style", "value": "SHIRT" });
    stranger.ask(SET, json!({ "key": key, "input": input })).await
}

fn stored(stranger: &Stranger) -> Product {
    stranger.shop.product_by_pos_key("tillbridge", "style", "SHIRT").unwrap()
}

fn gid(kind: &str, id: u64) -> String {
    format!("gid://shopify/{kind}/{id}")
}

#[tokio::test]
async fn a_custom_id_needs_a_definition_and_a_definition_is_made_once() {
    let stranger = Stranger::open().await;
    let early = set(&stranger, shirt(&[("M", "SHIRT-M")])).await;
    assert_eq!(early.code(), "NOT_FOUND", "{}", early.body);
    assert!(stranger.shop.products().is_empty());
    assert!(define(&stranger).await.user_codes("metafieldDefinitionCreate").is_empty());
    assert_eq!(define(&stranger).await.user_codes("metafieldDefinitionCreate"), ["TAKEN"]);
    assert!(set(&stranger, shirt(&[("M", "SHIRT-M")])).await.user_codes("productSet").is_empty());
}

#[tokio::test]
async fn setting_twice_by_the_same_key_keeps_one_product_and_its_ids() {
    let stranger = shop_with_keys().await;
    let first = set(&stranger, shirt(&[("M", "SHIRT-M"), ("L", "SHIRT-L")])).await;
    let again = set(&stranger, shirt(&[("M", "SHIRT-M"), ("L", "SHIRT-L")])).await;
    assert_eq!(first.data()["productSet"]["product"], again.data()["productSet"]["product"]);
    assert_eq!(stranger.shop.products().len(), 1);
}

#[tokio::test]
async fn a_variant_left_out_is_deleted_and_pictures_sent_again_are_new() {
    let stranger = shop_with_keys().await;
    set(&stranger, shirt(&[("M", "SHIRT-M"), ("L", "SHIRT-L")])).await.data();
    let before = stored(&stranger);
    set(&stranger, shirt(&[("L", "SHIRT-L"), ("S", "SHIRT-S")])).await.data();
    let after = stored(&stranger);
    let skus: Vec<_> = after.variants.iter().filter_map(|variant| variant.sku.as_deref()).collect();
    assert_eq!(skus, ["SHIRT-L", "SHIRT-S"]);
    assert_eq!(after.variants[0].id, before.variants[1].id);
    assert!(stranger.shop.stock("SHIRT-M", "Online").is_none());
    assert_ne!(after.images[0].id, before.images[0].id);
    let mut texts_only = shirt(&[]);
    for list in ["variants", "productOptions", "files"] {
        texts_only.as_object_mut().unwrap().remove(list);
    }
    texts_only["title"] = json!("Better shirt");
    set(&stranger, texts_only).await.data();
    let last = stored(&stranger);
    assert_eq!((last.title.as_str(), last.variants.len(), &last.images), ("Better shirt", 2, &after.images));
}

#[tokio::test]
async fn options_and_variants_come_together_and_must_fit() {
    let stranger = shop_with_keys().await;
    let full = || shirt(&[("M", "SHIRT-M"), ("L", "SHIRT-L")]);
    let without = |list: &str| {
        let mut input = full();
        input.as_object_mut().unwrap().remove(list);
        input
    };
    let with = |list: &str, value: Value| {
        let mut input = full();
        input[list] = value;
        input
    };
    let option = |name: &str| json!({ "name": name, "values": [{ "name": "x" }] });
    let mut below_nothing = row("M", "SHIRT-M");
    below_nothing["price"] = json!("-1.00");
    let many: Vec<Value> = (0..2_049).map(|number| row(&number.to_string(), "X")).collect();
    for (input, code) in [
        (without("productOptions"), "PRODUCT_OPTIONS_INPUT_MISSING"),
        (without("variants"), "VARIANTS_INPUT_MISSING"),
        (with("variants", json!([])), "VARIANTS_INPUT_MISSING"),
        (with("variants", json!(many)), "VARIANTS_OVER_LIMIT"),
        (with("productOptions", json!(["a", "b", "c", "d"].map(option))), "OPTIONS_OVER_LIMIT"),
        (with("productOptions", json!([option("Size"), option("Size")])), "DUPLICATED_OPTION_NAME"),
        (with("productOptions", json!([{ "name": "Size" }])), "OPTION_VALUES_MISSING"),
        (with("productOptions", json!([option("Colour")])), "OPTION_DOES_NOT_EXIST"),
        (with("variants", json!([row("XL", "SHIRT-XL")])), "OPTION_VALUE_DOES_NOT_EXIST"),
        (with("variants", json!([row("M", "A"), row("M", "B")])), "INVALID_VARIANT"),
        (with("variants", json!([{ "optionValues": [] }])), "INVALID_VARIANT"),
        (with("variants", json!([below_nothing])), "INVALID_VARIANT"),
        (without("title"), "INVALID_INPUT"),
        (without("metafields"), "METAFIELD_MISMATCH"),
    ] {
        let answer = set(&stranger, input.clone()).await;
        assert_eq!(answer.user_codes("productSet"), [code], "{}", answer.body);
        assert_eq!(answer.body["data"]["productSet"]["product"], Value::Null);
    }
    assert!(stranger.shop.products().is_empty());
}

#[tokio::test]
async fn a_product_is_invisible_until_it_is_published() {
    let stranger = shop_with_keys().await;
    set(&stranger, shirt(&[("M", "SHIRT-M")])).await.data();
    let product = stored(&stranger);
    assert!(!product.is_visible());
    assert!(stranger.shop.catalogue().is_empty());
    let channels = stranger.ask("{ publications(first: 5) { nodes { id name } } }", json!({})).await;
    let channel = channels.data()["publications"]["nodes"][0]["id"].clone();
    let publish = "mutation P($id: ID!, $input: [PublicationInput!]!) {
        publishablePublish(id: $id, input: $input) { userErrors { field message } } }";
    let id = gid("Product", product.id);
    let input = |channel: Value| json!({ "id": id, "input": [{ "publicationId": channel }] });
    let nowhere = stranger.ask(publish, input(json!("gid://shopify/Publication/1"))).await;
    assert_eq!(nowhere.user_codes("publishablePublish"), ["without code"]);
    let answer = stranger.ask(publish, input(channel)).await;
    assert!(answer.user_codes("publishablePublish").is_empty());
    assert!(stored(&stranger).is_visible());
    let update = "mutation U($p: ProductUpdateInput!) { productUpdate(product: $p) { userErrors { message } } }";
    stranger.ask(update, json!({ "p": { "id": id, "status": "ARCHIVED" } })).await.data();
    assert!(!stored(&stranger).is_visible());
    let unknown = stranger.ask(update, json!({ "p": { "id": "gid://shopify/Product/9", "vendor": "V" } })).await;
    assert_eq!(unknown.user_codes("productUpdate"), ["without code"]);
}

#[tokio::test]
async fn prices_are_set_and_a_null_clears_the_struck_through_one() {
    let stranger = shop_with_keys().await;
    set(&stranger, shirt(&[("M", "SHIRT-M")])).await.data();
    let product = stored(&stranger);
    let (id, variant) = (gid("Product", product.id), gid("ProductVariant", product.variants[0].id));
    let rows = json!([{ "id": variant, "price": "39.00", "compareAtPrice": "49.00" }]);
    stranger.ask(UPDATE, json!({ "id": id, "rows": rows })).await.data();
    let shown = stranger.shop.variant("SHIRT-M").unwrap();
    assert_eq!(
        (shown.price.to_string(), shown.compare_at.unwrap().to_string()),
        ("39.00 NZD".into(), "49.00 NZD".into())
    );
    stranger.ask(UPDATE, json!({ "id": id, "rows": [{ "id": variant, "barcode": "940" }] })).await.data();
    assert!(stranger.shop.variant("SHIRT-M").unwrap().compare_at.is_some(), "what is left out stays");
    stranger.ask(UPDATE, json!({ "id": id, "rows": [{ "id": variant, "compareAtPrice": null }] })).await.data();
    let shown = stranger.shop.variant("SHIRT-M").unwrap();
    assert_eq!((shown.compare_at, shown.barcode.as_deref()), (None, Some("940")));
}

#[tokio::test]
async fn bulk_updates_refuse_strangers_and_change_nothing_then() {
    let stranger = shop_with_keys().await;
    set(&stranger, shirt(&[("M", "SHIRT-M"), ("L", "SHIRT-L")])).await.data();
    let product = stored(&stranger);
    let id = gid("Product", product.id);
    let known = json!({ "id": gid("ProductVariant", product.variants[0].id), "price": "1.00" });
    let twin = json!({ "id": known["id"], "optionValues": [{ "optionName": "Size", "name": "L" }] });
    let many: Vec<Value> = vec![known.clone(); 251];
    for (rows, code) in [
        (json!([known, { "price": "2.00" }]), "PRODUCT_VARIANT_ID_MISSING"),
        (json!([known, { "id": "gid://shopify/ProductVariant/7" }]), "PRODUCT_VARIANT_DOES_NOT_EXIST"),
        (json!([{ "id": known["id"], "price": "-2.00" }]), "NEGATIVE_PRICE_VALUE"),
        (json!([twin]), "VARIANT_ALREADY_EXISTS"),
    ] {
        let answer = stranger.ask(UPDATE, json!({ "id": id, "rows": rows })).await;
        assert_eq!(answer.user_codes("productVariantsBulkUpdate"), [code]);
    }
    let nobody = stranger.ask(UPDATE, json!({ "id": gid("Product", 5), "rows": [known] })).await;
    assert_eq!(nobody.user_codes("productVariantsBulkUpdate"), ["PRODUCT_DOES_NOT_EXIST"]);
    let long = stranger.ask(UPDATE, json!({ "id": id, "rows": many })).await;
    assert_eq!(long.code(), "MAX_INPUT_SIZE_EXCEEDED");
    assert_eq!(stored(&stranger), product);
}

#[tokio::test]
async fn variants_are_added_and_taken_away() {
    let stranger = shop_with_keys().await;
    set(&stranger, shirt(&[("M", "SHIRT-M")])).await.data();
    let product = stored(&stranger);
    let id = gid("Product", product.id);
    let added = stranger.ask(CREATE, json!({ "id": id, "rows": [row("L", "SHIRT-L")] })).await;
    assert_eq!(added.data()["productVariantsBulkCreate"]["productVariants"][0]["sku"], "SHIRT-L");
    assert_eq!(stranger.shop.stock("SHIRT-L", "Online").unwrap().on_hand, 0);
    for (rows, code) in [
        (json!([row("L", "TWICE")]), "VARIANT_ALREADY_EXISTS"),
        (json!([{ "price": "1.00" }]), "NEED_TO_ADD_OPTION_VALUES"),
        (json!([{ "id": gid("ProductVariant", 3), "price": "1.00" }]), "INVALID_INPUT"),
    ] {
        let answer = stranger.ask(CREATE, json!({ "id": id, "rows": rows })).await;
        assert_eq!(answer.user_codes("productVariantsBulkCreate"), [code]);
    }
    let all: Vec<String> = stored(&stranger).variants.iter().map(|one| gid("ProductVariant", one.id)).collect();
    let remove = |ids: Value| stranger.ask(DELETE, json!({ "id": id, "ids": ids }));
    let code = "AT_LEAST_ONE_VARIANT_DOES_NOT_BELONG_TO_THE_PRODUCT";
    assert_eq!(
        remove(json!([all[0], "gid://shopify/ProductVariant/1"])).await.user_codes("productVariantsBulkDelete"),
        [code]
    );
    assert_eq!(remove(json!(all)).await.user_codes("productVariantsBulkDelete"), ["CANNOT_DELETE_LAST_VARIANT"]);
    remove(json!([all[0]])).await.data();
    let left = stored(&stranger).variants;
    assert_eq!((left.len(), left[0].sku.as_deref()), (1, Some("SHIRT-L")));
}

#[tokio::test]
async fn the_merchants_own_edits_stay_when_the_bridge_writes_other_fields() {
    let stranger = shop_with_keys().await;
    set(&stranger, shirt(&[("M", "SHIRT-M")])).await.data();
    let product = stored(&stranger);
    stranger.shop.edit_title(product.id, "A shirt for summer").await.unwrap();
    stranger.shop.add_image(product.id, "https://example.com/model.png").await.unwrap();
    let update = "mutation U($p: ProductUpdateInput!) { productUpdate(product: $p) { userErrors { message } } }";
    stranger.ask(update, json!({ "p": { "id": gid("Product", product.id), "vendor": "New" } })).await.data();
    let now = stored(&stranger);
    assert_eq!((now.title.as_str(), now.vendor.as_str(), now.images.len()), ("A shirt for summer", "New", 2));
}

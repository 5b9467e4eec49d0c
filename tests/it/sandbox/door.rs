//! Who gets in, what is understood, and what it costs.

use std::time::Duration;

use apollo_compiler::Schema;
use apollo_compiler::schema::ExtendedType;
use serde_json::{Value, json};

use super::stranger::{Stranger, options};

const SCHEMA: &str = include_str!("../../../schemas/shopify/admin.graphql");

const SHOP: &str = "{ shop { name } }";

#[tokio::test]
async fn a_wrong_or_missing_token_is_turned_away() {
    let stranger = Stranger::open().await;
    let body = json!({ "query": SHOP }).to_string();
    for token in [None, Some(""), Some("shpat_guess")] {
        let answer = stranger.send(token, body.clone()).await.unwrap();
        assert_eq!(answer.status, 401, "{token:?}");
        assert!(answer.body.get("data").is_none());
    }
    stranger.shop.replace_token("shpat_new");
    assert_eq!(stranger.send(Some("shpat_sandbox"), body.clone()).await.unwrap().status, 401);
    assert_eq!(stranger.send(Some("shpat_new"), body).await.unwrap().status, 200);
}

#[tokio::test]
async fn every_answer_names_the_version_that_was_really_served() {
    let mut old = options();
    old.api_version = "2026-07".to_owned();
    let stranger = Stranger::open_with(old).await;
    let answer = stranger.ask(SHOP, json!({})).await;
    assert_eq!(answer.headers["x-shopify-api-version"], "2026-07");
    assert_eq!(answer.data()["shop"]["name"], "kiwi-web");
}

#[tokio::test]
async fn a_body_that_is_no_request_is_a_bad_request() {
    let stranger = Stranger::open().await;
    for body in ["", "{", "[]", r#"{"variables":{}}"#] {
        let answer = stranger.send(Some(&stranger.shop.token()), body.to_owned()).await.unwrap();
        assert_eq!(answer.status, 400, "{body}");
    }
}

#[tokio::test]
async fn documents_that_do_not_fit_the_schema_are_refused_without_data() {
    let stranger = Stranger::open().await;
    for (query, complaint) in [
        ("{ shop { favouriteColour } }", "favouriteColour"),
        ("{ shop }", "subselection"),
        ("{ order { id } }", "id"),
        ("query Q($id: Int!) { product(id: $id) { id } }", "id"),
        ("{ shop { name }", ""),
        ("mutation { productDelete(input: { id: \"1\" }) { deletedProductId } }", "productDelete"),
    ] {
        let answer = stranger.ask(query, json!({})).await;
        assert_eq!(answer.status, 200, "{query}");
        assert!(answer.body.get("data").is_none(), "{query}: {}", answer.body);
        let errors = answer.body["errors"].as_array().unwrap();
        let names_it = |error: &Value| error["message"].as_str().unwrap().contains(complaint);
        assert!(errors.iter().any(names_it), "{query}: {errors:?}");
    }
    assert!(stranger.shop.writes().is_empty());
}

#[tokio::test]
async fn variables_that_do_not_fit_are_refused() {
    let stranger = Stranger::open().await;
    let query = "mutation M($input: ProductSetInput!) { productSet(input: $input) { userErrors { message } } }";
    for variables in [
        json!({}),
        json!({ "input": null }),
        json!({ "input": { "title": 7 } }),
        json!({ "input": { "colour": "red" } }),
        json!({ "input": { "title": "A", "status": "SLEEPING" } }),
    ] {
        let answer = stranger.ask(query, variables.clone()).await;
        assert_eq!(answer.code(), "INVALID_VARIABLE", "{variables}: {}", answer.body);
        assert!(answer.body.get("data").is_none());
    }
    let option = json!([{ "name": "Title", "values": [{ "name": "Default Title" }] }]);
    let values = json!([{ "optionName": "Title", "name": "Default Title" }]);
    let variants = json!([{ "optionValues": values, "price": 12 }]);
    let input = json!({ "title": "A", "productOptions": option, "variants": variants });
    let answer = stranger.ask(query, json!({ "input": input })).await;
    assert_eq!(answer.code(), "INVALID_VARIABLE", "money is text, not a number: {}", answer.body);
    assert!(stranger.shop.products().is_empty());
}

#[tokio::test]
async fn lists_are_read_page_by_page_to_the_end() {
    let stranger = Stranger::open().await;
    let query = "query L($first: Int!, $after: String) { locations(first: $first, after: $after) {
        nodes { name } pageInfo { hasNextPage endCursor } } }";
    let first = stranger.ask(query, json!({ "first": 1 })).await;
    let page = &first.data()["locations"];
    assert_eq!(page["nodes"], json!([{ "name": "Online" }]));
    assert_eq!(page["pageInfo"]["hasNextPage"], true);
    let second = stranger.ask(query, json!({ "first": 1, "after": page["pageInfo"]["endCursor"] })).await;
    let page = &second.data()["locations"];
    assert_eq!(page["nodes"], json!([{ "name": "Queen Street" }]));
    assert_eq!(page["pageInfo"]["hasNextPage"], false);
    let lost = stranger.ask(query, json!({ "first": 1, "after": "cursor-of-nothing" })).await;
    assert_eq!(lost.data()["locations"]["nodes"], json!([]));
}

#[tokio::test]
async fn aliases_and_fragments_are_answered_under_their_own_names() {
    let stranger = Stranger::open().await;
    let query = "{ here: shop { ...facts } there: shop { money: currencyCode __typename } }
        fragment facts on Shop { domain: myshopifyDomain taxesIncluded }";
    let answer = stranger.ask(query, json!({})).await;
    assert_eq!(answer.data()["here"], json!({ "domain": "kiwi-web.myshopify.com", "taxesIncluded": false }));
    assert_eq!(answer.data()["there"], json!({ "money": "NZD", "__typename": "Shop" }));
}

#[tokio::test]
async fn points_are_taken_reported_and_come_back_with_time() {
    let mut small = options();
    (small.bucket_size, small.restore_rate) = (100, 50);
    let stranger = Stranger::open_with(small).await;
    let answer = stranger.ask("{ locations(first: 60) { nodes { id } } }", json!({})).await;
    let cost = &answer.body["extensions"]["cost"];
    assert_eq!(cost["requestedQueryCost"], 61);
    assert_eq!(cost["actualQueryCost"], 3, "the connection and the two locations that exist");
    assert_eq!(cost["throttleStatus"]["maximumAvailable"], 100);
    stranger.shop.drain_bucket();
    let throttled = stranger.ask("{ locations(first: 60) { nodes { id } } }", json!({})).await;
    assert_eq!((throttled.status, throttled.code()), (200, "THROTTLED"));
    assert!(throttled.body.get("data").is_none());
    let cost = &throttled.body["extensions"]["cost"];
    assert_eq!(cost["actualQueryCost"], Value::Null);
    assert_eq!((&cost["requestedQueryCost"], &cost["throttleStatus"]["restoreRate"]), (&json!(61), &json!(50)));
    stranger.shop.advance_clock(Duration::from_secs(2));
    stranger.ask("{ locations(first: 60) { nodes { id } } }", json!({})).await.data();
    let count = stranger.shop.api_calls().of("locations");
    assert_eq!((count.calls, count.throttled, count.requested, count.actual), (3, 1, 122, 6));
}

#[tokio::test]
async fn one_document_may_not_ask_for_more_than_a_thousand_points() {
    let stranger = Stranger::open().await;
    let query = "query Q($first: Int!) { product(id: \"gid://shopify/Product/1\") {
        variants(first: $first) { nodes { id inventoryItem { id } selectedOptions { name } } } } }";
    let answer = stranger.ask(query, json!({ "first": 250 })).await;
    assert_eq!(answer.data()["product"], Value::Null);
    let both =
        query.replacen("{ product", "{ again: product(id: \"1\") { variants(first: 250) { nodes { id } } } product", 1);
    let refused = stranger.ask(&both, json!({ "first": 250 })).await;
    assert_eq!(refused.code(), "MAX_COST_EXCEEDED", "{}", refused.body);
    assert!(refused.body.get("data").is_none());
}

/// Every field of the schema subset has an answer: a field that is in the schema but not in the shop would fail the first
/// client that asks for it.
#[tokio::test]
async fn every_field_of_the_schema_is_answered() {
    let stranger = Stranger::open().await;
    let info = stranger.goods("MUG", "25.00", 3).await;
    let plan = tillbridge::sandbox::shopify::lives::OrderPlan::plain(options().currency, &[(&info, 1)]);
    let order = stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.fulfil(order).await.unwrap();
    let everything = tillbridge::sandbox::shopify::lives::RefundLedger::new(&plan)
        .everything(tillbridge::sandbox::shopify::lives::Restock::Return { location: 0 });
    let refund = stranger.shop.refund(order, &everything).await.unwrap();
    let shipment = stranger.shop.order(order).unwrap().shipments[0];
    stranger.shop.subscribe_all("https://example.com/hooks");
    let customer = stranger.shop.edit_customer(None, |customer| {
        customer.email = Some("ana@example.com".into());
        customer.phone = Some("+6421555123".into());
        customer.addresses = vec![tillbridge::sandbox::shopify::ShopAddress::default()];
    });
    let customer = customer.await.unwrap();
    let schema = Schema::parse_and_validate(SCHEMA, "admin.graphql").unwrap();
    let product = format!("gid://shopify/Product/{}", info.ids.product);
    let item = format!("gid://shopify/InventoryItem/{}", info.ids.inventory_item);
    let online = stranger.location("Online");
    let arguments = |field: &str| match field {
        "QueryRoot.customerByIdentifier" => format!("(identifier: {{ id: \"gid://shopify/Customer/{customer}\" }})"),
        "QueryRoot.order" => format!("(id: \"gid://shopify/Order/{order}\")"),
        "QueryRoot.fulfillment" => format!("(id: \"gid://shopify/Fulfillment/{shipment}\")"),
        "QueryRoot.refund" => format!("(id: \"gid://shopify/Refund/{refund}\")"),
        "QueryRoot.product" => format!("(id: \"{product}\")"),
        "QueryRoot.productByIdentifier" => format!("(identifier: {{ id: \"{product}\" }})"),
        "QueryRoot.bulkOperation" => "(id: \"gid://shopify/BulkOperation/1\")".to_owned(),
        "QueryRoot.productOperation" => "(id: \"gid://shopify/ProductSetOperation/1\")".to_owned(),
        "QueryRoot.priceList" => "(id: \"gid://shopify/PriceList/1\")".to_owned(),
        "QueryRoot.collectionByIdentifier" => "(identifier: { id: \"gid://shopify/Collection/1\" })".to_owned(),
        "QueryRoot.locationByIdentifier" => format!("(identifier: {{ id: \"{online}\" }})"),
        "Product.media" => "(first: 1)".to_owned(),
        "Product.metafield" => "(key: \"style\")".to_owned(),
        field if field.ends_with(".publishedOnPublication") => {
            "(publicationId: \"gid://shopify/Publication/1\")".to_owned()
        }
        "QueryRoot.nodes" => format!("(ids: [\"{item}\", \"{product}\", \"{online}\"])"),
        "QueryRoot.metafieldDefinition" => "(identifier: { ownerType: PRODUCT, key: \"style\" })".to_owned(),
        "InventoryItem.inventoryLevel" => format!("(locationId: \"{online}\")"),
        "InventoryLevel.quantities" => "(names: [\"available\", \"on_hand\", \"committed\"])".to_owned(),
        field if field.ends_with('s') && !field.starts_with("InventoryLevel") && takes_first(&schema, field) => {
            "(first: 1)".to_owned()
        }
        _ => String::new(),
    };
    for field in object_fields(&schema, "QueryRoot") {
        let selection = select(&schema, "QueryRoot", &field, &arguments, &mut Vec::new()).unwrap();
        let answer = stranger.ask(&format!("{{ {selection} }}"), json!({})).await;
        let data = answer.data();
        let may_lack =
            ["metafieldDefinition", "bulkOperation", "productOperation", "priceList", "collectionByIdentifier"];
        let nothing = data[&field].is_null() && !may_lack.contains(&field.as_str());
        assert!(!nothing, "{field}: {}", answer.body);
    }
}

fn object_fields(schema: &Schema, kind: &str) -> Vec<String> {
    match schema.types.get(kind) {
        Some(ExtendedType::Object(object)) => object.fields.keys().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

fn takes_first(schema: &Schema, field: &str) -> bool {
    let (kind, name) = field.split_once('.').unwrap();
    let definition = schema.type_field(kind, name).unwrap();
    definition.arguments.iter().any(|argument| argument.name == "first")
}

/// A field with everything beneath it, except what leads back to a type on the way.
fn select(
    schema: &Schema,
    kind: &str,
    field: &str,
    arguments: &dyn Fn(&str) -> String,
    way: &mut Vec<String>,
) -> Option<String> {
    let below = schema.type_field(kind, field).unwrap().ty.inner_named_type().to_string();
    let head = format!("{field}{}", arguments(&format!("{kind}.{field}")));
    let kinds = match &schema.types[below.as_str()] {
        ExtendedType::Scalar(_) | ExtendedType::Enum(_) => return Some(head),
        ExtendedType::Interface(_) if below == "Node" => {
            vec!["InventoryItem".to_owned(), "Product".to_owned(), "Location".to_owned()]
        }
        ExtendedType::Interface(_) => {
            let implements = |kind: &&ExtendedType| match kind {
                ExtendedType::Object(object) => object.implements_interfaces.iter().any(|one| one.as_str() == below),
                _ => false,
            };
            schema.types.values().filter(implements).map(|kind| kind.name().to_string()).collect()
        }
        _ => vec![below],
    };
    let mut inner = String::new();
    for kind in &kinds {
        if way.contains(kind) {
            return None;
        }
        way.push(kind.clone());
        let fields = object_fields(schema, kind);
        let parts: Vec<String> =
            fields.iter().filter_map(|field| select(schema, kind, field, arguments, way)).collect();
        way.pop();
        inner += &[" ... on ", kind, " { ", &parts.join(" "), " }"].concat();
    }
    Some(format!("{head} {{{inner} }}"))
}

//! Setting stock: once for each key, compared, all rows or none.

use std::time::Duration;

use serde_json::{Value, json};
use tillbridge::sandbox::shopify::Fault;
use tillbridge::sandbox::shopify::lives::OrderPlan;

use super::stranger::{SET_STOCK, Stranger, options};

const MUTATION: &str = "inventorySetQuantities";

#[tokio::test]
async fn a_write_without_an_idempotency_key_is_a_bad_request() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 3).await;
    let bare = SET_STOCK.replace("@idempotent(key: $key)", "").replace(", $key: String!", "");
    let input = json!({ "name": "available", "reason": "correction", "quantities": [stranger.row(&mug, 9, None)] });
    let answer = stranger.ask(&bare, json!({ "input": input })).await;
    assert_eq!(answer.code(), "BAD_REQUEST", "{}", answer.body);
    assert_eq!(stranger.shop.stock("MUG", "Online").unwrap().available, 3);
}

#[tokio::test]
async fn leaving_out_what_is_believed_to_be_there_is_refused_but_null_sets_without_comparing() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 3).await;
    let mut row = stranger.row(&mug, 9, None);
    let accepted = stranger.set_stock("k1", "available", json!([row])).await;
    assert!(accepted.user_codes(MUTATION).is_empty());
    assert_eq!(stranger.shop.stock("MUG", "Online").unwrap().available, 9);
    row.as_object_mut().unwrap().remove("changeFromQuantity");
    let refused = stranger.set_stock("k2", "available", json!([row])).await;
    assert_eq!(refused.code(), "INVALID_FIELD_ARGUMENTS");
    assert_eq!(refused.body["data"][MUTATION], Value::Null);
}

#[tokio::test]
async fn one_stale_row_fails_the_whole_call() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 3).await;
    let cap = stranger.goods("CAP", "19.00", 5).await;
    let rows = json!([stranger.row(&mug, 10, Some(3)), stranger.row(&cap, 10, Some(4))]);
    let answer = stranger.set_stock("k", "available", rows).await;
    assert_eq!(answer.user_codes(MUTATION), ["CHANGE_FROM_QUANTITY_STALE"]);
    let field = &answer.body["data"][MUTATION]["userErrors"][0]["field"];
    assert_eq!(field, &json!(["input", "quantities", "1", "changeFromQuantity"]));
    assert_eq!(answer.body["data"][MUTATION]["inventoryAdjustmentGroup"], Value::Null);
    assert_eq!(stranger.shop.stock("MUG", "Online").unwrap().available, 3);
    assert!(stranger.shop.writes().is_empty());
}

#[tokio::test]
async fn the_same_call_again_is_answered_the_same_without_a_second_write() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 3).await;
    let rows = json!([stranger.row(&mug, 10, Some(3))]);
    let first = stranger.set_stock("key-1", "available", rows.clone()).await;
    let again = stranger.set_stock("key-1", "available", rows.clone()).await;
    assert_eq!(first.data(), again.data());
    assert_eq!(stranger.shop.writes().len(), 1);
    let other = stranger.set_stock("key-1", "available", json!([stranger.row(&mug, 11, Some(3))])).await;
    assert_eq!(other.user_codes(MUTATION), ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]);
    stranger.shop.advance_clock(Duration::from_hours(24));
    let later = stranger.set_stock("key-1", "available", rows).await;
    assert_eq!(later.user_codes(MUTATION), ["CHANGE_FROM_QUANTITY_STALE"], "after a day the key is forgotten");
}

#[tokio::test]
async fn a_key_in_flight_is_refused_until_the_first_call_is_done() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 3).await;
    let rows = json!([stranger.row(&mug, 10, Some(3))]);
    stranger.shop.fail_next(Some(MUTATION), Fault::Slow(Duration::from_secs(2)), 1);
    let slow = stranger.set_stock("key-1", "available", rows.clone());
    let meanwhile = async {
        // The first call is in once it is counted; it holds its key from then on.
        while stranger.shop.api_calls().of(MUTATION).calls == 0 {
            tokio::task::yield_now().await;
        }
        stranger.set_stock("key-1", "available", rows.clone()).await
    };
    let (first, second) = tokio::join!(slow, meanwhile);
    assert_eq!(second.user_codes(MUTATION), ["IDEMPOTENCY_CONCURRENT_REQUEST"]);
    assert!(first.user_codes(MUTATION).is_empty());
    let third = stranger.set_stock("key-1", "available", rows).await;
    assert_eq!(third.data(), first.data());
    assert_eq!(stranger.shop.writes().len(), 1);
}

#[tokio::test]
async fn rows_that_name_nothing_or_repeat_themselves_are_refused() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 3).await;
    let row = stranger.row(&mug, 4, None);
    let change = |key: &str, value: Value| {
        let mut row = row.clone();
        row[key] = value;
        row
    };
    for (rows, code) in [
        (json!([change("inventoryItemId", json!("gid://shopify/InventoryItem/1"))]), "INVALID_INVENTORY_ITEM"),
        (json!([change("inventoryItemId", json!("gid://shopify/Product/1"))]), "INVALID_INVENTORY_ITEM"),
        (json!([change("locationId", json!("gid://shopify/Location/1"))]), "INVALID_LOCATION"),
        (json!([change("quantity", json!(1_000_000_001))]), "INVALID_QUANTITY_TOO_HIGH"),
        (json!([change("quantity", json!(-1_000_000_001))]), "INVALID_QUANTITY_TOO_LOW"),
        (json!([row, change("quantity", json!(5))]), "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"),
    ] {
        let answer = stranger.set_stock(&rows.to_string(), "available", rows).await;
        assert_eq!(answer.user_codes(MUTATION), [code]);
    }
    let figure = stranger.set_stock("figure", "committed", json!([row])).await;
    assert_eq!(figure.user_codes(MUTATION), ["INVALID_NAME"]);
    let input = json!({ "name": "available", "reason": "whim", "quantities": [row] });
    let reason = stranger.ask(SET_STOCK, json!({ "input": input, "key": "reason" })).await;
    assert_eq!(reason.user_codes(MUTATION), ["INVALID_REASON"]);
    assert_eq!(stranger.shop.stock("MUG", "Online").unwrap().available, 3);
    assert!(stranger.shop.writes().is_empty());
}

#[tokio::test]
async fn a_call_takes_at_most_250_rows() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 3).await;
    let rows: Vec<Value> = (0..251).map(|quantity| stranger.row(&mug, quantity, None)).collect();
    let answer = stranger.set_stock("k", "available", json!(rows)).await;
    assert_eq!(answer.code(), "MAX_INPUT_SIZE_EXCEEDED");
}

#[tokio::test]
async fn on_hand_leaves_what_is_promised_and_available_adds_to_it() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 10).await;
    stranger.shop.place_order(&OrderPlan::plain(options().currency, &[(&mug, 4)])).await.unwrap();
    let figures = || stranger.shop.stock("MUG", "Online").unwrap();
    assert_eq!((figures().on_hand, figures().available, figures().committed), (10, 6, 4));
    stranger.set_stock("k1", "on_hand", json!([stranger.row(&mug, 9, Some(10))])).await.data();
    assert_eq!((figures().on_hand, figures().available, figures().committed), (9, 5, 4));
    stranger.set_stock("k2", "available", json!([stranger.row(&mug, 9, Some(5))])).await.data();
    assert_eq!((figures().on_hand, figures().available, figures().committed), (13, 9, 4));
    let query = "query R($ids: [ID!]!, $place: ID!) { nodes(ids: $ids) { ... on InventoryItem {
        inventoryLevel(locationId: $place) { quantities(names: [\"on_hand\", \"committed\"]) { name quantity } } } } }";
    let item = format!("gid://shopify/InventoryItem/{}", mug.ids.inventory_item);
    let variables = json!({ "ids": [item, "gid://shopify/InventoryItem/7"], "place": stranger.location("Online") });
    let answer = stranger.ask(query, variables).await;
    let expected = json!([{ "name": "on_hand", "quantity": 13 }, { "name": "committed", "quantity": 4 }]);
    assert_eq!(answer.data()["nodes"][0]["inventoryLevel"]["quantities"], expected);
    assert_eq!(answer.data()["nodes"][1], Value::Null);
}

#[tokio::test]
async fn setting_stock_where_there_was_none_begins_to_keep_it_there() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 10).await;
    let mut row = stranger.row(&mug, 6, Some(0));
    row["locationId"] = json!(stranger.location("Queen Street"));
    let answer = stranger.set_stock("k", "on_hand", json!([row])).await;
    assert!(answer.user_codes(MUTATION).is_empty());
    assert_eq!(stranger.shop.stock("MUG", "Queen Street").unwrap().available, 6);
    assert_eq!(stranger.shop.stock("MUG", "Online").unwrap().available, 10);
}

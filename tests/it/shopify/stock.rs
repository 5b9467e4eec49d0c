//! Stock figures: never over one that changed in the meantime, and the same call is the same requests.

#![allow(clippy::needless_pass_by_value, reason = "scripted JSON reads best when it is handed over")]

use serde_json::{Value, json};
use tillbridge::domain::CallError;
use tillbridge::storefront::{StockFigure, StockOutcome, StockRow, Storefront as _};
use uuid::Uuid;

use super::recorder::Recorder;

const KEY: Uuid = Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001);

fn row(item: u64, quantity: i64, expected: Option<i64>) -> StockRow {
    StockRow { stock_item: format!("gid://shopify/InventoryItem/{item}"), location: "1".into(), quantity, expected }
}

fn written(errors: Value) -> Value {
    json!({ "inventorySetQuantities": { "userErrors": errors } })
}

fn error(code: &str, row: Option<usize>) -> Value {
    let field = row.map_or(json!(["input"]), |row| json!(["input", "quantities", row.to_string(), "quantity"]));
    json!([{ "code": code, "field": field, "message": code }])
}

fn at_shop(figures: &[(u64, i64)]) -> Value {
    let node = |(item, quantity): &(u64, i64)| {
        json!({ "__typename": "InventoryItem", "id": format!("gid://shopify/InventoryItem/{item}"),
            "inventoryLevel": { "quantities": [{ "name": "available", "quantity": quantity }] } })
    };
    json!({ "nodes": figures.iter().map(node).collect::<Vec<_>>() })
}

async fn set(shop: &Recorder, rows: &[StockRow]) -> Result<Vec<StockOutcome>, CallError> {
    shop.storefront().set_stock(KEY, StockFigure::Available, rows).await
}

#[tokio::test]
async fn figures_are_set_against_what_is_believed_to_be_there() {
    let shop = Recorder::start().await;
    shop.says("SetStock", written(json!([])));
    let outcomes = set(&shop, &[row(7, 3, Some(5)), row(8, 0, None)]).await.unwrap();
    assert_eq!(outcomes, [StockOutcome::Written, StockOutcome::Written]);
    // The second row's null has to be there: without the key Shopify refuses the call.
    insta::assert_json_snapshot!(shop.requests());
}

#[tokio::test]
async fn a_row_that_changed_in_the_meantime_is_answered_with_what_was_found_and_the_others_are_written() {
    let shop = Recorder::start().await;
    shop.says("SetStock", written(error("CHANGE_FROM_QUANTITY_STALE", Some(0))))
        .says("ReadStock", at_shop(&[(7, 4), (8, 9), (9, 2)]))
        .says("SetStock", written(json!([])));
    let rows = [row(7, 3, Some(5)), row(8, 1, Some(9)), row(9, 2, Some(6)), row(10, 0, None)];
    let outcomes = set(&shop, &rows).await.unwrap();
    let expected = [
        StockOutcome::Stale { found: 4 },
        StockOutcome::Written,
        // It stands at the wanted figure, but by whose doing is not known here.
        StockOutcome::Stale { found: 2 },
        StockOutcome::Written,
    ];
    assert_eq!(outcomes, expected);
    insta::assert_json_snapshot!(shop.requests());
}

#[tokio::test]
async fn the_same_call_made_again_is_the_same_requests() {
    let mut seen = Vec::new();
    for _ in 0..2 {
        let shop = Recorder::start().await;
        shop.says("SetStock", written(error("CHANGE_FROM_QUANTITY_STALE", Some(0))))
            .says("ReadStock", at_shop(&[(7, 4), (8, 9)]))
            .says("SetStock", written(json!([])));
        set(&shop, &[row(7, 3, Some(5)), row(8, 1, Some(9))]).await.unwrap();
        seen.push(shop.requests());
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0][0]["SetStock"]["key"], seen[0][2]["SetStock"]["key"], "what is left has a key of its own");
}

#[tokio::test]
async fn a_row_the_shop_does_not_know_does_not_hold_up_the_others() {
    let shop = Recorder::start().await;
    shop.says("SetStock", written(error("INVALID_INVENTORY_ITEM", Some(1)))).says("SetStock", written(json!([])));
    let outcomes = set(&shop, &[row(7, 3, None), row(404, 1, None), row(9, 2, None)]).await.unwrap();
    assert_eq!(outcomes[0], StockOutcome::Written);
    assert!(matches!(&outcomes[1], StockOutcome::Failed(CallError::Unmapped { what, .. }) if what.contains("404")));
    assert_eq!(outcomes[2], StockOutcome::Written);
}

#[tokio::test]
async fn an_item_that_is_gone_when_looked_for_is_said_to_be_gone() {
    let shop = Recorder::start().await;
    shop.says("SetStock", written(error("CHANGE_FROM_QUANTITY_STALE", None)))
        .says("ReadStock", json!({ "nodes": [null] }));
    let outcomes = set(&shop, &[row(7, 3, Some(5))]).await.unwrap();
    assert!(matches!(&outcomes[0], StockOutcome::Failed(CallError::Unmapped { .. })), "{outcomes:?}");
}

#[tokio::test]
async fn figures_that_keep_changing_are_given_back() {
    let shop = Recorder::start().await;
    for _ in 0..4 {
        shop.says("SetStock", written(error("CHANGE_FROM_QUANTITY_STALE", None))).says("ReadStock", at_shop(&[(7, 5)]));
    }
    let outcomes = set(&shop, &[row(7, 3, Some(5))]).await.unwrap();
    assert!(matches!(&outcomes[0], StockOutcome::Failed(CallError::Conflict(_))), "{outcomes:?}");
    assert!(shop.left().is_empty());
}

#[tokio::test]
async fn idempotency_codes_each_have_their_consequence() {
    let shop = Recorder::start().await;
    shop.says("SetStock", written(error("IDEMPOTENCY_CONCURRENT_REQUEST", None)));
    assert!(matches!(set(&shop, &[row(7, 3, None)]).await, Err(CallError::Throttled { .. })), "same key, later");

    let shop = Recorder::start().await;
    shop.says("SetStock", written(error("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", None)));
    assert!(matches!(set(&shop, &[row(7, 3, None)]).await, Err(CallError::Conflict(_))), "a new decision");

    let shop = Recorder::start().await;
    shop.says("SetStock", written(error("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", None)))
        .says("SetStock", written(json!([])));
    assert_eq!(set(&shop, &[row(7, 3, None)]).await.unwrap(), [StockOutcome::Written], "a new key");
    let asked = shop.asked();
    assert_ne!(asked[0].variables["key"], asked[1].variables["key"]);

    let shop = Recorder::start().await;
    shop.says("SetStock", written(error("INVALID_REASON", None)));
    assert!(matches!(set(&shop, &[row(7, 3, None)]).await, Err(CallError::Rejected(_))));
}

#[tokio::test]
async fn a_lost_answer_is_safe_to_repeat_under_the_same_key() {
    let shop = Recorder::start().await;
    shop.answers("SetStock", 504, json!({}));
    assert!(matches!(set(&shop, &[row(7, 3, None)]).await, Err(CallError::Transient(_))));
}

#[tokio::test]
async fn nothing_to_write_asks_nobody_and_too_much_is_refused() {
    let shop = Recorder::start().await;
    assert_eq!(set(&shop, &[]).await.unwrap(), []);
    let many = vec![row(7, 3, None); shop.storefront().stock_batch() + 1];
    assert!(matches!(set(&shop, &many).await, Err(CallError::Rejected(_))));
    assert!(shop.asked().is_empty());
}

#[tokio::test]
async fn rows_at_two_places_are_looked_for_at_each() {
    let shop = Recorder::start().await;
    let mut elsewhere = row(7, 1, Some(9));
    elsewhere.location = "gid://shopify/Location/2".into();
    shop.says("SetStock", written(error("CHANGE_FROM_QUANTITY_STALE", None)))
        .says("ReadStock", at_shop(&[(7, 4)]))
        .says("ReadStock", at_shop(&[(7, 8)]));
    let outcomes = set(&shop, &[row(7, 3, Some(5)), elsewhere]).await.unwrap();
    assert_eq!(outcomes, [StockOutcome::Stale { found: 4 }, StockOutcome::Stale { found: 8 }]);
}

//! Stock: source items against what is believed to be there, and the one stock item of stores without MSI.

use serde_json::{Value, json};
use tillbridge::domain::CallError;
use tillbridge::storefront::{StockFigure, StockOutcome, StockRow, Storefront as _};
use uuid::Uuid;

use super::recorder::Recorder;

const READ: &str = "GET /rest/all/V1/inventory/source-items";
const WRITE: &str = "POST /rest/all/V1/inventory/source-items";

fn row(sku: &str, quantity: i64, expected: Option<i64>) -> StockRow {
    StockRow { stock_item: sku.into(), location: "web".into(), quantity, expected }
}

fn item(sku: &str, quantity: f64, status: u8) -> Value {
    json!({ "sku": sku, "source_code": "web", "quantity": quantity, "status": status })
}

async fn with_sources() -> Recorder {
    let store = Recorder::start().await;
    store.says("GET /rest/all/V1/inventory/sources", json!({ "items": [{ "source_code": "web" }], "total_count": 1 }));
    store
}

async fn without_msi() -> Recorder {
    let store = Recorder::start().await;
    store.answers("GET /rest/all/V1/inventory/sources", 404, json!({ "message": "Request does not match any route." }));
    store
}

fn products(store: &Recorder, skus: &[&str]) {
    let items: Vec<Value> =
        skus.iter().map(|sku| json!({ "id": 1, "sku": sku, "attribute_set_id": 4, "type_id": "simple" })).collect();
    store.says("GET /rest/all/V1/products", json!({ "items": items, "total_count": items.len() }));
}

#[tokio::test]
async fn figures_are_set_against_what_is_believed_to_be_there() {
    let store = with_sources().await;
    store.says(READ, json!({ "items": [item("a", 5.0, 1), item("B", 2.0, 0), item("D", 3.0, 1)], "total_count": 3 }));
    products(&store, &["C"]);
    store.says(WRITE, json!([]));
    let rows =
        [row("A", 4, Some(5)), row("B", 7, Some(7)), row("C", 9, None), row("GONE", 1, Some(1)), row("D", 0, Some(3))];
    let outcomes = store.storefront().set_stock(Uuid::nil(), StockFigure::OnHand, &rows).await.unwrap();
    assert_eq!(outcomes[..3], [StockOutcome::Written, StockOutcome::Stale { found: 2 }, StockOutcome::Written]);
    assert!(matches!(&outcomes[3], StockOutcome::Failed(CallError::Unmapped { what, .. }) if what.contains("GONE")));
    assert_eq!(outcomes[4], StockOutcome::Written);
    insta::assert_json_snapshot!(store.requests());
}

#[tokio::test]
async fn a_row_the_store_refuses_does_not_hold_up_the_others() {
    let store = with_sources().await;
    store.says(READ, json!({ "items": [item("A", 5.0, 1), item("B", 5.0, 1)], "total_count": 2 }));
    let refusal = json!({ "message": "Validation Failed" });
    store.answers(WRITE, 400, refusal.clone()).answers(WRITE, 400, refusal).says(WRITE, json!([]));
    let rows = [row("A", -4, Some(5)), row("B", 6, Some(5))];
    let outcomes = store.storefront().set_stock(Uuid::nil(), StockFigure::OnHand, &rows).await.unwrap();
    assert!(matches!(&outcomes[0], StockOutcome::Failed(CallError::Rejected(_))), "{outcomes:?}");
    assert_eq!(outcomes[1], StockOutcome::Written);
}

#[tokio::test]
async fn figures_are_read_in_order_and_what_was_never_stocked_has_none() {
    let store = with_sources().await;
    store.says(READ, json!({ "items": [item("A", 5.0, 1)], "total_count": 1 }));
    products(&store, &["B"]);
    let places = ["B", "A", "GONE"].map(|sku| (sku.to_owned(), "web".to_owned()));
    let read = store.storefront().stock(StockFigure::OnHand, &places).await.unwrap();
    assert_eq!(read, [Some(0), Some(5), None]);
}

#[tokio::test]
async fn a_store_without_msi_has_one_stock_item_for_each_product() {
    let store = without_msi().await;
    let item = |qty: f64| json!({ "item_id": 6, "product_id": 6, "qty": qty, "is_in_stock": true });
    store
        .says("GET /rest/all/V1/stockItems/A", item(5.0))
        .says("PUT /rest/all/V1/products/A/stockItems/6", json!("6"))
        .says("GET /rest/all/V1/stockItems/B", item(2.0))
        .lacks("GET /rest/all/V1/stockItems/GONE");
    let rows = [row("A", 4, Some(5)), row("B", 4, Some(5)), row("GONE", 1, None)];
    let outcomes = store.storefront().set_stock(Uuid::nil(), StockFigure::Available, &rows).await.unwrap();
    assert_eq!(outcomes[..2], [StockOutcome::Written, StockOutcome::Stale { found: 2 }]);
    assert!(matches!(&outcomes[2], StockOutcome::Failed(CallError::Unmapped { .. })));
    insta::assert_json_snapshot!(store.requests());
}

#[tokio::test]
async fn the_figure_that_would_count_open_orders_twice_or_never_is_refused_with_the_reason() {
    let rows = [row("A", 4, None)];
    let (with, without) = (with_sources().await, without_msi().await);
    for (store, figure, fix) in
        [(&with, StockFigure::Available, "on_hand"), (&without, StockFigure::OnHand, "available")]
    {
        let error = store.storefront().set_stock(Uuid::nil(), figure, &rows).await.unwrap_err();
        assert!(matches!(&error, CallError::Unmapped { what, .. } if what.contains(fix)), "{error}");
    }
}

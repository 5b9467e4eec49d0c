//! Sources, reservations and the legacy stock item.

use serde_json::json;
use tillbridge::sandbox::magento2::{CreditPlan, LinePlan, OrderPlan};

use super::stranger::{Stranger, options, simple};

async fn two_sources() -> Stranger {
    let mut options = options();
    options.sources = vec!["web".to_owned(), "akl".to_owned()];
    let stranger = Stranger::open_with(options).await;
    stranger.shop.put_up_for_sale("TEE", 2_000, 5).await.unwrap();
    stranger.shop.correct_stock("TEE", "akl", 1).await.unwrap();
    stranger
}

fn tees(pieces: i64) -> OrderPlan {
    OrderPlan::by_guest(vec![LinePlan::simple("TEE", pieces, 2_000)])
}

#[tokio::test]
async fn an_order_reserves_a_shipment_takes_and_a_credit_memo_brings_back() {
    let stranger = two_sources().await;
    let shop = &stranger.shop;
    let order = shop.place_order(&tees(4)).await.unwrap();
    assert_eq!((shop.pieces("TEE", "web"), shop.salable("TEE")), (5, 2));
    shop.invoice(order).await.unwrap();
    shop.ship_part(order, Some("web"), &[(0, 3)]).await.unwrap();
    assert_eq!((shop.pieces("TEE", "web"), shop.salable("TEE")), (2, 2));
    // One that was paid and has not left is let go first; the next one comes back to where it left from.
    shop.credit(order, &CreditPlan { lines: vec![(0, 1, true)], ..CreditPlan::default() }).await.unwrap();
    assert_eq!((shop.pieces("TEE", "web"), shop.salable("TEE")), (2, 3));
    shop.credit(order, &CreditPlan { lines: vec![(0, 1, true)], ..CreditPlan::default() }).await.unwrap();
    assert_eq!((shop.pieces("TEE", "web"), shop.salable("TEE")), (3, 4));
    shop.credit(order, &CreditPlan { lines: vec![(0, 1, false)], ..CreditPlan::default() }).await.unwrap();
    assert_eq!((shop.pieces("TEE", "web"), shop.salable("TEE")), (3, 4));
    let line = shop.order(order).unwrap().lines[0].clone();
    assert_eq!((line.shipped, line.released, line.shelved), (3, 1, 1));
}

#[tokio::test]
async fn nothing_is_sold_or_shipped_that_is_not_there() {
    let stranger = two_sources().await;
    assert!(stranger.shop.place_order(&tees(7)).await.is_err());
    let order = stranger.shop.place_order(&tees(4)).await.unwrap();
    assert_eq!(stranger.refused("POST", "/V1/order/1/ship", json!({})).await.0, 400);
    let from = |source: &str| json!({ "arguments": { "extension_attributes": { "source_code": source } } });
    let (status, words) = stranger.refused("POST", "/V1/order/1/ship", from("akl")).await;
    assert_eq!((status, words.as_str()), (400, "Not all of your products are available in the requested quantity."));
    stranger.post("/V1/order/1/ship", from("web")).await;
    assert_eq!(stranger.shop.order(order).unwrap().lines[0].shipped, 4);
}

#[tokio::test]
async fn quantities_are_absolute_void_answers_an_empty_list_and_one_bad_row_refuses_all() {
    let stranger = two_sources().await;
    let row = |sku: &str, source: &str, pieces: i64| json!({ "sku": sku, "source_code": source, "quantity": pieces, "status": 1 });
    let rows = json!({ "sourceItems": [row("TEE", "web", 9), row("TEE", "akl", 0)] });
    assert_eq!(stranger.post("/all/V1/inventory/source-items", rows).await, json!([]));
    assert_eq!((stranger.shop.pieces("TEE", "web"), stranger.shop.pieces("TEE", "akl")), (9, 0));
    for bad in [row("NOBODY", "web", 1), row("TEE", "nowhere", 1), json!({ "sku": "TEE", "source_code": "web" })] {
        let rows = json!({ "sourceItems": [row("TEE", "web", 3), bad] });
        assert_eq!(stranger.refused("POST", "/all/V1/inventory/source-items", rows).await.0, 400);
    }
    assert_eq!(stranger.shop.pieces("TEE", "web"), 9);
    let filter = "searchCriteria[filter_groups][0][filters][0]";
    let page =
        stranger.get(&format!("/all/V1/inventory/source-items?{filter}[field]=source_code&{filter}[value]=web")).await;
    assert_eq!(page["items"], json!([{ "sku": "TEE", "source_code": "web", "quantity": 9, "status": 1 }]));
}

#[tokio::test]
async fn pieces_that_are_said_to_be_out_of_stock_are_not_sold() {
    let stranger = two_sources().await;
    let hidden = json!({ "sku": "TEE", "source_code": "web", "quantity": 5, "status": 0 });
    stranger.post("/all/V1/inventory/source-items", json!({ "sourceItems": [hidden] })).await;
    assert_eq!(stranger.shop.salable("TEE"), 1);
}

#[tokio::test]
async fn a_shop_without_the_inventory_modules_has_the_legacy_item_alone() {
    let mut options = options();
    options.inventory = false;
    let stranger = Stranger::open_with(options).await;
    stranger.post("/all/V1/products", json!({ "product": simple("TEE", "Tee") })).await;
    let modules = stranger.get("/V1/modules").await;
    assert!(!modules.as_array().unwrap().contains(&"Magento_InventoryApi".into()));
    let none = stranger.call("GET", "/V1/inventory/source-items?searchCriteria=", None).await;
    assert_eq!(none.status, 404);
    let item = stranger.get("/V1/stockItems/TEE").await["item_id"].clone();
    let wish = json!({ "stockItem": { "qty": 7, "is_in_stock": true } });
    let answer = stranger.call("PUT", &format!("/all/V1/products/TEE/stockItems/{item}"), Some(wish)).await;
    assert_eq!((answer.status, &answer.body), (200, &item));
    assert_eq!((stranger.shop.pieces("TEE", "default"), stranger.shop.salable("TEE")), (7, 7));
}

#[tokio::test]
async fn what_is_not_sent_leaves_when_it_is_invoiced() {
    let stranger = Stranger::open().await;
    stranger.shop.put_up_for_sale("SONG", 500, 3).await.unwrap();
    let line = LinePlan::simple("SONG", 1, 500).sold_as(tillbridge::sandbox::magento2::LineSort::Virtual);
    let order = stranger.shop.place_order(&OrderPlan::by_guest(vec![line])).await.unwrap();
    assert_eq!((stranger.shop.pieces("SONG", "default"), stranger.shop.salable("SONG")), (3, 2));
    stranger.shop.invoice(order).await.unwrap();
    assert_eq!((stranger.shop.pieces("SONG", "default"), stranger.shop.salable("SONG")), (2, 2));
    let body = stranger.get("/V1/orders/1").await;
    assert_eq!((&body["state"], &body["is_virtual"]), (&"complete".into(), &1.into()));
    assert!(body["extension_attributes"]["shipping_assignments"][0]["shipping"].get("address").is_none());
}

//! Lists: criteria, pages, limits, trimmed replies.

use serde_json::{Value, json};
use tillbridge::sandbox::magento2::{LinePlan, OrderPlan};

use super::stranger::{Stranger, options};

fn ids(page: &Value) -> Vec<u64> {
    page["items"].as_array().unwrap().iter().map(|row| row["entity_id"].as_u64().unwrap()).collect()
}

async fn with_orders(stranger: &Stranger, count: u64) {
    stranger.shop.put_up_for_sale("TEE", 2_000, 100).await.unwrap();
    for _ in 0..count {
        stranger.shop.place_order(&OrderPlan::by_guest(vec![LinePlan::simple("TEE", 1, 2_000)])).await.unwrap();
        stranger.shop.advance_clock(std::time::Duration::from_secs(60));
    }
}

#[tokio::test]
async fn a_page_past_the_end_is_the_last_one_again_and_the_count_says_so() {
    let stranger = Stranger::open().await;
    with_orders(&stranger, 5).await;
    let page = |number: u32| {
        format!(
            "/V1/orders?searchCriteria[sortOrders][0][field]=entity_id&searchCriteria[sortOrders][0][direction]=ASC\
             &searchCriteria[pageSize]=2&searchCriteria[currentPage]={number}"
        )
    };
    assert_eq!(ids(&stranger.get(&page(1)).await), [1, 2]);
    assert_eq!(ids(&stranger.get(&page(3)).await), [5]);
    let past = stranger.get(&page(4)).await;
    assert_eq!((ids(&past), &past["total_count"]), (vec![5], &5.into()));
}

#[tokio::test]
async fn changes_since_a_moment_are_asked_for_in_utc_without_a_zone() {
    let stranger = Stranger::open().await;
    with_orders(&stranger, 3).await;
    let all = stranger.get("/V1/orders?searchCriteria=").await;
    let second = all["items"][1]["updated_at"].as_str().unwrap().to_owned();
    assert_eq!(second.len(), "2026-11-01 00:00:00".len());
    let filter = "searchCriteria[filter_groups][0][filters][0]";
    let since = stranger
        .get(&format!("/V1/orders?{filter}[field]=updated_at&{filter}[value]={second}&{filter}[condition_type]=gteq"))
        .await;
    assert_eq!(ids(&since), [2, 3]);
}

#[tokio::test]
async fn a_list_without_criteria_or_by_an_unknown_column_is_no_list() {
    let stranger = Stranger::open().await;
    assert_eq!(stranger.call("GET", "/V1/orders", None).await.status, 400);
    let filter = "searchCriteria[filter_groups][0][filters][0]";
    let by_item = format!("/V1/orders?{filter}[field]=items&{filter}[value]=1");
    assert_eq!(stranger.call("GET", &by_item, None).await.status, 500);
}

#[tokio::test]
async fn limits_that_are_switched_on_are_kept() {
    let mut options = options();
    (options.page_cap, options.input_limit) = (Some(300), Some(20));
    let stranger = Stranger::open_with(options).await;
    assert_eq!(stranger.call("GET", "/V1/orders?searchCriteria[pageSize]=301", None).await.status, 400);
    let rows: Vec<Value> = (0..21).map(|row| json!({ "sku": format!("S{row}"), "price": 1, "store_id": 0 })).collect();
    assert_eq!(stranger.refused("POST", "/all/V1/products/base-prices", json!({ "prices": rows })).await.0, 400);
}

#[tokio::test]
async fn a_reply_is_trimmed_to_the_fields_that_are_asked_for() {
    let stranger = Stranger::open().await;
    with_orders(&stranger, 1).await;
    let page = stranger.get("/V1/orders?searchCriteria=&fields=items[entity_id,items[sku]],total_count").await;
    assert_eq!(page, json!({ "items": [{ "entity_id": 1, "items": [{ "sku": "TEE" }] }], "total_count": 1 }));
}

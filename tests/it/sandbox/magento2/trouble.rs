//! Trouble on demand: what a client meets when a shop is not well.

use std::time::Duration;

use serde_json::json;
use tillbridge::sandbox::magento2::{LinePlan, MagentoFault, OrderPlan};

use super::stranger::{Stranger, options};

async fn with_an_order() -> Stranger {
    let stranger = Stranger::open().await;
    stranger.shop.put_up_for_sale("TEE", 2_000, 5).await.unwrap();
    stranger.shop.place_order(&OrderPlan::by_guest(vec![LinePlan::simple("TEE", 1, 2_000)])).await.unwrap();
    stranger
}

fn invoices(stranger: &Stranger) -> usize {
    stranger.shop.order(1).unwrap().invoices.len()
}

#[tokio::test]
async fn what_goes_wrong_before_the_work_leaves_nothing_done() {
    let stranger = with_an_order().await;
    for (fault, status) in [
        (MagentoFault::Masked, 500),
        (MagentoFault::Deadlock, 500),
        (MagentoFault::Maintenance, 503),
        (MagentoFault::TooManyRequests(7), 429),
        (MagentoFault::Unauthorised, 401),
    ] {
        stranger.shop.fail_next(Some("POST order/1/invoice"), fault, 1);
        let answer = stranger.call("POST", "/V1/order/1/invoice", Some(json!({}))).await;
        assert_eq!((answer.status, invoices(&stranger)), (status, 0), "{fault:?}");
        if let MagentoFault::TooManyRequests(_) = fault {
            assert_eq!(answer.headers["retry-after"], "7");
        }
        if fault == MagentoFault::Maintenance {
            assert_eq!(answer.headers["content-type"], "text/html");
        }
    }
    assert_eq!(stranger.call("POST", "/V1/order/1/invoice", Some(json!({}))).await.status, 200);
}

#[tokio::test]
async fn what_goes_wrong_after_the_work_leaves_it_done() {
    for fault in [MagentoFault::MaskedAfterCommit, MagentoFault::ResetAfterCommit] {
        let stranger = with_an_order().await;
        stranger.shop.fail_next(Some("POST order/1/invoice"), fault, 1);
        let answer = stranger.try_call(&stranger.bearer(), "POST", "/V1/order/1/invoice", Some(json!({}))).await;
        assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status == 500), "{fault:?}");
        assert_eq!(invoices(&stranger), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_slow_answer_comes_in_the_end() {
    let stranger = with_an_order().await;
    stranger.shop.fail_next(Some("GET orders"), MagentoFault::Slow(Duration::from_millis(30)), 1);
    assert_eq!(stranger.call("GET", "/V1/orders/1", None).await.status, 200);
}

#[tokio::test]
async fn numbers_come_with_the_noise_of_floating_point_and_the_same_each_time() {
    let mut options = options();
    options.float_noise = true;
    let stranger = Stranger::open_with(options).await;
    stranger.shop.put_up_for_sale("TEE", 1_995, 50).await.unwrap();
    let lines = (1..6).map(|pieces| LinePlan::simple("TEE", pieces, 1_995)).collect();
    stranger.shop.place_order(&OrderPlan::by_guest(lines)).await.unwrap();
    let first = stranger.get("/V1/orders/1").await.to_string();
    assert!(first.contains("999999") || first.contains("e-15"), "{first}");
    assert_eq!(first, stranger.get("/V1/orders/1").await.to_string());
}

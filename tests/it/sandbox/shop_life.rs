//! Orders in the shop: what they do to stock and money, and what is refused at the counter.

use serde_json::json;
use tillbridge::sandbox::shopify::CounterError;
use tillbridge::sandbox::shopify::lives::{Life, OrderPlan, RefundLedger, RefundPlan, Restock};

use super::stranger::{Receiver, Stranger, options};

fn figures(stranger: &Stranger, location: &str) -> (i64, i64, i64) {
    let stock = stranger.shop.stock("MUG", location).unwrap();
    (stock.on_hand, stock.available, stock.committed)
}

fn back(plan: &OrderPlan, quantity: i64, restock: Restock) -> RefundPlan {
    let ledger = RefundLedger::new(plan);
    let lines = vec![ledger.pieces_of(0, quantity, restock)];
    ledger.paid(RefundPlan { lines, ..RefundPlan::default() })
}

#[tokio::test]
async fn an_order_promises_pieces_a_shipment_takes_them_and_a_return_brings_them_back() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 10).await;
    let plan = OrderPlan::plain(options().currency, &[(&mug, 4)]);
    let order = stranger.shop.place_order(&plan).await.unwrap();
    assert_eq!(figures(&stranger, "Online"), (10, 6, 4));
    stranger.shop.fulfil(order).await.unwrap();
    assert_eq!(figures(&stranger, "Online"), (6, 6, 0));
    stranger.shop.refund(order, &back(&plan, 1, Restock::Return { location: 1 })).await.unwrap();
    assert_eq!(figures(&stranger, "Queen Street"), (1, 1, 0));
    stranger.shop.refund(order, &back(&plan, 1, Restock::NoRestock)).await.unwrap();
    assert_eq!(figures(&stranger, "Online"), (6, 6, 0));
    let seen = stranger.shop.order(order).unwrap();
    assert_eq!((seen.captured.to_string(), seen.refunded.to_string()), ("100.00 NZD".into(), "50.00 NZD".into()));
}

#[tokio::test]
async fn pieces_cancelled_before_shipping_are_free_again_and_the_rest_is_shipped() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 10).await;
    let plan = OrderPlan::plain(options().currency, &[(&mug, 4)]);
    let order = stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.refund(order, &back(&plan, 1, Restock::Cancel)).await.unwrap();
    assert_eq!(figures(&stranger, "Online"), (10, 7, 3));
    stranger.shop.fulfil(order).await.unwrap();
    assert_eq!(figures(&stranger, "Online"), (7, 7, 0));
}

#[tokio::test]
async fn a_cancelled_order_frees_its_pieces_and_gives_all_money_back() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 10).await;
    let order = stranger.shop.place_order(&OrderPlan::plain(options().currency, &[(&mug, 4)])).await.unwrap();
    stranger.shop.cancel(order).await.unwrap();
    assert_eq!(figures(&stranger, "Online"), (10, 10, 0));
    let seen = stranger.shop.order(order).unwrap();
    assert!(seen.cancelled && seen.refunded == seen.captured);
    let again = stranger.shop.fulfil(order).await;
    assert!(matches!(again, Err(CounterError::NotPossible { .. })), "{again:?}");
}

#[tokio::test]
async fn the_counter_gives_back_neither_pieces_nor_money_twice() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 10).await;
    let plan = OrderPlan::plain(options().currency, &[(&mug, 2)]);
    let order = stranger.shop.place_order(&plan).await.unwrap();
    let refused =
        |outcome: Result<u64, CounterError>| assert!(matches!(outcome, Err(CounterError::NotPossible { .. })));
    refused(stranger.shop.refund(order, &back(&plan, 1, Restock::Return { location: 0 })).await);
    stranger.shop.fulfil(order).await.unwrap();
    refused(stranger.shop.refund(order, &back(&plan, 1, Restock::Cancel)).await);
    stranger.shop.refund(order, &back(&plan, 2, Restock::NoRestock)).await.unwrap();
    refused(stranger.shop.refund(order, &back(&plan, 1, Restock::NoRestock)).await);
    let mut money_only = back(&plan, 1, Restock::NoRestock);
    money_only.lines.clear();
    refused(stranger.shop.refund(order, &money_only).await);
    assert_eq!(stranger.shop.fulfil(7).await, Err(CounterError::UnknownOrder(7)));
}

#[tokio::test]
async fn the_payments_of_an_order_can_be_asked_for() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 10).await;
    let mut plan = OrderPlan::plain(options().currency, &[(&mug, 1)]);
    plan.payments[0].amount = 1_500;
    plan.payments
        .insert(0, tillbridge::sandbox::shopify::lives::PaymentPlan { gateway: "gift_card".into(), amount: 1_000 });
    let order = stranger.shop.place_order(&plan).await.unwrap();
    stranger.shop.fulfil(order).await.unwrap();
    stranger.shop.refund(order, &back(&plan, 1, Restock::NoRestock)).await.unwrap();
    let query = "query T($id: ID!) { order(id: $id) { transactions(first: 50) { kind status gateway
        amountSet { shopMoney { amount currencyCode } } amountRoundingSet { shopMoney { amount } }
        parentTransaction { gateway } } } }";
    let answer = stranger.ask(query, json!({ "id": format!("gid://shopify/Order/{order}") })).await;
    let rows = answer.data()["order"]["transactions"].as_array().unwrap();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["kind"].as_str().unwrap(),
                row["gateway"].as_str().unwrap(),
                row["amountSet"]["shopMoney"]["amount"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("SALE", "gift_card", "10.0"),
            ("SALE", "shopify_payments", "15.0"),
            ("REFUND", "shopify_payments", "15.0"),
            ("REFUND", "gift_card", "10.0"),
        ]
    );
    assert_eq!(rows[2]["parentTransaction"]["gateway"], "shopify_payments");
}

#[tokio::test]
async fn every_step_tells_its_topics() {
    let stranger = Stranger::open().await;
    let mug = stranger.goods("MUG", "25.00", 10).await;
    let receiver = Receiver::listen().await;
    stranger.shop.subscribe_all(&receiver.address);
    let plan = OrderPlan::plain(options().currency, &[(&mug, 2)]);
    let order = stranger.shop.place_order(&plan).await.unwrap();
    let mut seen = 0;
    let mut new_topics = async || {
        stranger.shop.webhooks_idle().await;
        let calls = receiver.calls();
        let mut topics: Vec<String> = calls[seen..].iter().map(|call| call.topic().to_owned()).collect();
        seen = calls.len();
        topics.sort();
        topics
    };
    let placed =
        ["inventory_levels/update", "order_transactions/create", "orders/create", "orders/paid", "orders/updated"];
    assert_eq!(new_topics().await, placed);
    stranger.shop.fulfil(order).await.unwrap();
    let shipped = ["fulfillments/create", "orders/fulfilled", "orders/updated"];
    assert_eq!(new_topics().await, shipped, "what can be sold did not change");
    stranger.shop.refund(order, &back(&plan, 1, Restock::Return { location: 0 })).await.unwrap();
    let given_back = ["inventory_levels/update", "order_transactions/create", "orders/updated", "refunds/create"];
    assert_eq!(new_topics().await, given_back);
    let body = receiver.of("inventory_levels/update").pop().unwrap().json();
    assert_eq!((&body["available"], &body["inventory_item_id"]), (&json!(9), &json!(mug.ids.inventory_item)));
    let other = stranger.shop.place_order(&plan).await.unwrap();
    new_topics().await;
    stranger.shop.cancel(other).await.unwrap();
    let cancelled = [
        "inventory_levels/update",
        "order_transactions/create",
        "orders/cancelled",
        "orders/updated",
        "refunds/create",
    ];
    assert_eq!(new_topics().await, cancelled);
}

#[tokio::test]
async fn a_hundred_lives_leave_the_stock_and_money_they_promise() {
    let stranger = Stranger::open().await;
    for number in 0..12 {
        stranger.goods(&format!("SKU-{number}"), "19.95", 1_000).await;
    }
    let catalogue = stranger.shop.catalogue();
    let mut shelf = std::collections::BTreeMap::new();
    for seed in 0..100 {
        let life = Life::generate(seed, options().currency, false, &catalogue);
        let expected = life.expected();
        let order = stranger.shop.live(&life).await.unwrap();
        let seen = stranger.shop.order(order).unwrap();
        assert_eq!((seen.captured, seen.refunded), (expected.captured, expected.refunded), "seed {seed}");
        for (sku, moved) in expected.goods {
            *shelf.entry(sku).or_insert(0) += moved.restocked - moved.ordered;
        }
    }
    for info in &catalogue {
        let places = ["Online", "Queen Street"].map(|place| stranger.shop.stock(&info.sku, place).unwrap());
        let on_hand: i64 = places.iter().map(|stock| stock.on_hand).sum();
        assert_eq!(on_hand, 1_000 + shelf.get(&info.sku).copied().unwrap_or(0), "{}", info.sku);
        assert!(places.iter().all(|stock| stock.committed == 0), "nothing stays promised when all is over");
    }
}

#[tokio::test]
async fn a_life_made_for_another_shop_is_refused() {
    let stranger = Stranger::open().await;
    let yen = tillbridge::domain::Currency::parse("JPY").unwrap();
    let foreign = Life::generate(1, yen, false, &[]);
    assert!(matches!(stranger.shop.live(&foreign).await, Err(CounterError::Misfit(_))));
    let taxed = Life::generate(1, options().currency, true, &[]);
    assert!(matches!(stranger.shop.live(&taxed).await, Err(CounterError::Misfit(_))));
}

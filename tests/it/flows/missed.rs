//! What the shop did and never told is found by asking, and crosses once.

use std::time::Duration;

use futures::future::join_all;
use tillbridge::flow::reconcile::{self, Found, Scope, Window};
use tillbridge::flow::stocktake::{self, Count};
use tillbridge::sandbox::shopify::lives::{OrderPlan, PaymentPlan, SkuInfo};
use tillbridge::sandbox::shopify::{Fault, ShopSandbox};

use crate::support::house::{Deployment, House, on_both_deployments};

const WINDOW: Window = Window { since: None, overlap: Duration::from_secs(600), dry_run: false };

/// Asks the shop once, for orders alone.
async fn asks(house: &House, window: Window) -> Found {
    let found = reconcile::once(&house.desk(), window, Scope::ORDERS).await.unwrap();
    house.bridge.as_ref().unwrap().stage.bells.deliveries.notify_one();
    found
}

fn order(info: &SkuInfo, pieces: i64) -> OrderPlan {
    let mut plan = OrderPlan::plain(info.price.currency(), &[(info, pieces)]);
    plan.taxes_included = true;
    plan
}

/// From now on the shop tells of orders and shipments no more.
fn tells_nobody(shop: &ShopSandbox) {
    for topic in ["orders/create", "orders/updated", "orders/paid", "orders/fulfilled"] {
        shop.forget_subscription(topic);
    }
    for topic in ["fulfillments/create", "order_transactions/create"] {
        shop.forget_subscription(topic);
    }
}

async fn invoices(house: &House) -> usize {
    house.town().office.invoices().await.unwrap().len()
}

on_both_deployments! {
    async fn a_sale_whose_webhooks_were_lost_is_found_and_booked_once(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let info = shop.catalogue().remove(0);
        let told = shop.place_order(&order(&info, 1)).await.unwrap();
        shop.fulfil(told).await.unwrap();
        house.rest().await;
        assert_eq!(invoices(&house).await, 1);
        tells_nobody(shop);
        let untold = shop.place_order(&order(&info, 2)).await.unwrap();
        shop.fulfil(untold).await.unwrap();
        house.rest().await;
        assert_eq!(invoices(&house).await, 1, "nobody told");
        let dry = asks(&house, Window { dry_run: true, ..WINDOW }).await;
        assert_eq!((dry.orders, dry.missed), (2, vec![untold.to_string()]));
        let found = asks(&house, WINDOW).await;
        assert_eq!((found.orders, found.missed), (2, vec![untold.to_string()]));
        house.until("it is booked", async || invoices(&house).await == 2).await;
        house.rest().await;
        let again = asks(&house, WINDOW).await;
        assert_eq!((again.orders, again.missed.len()), (2, 0), "the windows overlap, and nothing is missed twice");
        house.keeps_its_promises(0).await;
    }

    async fn a_missed_order_that_cannot_be_read_when_it_is_found_is_booked_all_the_same(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let info = shop.catalogue().remove(0);
        shop.hold_webhooks(true);
        let untold = shop.place_order(&order(&info, 2)).await.unwrap();
        shop.fulfil(untold).await.unwrap();
        shop.fail_next(Some("order"), Fault::ErrorBeforeCommit(400), 1);
        assert_eq!(asks(&house, WINDOW).await.missed, [untold.to_string()]);
        house.until("it is booked", async || invoices(&house).await == 1).await;
        shop.hold_webhooks(false);
        house.rest().await;
        assert_eq!(invoices(&house).await, 1);
        house.keeps_its_promises(0).await;
    }

    /// P4: what nobody can read is not only a line in a log.
    async fn a_missed_order_that_can_never_be_read_is_put_before_a_person(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let info = shop.catalogue().remove(0);
        let mut paid_in_coins = order(&info, 2);
        let due = paid_in_coins.totals().to_pay;
        let coin = |amount| PaymentPlan { gateway: "paypal".to_owned(), amount };
        paid_in_coins.payments = (0..110).map(|_| coin(1)).chain([coin(due - 110)]).collect();
        tells_nobody(shop);
        let untold = shop.place_order(&paid_in_coins).await.unwrap();
        shop.fulfil(untold).await.unwrap();
        assert_eq!(asks(&house, WINDOW).await.missed, [untold.to_string()]);
        house.until("a person is asked", async || house.dead_letters().await.len() == 1).await;
        let letter = house.dead_letters().await.remove(0);
        assert!(letter.reason.contains("more shipments, refunds or transactions than are read"), "{}", letter.reason);
        assert_eq!(asks(&house, WINDOW).await.missed.len(), 0, "it was handed over before");
        house.rest().await;
        assert_eq!((house.dead_letters().await.len(), invoices(&house).await), (1, 0));
        house.stop_without_checks().await;
    }

    async fn a_webhook_that_comes_after_its_order_was_found_changes_nothing(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let info = shop.catalogue().remove(0);
        shop.hold_webhooks(true);
        let late = shop.place_order(&order(&info, 2)).await.unwrap();
        shop.fulfil(late).await.unwrap();
        assert_eq!(asks(&house, WINDOW).await.missed, [late.to_string()]);
        house.until("it is booked", async || invoices(&house).await == 1).await;
        shop.hold_webhooks(false);
        house.rest().await;
        assert_eq!(invoices(&house).await, 1);
        house.keeps_its_promises(0).await;
    }

    /// P5: what another count has found, and nobody has normalised yet, is not written over.
    async fn several_counts_at_once_judge_no_figure_before_the_missed_sale_is_known(deployment: Deployment) {
        let house = House::open(deployment).await;
        let shop = &house.town().shop;
        let info = shop.catalogue().remove(0);
        tells_nobody(shop);
        let untold = shop.place_order(&order(&info, 2)).await.unwrap();
        shop.fulfil(untold).await.unwrap();
        let (desk, scope) = (house.desk(), Scope { stock: Some(Count::All), ..Scope::ORDERS });
        let counts = join_all((0..4).map(|_| reconcile::once(&desk, WINDOW, scope))).await;
        let counts: Vec<Found> = counts.into_iter().map(Result::unwrap).collect();
        assert_eq!(counts.iter().map(|found| found.missed.len()).sum::<usize>(), 1, "found by one of them");
        let judged: Vec<_> = counts.into_iter().filter_map(|found| found.stock).collect();
        assert!(!judged.is_empty());
        for stock in judged {
            assert!(stock.drifts.is_empty(), "the sale explains every figure: {:?}", stock.drifts);
        }
        house.until("it is booked", async || invoices(&house).await == 1).await;
        house.rest().await;
        house.keeps_its_promises(0).await;
    }

    async fn several_counts_at_once_hand_over_what_differs(deployment: Deployment) {
        let house = House::open(deployment).await;
        let info = house.town().shop.catalogue().remove(0);
        house.town().shop.correct_stock(&info.sku, "WEB", 3).await.unwrap();
        let desk = house.desk();
        let seen = stocktake::look(&desk, Count::All).await.unwrap();
        let report = stocktake::compare(&desk, seen).await.unwrap();
        assert_eq!(report.drifts.len(), 1);
        let raised = join_all((0..4).map(|_| stocktake::raise(&desk, &report, true))).await;
        assert_eq!(raised.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [1; 4]);
        house.rest().await;
        house.keeps_its_promises(0).await;
    }
}

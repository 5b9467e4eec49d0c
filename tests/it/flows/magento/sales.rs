//! Sales of a Magento store become documents of the office: told by a module, told twice, told too early, or found by asking.

use std::time::Duration;

use serde_json::json;
use tillbridge::rehearsal::TownPlan;
use tillbridge::sandbox::magento2::{CreditPlan, HookWeather, LinePlan, OrderPlan};

use super::{asks, documents, open, order, skus};
use crate::support::house::{Deployment, House, on_both_deployments};

on_both_deployments! {
    // proves F-336 F-337
    async fn each_paid_invoice_is_booked_once_however_often_it_is_told(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        shop.hook_weather(HookWeather { twice: 1_000, ..HookWeather::default() });
        let bought = shop.place_order(&order(house.magento(), 3)).await.unwrap();
        let unpaid = shop.invoice_unpaid(bought).await.unwrap();
        shop.hooks_idle().await;
        house.rest().await;
        assert_eq!(documents(&house).await, (0, 0), "nobody has paid");
        shop.capture(unpaid).await.unwrap();
        let more = shop.place_order(&order(house.magento(), 3)).await.unwrap();
        let first = shop.invoice_part(more, &[(0, 1)]).await.unwrap();
        shop.invoice(more).await.unwrap();
        shop.save_invoice_again(first).await.unwrap();
        shop.hooks_idle().await;
        house.rest().await;
        assert_eq!(documents(&house).await, (3, 0));
        house.keeps_its_promises(0).await;
    }

    // proves F-338 F-339
    async fn credit_memos_are_booked_after_their_invoice_whatever_is_told_first(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        shop.hook_weather(HookWeather { delay_up_to: Duration::from_millis(300), ..HookWeather::default() });
        let bought = shop.place_order(&order(house.magento(), 4)).await.unwrap();
        shop.invoice(bought).await.unwrap();
        for (pieces, positive, negative) in [(1, 0, 0), (2, 100, 0), (1, 0, 150)] {
            let plan = CreditPlan { lines: vec![(0, pieces, false)], positive, negative, ..CreditPlan::default() };
            shop.credit(bought, &plan).await.unwrap();
        }
        shop.hooks_idle().await;
        house.until("all is booked", async || documents(&house).await == (1, 3)).await;
        house.keeps_its_promises(0).await;
    }

    async fn a_document_hinted_at_before_it_is_there_is_read_once_it_is(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        shop.hook_weather(HookWeather { reads_before_commit: 2, ..HookWeather::default() });
        let bought = shop.place_order(&order(house.magento(), 1)).await.unwrap();
        shop.invoice(bought).await.unwrap();
        house.until("it is booked", async || documents(&house).await == (1, 0)).await;
        house.keeps_its_promises(0).await;
    }

    // proves F-335
    async fn a_new_customer_is_made_with_their_first_invoice_and_is_the_same_with_the_next(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        let mut plan = order(house.magento(), 1);
        let account = json!({ "email": "hine@example.nz", "firstname": "Hine", "lastname": "Parata" });
        plan.buyer.account = Some(shop.register(None, &account).await.unwrap());
        plan.buyer.email = "hine@example.nz".to_owned();
        for _ in 0..2 {
            let bought = shop.place_order(&plan).await.unwrap();
            shop.invoice(bought).await.unwrap();
        }
        shop.hooks_idle().await;
        house.until("both are booked", async || documents(&house).await == (2, 0)).await;
        let invoices = house.magento().office.invoices().await.unwrap();
        assert_eq!(invoices[0].customer, invoices[1].customer);
        house.keeps_its_promises(0).await;
    }

    /// P4: the store tells the second of a change and no less, and pages are cut between documents of one second.
    async fn more_documents_of_one_second_than_a_page_holds_are_all_found(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        shop.lose_hooks(u64::MAX);
        shop.stop_clock(true);
        let kinds = skus(house.magento());
        for number in 0..130 {
            let line = LinePlan::simple(&kinds[number % kinds.len()], 1, 2_300);
            let bought = shop.place_order(&OrderPlan::by_guest(vec![line])).await.unwrap();
            shop.invoice(bought).await.unwrap();
        }
        shop.stop_clock(false);
        house.until("all of them are found", async || {
            asks(&house).await;
            house.rest().await;
            documents(&house).await == (130, 0)
        })
        .await;
        house.keeps_its_promises(0).await;
    }

    /// One installation may hold several websites. Where only one is spoken for, sales of the others are left alone however they come to
    /// be known, and a store view that is added to it later belongs to it from its first sale on.
    async fn sales_of_another_website_are_left_alone(deployment: Deployment) {
        let plan = TownPlan { styles: 3, ..TownPlan::new("kauri") };
        let mut house = House::build_magento_with(deployment, plan, |options| {
            options.stores.extend([("outlet".to_owned(), 7), ("later".to_owned(), 9)]);
            options.other_website.insert(7);
        })
        .await;
        house.opens().await;
        let (shop, place) = (&house.magento().shop, order(house.magento(), 1));
        let mut bought = Vec::new();
        for store in [7, 9, 1, 7] {
            bought.push(shop.place_order(&OrderPlan { store: Some(store), ..place.clone() }).await.unwrap());
        }
        for order in &bought[..3] {
            shop.invoice(*order).await.unwrap();
        }
        shop.hooks_idle().await;
        house.until("ours are booked", async || documents(&house).await == (2, 0)).await;
        shop.lose_hooks(u64::MAX);
        shop.invoice(bought[3]).await.unwrap();
        let ours = shop.place_order(&place).await.unwrap();
        shop.invoice(ours).await.unwrap();
        house.until("the last of ours is found", async || {
            asks(&house).await;
            documents(&house).await == (3, 0)
        })
        .await;
        house.rest().await;
        assert_eq!(documents(&house).await, (3, 0));
        house.keeps_its_promises(0).await;
    }

    /// P4: nothing that a module forgets to tell is lost.
    async fn a_day_without_a_single_call_is_mended_by_asking(deployment: Deployment) {
        let house = open(deployment).await;
        let shop = &house.magento().shop;
        shop.lose_hooks(u64::MAX);
        let mut orders = Vec::new();
        for pieces in [1, 2, 3] {
            let bought = shop.place_order(&order(house.magento(), pieces)).await.unwrap();
            shop.invoice(bought).await.unwrap();
            orders.push(bought);
        }
        let plan = CreditPlan { lines: vec![(0, 1, false)], ..CreditPlan::default() };
        shop.credit(orders[2], &plan).await.unwrap();
        shop.ship(orders[0], Some("WEB")).await.unwrap();
        house.rest().await;
        assert_eq!(documents(&house).await, (0, 0), "nobody told");
        // What changed a moment ago is left to the next time.
        house.until("all of it is found", async || {
            asks(&house).await;
            documents(&house).await == (3, 1)
        }).await;
        house.rest().await;
        assert_eq!(asks(&house).await.missed.len(), 0, "the windows overlap, and nothing is found twice");
        house.keeps_its_promises(0).await;
    }
}

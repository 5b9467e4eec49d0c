//! Accounts whose webhooks never came are found by asking, where the channel takes accounts over as they change.

use std::time::Duration;

use tillbridge::domain::EventType;
use tillbridge::flow::reconcile::{self, Accounts, Scope, Window};
use tillbridge::journal::Selection;
use tillbridge::policy::{CustomerRules, ReceiveCustomers, SendCustomers};
use tillbridge::rehearsal::TownPlan;

use crate::support::house::{Deployment, House, on_both_deployments};

const WINDOW: Window = Window { since: None, overlap: Duration::from_secs(600), dry_run: false };

async fn house_that(deployment: Deployment, receive: ReceiveCustomers) -> House {
    let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
    house.rules().customers = CustomerRules { send: SendCustomers::None, receive, ..CustomerRules::default() };
    house.opens().await;
    house
}

/// Asks the shop once for accounts, beside orders.
async fn asks(house: &House, window: Window) -> Option<Accounts> {
    let found = reconcile::once(&house.desk(), window, Scope { accounts: true, ..Scope::ORDERS }).await.unwrap();
    house.bridge.as_ref().unwrap().stage.bells.deliveries.notify_one();
    found.customers
}

/// Somebody makes an account.
async fn signs_up(house: &House, person: u32) -> u64 {
    let account = house.town().shop.edit_customer(None, move |customer| {
        customer.first_name = Some("Ana".into());
        customer.last_name = Some(format!("Ngata {person}"));
        customer.email = Some(format!("ana{person}@example.com"));
    });
    account.await.unwrap()
}

/// How many customers the office has, with their names.
async fn names(house: &House) -> Vec<String> {
    let customers = house.town().office.customers().await.unwrap();
    customers.into_iter().filter_map(|customer| customer.last_name).collect()
}

on_both_deployments! {
    // proves F-345
    async fn an_account_nobody_told_of_becomes_a_customer_once(deployment: Deployment) {
        let house = house_that(deployment, ReceiveCustomers::Always).await;
        let shop = &house.town().shop;
        signs_up(&house, 1).await;
        house.rest().await;
        shop.hold_webhooks(true);
        let untold = signs_up(&house, 2).await;
        let before = house.received().await;
        let dry = asks(&house, Window { dry_run: true, ..WINDOW }).await.unwrap();
        assert_eq!((dry.changed, dry.missed), (2, vec![untold.to_string()]));
        assert_eq!(house.received().await, before, "a dry run hands nothing over");
        assert_eq!(asks(&house, WINDOW).await.unwrap().missed, [untold.to_string()]);
        house.until("they are a customer", async || names(&house).await == ["Ngata 1", "Ngata 2"]).await;
        // The webhook comes after all.
        shop.hold_webhooks(false);
        house.rest().await;
        assert_eq!(names(&house).await, ["Ngata 1", "Ngata 2"]);
        let again = asks(&house, WINDOW).await.unwrap();
        assert_eq!((again.changed, again.missed.len()), (2, 0), "the windows overlap, and nobody is missed twice");
        house.keeps_its_promises(0).await;
    }

    async fn a_change_that_was_not_told_is_found_too(deployment: Deployment) {
        let house = house_that(deployment, ReceiveCustomers::Always).await;
        let shop = &house.town().shop;
        let account = signs_up(&house, 1).await;
        house.rest().await;
        shop.forget_subscription("customers/update");
        shop.advance_clock(Duration::from_secs(2));
        shop.edit_customer(Some(account), |customer| customer.last_name = Some("Tane".into())).await.unwrap();
        house.rest().await;
        assert_eq!(asks(&house, WINDOW).await.unwrap().missed, [account.to_string()]);
        house.rest().await;
        assert_eq!(names(&house).await, ["Tane"]);
        house.keeps_its_promises(0).await;
    }

    async fn more_accounts_than_a_page_are_all_found(deployment: Deployment) {
        let house = house_that(deployment, ReceiveCustomers::Always).await;
        house.town().shop.forget_subscription("customers/create");
        for person in 0..120 {
            signs_up(&house, person).await;
        }
        let found = asks(&house, WINDOW).await.unwrap();
        assert_eq!((found.changed, found.missed.len()), (120, 120));
        house.rest().await;
        assert_eq!(names(&house).await.len(), 120);
        assert_eq!(asks(&house, WINDOW).await.unwrap().missed.len(), 0);
        house.keeps_its_promises(0).await;
    }

    async fn a_channel_that_waits_for_documents_does_not_ask_for_accounts(deployment: Deployment) {
        let house = house_that(deployment, ReceiveCustomers::WithDocuments).await;
        house.town().shop.forget_subscription("customers/create");
        signs_up(&house, 1).await;
        assert!(asks(&house, WINDOW).await.is_none());
        assert_eq!(house.town().shop.api_calls().of("customers").calls, 0);
        let accounts = Selection { event_type: Some(EventType::AccountChanged), limit: 10, ..Selection::default() };
        assert!(house.journal().events(&accounts).await.unwrap().is_empty());
        house.keeps_its_promises(0).await;
    }
}

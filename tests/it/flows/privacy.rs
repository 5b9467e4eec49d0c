//! A person asks to see or to forget what is kept of them: it is done at once, provably, and the books stay as they are.

use tillbridge::domain::PrivacyWish;
use tillbridge::journal::{Place, PrivacyRecord, Selection};
use tillbridge::sandbox::shopify::lives::{BuyerPlan, OrderPlan};

use super::by_hand::order_of;
use crate::support::house::{Deployment, House, on_both_deployments};

const BOB: u64 = 706_405_506_930_370_084;
/// What the sandbox invents for person 7, and for their neighbour.
const BOBS: [&str; 3] = ["buyer7@example.com", "8 Test Quay", "Ngata 7"];
const NEIGHBOURS: &str = "buyer8@example.com";

/// Everything the journal keeps, as one text.
async fn everything_kept(house: &House) -> String {
    let (mut text, mut place) = (String::new(), Place::START);
    while place != Place::End {
        let page = house.journal().kept(place, 500).await.unwrap();
        for document in page.documents {
            text.push_str(&String::from_utf8_lossy(&document.body));
        }
        place = page.next;
    }
    text
}

/// The record of the only request there is, once it is done.
async fn done(house: &House, wish: PrivacyWish) -> PrivacyRecord {
    house.rest().await;
    let records = house.journal().privacy_records().await.unwrap();
    let record = records.into_iter().find(|record| record.wish == wish).unwrap();
    assert!(record.finished_at.is_some(), "{record:?}");
    record
}

/// Bob buys twice, once without his account; his neighbour buys once.
async fn bob_and_his_neighbour_buy(house: &House) -> u64 {
    let shop = &house.town().shop;
    let buyers = [
        BuyerPlan::Account { id: BOB, person: 7 },
        BuyerPlan::Guest { person: 7 },
        BuyerPlan::Account { id: BOB + 1, person: 8 },
    ];
    let mut first = 0;
    for buyer in buyers {
        let plan = OrderPlan { buyer, ..order_of(house, &[1]) };
        let order = shop.place_order(&plan).await.unwrap();
        shop.fulfil(order).await.unwrap();
        if first == 0 {
            first = order;
        }
    }
    house.rest().await;
    first
}

on_both_deployments! {
    async fn a_customer_who_asks_is_forgotten_and_the_books_stay(deployment: Deployment) {
        let house = House::open(deployment).await;
        let order = bob_and_his_neighbour_buy(&house).await;
        let kept = everything_kept(&house).await;
        assert!(BOBS.iter().all(|trace| kept.contains(trace)), "there is something to forget");

        house.town().shop.request_erasure(BOB, Some("Buyer7@example.com"), None, &[order]).await;
        let record = done(&house, PrivacyWish::EraseCustomer).await;

        let kept = everything_kept(&house).await;
        for trace in BOBS {
            assert!(!kept.to_lowercase().contains(&trace.to_lowercase()), "{trace} is still kept");
        }
        assert!(kept.contains(NEIGHBOURS), "nobody else is forgotten");
        assert!(kept.contains(&order.to_string()), "ids and amounts stay");
        assert!(record.deliveries > 0 && record.events > 0, "{record:?}");
        assert_eq!(record.customer, BOB.to_string());
        assert_eq!(record.office_numbers.len(), 1, "the office's number of the customer is named: {record:?}");
        let proof = serde_json::to_string(&record).unwrap();
        assert!(BOBS.iter().all(|trace| !proof.contains(trace)), "the proof names nobody: {proof}");
        assert_eq!(house.town().office.document_counts().await.unwrap(), (3, 0));
        house.keeps_its_promises(0).await;
    }

    async fn handling_everything_again_after_erasure_brings_nothing_back(deployment: Deployment) {
        let house = House::open(deployment).await;
        let order = bob_and_his_neighbour_buy(&house).await;
        house.town().shop.request_erasure(BOB, Some("buyer7@example.com"), None, &[order]).await;
        let before = done(&house, PrivacyWish::EraseCustomer).await;
        let customers = house.town().office.customers().await.unwrap();

        let all = Selection::default();
        assert!(house.journal().replay(&all, false, "a story").await.unwrap().0 > 0);
        house.rest().await;

        let kept = everything_kept(&house).await;
        assert!(BOBS.iter().all(|trace| !kept.contains(trace)));
        assert_eq!(house.town().office.document_counts().await.unwrap(), (3, 0), "nothing is booked twice");
        assert_eq!(house.town().office.customers().await.unwrap(), customers);
        assert_eq!(done(&house, PrivacyWish::EraseCustomer).await, before, "the proof stays as it was");
        house.keeps_its_promises(0).await;
    }

    async fn a_shop_that_asks_has_all_its_customers_forgotten(deployment: Deployment) {
        let house = House::open(deployment).await;
        bob_and_his_neighbour_buy(&house).await;
        house.town().shop.request_shop_erasure().await;
        let record = done(&house, PrivacyWish::EraseStorefront).await;
        let kept = everything_kept(&house).await;
        assert!(BOBS.iter().chain([&NEIGHBOURS]).all(|trace| !kept.contains(trace)));
        assert!(record.deliveries > 0 && record.customer.is_empty());
        house.keeps_its_promises(0).await;
    }

    async fn a_customer_who_asks_what_is_kept_is_put_on_the_list(deployment: Deployment) {
        let house = House::open(deployment).await;
        let order = bob_and_his_neighbour_buy(&house).await;
        let number = house.town().shop.request_data(BOB, Some("buyer7@example.com"), None, &[order]).await;
        house.rest().await;
        let [record] = house.journal().privacy_records().await.unwrap().try_into().unwrap();
        assert_eq!((record.wish, record.number.as_str()), (PrivacyWish::Export, number.to_string().as_str()));
        assert_eq!(record.finished_at, None, "it waits for somebody to hand it out");
        assert!(everything_kept(&house).await.contains(BOBS[0]), "asking erases nothing");
        house.keeps_its_promises(0).await;
    }
}

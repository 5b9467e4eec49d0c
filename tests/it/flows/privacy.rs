//! A person asks to see or to forget what is kept of them: it is done at once, provably, and the books stay as they are.

use rust_decimal::Decimal;
use serde_json::Value;
use tillbridge::domain::{ERASED, PrivacyWish};
use tillbridge::journal::{KeptPlan, Place, PrivacyRecord, ReplayMode, Selection};
use tillbridge::rehearsal::TownPlan;
use tillbridge::sandbox::shopify::lives::{BuyerPlan, OrderPlan};

use super::by_hand::order_of;
use crate::support::house::{Deployment, House, on_both_deployments};
use crate::support::replays::replay;

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
        for plan in page.plans {
            text.push_str(&plan.plan);
        }
        place = page.next;
    }
    text
}

/// The documents that are about to be booked, each with what it said of its buyer, taken out of it.
async fn planned(house: &House) -> Vec<(Value, Value)> {
    let (mut plans, mut place) = (Vec::<KeptPlan>::new(), Place::START);
    while place != Place::End {
        let page = house.journal().kept(place, 500).await.unwrap();
        plans.extend(page.plans);
        place = page.next;
    }
    let read = |plan: KeptPlan| {
        let mut plan: Value = serde_json::from_str(&plan.plan).unwrap();
        let buyer = plan["document"]["customer"]["profile"].take();
        (plan, buyer)
    };
    plans.into_iter().map(read).collect()
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

        for mode in [ReplayMode::Handle, ReplayMode::Normalise] {
            assert!(replay(house.journal(), mode, &Selection::default()).await.done > 0);
            house.rest().await;
        }

        let kept = everything_kept(&house).await;
        assert!(BOBS.iter().all(|trace| !kept.contains(trace)));
        assert_eq!(house.town().office.document_counts().await.unwrap(), (3, 0), "nothing is booked twice");
        assert_eq!(house.town().office.customers().await.unwrap(), customers);
        assert_eq!(done(&house, PrivacyWish::EraseCustomer).await, before, "the proof stays as it was");
        house.keeps_its_promises(0).await;
    }

    /// What is booked, where and under which keys was decided before; whose it is was not.
    async fn a_document_that_waits_to_be_booked_forgets_its_buyer_and_nothing_else(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        house.rules().payments.codes.insert("carrier_pigeon".to_owned(), "WEB-PIGEON".to_owned());
        house.opens().await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let (mut totals, mut order) = (Vec::new(), 0);
        for buyer in [BuyerPlan::Account { id: BOB + 1, person: 8 }, BuyerPlan::Account { id: BOB, person: 7 }] {
            let mut plan = OrderPlan { buyer, ..order_of(&house, &[2, 1]) };
            plan.pay_by("carrier_pigeon");
            totals.push(Decimal::new(plan.totals().total, 2));
            order = shop.place_order(&plan).await.unwrap();
            shop.fulfil(order).await.unwrap();
        }
        house.rest().await;
        let letters: Vec<String> = house.dead_letters().await.into_iter().map(|letter| letter.id).collect();
        assert_eq!(letters.len(), 2, "the office does not know the pay code");
        let before = planned(&house).await;
        assert!(BOBS.iter().all(|trace| before[1].1.to_string().contains(trace)), "{before:?}");

        shop.request_erasure(BOB, None, None, &[order]).await;
        done(&house, PrivacyWish::EraseCustomer).await;

        let kept = everything_kept(&house).await;
        assert!(BOBS.iter().all(|trace| !kept.contains(trace)));
        let after = planned(&house).await;
        assert_eq!(before[0], after[0], "nobody else is forgotten");
        assert_eq!(before[1].0, after[1].0, "what is to be booked stays");
        assert_ne!(before[1].1, after[1].1);

        office.add_pay_code("WEB-PIGEON", "By pigeon").await.unwrap();
        assert_eq!(house.journal().retry_dead(&letters, "ana").await.unwrap(), 2);
        house.rest().await;
        let (invoices, customers) = (office.invoices().await.unwrap(), office.customers().await.unwrap());
        let mut booked: Vec<Decimal> = invoices.iter().map(|invoice| invoice.total.amount()).collect();
        booked.sort_unstable();
        totals.sort_unstable();
        assert_eq!(booked, totals);
        let bob = customers.iter().find(|one| one.keys.iter().any(|key| key.ends_with(&format!("/customer:{BOB}")))).unwrap();
        assert!(invoices.iter().any(|invoice| invoice.customer == bob.number));
        assert_eq!((&bob.email, bob.first_name.as_deref()), (&None, Some(ERASED)));
        assert_eq!(planned(&house).await, [], "what is booked is planned no more");
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

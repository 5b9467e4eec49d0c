//! The office's customers on their way to accounts of a Magento store.

use std::time::Duration;

use serde_json::{Value, json};
use tillbridge::office::ChangeKind;
use tillbridge::policy::SendCustomers;
use tillbridge::rehearsal::TownPlan;

use crate::support::house::{Deployment, House, on_both_deployments};

async fn open(deployment: Deployment) -> House {
    let mut house = House::build_magento(deployment, TownPlan::new("kauri")).await;
    house.rules().customers.send = SendCustomers::Web;
    house.rules().every.insert(ChangeKind::Customers, Duration::from_millis(300));
    house.opens().await;
    house
}

fn account(house: &House, email: &str) -> Option<Value> {
    house.magento().shop.customers().into_iter().find(|customer| customer["email"] == email)
}

on_both_deployments! {
    async fn a_web_customer_becomes_an_account_and_a_guest_does_not(deployment: Deployment) {
        let house = open(deployment).await;
        let office = &house.magento().office;
        let ana = office.add_customer(Some("ana@example.test"), true).await.unwrap();
        office.rename_customer(ana, "Ana", "Ngata", Some("021 555 123")).await.unwrap();
        office.add_customer(Some("guest@example.test"), false).await.unwrap();
        office.add_address(ana, "7 Hill St", "Nelson", "NZ").await.unwrap();
        house.rest().await;
        let made = account(&house, "ana@example.test").unwrap();
        assert_eq!((&made["firstname"], &made["lastname"]), (&json!("Ana"), &json!("Ngata")));
        let address = &made["addresses"][0];
        assert_eq!((&address["street"], &address["telephone"]), (&json!(["7 Hill St"]), &json!("021 555 123")));
        assert_eq!(account(&house, "guest@example.test"), None);

        office.move_house(ana, "9 Hill St").await.unwrap();
        house.rest().await;
        let moved = account(&house, "ana@example.test").unwrap();
        assert_eq!(moved["addresses"].as_array().unwrap().len(), 1, "the same address, at another place");
        assert_eq!(moved["addresses"][0]["street"], json!(["9 Hill St"]));
        house.keeps_its_promises(0).await;
    }

    /// Magento replaces accounts as a whole; what people entered there stays all the same.
    async fn an_account_that_was_there_first_keeps_what_its_owner_entered(deployment: Deployment) {
        let house = open(deployment).await;
        let (shop, office) = (&house.magento().shop, &house.magento().office);
        let own = json!({
            "email": "ana@example.test", "firstname": "Ana", "lastname": "T", "website_id": 1, "group_id": 2,
            "extension_attributes": { "is_subscribed": true },
            "addresses": [{ "firstname": "Ana", "lastname": "T", "street": ["1 Sea Rd"], "city": "Napier", "country_id": "NZ",
                "telephone": "1", "postcode": "4110", "default_billing": true }],
        });
        shop.register(None, &own).await.unwrap();
        house.rest().await;
        let ana = office.add_customer(Some("ana@example.test"), true).await.unwrap();
        office.rename_customer(ana, "Ana", "Ngata", Some("021 555 123")).await.unwrap();
        office.add_address(ana, "7 Hill St", "Nelson", "NZ").await.unwrap();
        house.rest().await;
        let after = account(&house, "ana@example.test").unwrap();
        assert_eq!(shop.customers().len(), 1, "the same account");
        assert_eq!((&after["lastname"], &after["group_id"]), (&json!("Ngata"), &json!(2)));
        let cities: Vec<&Value> = after["addresses"].as_array().unwrap().iter().map(|address| &address["city"]).collect();
        assert_eq!(cities, [&json!("Napier"), &json!("Nelson")]);
        assert_eq!(after["extension_attributes"]["is_subscribed"], json!(true), "her word about mail is hers");
        house.keeps_its_promises(0).await;
    }
}

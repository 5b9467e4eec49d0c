//! Customers both ways: the office's reach the shop, the shop's reach the office, and nobody is written twice or loses anything.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tillbridge::journal::{LinkKind, ReplayMode, Selection};
use tillbridge::office::ChangeKind;
use tillbridge::policy::{CustomerRules, ReceiveCustomers, SendCustomers};
use tillbridge::rehearsal::{Side, TownPlan};
use tillbridge::sandbox::shopify::lives::{BuyerPlan, OrderPlan};
use tillbridge::sandbox::shopify::{Fault, ShopAddress, ShopCustomer};

use super::by_hand::order_of;
use crate::support::house::{Deployment, House, on_both_deployments};
use crate::support::replays::replay;

/// A house whose channel has these rules for customers.
async fn house_with(deployment: Deployment, rules: CustomerRules) -> House {
    let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
    house.rules().customers = rules;
    house.rules().every.insert(ChangeKind::Customers, Duration::from_millis(300));
    house.opens().await;
    house
}

/// The rules of the profile.
async fn house(deployment: Deployment) -> House {
    house_with(deployment, CustomerRules::default()).await
}

/// The shop's customer with that e-mail address.
fn at_shop(house: &House, email: &str) -> Option<ShopCustomer> {
    house.town().shop.customers().into_iter().find(|one| one.email.as_deref() == Some(email))
}

/// What customers' handlings say, one line each.
async fn words(house: &House) -> Vec<String> {
    let selection = Selection { limit: 1_000, ..Selection::default() };
    let mut words = Vec::new();
    for event in house.journal().events(&selection).await.unwrap() {
        if !event.event_type.contains("customer") && !event.event_type.contains("account") {
            continue;
        }
        let trace = house.journal().trace(event.id.0).await.unwrap().unwrap();
        words.extend(trace.events.iter().flat_map(|event| &event.handlings).map(|handling| handling.reason.clone()));
    }
    words
}

on_both_deployments! {
    // proves F-341
    async fn a_web_customer_of_the_office_reaches_the_shop_once(deployment: Deployment) {
        let house = house(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let number = office.add_customer(Some("Ana@Example.com"), true).await.unwrap();
        office.rename_customer(number, "Ana", "Ngata", Some("021 555 123")).await.unwrap();
        office.add_address(number, "8 Test Quay", "Auckland", "NZ").await.unwrap();
        office.add_customer(Some("guest@example.com"), false).await.unwrap();
        office.add_customer(None, true).await.unwrap();
        house.rest().await;
        let ana = at_shop(&house, "ana@example.com").unwrap();
        assert_eq!((ana.first_name.as_deref(), ana.last_name.as_deref()), (Some("Ana"), Some("Ngata")));
        assert_eq!(ana.addresses.len(), 1);
        assert_eq!(ana.addresses[0].city.as_deref(), Some("Auckland"));
        assert_eq!(shop.customers().len(), 1, "neither guests nor people without an e-mail have accounts");
        let linked = house.journal().links(&house.town().channel.name, LinkKind::Customer, &[number.to_string()]).await.unwrap();
        assert_eq!(linked, [Some(format!("gid://shopify/Customer/{}", ana.id))]);

        // Handled again it writes nothing, and the webhooks of our own writes lead to nothing.
        let writes = shop.writes().len();
        assert!(replay(house.journal(), ReplayMode::Handle, &Selection::default()).await.done > 0);
        house.rest().await;
        assert_eq!(shop.writes().len(), writes);
        assert_eq!(office.customers().await.unwrap().len(), 3);
        house.keeps_its_promises(0).await;
    }

    async fn a_changed_customer_keeps_the_link_and_the_shops_own_addresses_and_login(deployment: Deployment) {
        let house = house(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let number = office.add_customer(Some("ana@example.com"), true).await.unwrap();
        office.add_address(number, "8 Test Quay", "Auckland", "NZ").await.unwrap();
        house.rest().await;
        let id = at_shop(&house, "ana@example.com").unwrap().id;
        let theirs = ShopAddress { id: 77, address1: Some("1 Summer Bach".into()), country_code: Some("NZ".into()), ..ShopAddress::default() };
        let kept = theirs.clone();
        shop.edit_customer(Some(id), move |customer| {
            customer.addresses.push(kept);
            customer.email = Some("ana.ngata@example.com".into());
        }).await.unwrap();
        office.rename_customer(number, "Ana Maria", "Ngata", None).await.unwrap();
        office.move_house(number, "9 Test Quay").await.unwrap();
        house.rest().await;
        let [ana] = shop.customers().try_into().unwrap();
        assert_eq!((ana.id, ana.first_name.as_deref()), (id, Some("Ana Maria")));
        assert_eq!(ana.email.as_deref(), Some("ana.ngata@example.com"), "people log in with what they chose");
        assert!(ana.addresses.contains(&theirs), "an address of the shop's own is left alone");
        let streets: Vec<_> = ana.addresses.iter().filter_map(|one| one.address1.as_deref()).collect();
        assert_eq!(streets, ["9 Test Quay", "1 Summer Bach"], "the office's address is set, not added again");
        house.keeps_its_promises(0).await;
    }

    // proves F-032
    async fn of_several_with_one_email_the_lowest_web_customer_is_the_account(deployment: Deployment) {
        let house = house_with(deployment, CustomerRules { send: SendCustomers::All, ..CustomerRules::default() }).await;
        let office = &house.town().office;
        let shopper = office.add_customer(Some("pat@example.com"), false).await.unwrap();
        let first = office.add_customer(Some("pat@example.com"), true).await.unwrap();
        let second = office.add_customer(Some("Pat@Example.com"), true).await.unwrap();
        for (number, name) in [(shopper, "Till"), (first, "First"), (second, "Second")] {
            office.rename_customer(number, name, "Pat", None).await.unwrap();
        }
        house.rest().await;
        assert_eq!(at_shop(&house, "pat@example.com").unwrap().first_name.as_deref(), Some("First"));
        assert_eq!(house.town().shop.customers().len(), 1);

        // Inward the same rule: an order of that e-mail goes to the first web customer.
        let mut plan = order_of(&house, &[1]);
        plan.buyer = BuyerPlan::Guest { person: 7 };
        for number in [shopper, first, second] {
            office.set_customer_email(number, "buyer7@example.com").await.unwrap();
        }
        house.rest().await;
        let order = house.town().shop.place_order(&plan).await.unwrap();
        house.town().shop.fulfil(order).await.unwrap();
        house.rest().await;
        assert_eq!(office.invoices().await.unwrap()[0].customer, first);
        house.keeps_its_promises(0).await;
    }

    async fn a_telephone_number_the_shop_would_refuse_is_left_out_and_the_customer_kept(deployment: Deployment) {
        let house = house(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        shop.edit_customer(None, |other| {
            other.email = Some("other@example.com".into());
            other.phone = Some("+6421777777".into());
        }).await.unwrap();
        for (email, phone) in [("ana@example.com", "ask at the till"), ("ben@example.com", "+64 21 777 777"), ("cy@example.com", "+64 21 888 888")] {
            let number = office.add_customer(Some(email), true).await.unwrap();
            office.rename_customer(number, "A", "B", Some(phone)).await.unwrap();
        }
        house.rest().await;
        assert_eq!(at_shop(&house, "ana@example.com").unwrap().phone, None);
        assert_eq!(at_shop(&house, "ben@example.com").unwrap().phone, None, "it is another account's");
        assert_eq!(at_shop(&house, "cy@example.com").unwrap().phone.as_deref(), Some("+6421888888"));
        let words = words(&house).await;
        assert!(words.iter().any(|one| one.contains("not in international form")), "{words:?}");
        assert!(words.iter().any(|one| one.contains("belongs to another account")), "{words:?}");
        house.keeps_its_promises(0).await;
    }

    async fn the_newer_consent_counts_whoever_was_told_it(deployment: Deployment) {
        let house = house(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let number = office.add_customer(Some("ana@example.com"), true).await.unwrap();
        let ago = |hours| Timestamp::now() - SignedDuration::from_hours(hours);
        office.set_consent(number, true, ago(10)).await.unwrap();
        house.rest().await;
        let ana = at_shop(&house, "ana@example.com").unwrap();
        assert_eq!(ana.consent, "SUBSCRIBED");

        shop.edit_customer(Some(ana.id), |customer| {
            customer.consent = "UNSUBSCRIBED".into();
            customer.consent_at = Some(ago(5));
        }).await.unwrap();
        office.set_consent(number, true, ago(8)).await.unwrap();
        house.rest().await;
        assert_eq!(at_shop(&house, "ana@example.com").unwrap().consent, "UNSUBSCRIBED", "an older word is not written over a newer");

        office.set_consent(number, true, ago(1)).await.unwrap();
        house.rest().await;
        assert_eq!(at_shop(&house, "ana@example.com").unwrap().consent, "SUBSCRIBED");
        house.keeps_its_promises(0).await;
    }

    async fn a_shop_in_trouble_gets_each_customer_and_address_once(deployment: Deployment) {
        let house = house(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let faults = [Fault::ErrorAfterCommit(502), Fault::ResetMidBody, Fault::Throttled, Fault::ErrorBeforeCommit(503)];
        for (index, fault) in faults.into_iter().enumerate() {
            shop.fail_next(Some("customerSet"), fault, 1);
            shop.fail_next(Some("customerAddressCreate"), fault, 1);
            let number = office.add_customer(Some(&format!("c{index}@example.com")), true).await.unwrap();
            office.add_address(number, "8 Test Quay", "Auckland", "NZ").await.unwrap();
            house.rest().await;
            assert_eq!(shop.customers().len(), index + 1, "{fault:?}");
            assert!(shop.customers().iter().all(|customer| customer.addresses.len() == 1), "{fault:?}");
        }
        house.keeps_its_promises(0).await;
    }

    // proves F-345
    async fn a_new_account_is_a_customer_where_the_channel_says_so(deployment: Deployment) {
        let rules = CustomerRules { receive: ReceiveCustomers::Always, ..CustomerRules::default() };
        let house = house_with(deployment, rules).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let id = shop.edit_customer(None, |new| {
            new.first_name = Some("Ana".into());
            new.email = Some("ana@example.com".into());
        }).await.unwrap();
        house.rest().await;
        let [ana] = office.customers().await.unwrap().try_into().unwrap();
        assert_eq!((ana.first_name.as_deref(), ana.email.as_deref(), ana.web_customer), (Some("Ana"), Some("ana@example.com"), true));
        assert_eq!(ana.keys, [format!("kiwi/customer:{id}")]);

        shop.edit_customer(Some(id), |ana| ana.last_name = Some("Ngata".into())).await.unwrap();
        house.rest().await;
        let [ana] = office.customers().await.unwrap().try_into().unwrap();
        assert_eq!(ana.last_name.as_deref(), Some("Ngata"));
        assert_eq!(shop.writes().iter().filter(|write| write.what.starts_with("customer")).count(), 0, "nothing goes back");
        house.keeps_its_promises(0).await;
    }

    // proves F-335 F-345
    async fn an_account_becomes_a_customer_with_its_first_invoice(deployment: Deployment) {
        let house = house(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        shop.edit_customer(None, |new| new.email = Some("window@example.com".into())).await.unwrap();
        house.rest().await;
        assert!(office.customers().await.unwrap().is_empty(), "who only looks is no customer");
        let plan = OrderPlan { buyer: BuyerPlan::Account { id: 706_405_506_930_370_084, person: 7 }, ..order_of(&house, &[1]) };
        for _ in 0..2 {
            let order = shop.place_order(&plan).await.unwrap();
            shop.fulfil(order).await.unwrap();
        }
        house.rest().await;
        let [buyer] = office.customers().await.unwrap().try_into().unwrap();
        assert_eq!(buyer.keys, ["kiwi/customer:706405506930370084"]);
        assert_eq!(shop.writes().iter().filter(|write| write.what.starts_with("customer")).count(), 0, "the shop has it all already");
        house.keeps_its_promises(0).await;
    }

    async fn a_merge_moves_the_cross_references_on_both_sides(deployment: Deployment) {
        let house = house(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let number = office.add_customer(Some("ana@example.com"), true).await.unwrap();
        house.rest().await;
        let gone = at_shop(&house, "ana@example.com").unwrap().id;
        let kept = shop.edit_customer(None, |new| new.email = Some("ana.ngata@example.com".into())).await.unwrap();
        assert!(shop.merge_customers(kept, gone).await);
        house.rest().await;
        let linked = house.journal().links(&house.town().channel.name, LinkKind::Customer, &[number.to_string()]).await.unwrap();
        assert_eq!(linked, [Some(format!("gid://shopify/Customer/{kept}"))]);
        office.rename_customer(number, "Ana", "Ngata", None).await.unwrap();
        house.rest().await;
        let [ana] = shop.customers().try_into().unwrap();
        assert_eq!((ana.id, ana.first_name.as_deref()), (kept, Some("Ana")), "the account that is left is the one that is written");
        house.keeps_its_promises(0).await;
    }

    async fn a_customer_who_was_forgotten_is_not_sent_again(deployment: Deployment) {
        let house = house(deployment).await;
        let (shop, office) = (&house.town().shop, &house.town().office);
        let number = office.add_customer(Some("ana@example.com"), true).await.unwrap();
        house.rest().await;
        let id = at_shop(&house, "ana@example.com").unwrap().id;
        shop.request_erasure(id, Some("ana@example.com"), None, &[]).await;
        house.rest().await;
        let [record] = house.journal().privacy_records().await.unwrap().try_into().unwrap();
        assert_eq!(record.office_numbers, [number.to_string()]);
        assert!(shop.delete_customer(id).await, "the shop forgets them itself");
        office.rename_customer(number, "Ana", "Ngata", None).await.unwrap();
        assert!(replay(house.journal(), ReplayMode::Handle, &Selection::default()).await.done > 0);
        house.rest().await;
        assert!(shop.customers().is_empty(), "they do not come back");
        house.keeps_its_promises(0).await;
    }

    // proves F-021
    async fn a_channel_that_begins_paused_is_checked_first_and_then_let_go(deployment: Deployment) {
        let mut house = House::build(deployment, vec![TownPlan::new("kiwi")]).await;
        house.rules().begins_paused = true;
        house.start().await;
        let channel = house.town().channel.name.clone();
        assert!(house.town().storefront().unwrap().describe().await.unwrap().missing_scopes.is_empty());
        house.until("the catalogue was read", async || {
            house.journal().counts().await.unwrap().events.contains_key("product.changed")
        }).await;
        assert!(house.journal().counts().await.unwrap().paused[channel.as_str()].contains("tillbridge resume kiwi"));
        assert!(house.town().shop.products().is_empty(), "nothing is written before it is let go");
        assert!(house.journal().resume(&channel).await.unwrap());
        house.rest().await;
        assert!(!house.town().shop.products().is_empty());
        house.stop().await;
        house.start().await;
        assert!(house.journal().counts().await.unwrap().paused.is_empty(), "once is enough");
        house.keeps_its_promises(0).await;
    }
}

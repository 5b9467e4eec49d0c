//! What is written of a customer the store knows already, and what of theirs stays.

use serde_json::json;

use super::*;
use crate::storefront::{CustomerOwners, KnownAddress};

#[allow(clippy::needless_pass_by_value, reason = "JSON reads best when it is handed over")]
fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap()
}

/// Jane's account as Magento has it, with an address of her own and a field nobody here knows.
fn jane() -> Account {
    Account(object(json!({
        "id": 2, "group_id": 3, "email": "jane@example.test", "firstname": "Jane", "lastname": "Doe", "website_id": 1,
        "dob": "1980-02-03", "extension_attributes": { "is_subscribed": true }, "default_billing": "5",
        "addresses": [{
            "id": 5, "customer_id": 2, "firstname": "Jane", "lastname": "Doe", "street": ["1 Sea Road"], "city": "Napier",
            "country_id": "NZ", "telephone": "1", "postcode": "4110", "default_billing": true, "vat_id": "9",
        }],
    })))
}

fn home() -> Address {
    Address {
        line1: Some("7 Hill St".into()),
        city: Some("Nelson".into()),
        postcode: Some("7010".into()),
        country: Some("nz".into()),
        phone: Some("03 555 0100".into()),
        ..Address::default()
    }
}

fn write(profile: CustomerProfile) -> CustomerWrite {
    let owners = CustomerOwners {
        names: Owner::Office,
        email: Owner::Storefront,
        phone: Owner::Office,
        addresses: Owner::Office,
    };
    CustomerWrite { known: Vec::new(), profile, consent: None, owners, addresses: Vec::new() }
}

fn profile(first: &str, last: &str) -> CustomerProfile {
    CustomerProfile { first_name: Some(first.into()), last_name: Some(last.into()), ..CustomerProfile::default() }
}

fn office(kind: &'static str, person: &CustomerProfile) -> (&'static str, Address, Map<String, Value>) {
    (kind, home(), address(&home(), person, None).unwrap())
}

#[test]
fn an_account_that_is_as_it_should_be_needs_no_write() {
    let write = write(CustomerProfile { email: Some("JANE@example.test".into()), ..profile("Jane", "Doe") });
    assert_eq!(with_fields(&jane(), &write), jane());
    assert_eq!(with_addresses(&jane(), &write, &[]), jane());
}

#[test]
fn a_written_account_keeps_what_the_office_knows_nothing_of() {
    let person = profile("Janet", "Doe");
    let write = write(person.clone());
    let merged = with_addresses(&with_fields(&jane(), &write), &write, &[office("shipping", &person)]);
    let sent = merged.for_writing();
    assert_eq!(
        (&sent["firstname"], &sent["group_id"], &sent["dob"]),
        (&json!("Janet"), &json!(3), &json!("1980-02-03"))
    );
    assert!(!sent.contains_key("extension_attributes"), "what she said about mail is not repeated to the shop");
    let addresses = sent["addresses"].as_array().unwrap();
    assert_eq!(addresses[0], jane().0["addresses"][0], "her own address stays, or Magento would delete it");
    assert_eq!((&addresses[1]["street"], &addresses[1]["country_id"]), (&json!(["7 Hill St"]), &json!("NZ")));
    assert!(addresses[1].get("default_shipping").is_none(), "she has an address of her own already");
}

#[test]
fn an_address_we_added_before_is_set_in_its_place() {
    let person = profile("Jane", "Doe");
    let known = KnownAddress { kind: "billing", id: "5".into() };
    let write = CustomerWrite { addresses: vec![known], ..write(person.clone()) };
    let merged = with_addresses(&jane(), &write, &[office("billing", &person)]);
    let addresses: Vec<_> = merged.addresses().collect();
    assert_eq!(addresses.len(), 1);
    assert_eq!((&addresses[0]["id"], &addresses[0]["city"]), (&json!(5), &json!("Nelson")));
    assert_eq!(addresses[0]["vat_id"], json!("9"), "what the office does not know of it stays");
}

#[test]
fn one_address_for_both_uses_is_added_once_and_is_the_first_accounts_default() {
    let person = profile("Jane", "Doe");
    let write = write(person.clone());
    let new = Account::new("jane@example.test", Id(1), Id(1), &write);
    let merged = with_addresses(&new, &write, &[office("billing", &person), office("shipping", &person)]);
    let addresses: Vec<_> = merged.addresses().collect();
    assert_eq!(addresses.len(), 1);
    assert_eq!((&addresses[0]["default_billing"], &addresses[0]["default_shipping"]), (&json!(true), &json!(true)));
}

#[test]
fn an_address_without_what_magento_asks_for_says_what_is_missing() {
    let person = profile("Jane", "Doe");
    let without = |change: fn(&mut Address)| {
        let mut home = home();
        change(&mut home);
        address(&home, &person, None).unwrap_err()
    };
    assert_eq!(without(|home| home.phone = None), "telephone number");
    assert_eq!(without(|home| home.city = None), "city");
    assert_eq!(without(|home| home.line1 = Some(" ".into())), "street");
}

#[test]
fn a_person_with_one_name_has_a_mark_for_the_other_until_it_is_known() {
    let write = write(CustomerProfile { last_name: Some("Tui Ltd".into()), ..CustomerProfile::default() });
    let new = Account::new("tui@example.test", Id(1), Id(1), &write);
    assert_eq!((&new.0["firstname"], &new.0["lastname"]), (&json!("-"), &json!("Tui Ltd")));
    let mut later = self::write(profile("Ana", "Tui Ltd"));
    later.owners.names = Owner::Storefront;
    assert_eq!(with_fields(&new, &later).0["firstname"], json!("Ana"));
}

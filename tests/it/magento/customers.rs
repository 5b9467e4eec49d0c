//! Customers: read, merged, written back whole.

use serde_json::{Value, json};
use tillbridge::domain::{Address, CustomerProfile};
use tillbridge::storefront::{CustomerOwners, CustomerWrite, Owner, Storefront as _};

use super::recorder::Recorder;

const SEARCH: &str = "GET /rest/default/V1/customers/search";
const MAKE: &str = "POST /rest/default/V1/customers";
const NEW_ZEALAND: &str = "GET /rest/default/V1/directory/countries/NZ";

fn ana() -> CustomerWrite {
    let home = Address {
        line1: Some("7 Hill St".into()),
        line2: Some("Flat 2".into()),
        city: Some("Auckland".into()),
        region: Some("auk".into()),
        postcode: Some("1010".into()),
        country: Some("NZ".into()),
        ..Address::default()
    };
    let owners =
        CustomerOwners { names: Owner::Office, email: Owner::Office, phone: Owner::Office, addresses: Owner::Office };
    let profile = CustomerProfile {
        first_name: Some("Ana".into()),
        last_name: Some("Tui".into()),
        email: Some("ana@example.test".into()),
        phone: Some("09 555 0100".into()),
        billing: Some(home.clone()),
        shipping: Some(home),
    };
    CustomerWrite { known: Vec::new(), profile, consent: None, owners, addresses: Vec::new() }
}

#[expect(clippy::needless_pass_by_value, reason = "it is written where it is used")]
fn ana_at_shop(email: &str, addresses: Value) -> Value {
    json!({ "id": 5, "group_id": 2, "email": email, "firstname": "Anna", "lastname": "Tui", "website_id": 1,
        "store_id": 1, "default_billing": "9", "extension_attributes": { "is_subscribed": true }, "addresses": addresses })
}

fn own_address() -> Value {
    json!({ "id": 9, "customer_id": 5, "firstname": "Ana", "lastname": "Tui", "street": ["1 Sea Rd"], "city": "Napier",
        "country_id": "NZ", "telephone": "1", "postcode": "4110", "default_billing": true })
}

fn home_at_shop() -> Value {
    json!({ "id": 10, "customer_id": 5, "firstname": "Ana", "lastname": "Tui", "street": ["7 Hill St", "Flat 2"],
        "city": "Auckland", "country_id": "NZ", "telephone": "09 555 0100", "postcode": "1010", "region_id": 700,
        "region": { "region_code": "AUK", "region": "Auckland", "region_id": 700 } })
}

fn regions(store: &Recorder) {
    let auckland = json!({ "id": "700", "code": "AUK", "name": "Auckland" });
    store.says(NEW_ZEALAND, json!({ "id": "NZ", "two_letter_abbreviation": "NZ", "available_regions": [auckland] }));
}

#[expect(clippy::needless_pass_by_value, reason = "it is written where it is used")]
fn found(store: &Recorder, items: Value) {
    store.says(SEARCH, json!({ "items": items, "total_count": 1 }));
}

#[tokio::test]
async fn a_customer_without_an_account_gets_one_without_a_password() {
    let store = Recorder::start().await;
    regions(&store);
    found(&store, json!([]));
    store.says(MAKE, ana_at_shop("ana@example.test", json!([home_at_shop()])));
    let written = store.storefront().write_customer(&ana()).await.unwrap();
    assert_eq!((written.id.as_str(), written.changed), ("5", true));
    let addresses: Vec<_> = written.addresses.iter().map(|one| (one.kind, one.id.as_str())).collect();
    assert_eq!(addresses, [("billing", "10"), ("shipping", "10")], "one address for both");
    insta::assert_json_snapshot!(store.requests());
}

#[tokio::test]
async fn an_account_keeps_its_own_addresses_and_what_was_said_about_mail() {
    let store = Recorder::start().await;
    regions(&store);
    store.says("GET /rest/default/V1/customers/5", ana_at_shop("ana@example.test", json!([own_address()]))).says(
        "PUT /rest/default/V1/customers/5",
        ana_at_shop("ana@example.test", json!([own_address(), home_at_shop()])),
    );
    let write = CustomerWrite { known: vec!["5".into()], ..ana() };
    let written = store.storefront().write_customer(&write).await.unwrap();
    assert_eq!((written.changed, written.addresses[0].id.as_str()), (true, "10"));
    insta::assert_json_snapshot!(store.requests());
}

#[tokio::test]
async fn an_account_that_is_as_it_should_be_is_only_read() {
    let store = Recorder::start().await;
    regions(&store);
    let mut there = ana_at_shop("Ana@example.test", json!([own_address(), home_at_shop()]));
    there["firstname"] = "Ana".into();
    found(&store, json!([there]));
    let written = store.storefront().write_customer(&ana()).await.unwrap();
    assert!(!written.changed);
    assert!(store.calls().iter().all(|call| call.starts_with("GET ")), "{:?}", store.calls());
}

#[tokio::test]
async fn whoever_makes_an_account_second_finds_the_first_one() {
    let store = Recorder::start().await;
    regions(&store);
    let taken = "A customer with the same email address already exists in an associated website.";
    found(&store, json!([]));
    store.answers(MAKE, 400, json!({ "message": taken }));
    found(&store, json!([ana_at_shop("ana@example.test", json!([]))]));
    store.says("PUT /rest/default/V1/customers/5", ana_at_shop("ana@example.test", json!([home_at_shop()])));
    assert_eq!(store.storefront().write_customer(&ana()).await.unwrap().id, "5");
}

#[tokio::test]
async fn an_address_the_store_refuses_is_left_out_with_a_note_that_names_nobody() {
    let store = Recorder::start().await;
    regions(&store);
    found(&store, json!([]));
    store
        .answers(
            MAKE,
            400,
            json!({ "message": "\"%fieldName\" is required.", "parameters": { "fieldName": "regionId" } }),
        )
        .says(MAKE, ana_at_shop("ana@example.test", json!([])));
    let written = store.storefront().write_customer(&ana()).await.unwrap();
    assert_eq!(written.addresses, []);
    assert!(written.notes[0].contains("regionId") && !written.notes[0].contains("Hill"), "{:?}", written.notes);
}

#[tokio::test]
async fn an_e_mail_address_of_somebody_else_is_left_as_it_was() {
    let store = Recorder::start().await;
    regions(&store);
    let taken = json!({ "message": "A customer with the same email already exists in an associated website." });
    let put = "PUT /rest/default/V1/customers/5";
    store
        .says("GET /rest/default/V1/customers/5", ana_at_shop("old@example.test", json!([home_at_shop()])))
        .answers(put, 400, taken.clone())
        .answers(put, 400, taken)
        .says(put, ana_at_shop("old@example.test", json!([home_at_shop()])));
    let write = CustomerWrite { known: vec!["5".into()], ..ana() };
    let written = store.storefront().write_customer(&write).await.unwrap();
    assert!(written.notes.iter().any(|note| note.contains("another account")), "{:?}", written.notes);
}

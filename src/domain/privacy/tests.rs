//! Whom documents concern, and what is left of them.

use serde_json::{Value, json};

use super::*;

fn bob() -> Person {
    Person {
        id: Some("706405506930370084".into()),
        email: Some("Bob@Biller.com".into()),
        phone: Some("+64 21 555 123".into()),
        orders: vec!["820982911946154508".into()],
        numbers: vec!["100007".into()],
    }
}

fn is_in(about: &str, document: &Value) -> bool {
    bob().is_in(about, document.to_string().as_bytes())
}

#[test]
fn a_person_is_found_by_everything_they_are_known_by() {
    for (about, document) in [
        ("customers/update", json!({ "id": 706_405_506_930_370_084_u64 })),
        ("orders/paid", json!({ "id": 820_982_911_946_154_508_u64 })),
        ("orders/paid", json!({ "id": 1, "customer": { "id": 706_405_506_930_370_084_u64 } })),
        ("orders/paid", json!({ "id": 1, "contact_email": "bob@biller.COM" })),
        ("orders/paid", json!({ "id": 1, "billing_address": { "phone": "+6421555123" } })),
        ("refunds/create", json!({ "id": 1, "order_id": 820_982_911_946_154_508_u64 })),
        ("customers", json!({ "number": "100007" })),
        ("sale.credited", json!({ "specversion": "1.0", "data": { "sale": "order:820982911946154508" } })),
        ("sale.invoiced", json!({ "specversion": "1.0", "data": { "buyer": { "id": "706405506930370084" } } })),
        ("plan", json!({ "reference": "order:820982911946154508/2", "document": { "customer": { "profile": {} } } })),
        ("plan", json!({ "document": { "customer": { "key": "kiwi-web/customer:706405506930370084" } } })),
    ] {
        assert!(is_in(about, &document), "{about} {document}");
    }
    assert!(bob().is_in("orders/paid", br#"{"id":1,"email":"bob@biller.com"#), "what is cut short is searched as text");
}

#[test]
fn what_is_somebody_elses_stays() {
    for (about, document) in [
        ("orders/paid", json!({ "id": 706_405_506_930_370_084_u64, "email": "rob@biller.com" })),
        ("products/update", json!({ "id": 820_982_911_946_154_508_u64 })),
        ("orders/paid", json!({ "id": 1, "customer": null, "email": "" })),
        ("stock", json!({ "number": "100007" })),
        ("plan", json!({ "reference": "order:8209829119461545080/2" })),
        ("plan", json!({ "document": { "customer": { "key": "kiwi-web/customer:7064055069303700841" } } })),
    ] {
        assert!(!is_in(about, &document), "{about} {document}");
    }
    let nobody = Person::default();
    assert!(!nobody.is_in("orders/paid", br#"{"id":1,"customer":{"id":null},"email":"","phone":""}"#));
}

#[test]
fn an_erased_document_keeps_ids_amounts_and_shape_and_nothing_personal() {
    let document = r##"{"id":820982911946154508,"name":"#1001","email":"bob@biller.com","total_price":"10.00","subtotal":1.10,"customer":{"id":7,"first_name":"Bob","default_address":{"city":"Ottawa","country_code":"CA"}},"billing_address":{"name":"Bob Biller","latitude":45.4,"zip":""},"note_attributes":[{"name":"gift","value":"For Ann"}],"line_items":[{"id":1,"name":"Shirt","price":"10.00"}],"phone":null}"##;
    let erased = String::from_utf8(erase(document.as_bytes()).unwrap()).unwrap();
    assert_eq!(
        erased,
        r##"{"id":820982911946154508,"name":"#1001","email":"[erased]","total_price":"10.00","subtotal":1.10,"customer":{"id":7,"first_name":"[erased]","default_address":{"city":"[erased]","country_code":"CA"}},"billing_address":{"name":"[erased]","latitude":null,"zip":""},"note_attributes":[{"name":"gift","value":"[erased]"}],"line_items":[{"id":1,"name":"Shirt","price":"10.00"}],"phone":null}"##
    );
    assert_eq!(erase(erased.as_bytes()), None, "once is enough");
}

#[test]
fn a_planned_document_keeps_its_keys_and_all_it_books() {
    let plan = r#"{"reference":"order:1","document":{"customer":{"key":"web/customer:7","has_account":true,"profile":{"first_name":"Bob","email":null,"billing":{"line1":"1 Quay","country":"NZ"}}},"lines":[{"line":"1","sku":"SHIRT","amount":{"amount":"10.00","currency":"NZD"}}]}}"#;
    let erased = plan.replace("\"Bob\"", "\"[erased]\"").replace("1 Quay", "[erased]");
    assert_eq!(String::from_utf8(erase(plan.as_bytes()).unwrap()).unwrap(), erased);
}

#[test]
fn what_cannot_be_read_goes_altogether() {
    for odd in [&b"{\"email\":\"bob@bil"[..], b"\xff\xfe", b"", b"Bob"] {
        assert_eq!(erase(odd).as_deref(), Some(&b"\"[erased]\""[..]));
    }
    assert_eq!(erase(br#"{"sku":"SHIRT","on_hand":3}"#), None);
}

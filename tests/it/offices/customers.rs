//! Whose document it is: the stored key, then the e-mail, then a new customer.

use tillbridge::domain::CustomerProfile;
use tillbridge::office::{Document, DocumentCustomer, Office};

use super::papers::{customer, goods, invoice, money};
use super::shop::Shop;
use super::stories;

stories! {
    a_new_buyer_becomes_a_customer_once,
    among_several_with_one_email_the_lowest_web_customer_wins,
    without_a_web_customer_the_lowest_number_wins,
    the_stored_key_decides_even_when_the_email_changes,
    a_guest_is_created_too_but_is_no_web_customer,
    a_buyer_without_an_email_is_told_apart_by_key,
    two_new_keys_with_one_new_email_are_one_person,
}

fn sale(shop: &Shop, reference: &str, buyer: DocumentCustomer) -> Document {
    let mut sale = invoice(reference, vec![goods(&shop.sku(0), 1, money("39.90"))]);
    sale.customer = Some(buyer);
    sale
}

async fn sold_to(shop: &Shop, reference: &str, buyer: DocumentCustomer) -> i64 {
    shop.office.book(&[sale(shop, reference, buyer)]).await.remove(0).unwrap().customer.parse().unwrap()
}

/// F-034, F-335, F-345
async fn a_new_buyer_becomes_a_customer_once(shop: Shop) {
    let first = sold_to(&shop, "order:1", customer("shop:7", "ana@example.com")).await;
    let second = sold_to(&shop, "order:2", customer("shop:7", "ana@example.com")).await;
    assert_eq!((first, second), (100_001, 100_001));
    let customers = shop.books.customers().await.unwrap();
    let [ana] = customers.as_slice() else { panic!("{customers:?}") };
    assert_eq!((ana.first_name.as_deref(), ana.last_name.as_deref()), (Some("Ana"), Some("Ngata")));
    assert_eq!((ana.email.as_deref(), ana.web_customer), (Some("ana@example.com"), true));
    assert_eq!(ana.keys, ["shop:7"]);
    let lacks_address =
        "SELECT 1 / (CASE WHEN count(*) = 2 THEN 1 ELSE 0 END) FROM office_address WHERE line1 = '1 Queen St'";
    if matches!(shop.place, super::shop::Place::Server(_)) {
        shop.sql(lacks_address).await.expect("both addresses are kept");
    }
}

/// F-031, F-032
async fn among_several_with_one_email_the_lowest_web_customer_wins(shop: Shop) {
    let not_web = shop.books.add_customer(Some("ana@example.com"), false).await.unwrap();
    let first_web = shop.books.add_customer(Some("Ana@Example.com"), true).await.unwrap();
    let second_web = shop.books.add_customer(Some("ana@example.com"), true).await.unwrap();
    assert!(not_web < first_web && first_web < second_web);
    assert_eq!(sold_to(&shop, "order:1", customer("shop:7", "ANA@example.com")).await, first_web);
    assert_eq!(shop.books.customers().await.unwrap().len(), 3);
}

async fn without_a_web_customer_the_lowest_number_wins(shop: Shop) {
    let first = shop.books.add_customer(Some("ana@example.com"), false).await.unwrap();
    shop.books.add_customer(Some("ana@example.com"), false).await.unwrap();
    assert_eq!(sold_to(&shop, "order:1", customer("shop:7", "ana@example.com")).await, first);
}

/// F-030, F-033
async fn the_stored_key_decides_even_when_the_email_changes(shop: Shop) {
    let known = shop.books.add_customer(Some("ana@example.com"), true).await.unwrap();
    let other = shop.books.add_customer(Some("new@example.com"), true).await.unwrap();
    assert_eq!(sold_to(&shop, "order:1", customer("shop:7", "ana@example.com")).await, known);
    assert_eq!(sold_to(&shop, "order:2", customer("shop:7", "new@example.com")).await, known);
    let customers = shop.books.customers().await.unwrap();
    assert_eq!(customers.iter().find(|customer| customer.number == known).unwrap().keys, ["shop:7"]);
    assert!(customers.iter().find(|customer| customer.number == other).unwrap().keys.is_empty());
}

/// F-050, F-051
async fn a_guest_is_created_too_but_is_no_web_customer(shop: Shop) {
    let guest = DocumentCustomer { has_account: false, ..customer("guest:1", "guest@example.com") };
    let number = sold_to(&shop, "order:1", guest).await;
    let customers = shop.books.customers().await.unwrap();
    assert_eq!((customers[0].number, customers[0].web_customer), (number, false));
}

async fn a_buyer_without_an_email_is_told_apart_by_key(shop: Shop) {
    let nobody = |key: &str, email: Option<&str>| DocumentCustomer {
        key: key.to_owned(),
        has_account: false,
        profile: CustomerProfile { email: email.map(str::to_owned), ..CustomerProfile::default() },
    };
    let first = sold_to(&shop, "order:1", nobody("guest:1", None)).await;
    let second = sold_to(&shop, "order:2", nobody("guest:2", Some("  "))).await;
    let third = sold_to(&shop, "order:3", nobody("guest:3", Some("no address"))).await;
    let again = sold_to(&shop, "order:4", nobody("guest:1", None)).await;
    assert_eq!([first, second, third, again], [100_001, 100_002, 100_003, 100_001]);
}

async fn two_new_keys_with_one_new_email_are_one_person(shop: Shop) {
    let batch = [
        sale(&shop, "order:1", customer("guest:1", "ana@example.com")),
        sale(&shop, "order:2", customer("shop:7", "ANA@EXAMPLE.COM")),
    ];
    let numbers: Vec<String> =
        shop.office.book(&batch).await.into_iter().map(|answer| answer.unwrap().customer).collect();
    assert_eq!(numbers[0], numbers[1]);
    let customers = shop.books.customers().await.unwrap();
    assert_eq!(customers.len(), 1);
    assert_eq!(customers[0].keys, ["guest:1", "shop:7"]);
}

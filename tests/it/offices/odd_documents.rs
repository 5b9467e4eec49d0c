//! Texts and currencies that break careless programs.

use tillbridge::domain::{Money, Sku};
use tillbridge::office::Office;

use super::papers::{currency, goods, invoice, money};
use super::shop::Shop;
use super::stories;

stories! {
    names_in_any_script_arrive_unharmed,
    texts_of_any_length_arrive_whole,
    texts_that_look_like_statements_are_only_texts,
    a_nul_in_a_text_is_replaced_not_fatal,
    yen_have_no_cents,
    dinars_have_three_decimals,
    the_largest_amounts_are_exact_or_refused,
}

/// Books a sale with that title and buyer, and answers what the books say they are.
async fn as_booked(shop: &Shop, words: &str) -> (String, String) {
    let mut sale = invoice("order:1", vec![goods(&shop.sku(0), 1, money("39.90"))]);
    sale.lines[0].title = words.to_owned();
    sale.order_number = words.to_owned();
    sale.customer.as_mut().unwrap().profile.last_name = Some(words.to_owned());
    shop.office.book(&[sale]).await.remove(0).unwrap();
    let found = shop.books.invoices().await.unwrap().remove(0);
    assert_eq!(found.order_number, found.lines[0].title);
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
    let customers = shop.books.customers().await.unwrap();
    (found.lines[0].title.clone(), customers[0].last_name.clone().unwrap())
}

async fn names_in_any_script_arrive_unharmed(shop: Shop) {
    let words = "𝒜na 🥝👩‍👩‍👧 Ōtautahi 株式会社 \u{202e}العربية \\u0041 \"quoted\"\n\t";
    assert_eq!(as_booked(&shop, words).await, (words.to_owned(), words.to_owned()));
}

async fn texts_of_any_length_arrive_whole(shop: Shop) {
    let words = "long ".repeat(40_000);
    assert_eq!(as_booked(&shop, &words).await, (words.clone(), words));
}

async fn texts_that_look_like_statements_are_only_texts(shop: Shop) {
    let words = "'); DROP TABLE ci_in_document; -- $1 ?1 {} %s ${HOME} <script>";
    assert_eq!(as_booked(&shop, words).await, (words.to_owned(), words.to_owned()));
}

async fn a_nul_in_a_text_is_replaced_not_fatal(shop: Shop) {
    assert_eq!(as_booked(&shop, "a\0b").await, ("a\u{fffd}b".to_owned(), "a\u{fffd}b".to_owned()));
}

async fn in_currency(shop: &Shop, sku: &Sku, code: &str, price: &str) -> Money {
    let price = Money::parse(price, currency(code)).unwrap();
    let sale = invoice("order:1", vec![goods(sku, 3, price)]);
    shop.office.book(&[sale]).await.remove(0).unwrap();
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
    let found = shop.books.invoices().await.unwrap().remove(0);
    assert_eq!(shop.books.account_balance(found.customer).await.unwrap(), [Money::zero(currency(code))]);
    found.total
}

async fn yen_have_no_cents(shop: Shop) {
    assert_eq!(in_currency(&shop, &shop.sku(0), "JPY", "1250").await.to_string(), "3750 JPY");
}

async fn dinars_have_three_decimals(shop: Shop) {
    assert_eq!(in_currency(&shop, &shop.sku(0), "BHD", "1.005").await.to_string(), "3.015 BHD");
}

async fn the_largest_amounts_are_exact_or_refused(shop: Shop) {
    // 2^53 + 1 cents is where a floating point number would lose one.
    assert_eq!(
        in_currency(&shop, &shop.sku(0), "NZD", "90071992547409.93").await.to_string(),
        "270215977642229.79 NZD"
    );
    let beyond = Money::parse("900000000000000000000000", currency("NZD")).unwrap();
    let answer = shop.office.book(&[invoice("order:2", vec![goods(&shop.sku(0), 1, beyond)])]).await.remove(0);
    if matches!(shop.place, super::shop::Place::File(_)) {
        assert!(answer.unwrap_err().to_string().contains("too large for the office's books"));
    } else {
        answer.unwrap();
        assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
    }
}

//! Several bridges, several tills, one office.

use std::collections::BTreeSet;

use futures::future::join_all;
use tillbridge::office::{Document, Office};

use super::papers::{customer, goods, invoice, money};
use super::shop::{Shop, web};
use super::stories;

stories! {
    two_bridges_with_one_new_buyer_make_one_customer,
    the_same_documents_from_two_bridges_are_booked_once,
    bridges_and_tills_together_keep_the_books_right,
}

fn sale(shop: &Shop, n: usize, key: &str, email: &str) -> Document {
    let lines = vec![goods(&shop.sku(n % 12), 1, money("10.00")), goods(&shop.sku((n * 5 + 3) % 12), 2, money("7.50"))];
    let mut sale = invoice(&format!("order:{n}"), lines);
    sale.customer = Some(customer(key, email));
    sale
}

async fn two_bridges_with_one_new_buyer_make_one_customer(shop: Shop) {
    let other = shop.another_bridge().await;
    for round in 0..10 {
        let email = format!("new-{round}@example.com");
        let left = [sale(&shop, round * 2, &format!("shop:{round}"), &email)];
        let right = [sale(&shop, round * 2 + 1, &format!("guest:{round}"), &email.to_uppercase())];
        let (left, right) = tokio::join!(shop.office.book(&left), other.book(&right));
        assert_eq!(left[0].as_ref().unwrap().customer, right[0].as_ref().unwrap().customer);
    }
    assert_eq!(shop.books.customers().await.unwrap().len(), 10);
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn the_same_documents_from_two_bridges_are_booked_once(shop: Shop) {
    let bridges = [shop.another_bridge().await, shop.another_bridge().await, shop.another_bridge().await];
    let batch: Vec<Document> =
        (0..40).map(|n| sale(&shop, n, &format!("shop:{}", n % 7), &format!("{}@example.com", n % 7))).collect();
    let mut turned = batch.clone();
    turned.reverse();
    let (one, two, three) = tokio::join!(bridges[0].book(&batch), bridges[1].book(&turned), bridges[2].book(&batch));
    let fresh = one.iter().chain(&two).chain(&three).filter(|answer| !answer.as_ref().unwrap().already).count();
    assert_eq!(fresh, 40);
    let number = |answers: &[Result<tillbridge::office::Booked, _>]| {
        answers
            .iter()
            .map(|answer: &Result<_, tillbridge::domain::CallError>| answer.as_ref().unwrap().number.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(number(&one), number(&two).into_iter().rev().collect::<Vec<_>>());
    assert_eq!(number(&one).into_iter().collect::<BTreeSet<_>>().len(), 40);
    assert_eq!(shop.books.customers().await.unwrap().len(), 7);
    assert_eq!(shop.books.duplicate_documents().await.unwrap(), Vec::<String>::new());
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn bridges_and_tills_together_keep_the_books_right(shop: Shop) {
    let bridges = [shop.another_bridge().await, shop.another_bridge().await];
    let web_sales = bridges.iter().enumerate().map(|(bridge, office)| {
        let shop = &shop;
        async move {
            for batch in 0..6 {
                let numbers = (0..32).map(|n| bridge * 1000 + batch * 32 + n);
                let batch: Vec<Document> =
                    numbers.map(|n| sale(shop, n, &format!("shop:{n}"), &format!("{n}@example.com"))).collect();
                for answer in office.book(&batch).await {
                    answer.unwrap();
                }
            }
        }
    });
    let till = async {
        for n in 0..100 {
            shop.books.sell_at_till(&shop.sku(n % 12), &web(), 1).await.unwrap();
            shop.books.receive_goods(&shop.sku((n + 5) % 12), &web(), 3).await.unwrap();
        }
    };
    tokio::join!(join_all(web_sales), till);
    assert_eq!(shop.books.document_counts().await.unwrap(), (384, 0));
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

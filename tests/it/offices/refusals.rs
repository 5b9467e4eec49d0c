//! What the office must not book, and what it says.

use tillbridge::domain::{BranchCode, CallError, LineKind, Money, Sku};
use tillbridge::office::{Document, Office};

use super::papers::{credit, currency, extra, goods, invoice, money, payment};
use super::shop::Shop;
use super::stories;

stories! {
    a_bad_document_does_not_hold_up_its_neighbours,
    an_unbalanced_document_leaves_no_trace,
    a_credit_note_needs_its_invoice_in_its_currency,
    what_has_no_counterpart_is_named,
    impossible_lines_are_refused,
    amounts_of_another_currency_are_refused,
    a_closed_branch_and_a_deleted_sku_take_no_sales,
}

async fn refusal(shop: &Shop, document: Document) -> CallError {
    shop.office.book(&[document]).await.remove(0).expect_err("this should have been refused")
}

async fn words(shop: &Shop, document: Document) -> String {
    match refusal(shop, document).await {
        CallError::Rejected(words) => words,
        other => panic!("expected a rejection, got {other:?}"),
    }
}

async fn a_bad_document_does_not_hold_up_its_neighbours(shop: Shop) {
    let sku = shop.sku(0);
    let before = shop.stock(&sku).await;
    let good = |n: usize| invoice(&format!("order:{n}"), vec![goods(&sku, 1, money("39.90"))]);
    let mut batch: Vec<Document> = (0..10).map(good).collect();
    batch[2].payments[0].amount = money("39.89");
    batch[5].lines[0].sku = Some(Sku::parse("NO-SUCH-SKU").unwrap());
    batch[7].payments[0].pay_code = "BARTER".to_owned();
    let answers = shop.office.book(&batch).await;
    for (place, answer) in answers.iter().enumerate() {
        match place {
            2 => assert!(
                matches!(answer, Err(CallError::Rejected(words)) if words.contains("payments come to")),
                "{answer:?}"
            ),
            5 => assert!(
                matches!(answer, Err(CallError::Unmapped { what, .. }) if what == "SKU NO-SUCH-SKU"),
                "{answer:?}"
            ),
            7 => assert!(
                matches!(answer, Err(CallError::Unmapped { what, .. }) if what == "pay code BARTER"),
                "{answer:?}"
            ),
            _ => assert!(matches!(answer, Ok(booked) if !booked.already), "{answer:?}"),
        }
    }
    assert_eq!(shop.stock(&sku).await, before - 7);
    assert_eq!(shop.books.document_counts().await.unwrap(), (7, 0));
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn an_unbalanced_document_leaves_no_trace(shop: Shop) {
    let sku = shop.sku(0);
    let before = shop.stock(&sku).await;
    let mut short = invoice("order:1", vec![goods(&sku, 1, money("39.90"))]);
    short.total = money("40.00");
    short.payments[0].amount = money("40.00");
    let said = words(&shop, short).await;
    assert!(said.contains("invoice order:1 is refused: lines and tax come to"), "{said}");
    assert!(shop.books.invoices().await.unwrap().is_empty());
    assert!(shop.books.customers().await.unwrap().is_empty(), "its customer must not have been made");
    assert_eq!(shop.stock(&sku).await, before);
    // Mended, the same reference is taken.
    let mended = invoice("order:1", vec![goods(&sku, 1, money("39.90"))]);
    assert_eq!(shop.office.book(&[mended]).await.remove(0).unwrap().number, "INV-000001");
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn a_credit_note_needs_its_invoice_in_its_currency(shop: Shop) {
    let lines = vec![goods(&shop.sku(0), 1, money("39.90"))];
    let said = words(&shop, credit("refund:1", "order:1", lines.clone())).await;
    assert!(said.contains("the invoice order:1 it gives back is not in the books"), "{said}");
    let mut none_named = credit("refund:1", "order:1", lines.clone());
    none_named.credits = None;
    assert!(words(&shop, none_named).await.contains("(none named)"));
    shop.office.book(&[invoice("order:1", lines)]).await.remove(0).unwrap();
    let euros = Money::parse("39.90", currency("EUR")).unwrap();
    let said = words(&shop, credit("refund:1", "order:1", vec![goods(&shop.sku(0), 1, euros)])).await;
    assert!(said.contains("it is in EUR, but its invoice is in NZD"), "{said}");
}

async fn what_has_no_counterpart_is_named(shop: Shop) {
    let mut elsewhere = invoice("order:1", vec![goods(&shop.sku(0), 1, money("39.90"))]);
    elsewhere.branch = BranchCode::parse("MARS").unwrap();
    match refusal(&shop, elsewhere).await {
        CallError::Unmapped { what, fix } => {
            assert_eq!(what, "branch MARS");
            assert!(fix.contains("add it to the office"), "{fix}");
        }
        other => panic!("{other:?}"),
    }
}

async fn impossible_lines_are_refused(shop: Shop) {
    let sale = |change: &dyn Fn(&mut Document)| {
        let mut sale = invoice("order:1", vec![goods(&shop.sku(0), 1, money("39.90"))]);
        change(&mut sale);
        sale
    };
    assert!(words(&shop, sale(&|sale| sale.lines[0].sku = None)).await.contains("goods without a SKU"));
    assert!(words(&shop, sale(&|sale| sale.lines[0].quantity = 0)).await.contains("quantity is at least 1"));
    let walking_tip = |sale: &mut Document| {
        sale.lines.push(extra(LineKind::Tip, money("0.00")));
        sale.lines[1].moves_stock = true;
    };
    assert!(words(&shop, sale(&walking_tip)).await.contains("moves stock but is no goods"));
    let empty = |sale: &mut Document| {
        sale.lines.clear();
        sale.payments.clear();
        sale.total = money("0.00");
    };
    assert!(words(&shop, sale(&empty)).await.contains("it has no lines"));
    let unknown_customer = |sale: &mut Document| sale.customer = None;
    assert!(words(&shop, sale(&unknown_customer)).await.contains("customer (none named)"));
    assert!(words(&shop, sale(&|sale| sale.reference = "nul\0".into())).await.contains("control characters"));
    assert!(shop.books.invoices().await.unwrap().is_empty());
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn amounts_of_another_currency_are_refused(shop: Shop) {
    let mut mixed = invoice("order:1", vec![goods(&shop.sku(0), 1, money("39.90"))]);
    mixed.payments = vec![payment("WEB-CC", Money::parse("39.90", currency("AUD")).unwrap())];
    assert!(words(&shop, mixed).await.contains("39.90 AUD is on a document that is in NZD"));
}

async fn a_closed_branch_and_a_deleted_sku_take_no_sales(shop: Shop) {
    let sku = shop.sku(0);
    shop.books.remove_variant(&sku).await.unwrap();
    let gone = refusal(&shop, invoice("order:1", vec![goods(&sku, 1, money("39.90"))])).await;
    assert!(matches!(&gone, CallError::Unmapped { what, .. } if *what == format!("SKU {sku}")), "{gone:?}");
    shop.sql("UPDATE office_branch SET deleted = '1' WHERE branch = 'WEB'").await.unwrap();
    let closed = refusal(&shop, invoice("order:2", vec![goods(&shop.sku(1), 1, money("39.90"))])).await;
    assert!(matches!(&closed, CallError::Unmapped { what, .. } if what == "branch WEB"), "{closed:?}");
}

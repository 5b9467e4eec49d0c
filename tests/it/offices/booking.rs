//! Invoices and credit notes reach the books once, whole, and move stock.

use tillbridge::domain::{BranchCode, CallError, LineKind};
use tillbridge::office::{Booked, DocumentKind, Office};

use super::papers::{credit, extra, goods, invoice, money, paid, payment};
use super::shop::Shop;
use super::stories;

stories! {
    a_paid_order_becomes_one_invoice_that_nets_to_zero,
    a_document_that_is_in_the_books_is_not_booked_again,
    a_document_that_is_twice_in_one_batch_is_booked_once,
    a_restocked_refund_becomes_a_credit_note_and_goods_come_back,
    a_refund_without_restock_moves_money_only,
    goods_may_come_back_at_another_branch,
    a_credit_note_may_come_in_its_invoices_batch,
    lines_that_are_no_goods_are_booked_without_stock,
    tax_on_top_of_prices_balances,
    several_payments_are_all_on_record,
    looking_up_answers_in_the_order_of_asking,
    a_booked_document_is_final,
    numbers_follow_each_other_in_the_order_of_the_batch,
}

/// F-336, F-337, F-360, F-361
async fn a_paid_order_becomes_one_invoice_that_nets_to_zero(shop: Shop) {
    let (tee, hoodie) = (shop.sku(0), shop.sku(9));
    let before = (shop.stock(&tee).await, shop.stock(&hoodie).await);
    let sale = invoice("order:1", vec![goods(&tee, 2, money("39.90")), goods(&hoodie, 1, money("89.90"))]);
    let booked = shop.office.book(std::slice::from_ref(&sale)).await.remove(0).unwrap();
    assert_eq!((booked.number.as_str(), booked.already), ("INV-000001", false));

    let invoices = shop.books.invoices().await.unwrap();
    let [found] = invoices.as_slice() else { panic!("{invoices:?}") };
    assert_eq!((found.reference.as_str(), found.order_number.as_str()), ("order:1", "#order:1"));
    assert_eq!((found.total, found.currency, found.happened_at), (money("169.70"), sale.currency, sale.happened_at));
    assert_eq!(found.customer.to_string(), booked.customer);
    let lines: Vec<_> =
        found.lines.iter().map(|line| (line.sku.as_deref(), line.quantity, line.amount, line.tax)).collect();
    assert_eq!(
        lines,
        [
            (Some(tee.as_str()), 2, money("79.80"), money("10.41")),
            (Some(hoodie.as_str()), 1, money("89.90"), money("11.73")),
        ]
    );
    assert_eq!(found.payments.len(), 1);
    assert_eq!((found.payments[0].pay_code.as_str(), found.payments[0].amount), ("WEB-CC", money("169.70")));
    assert_eq!((shop.stock(&tee).await, shop.stock(&hoodie).await), (before.0 - 2, before.1 - 1));
    assert_eq!(shop.books.account_balance(found.customer).await.unwrap(), [money("0.00")]);
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn a_document_that_is_in_the_books_is_not_booked_again(shop: Shop) {
    let sku = shop.sku(0);
    let before = shop.stock(&sku).await;
    let sale = [invoice("order:1", vec![goods(&sku, 1, money("39.90"))])];
    let first = shop.office.book(&sale).await.remove(0).unwrap();
    let again = shop.office.book(&sale).await.remove(0).unwrap();
    assert_eq!(again, Booked { already: true, ..first });
    assert_eq!(shop.books.document_counts().await.unwrap(), (1, 0));
    assert_eq!(shop.stock(&sku).await, before - 1);
    let refused = shop.sql("INSERT INTO ci_in_post (kind, reference) VALUES ('invoice', 'order:1')").await;
    assert!(refused.is_err(), "the office itself must refuse to post twice");
    assert_eq!(shop.stock(&sku).await, before - 1);
    assert_eq!(shop.books.duplicate_documents().await.unwrap(), Vec::<String>::new());
}

async fn a_document_that_is_twice_in_one_batch_is_booked_once(shop: Shop) {
    let sale = invoice("order:1", vec![goods(&shop.sku(0), 1, money("39.90"))]);
    let other = invoice("order:2", vec![goods(&shop.sku(1), 1, money("39.90"))]);
    let answers = shop.office.book(&[sale.clone(), other, sale]).await;
    let answers: Vec<Booked> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().map(|booked| booked.already).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(answers[0].number, answers[2].number);
    assert_eq!(shop.books.document_counts().await.unwrap(), (2, 0));
}

/// F-338, F-339, F-347
async fn a_restocked_refund_becomes_a_credit_note_and_goods_come_back(shop: Shop) {
    let sku = shop.sku(0);
    let before = shop.stock(&sku).await;
    let sale = invoice("order:1", vec![goods(&sku, 3, money("39.90"))]);
    let sold = shop.office.book(&[sale]).await.remove(0).unwrap();
    let refund = credit("refund:1", "order:1", vec![goods(&sku, 2, money("39.90"))]);
    let booked = shop.office.book(&[refund]).await.remove(0).unwrap();
    assert_eq!((booked.number.as_str(), &booked.customer), ("CN-000001", &sold.customer));
    assert_eq!(shop.stock(&sku).await, before - 1);
    let credits = shop.books.credit_notes().await.unwrap();
    assert_eq!((credits[0].credits.as_deref(), credits[0].total), (Some("order:1"), money("79.80")));
    assert_eq!(shop.books.account_balance(credits[0].customer).await.unwrap(), [money("0.00")]);
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn a_refund_without_restock_moves_money_only(shop: Shop) {
    let sku = shop.sku(0);
    let sale = invoice("order:1", vec![goods(&sku, 1, money("39.90"))]);
    shop.office.book(&[sale]).await.remove(0).unwrap();
    let after_sale = shop.stock(&sku).await;
    let mut kept = goods(&sku, 1, money("20.00"));
    kept.moves_stock = false;
    shop.office.book(&[credit("refund:1", "order:1", vec![kept])]).await.remove(0).unwrap();
    assert_eq!(shop.stock(&sku).await, after_sale);
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn goods_may_come_back_at_another_branch(shop: Shop) {
    let sku = shop.sku(0);
    let auckland = BranchCode::parse("AKL").unwrap();
    shop.office.book(&[invoice("order:1", vec![goods(&sku, 2, money("39.90"))])]).await.remove(0).unwrap();
    let (web, there) = (shop.stock(&sku).await, shop.books.stock(&sku, &auckland).await.unwrap());
    let mut back = goods(&sku, 1, money("39.90"));
    back.branch = Some(BranchCode::parse("MARS").unwrap());
    let lost = shop.office.book(&[credit("refund:1", "order:1", vec![back.clone()])]).await.remove(0);
    assert!(matches!(&lost, Err(CallError::Unmapped { what, .. }) if what == "branch MARS"), "{lost:?}");
    back.branch = Some(auckland.clone());
    shop.office.book(&[credit("refund:1", "order:1", vec![back])]).await.remove(0).unwrap();
    assert_eq!((shop.stock(&sku).await, shop.books.stock(&sku, &auckland).await.unwrap()), (web, there + 1));
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn a_credit_note_may_come_in_its_invoices_batch(shop: Shop) {
    let lines = vec![goods(&shop.sku(0), 1, money("39.90"))];
    let answers = shop.office.book(&[credit("refund:1", "order:1", lines.clone()), invoice("order:1", lines)]).await;
    let numbers: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().number).collect();
    assert_eq!(numbers, ["CN-000001", "INV-000001"]);
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn lines_that_are_no_goods_are_booked_without_stock(shop: Shop) {
    let sku = shop.sku(0);
    let before = shop.stock(&sku).await;
    let mut lines = vec![goods(&sku, 1, money("39.90"))];
    let kinds = [LineKind::GiftCard, LineKind::Tip, LineKind::Shipping, LineKind::Duty, LineKind::Fee];
    lines.extend(kinds.map(|kind| extra(kind, money("5.00"))));
    lines.push(extra(LineKind::Adjustment, money("-0.05")));
    shop.office.book(&[invoice("order:1", lines)]).await.remove(0).unwrap();
    let invoices = shop.books.invoices().await.unwrap();
    let kinds: Vec<&str> = invoices[0].lines.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(kinds, ["goods", "gift_card", "tip", "shipping", "duty", "fee", "adjustment"]);
    assert_eq!(invoices[0].total, money("64.85"));
    assert_eq!(shop.stock(&sku).await, before - 1);
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn tax_on_top_of_prices_balances(shop: Shop) {
    let mut sale = invoice("order:1", vec![goods(&shop.sku(0), 1, money("40.00"))]);
    sale.tax_included = false;
    sale.lines[0].tax = money("6.00");
    shop.office.book(&[paid(sale)]).await.remove(0).unwrap();
    let found = shop.books.invoices().await.unwrap().remove(0);
    assert_eq!((found.total, found.tax_included), (money("46.00"), false));
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn several_payments_are_all_on_record(shop: Shop) {
    let mut sale = invoice("order:1", vec![goods(&shop.sku(0), 1, money("39.90"))]);
    sale.payments = vec![payment("GIFT", money("25.00")), payment("WEB-CC", money("14.90"))];
    shop.office.book(&[sale]).await.remove(0).unwrap();
    let found = shop.books.invoices().await.unwrap().remove(0);
    let payments: Vec<_> = found.payments.iter().map(|payment| (payment.pay_code.as_str(), payment.amount)).collect();
    assert_eq!(payments, [("GIFT", money("25.00")), ("WEB-CC", money("14.90"))]);
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn looking_up_answers_in_the_order_of_asking(shop: Shop) {
    let sale = |reference| invoice(reference, vec![goods(&shop.sku(0), 1, money("39.90"))]);
    let booked = shop.office.book(&[sale("order:1"), sale("order:2")]).await;
    let asked = ["order:2", "never", "order:1", "nul\0"].map(str::to_owned);
    let found = shop.office.find(DocumentKind::Invoice, &asked).await.unwrap();
    let known = |place: usize| Some(Booked { already: true, ..booked[place].clone().unwrap() });
    assert_eq!(found, [known(1), None, known(0), None]);
    let credits = shop.office.find(DocumentKind::CreditNote, &asked).await.unwrap();
    assert_eq!(credits, [None, None, None, None]);
    assert_eq!(shop.office.find(DocumentKind::Invoice, &[]).await.unwrap(), []);
    assert!(shop.office.book(&[]).await.is_empty());
}

async fn a_booked_document_is_final(shop: Shop) {
    let sale = invoice("order:1", vec![goods(&shop.sku(0), 1, money("39.90"))]);
    shop.office.book(&[sale]).await.remove(0).unwrap();
    for tampering in [
        "UPDATE ci_in_document SET total = 1",
        "UPDATE ci_in_line SET quantity = 9",
        "DELETE FROM ci_in_payment",
        "DELETE FROM ci_in_post",
        "INSERT INTO ci_in_payment (kind, reference, position, pay_code, amount) VALUES ('invoice', 'order:1', 9, 'CASH', 1)",
    ] {
        let refusal = shop.sql(tampering).await.expect_err(tampering);
        assert!(refusal.contains("is booked and cannot be"), "{tampering}: {refusal}");
    }
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

async fn numbers_follow_each_other_in_the_order_of_the_batch(shop: Shop) {
    let batch: Vec<_> =
        (1..=64).map(|n| invoice(&format!("order:{n:03}"), vec![goods(&shop.sku(n % 5), 1, money("1.00"))])).collect();
    let numbers: Vec<String> =
        shop.office.book(&batch).await.into_iter().map(|answer| answer.unwrap().number).collect();
    let expected: Vec<String> = (1..=64).map(|n| format!("INV-{n:06}")).collect();
    assert_eq!(numbers, expected);
    assert_eq!(shop.books.books_balance().await.unwrap(), Vec::<String>::new());
}

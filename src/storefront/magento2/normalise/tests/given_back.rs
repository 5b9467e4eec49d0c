//! Credit memos, and what of an order never left.

use super::*;
use crate::domain::LineKind;

fn refund(shipped: u64, refunded: u64) -> Value {
    let mut row = row(1, "MUG", "simple", 3, 1000, 1000);
    row["qty_shipped"] = json!(shipped);
    row["qty_refunded"] = json!(refunded);
    row["qty_invoiced"] = json!(3);
    order(&json!([row]))
}

fn memo(id: u64, pieces: u64, totals: &Value) -> Value {
    document(
        id,
        &json!([{ "order_item_id": 1, "sku": "MUG", "qty": pieces, "base_price": 10, "base_row_total": 10 * pieces }]),
        totals,
    )
}

fn invoice_of(id: u64, pieces: u64) -> Value {
    memo(id, pieces, &json!({ "base_grand_total": 10 * pieces }))
}

// proves F-338 F-339
#[test]
fn a_credit_memo_gives_back_its_invoice_with_what_was_added_and_kept() {
    // 2 x 10.00 + 5.00 shipping + 3.00 more, less a fee of 1.50.
    let mut memo = memo(
        5,
        2,
        &json!({ "base_grand_total": 26.5, "base_shipping_amount": 5, "base_adjustment_positive": 3,
            "base_adjustment_negative": 1.5 }),
    );
    memo["invoice_id"] = json!(13);
    let credit = credited(&refund(3, 2), &memo, &[invoice_of(12, 1), invoice_of(13, 2)], std::slice::from_ref(&memo));
    credit.check_balance(credit.tax_included.unwrap()).unwrap();
    assert_eq!((credit.reference.as_str(), credit.sale.as_str()), ("creditmemo:5", "invoice:13"));
    let lines: Vec<_> = credit.lines.iter().map(|line| (line.kind, line.amount.amount().to_string())).collect();
    assert_eq!(
        lines,
        [
            (LineKind::Goods, "20.00".to_owned()),
            (LineKind::Shipping, "5.00".to_owned()),
            (LineKind::Adjustment, "3.00".to_owned()),
            (LineKind::Adjustment, "-1.50".to_owned())
        ]
    );
    assert_eq!(credit.refunds[0].gateway, "braintree");
}

#[test]
fn a_credit_memo_without_invoice_gives_back_the_first_that_sold_all_of_it() {
    let memo = memo(5, 2, &json!({ "base_grand_total": 20 }));
    let of =
        |invoices: &[Value]| credited(&refund(0, 2), &memo, invoices, std::slice::from_ref(&memo)).sale.to_string();
    assert_eq!(of(&[invoice_of(13, 2), invoice_of(12, 1)]), "invoice:13");
    assert_eq!(of(&[invoice_of(13, 1), invoice_of(12, 1)]), "invoice:12");
    let mut open = invoice_of(11, 3);
    open["state"] = json!(1);
    assert_eq!(of(&[open, invoice_of(12, 2)]), "invoice:12");
}

#[test]
fn only_pieces_that_never_left_stay_on_the_shelf_by_themselves() {
    let restocked = |shipped: u64, refunded: u64, memos: &[(u64, u64)], at: u64| {
        let all: Vec<Value> =
            memos.iter().map(|(id, pieces)| memo(*id, *pieces, &json!({ "base_grand_total": 10 * pieces }))).collect();
        let own = all.iter().find(|memo| memo["entity_id"] == json!(at)).unwrap();
        let credit = credited(&refund(shipped, refunded), own, &[invoice_of(12, 3)], &all);
        credit.check_balance(false).unwrap();
        credit.lines.iter().filter(|line| line.restock).map(|line| line.quantity).sum::<i64>()
    };
    assert_eq!(restocked(0, 2, &[(5, 2)], 5), 2, "nothing was shipped");
    assert_eq!(restocked(3, 2, &[(5, 2)], 5), 0, "all was shipped");
    assert_eq!(restocked(2, 2, &[(5, 2)], 5), 1, "one of three was never shipped");
    assert_eq!(restocked(2, 2, &[(5, 1), (6, 1)], 5), 1, "the earlier one has it");
    assert_eq!(restocked(2, 2, &[(5, 1), (6, 1)], 6), 0);
}

fn made(mut document: Value, at: &str) -> Value {
    document["created_at"] = json!(format!("2026-11-01 {at}"));
    document
}

fn shipment(id: u64, pieces: u64, at: &str) -> Value {
    json!({ "entity_id": id, "order_id": 31, "created_at": format!("2026-11-01 {at}"),
        "items": [{ "order_item_id": 1, "qty": pieces }], "extension_attributes": { "source_code": "akl" } })
}

/// Ten ordered, four of them paid and two given back while the other six are unpaid; in the end four are sent. Whether the two
/// had left only the order of events tells: the order's sums are the same.
#[test]
fn what_comes_back_while_the_rest_is_unpaid_is_told_from_what_never_left() {
    let memo_of = |at: &str| made(memo(5, 2, &json!({ "base_grand_total": 20 })), at);
    let told = |invoiced: u64, invoices: &[Value], shipped: &str, memo: &Value| {
        let mut row = row(1, "MUG", "simple", 10, 1000, 1000);
        for (field, pieces) in [("qty_invoiced", invoiced), ("qty_shipped", 4), ("qty_refunded", 2)] {
            row[field] = json!(pieces);
        }
        let body = json!({ "creditmemo": memo, "order": order(&json!([row])), "invoices": invoices,
            "creditmemos": [memo], "shipments": [shipment(1, 4, shipped)] });
        let drafts = drafts(topic::CREDIT_MEMO, &body);
        let [Draft { fact: Fact::SaleCredited(credit), .. }] = drafts.as_slice() else { panic!("{drafts:?}") };
        credit.check_balance(false).unwrap();
        let restocked: i64 = credit.lines.iter().filter(|line| line.restock).map(|line| line.quantity).sum();
        let lines = web_order(&delivery(topic::ORDER, &body)).unwrap().lines;
        let sum = |of: fn(&crate::domain::WebLine) -> i64| lines.iter().map(of).sum::<i64>();
        (restocked, sum(|line| line.open), sum(|line| line.gone), sum(|line| line.off))
    };
    let (first, later) = (made(invoice_of(12, 4), "10:00:00"), made(invoice_of(13, 6), "13:00:00"));
    for (invoiced, invoices) in [(4, vec![first.clone()]), (10, vec![later, first])] {
        assert_eq!(
            told(invoiced, &invoices, "11:00:00", &memo_of("12:00:00")),
            (0, 6, 4, 0),
            "{invoiced} paid: they came back"
        );
        assert_eq!(
            told(invoiced, &invoices, "12:00:00", &memo_of("11:00:00")),
            (2, 4, 4, 2),
            "{invoiced} paid: never left"
        );
        assert_eq!(told(invoiced, &invoices, "11:00:00", &memo_of("11:00:00")), (0, 6, 4, 0), "within one second");
    }
}

/// Parcels may leave before anybody has paid.
#[test]
fn what_was_sent_unpaid_and_is_given_back_had_left() {
    let mut row = row(1, "MUG", "simple", 10, 1000, 1000);
    for (field, pieces) in [("qty_invoiced", 4), ("qty_shipped", 10), ("qty_refunded", 2)] {
        row[field] = json!(pieces);
    }
    let memo = made(memo(5, 2, &json!({ "base_grand_total": 20 })), "12:00:00");
    let invoices = [made(invoice_of(12, 4), "11:00:00")];
    let credit = credited(&order(&json!([row])), &memo, &invoices, std::slice::from_ref(&memo));
    assert_eq!(credit.lines.iter().filter(|line| line.restock).count(), 0);
}

/// A person may give back some that came and some that never left in one credit memo, and more with the next.
#[test]
fn each_credit_memo_has_its_own_share_of_what_never_left() {
    // Five paid, three sent: of the first three given back two never left; the next one had.
    let mut ordered = refund(0, 4);
    for (field, pieces) in [("qty_ordered", 8), ("qty_invoiced", 5), ("qty_shipped", 3)] {
        ordered["items"][0][field] = json!(pieces);
    }
    let totals = |pieces: u64| json!({ "base_grand_total": 10 * pieces });
    let memos = [made(memo(5, 3, &totals(3)), "12:00:00"), made(memo(6, 1, &totals(1)), "13:00:00")];
    let invoices = [made(invoice_of(12, 5), "10:00:00")];
    let restocked = |own: &Value| -> i64 {
        let credit = credited(&ordered, own, &invoices, &memos);
        credit.check_balance(false).unwrap();
        credit.lines.iter().filter(|line| line.restock).map(|line| line.quantity).sum()
    };
    assert_eq!((restocked(&memos[0]), restocked(&memos[1])), (2, 0));
    let told = json!({ "order": ordered, "invoices": invoices, "creditmemos": memos });
    let lines = web_order(&delivery(topic::ORDER, &told)).unwrap().lines;
    assert_eq!(lines.iter().map(|line| (line.open, line.gone, line.off)).collect::<Vec<_>>(), [(3, 3, 2)]);
}

#[test]
fn an_order_holds_what_is_neither_shipped_nor_given_back() {
    let state = |shipped: u64, refunded: u64, cancelled: u64| {
        let mut order = refund(shipped, refunded);
        order["items"][0]["qty_canceled"] = json!(cancelled);
        let shipments = json!([{ "entity_id": 1, "order_id": 31, "items": [{ "order_item_id": 1, "qty": shipped }],
            "extension_attributes": { "source_code": "akl" } }]);
        let told = web_order(&delivery(topic::ORDER, &json!({ "order": order, "shipments": shipments }))).unwrap();
        assert_eq!(told.order, "order:31");
        told.lines.iter().map(|line| (line.location.clone(), line.open, line.gone, line.off)).collect::<Vec<_>>()
    };
    let at = || Some("akl".to_owned());
    assert_eq!(state(0, 0, 0), [(None, 3, 0, 0)]);
    assert_eq!(state(1, 0, 0), [(at(), 0, 1, 0), (None, 2, 0, 0)]);
    assert_eq!(state(1, 1, 1), [(at(), 0, 1, 0), (None, 0, 0, 2)]);
    assert_eq!(state(3, 2, 0), [(at(), 0, 3, 0)], "what came back was gone; a person counts it in");
}

#[test]
fn of_two_statements_of_one_second_the_one_that_moved_more_is_newer() {
    let version = |shipped| {
        let read = json!({ "order": refund(shipped, 0) });
        web_order(&delivery(topic::ORDER, &read)).unwrap().version
    };
    assert!(version(1) > version(0) && version(2) > version(1));
}

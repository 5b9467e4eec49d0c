//! What an order's books lack, told with small orders.

use jiff::Timestamp;

use super::*;
use crate::domain::{
    Buyer, CreditLine, Currency, CustomerProfile, Entry, LineKind, OrderLine, OrderReturn, Payment, Placed,
    ReturnedLine, SaleLine, ShippedPieces,
};

fn euros(cents: i64) -> Money {
    Money::rounded(rust_decimal::Decimal::new(cents, 2), Currency::parse("EUR").unwrap())
}

fn goods(id: &str, pieces: i64, price: i64, discount: i64, tax: i64) -> OrderLine {
    let whole = SaleLine {
        line: id.into(),
        kind: LineKind::Goods,
        sku: None,
        variant: None,
        title: id.into(),
        location: None,
        quantity: pieces,
        unit_price: euros(price),
        discount: euros(discount),
        tax: euros(tax),
        barcode: None,
    };
    OrderLine { whole, current: pieces, to_ship: pieces }
}

fn carriage(price: i64) -> OrderLine {
    let mut line = goods("shipping:1", 1, price, 0, 0);
    line.whole.kind = LineKind::Shipping;
    OrderLine { to_ship: 0, ..line }
}

fn paid(id: &str, cents: i64) -> Payment {
    Payment { reference: Some(id.into()), gateway: "card".into(), amount: euros(cents) }
}

/// An order with prices without tax; its stated figures follow from its lines.
fn order(lines: Vec<OrderLine>, payments: Vec<Payment>) -> OrderState {
    let zero = euros(0);
    stated(OrderState {
        sale: DocumentRef::parse("order:7").unwrap(),
        number: "#7".into(),
        currency: Currency::parse("EUR").unwrap(),
        sold_at: Timestamp::UNIX_EPOCH,
        changed_at: Timestamp::UNIX_EPOCH,
        buyer: Buyer::Guest { profile: CustomerProfile::default() },
        placed: Placed::default(),
        tax_included: false,
        lines,
        shipped: Vec::new(),
        complete: false,
        cancelled: false,
        payments,
        cash_rounding: zero,
        returns: Vec::new(),
        stated_total: zero,
        stated_tax: zero,
        stated_current: zero,
        stated_refunded: zero,
    })
}

fn stated(mut order: OrderState) -> OrderState {
    let gross = |line: &OrderLine| order.gross(line.whole.amount().unwrap(), line.whole.tax).unwrap();
    order.stated_total = Money::sum(order.currency, order.lines.iter().map(gross)).unwrap();
    order.stated_tax = Money::sum(order.currency, order.lines.iter().map(|line| line.whole.tax)).unwrap();
    order.stated_refunded = order.refunded().unwrap();
    order
}

fn ships(mut order: OrderState, line: usize, pieces: i64, place: &str) -> OrderState {
    order.lines[line].to_ship -= pieces;
    let id = order.lines[line].whole.line.clone();
    order.shipped.push(ShippedPieces { line: id, location: Some(place.into()), pieces });
    order.complete = order.lines.iter().all(|line| line.to_ship == 0);
    order
}

fn back(id: &str, line: &str, pieces: i64, amount: i64, taken_off: bool, refunds: Vec<Payment>) -> OrderReturn {
    let credit = CreditLine {
        line: format!("{id}-{line}"),
        kind: LineKind::Goods,
        sku: None,
        variant: None,
        title: line.into(),
        quantity: pieces,
        amount: euros(amount),
        tax: euros(0),
        restock: true,
        never_left: taken_off,
        location: None,
        barcode: None,
    };
    OrderReturn {
        reference: DocumentRef::parse(format!("refund:{id}")).unwrap(),
        at: Timestamp::UNIX_EPOCH,
        lines: vec![ReturnedLine { of: Some(line.into()), credit, taken_off }],
        without_money: refunds.is_empty(),
        refunds,
        pending: euros(0),
        failed: euros(0),
    }
}

/// Books everything that is due; answers the documents as words.
fn books_it(books: &mut Books, order: &OrderState, moment: SaleMoment) -> (Vec<String>, Open) {
    let reckoned = reckon(order, books, moment).unwrap();
    let mut words = Vec::new();
    for step in &reckoned.steps {
        let (entry, reference, lines, total) = match step {
            Step::Invoice(sale) => {
                sale.check_balance().unwrap();
                let lines: Vec<String> = sale
                    .lines
                    .iter()
                    .map(|line| format!("{}x{}", line.quantity, line.amount().unwrap().amount()))
                    .collect();
                (Entry::of_sale(sale).unwrap(), sale.reference.clone(), lines, sale.to_pay().unwrap())
            }
            Step::Credit(credit) => {
                credit.check_balance(order.tax_included).unwrap();
                let lines: Vec<String> =
                    credit.lines.iter().map(|line| format!("-{}x{}", line.quantity, line.amount.amount())).collect();
                (Entry::of_credit(credit).unwrap(), credit.reference.clone(), lines, credit.total(false).unwrap())
            }
        };
        books.enter(&entry).unwrap();
        words.push(format!("{reference} {} = {}", lines.join(" "), total.amount()));
    }
    (words, reckoned.open)
}

fn empty() -> Books {
    Books::empty(Currency::parse("EUR").unwrap())
}

#[test]
fn nothing_is_booked_before_everything_is_shipped_and_nothing_twice() {
    let mut books = empty();
    let half = ships(order(vec![goods("a", 3, 1_000, 100, 290)], vec![paid("1", 3_190)]), 0, 1, "web");
    assert_eq!(books_it(&mut books, &half, SaleMoment::Fulfilled).0, Vec::<String>::new());
    let all = ships(half, 0, 2, "akl");
    let (words, open) = books_it(&mut books, &all, SaleMoment::Fulfilled);
    assert_eq!(words, ["order:7 2x19.33 1x9.67 = 31.90"], "a line for each place, the cents on the last");
    assert_eq!(open, Open::Nothing);
    assert_eq!(books_it(&mut books, &all, SaleMoment::Fulfilled).0, Vec::<String>::new());
}

#[test]
fn invoices_with_each_shipment_add_up_and_carriage_stands_on_the_first() {
    let mut books = empty();
    let lines = vec![goods("a", 3, 1_000, 100, 0), carriage(500)];
    let first = ships(order(lines, vec![paid("1", 3_400)]), 0, 1, "web");
    assert_eq!(books_it(&mut books, &first, SaleMoment::EachFulfilment).0, ["order:7 1x9.67 1x5.00 = 14.67"]);
    let second = ships(first, 0, 1, "web");
    assert_eq!(books_it(&mut books, &second, SaleMoment::EachFulfilment).0, ["order:7/2 1x9.66 = 9.66"]);
    let third = ships(second, 0, 1, "web");
    assert_eq!(books_it(&mut books, &third, SaleMoment::EachFulfilment).0, ["order:7/3 1x9.67 = 9.67"]);
    assert_eq!(books.received, euros(3_400));
}

#[test]
fn an_edit_after_the_invoice_becomes_a_further_one_once_it_is_paid_and_shipped() {
    let mut books = empty();
    let sold = ships(order(vec![goods("a", 1, 1_000, 0, 0)], vec![paid("1", 1_000)]), 0, 1, "web");
    books_it(&mut books, &sold, SaleMoment::Fulfilled);
    let mut edited = sold;
    edited.lines.push(goods("b", 2, 300, 0, 0));
    let edited = ships(stated(edited), 1, 2, "web");
    let (words, open) = books_it(&mut books, &edited, SaleMoment::Fulfilled);
    assert_eq!((words.len(), open), (0, Open::Unpaid(euros(600))));
    let mut settled = edited;
    settled.payments.push(paid("2", 600));
    assert_eq!(books_it(&mut books, &settled, SaleMoment::Fulfilled).0, ["order:7/2 2x6.00 = 6.00"]);
}

#[test]
fn what_an_edit_took_off_before_is_not_invoiced_and_its_money_is_owed() {
    let mut books = empty();
    let mut edited = order(vec![goods("a", 3, 1_000, 0, 0)], vec![paid("1", 3_000)]);
    edited.returns.push(back("1", "a", 1, 1_000, true, vec![]));
    edited.lines[0].to_ship = 2;
    let edited = ships(edited, 0, 2, "web");
    assert_eq!(books_it(&mut books, &edited, SaleMoment::Fulfilled).0, ["order:7 2x20.00 1x10.00 = 30.00"]);
    let mut settled = edited;
    let mut money = back("2", "a", 1, 0, false, vec![paid("3", 1_000)]);
    money.lines.clear();
    settled.returns.push(money);
    assert_eq!(books_it(&mut books, &stated(settled), SaleMoment::Fulfilled).0, ["refund:2 -1x10.00 = 10.00"]);
    assert!(books.owed.is_zero());
}

#[test]
fn an_exchange_is_a_credit_note_and_an_invoice_that_settles_it() {
    let mut books = empty();
    let sold = ships(order(vec![goods("a", 1, 1_000, 0, 0)], vec![paid("1", 1_000)]), 0, 1, "web");
    books_it(&mut books, &sold, SaleMoment::Fulfilled);
    let mut exchanged = sold;
    exchanged.returns.push(back("1", "a", 1, 1_000, false, vec![]));
    exchanged.lines.push(goods("b", 1, 1_500, 0, 0));
    exchanged.payments.push(paid("2", 500));
    let exchanged = ships(stated(exchanged), 1, 1, "web");
    let (words, _) = books_it(&mut books, &exchanged, SaleMoment::Fulfilled);
    assert_eq!(words, ["order:7/2 1x15.00 1x-10.00 = 5.00", "refund:1 -1x10.00 -1x-10.00 = 0.00"]);
    assert!(books.owed.is_zero());
}

#[test]
fn a_refund_waits_for_its_money_and_says_what_is_owed_when_it_fails() {
    let mut books = empty();
    let mut sold = ships(order(vec![goods("a", 1, 1_000, 0, 0)], vec![paid("1", 1_000)]), 0, 1, "web");
    let mut refund = back("1", "a", 1, 1_000, false, vec![]);
    (refund.pending, refund.without_money) = (euros(1_000), false);
    sold.returns.push(refund);
    let (words, open) = books_it(&mut books, &sold, SaleMoment::Fulfilled);
    assert_eq!(words, ["order:7 1x10.00 = 10.00"]);
    assert!(matches!(open, Open::Pending { .. }));
    (sold.returns[0].pending, sold.returns[0].failed) = (euros(0), euros(1_000));
    assert_eq!(books_it(&mut books, &sold, SaleMoment::Fulfilled).0, ["refund:1 -1x10.00 -1x-10.00 = 0.00"]);
    sold.returns[0].refunds.push(paid("9", 1_000));
    let (words, open) = books_it(&mut books, &stated(sold), SaleMoment::Fulfilled);
    assert_eq!((words, open), (vec!["refund:1/2 -1x10.00 = 10.00".to_owned()], Open::Nothing));
}

#[test]
fn a_refund_nobody_can_explain_goes_to_a_person() {
    let mut sold = ships(order(vec![goods("a", 1, 1_000, 0, 0)], vec![paid("1", 1_000)]), 0, 1, "web");
    sold.returns.push(back("1", "a", 1, 400, false, vec![paid("2", 500)]));
    let imbalance = reckon(&stated(sold), &empty(), SaleMoment::Fulfilled).unwrap_err();
    assert_eq!(imbalance.to_string(), "the refund does not balance: 4.00 = 4.00 EUR, but the storefront says 5.00 EUR");
}

#[test]
fn an_account_that_contradicts_itself_is_not_reckoned() {
    let mut sold = ships(order(vec![goods("a", 1, 1_000, 0, 0)], vec![paid("1", 1_000)]), 0, 1, "web");
    sold.stated_total = euros(1_001);
    assert!(matches!(
        reckon(&sold, &empty(), SaleMoment::Fulfilled),
        Err(Imbalance::Differs { what: "the total", .. })
    ));
}

#[test]
fn an_order_that_ended_with_nothing_kept_is_not_booked() {
    let mut ended = order(vec![goods("a", 1, 1_000, 0, 0)], vec![paid("1", 1_000)]);
    ended.complete = true;
    ended.returns.push(back("1", "a", 1, 1_000, true, vec![paid("2", 1_000)]));
    assert_eq!(reckon(&stated(ended), &empty(), SaleMoment::Paid).unwrap().open, Open::Ended);
}

fn to_pay_off(id: &str, cents: i64) -> OrderReturn {
    OrderReturn { lines: Vec::new(), ..back(id, "-", 0, 0, false, vec![paid(&format!("out {id}"), cents)]) }
}

// An edit took 4 of 8 pieces off, then the order was cancelled with its money kept: the gift card on it was sold, so the cancelled
// pieces are invoiced and credited, but those of the edit stay out of the books before and after that invoice.
#[test]
fn what_was_never_sold_stays_so_when_more_is_taken_off_later() {
    let mut books = empty();
    let mut card = goods("card", 1, 500, 0, 0);
    (card.whole.kind, card.to_ship) = (LineKind::GiftCard, 0);
    let mut cancelled = order(vec![goods("a", 8, 1_000, 0, 0), card], vec![paid("1", 4_500)]);
    cancelled.returns.push(back("1", "a", 4, 4_000, true, vec![]));
    let mut rest = back("2", "a", 4, 4_000, true, vec![]);
    rest.lines.extend(back("2", "card", 1, 500, false, vec![]).lines);
    cancelled.returns.push(rest);
    (cancelled.complete, cancelled.cancelled) = (true, true);
    let (words, open) = books_it(&mut books, &cancelled, SaleMoment::Paid);
    assert_eq!(words, ["order:7 4x40.00 1x5.00 = 45.00", "refund:2 -4x40.00 -1x5.00 -1x-45.00 = 0.00"]);
    assert_eq!((open, books.owed), (Open::Nothing, euros(4_500)));
    cancelled.returns.push(to_pay_off("3", 4_500));
    assert_eq!(books_it(&mut books, &stated(cancelled), SaleMoment::Paid).0, ["refund:3 -1x45.00 = 45.00"]);
    assert!(books.owed.is_zero());
}

#[test]
fn money_that_failed_to_go_back_pays_for_what_was_sent_instead() {
    let mut books = empty();
    let lines = vec![goods("a", 1, 1_000, 0, 0), goods("b", 1, 400, 0, 0)];
    let mut sold = ships(order(lines, vec![paid("1", 1_400)]), 0, 1, "web");
    books_it(&mut books, &sold, SaleMoment::EachFulfilment);
    sold = ships(sold, 1, 1, "web");
    let mut failed = back("1", "b", 1, 400, false, vec![]);
    (failed.without_money, failed.failed) = (false, euros(400));
    sold.returns.push(failed);
    sold.lines.push(goods("c", 1, 500, 0, 0));
    let mut sold = ships(stated(sold), 2, 1, "web");
    let unpaid = books_it(&mut books.clone(), &sold, SaleMoment::EachFulfilment).1;
    assert_eq!(unpaid, Open::Unpaid(euros(100)), "b, which came back, and c are due; b was paid for already");
    sold.payments.push(paid("2", 100));
    let (words, open) = books_it(&mut books, &sold, SaleMoment::EachFulfilment);
    assert_eq!(words, ["order:7/2 1x4.00 1x5.00 1x-4.00 = 5.00", "refund:1 -1x4.00 -1x-4.00 = 0.00"]);
    assert_eq!((open, books.owed), (Open::Nothing, euros(0)));
}

#[test]
fn what_was_owed_and_paid_out_since_does_not_pay_for_the_next_invoice() {
    let mut books = empty();
    let mut edited = order(vec![goods("a", 2, 1_000, 0, 0)], vec![paid("1", 2_000)]);
    books_it(&mut books, &edited, SaleMoment::Paid);
    edited.returns.push(back("1", "a", 1, 1_000, true, vec![]));
    edited.returns.push(to_pay_off("2", 1_000));
    edited.lines.push(goods("b", 1, 700, 0, 0));
    let mut edited = stated(edited);
    let (words, open) = books_it(&mut books, &edited, SaleMoment::Paid);
    assert_eq!(words, ["refund:1 -1x10.00 -1x-10.00 = 0.00", "refund:2 -1x10.00 = 10.00"]);
    assert_eq!(open, Open::Unpaid(euros(700)));
    edited.payments.push(paid("2", 700));
    assert_eq!(books_it(&mut books, &edited, SaleMoment::Paid).0, ["order:7/2 1x7.00 = 7.00"]);
}

#[test]
fn of_a_cancelled_order_nobody_waits_for_money_that_will_not_come() {
    for moment in SaleMoment::ALL {
        let mut books = empty();
        let mut cancelled = order(vec![goods("a", 1, 1_000, 0, 0), carriage(321)], vec![paid("1", 2)]);
        cancelled.returns.push(back("1", "a", 1, 1_000, true, vec![]));
        (cancelled.complete, cancelled.cancelled) = (true, true);
        let (words, open) = books_it(&mut books, &cancelled, moment);
        assert_eq!((words.len(), open), (1, Open::Nothing), "{words:?}");
        assert_eq!(words, ["order:7 1x3.21 1x-3.19 = 0.02"], "{moment:?}");
    }
}

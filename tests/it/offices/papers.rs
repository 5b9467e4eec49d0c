//! Documents to book.

use jiff::Timestamp;
use tillbridge::domain::{Address, Currency, CustomerProfile, LineKind, Money, Sku};
use tillbridge::office::{Document, DocumentCustomer, DocumentKind, DocumentLine, DocumentPayment};

use super::shop::{nzd, web};

pub fn money(text: &str) -> Money {
    Money::parse(text, nzd()).unwrap()
}

pub fn customer(key: &str, email: &str) -> DocumentCustomer {
    let address = Address { line1: Some("1 Queen St".into()), country: Some("NZ".into()), ..Address::default() };
    DocumentCustomer {
        key: key.to_owned(),
        has_account: true,
        profile: CustomerProfile {
            first_name: Some("Ana".into()),
            last_name: Some("Ngata".into()),
            email: Some(email.to_owned()),
            billing: Some(address.clone()),
            shipping: Some(address),
            ..CustomerProfile::default()
        },
    }
}

/// A line of so many pieces; the unit price includes 15 % tax.
pub fn goods(sku: &Sku, quantity: i64, unit_price: Money) -> DocumentLine {
    let amount = unit_price.times(quantity).unwrap();
    let tax = Money::rounded(
        amount.amount() * rust_decimal::Decimal::new(3, 0) / rust_decimal::Decimal::new(23, 0),
        amount.currency(),
    );
    DocumentLine {
        line: format!("line of {sku}"),
        kind: LineKind::Goods,
        sku: Some(sku.clone()),
        title: "A thing".into(),
        quantity,
        unit_price,
        discount: Money::zero(unit_price.currency()),
        amount,
        tax,
        moves_stock: true,
        never_left: false,
        branch: None,
    }
}

/// A line that is no goods.
pub fn extra(kind: LineKind, amount: Money) -> DocumentLine {
    DocumentLine {
        line: kind.as_str().to_owned(),
        kind,
        sku: None,
        title: kind.as_str().to_owned(),
        quantity: 1,
        unit_price: amount,
        discount: Money::zero(amount.currency()),
        amount,
        tax: Money::zero(amount.currency()),
        moves_stock: false,
        never_left: false,
        branch: None,
    }
}

/// An invoice over those lines, tax included, paid by web card, for Ana.
pub fn invoice(reference: &str, lines: Vec<DocumentLine>) -> Document {
    let currency = lines.first().map_or(nzd(), |line| line.amount.currency());
    paid(Document {
        kind: DocumentKind::Invoice,
        reference: reference.to_owned(),
        credits: None,
        order_number: format!("#{reference}"),
        happened_at: "2026-11-20T09:30:00Z".parse::<Timestamp>().unwrap(),
        customer: Some(customer("shop:7001", "ana@example.com")),
        branch: web(),
        currency,
        tax_included: true,
        lines,
        payments: Vec::new(),
        total: Money::zero(currency),
    })
}

/// A credit note that gives those lines back, refunded to the web card, for the invoice's customer.
pub fn credit(reference: &str, of: &str, lines: Vec<DocumentLine>) -> Document {
    Document {
        kind: DocumentKind::CreditNote,
        credits: Some(of.to_owned()),
        customer: None,
        ..invoice(reference, lines)
    }
}

/// The document with the total its lines come to, and one payment over it.
pub fn paid(mut document: Document) -> Document {
    let taxes = document.lines.iter().filter(|_| !document.tax_included).map(|line| line.tax);
    let parts = document.lines.iter().map(|line| line.amount).chain(taxes);
    document.total = Money::sum(document.currency, parts).unwrap();
    document.payments = vec![payment("WEB-CC", document.total)];
    document
}

pub fn payment(pay_code: &str, amount: Money) -> DocumentPayment {
    DocumentPayment { pay_code: pay_code.to_owned(), reference: Some("txn-1".to_owned()), amount }
}

pub fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

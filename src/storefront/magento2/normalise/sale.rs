//! A paid invoice of the store, joined with its order, as the invoice to be booked (F-335 to F-337).

use super::buyer::buyer;
use super::figures::{Figures, Row};
use super::unclear::{Unclear, time};
use super::wire::{Document, InvoiceRead, More, Order};
use crate::domain::{
    DocumentRef, Draft, Fact, Money, Normalised, Payment, Payments, Placed, Sale, SaleLine, SaleMoment, Version,
};

/// The state of an invoice that is paid, and of a credit memo that is refunded.
pub(super) const DONE: i64 = 2;

/// The reference of an invoice's document in the books.
pub(super) fn reference(invoice: &Document) -> Result<DocumentRef, Unclear> {
    Ok(DocumentRef::parse(format!("invoice:{}", invoice.entity_id))?)
}

/// The order all documents and web demand go by.
pub(super) fn order_key(order: &Order) -> Result<DocumentRef, Unclear> {
    Ok(DocumentRef::parse(format!("order:{}", order.entity_id))?)
}

pub(super) fn invoiced(read: &InvoiceRead) -> Result<Normalised, Unclear> {
    let InvoiceRead { order, invoice } = read;
    if invoice.state.pieces() != Some(DONE) {
        return Ok(Normalised::Ignored("the invoice is not paid: it is booked once it is".into()));
    }
    if order.entity_id != invoice.order_id {
        return Err(Unclear::Body("the invoice was joined with another order than its own".into()));
    }
    let sale = sale(order, invoice)?;
    let entity = order_key(order)?.to_string();
    Ok(Normalised::Events(vec![Draft {
        source_document: sale.reference.to_string(),
        entity,
        version: Version(0),
        time: sale.sold_at,
        fact: Fact::SaleInvoiced(sale),
    }]))
}

fn sale(order: &Order, invoice: &Document) -> Result<Sale, Unclear> {
    let mut figures = Figures::of(order, invoice)?;
    let currency = figures.currency;
    let payments = payments(order, invoice, currency);
    let stated_total = Money::sum(currency, payments.iter().map(|one| one.amount))
        .map_err(|error| Unclear::Amount { what: "what was paid", error })?;
    let stated_tax = Money::rounded(invoice.base_tax_amount.0 + wrapping_tax(invoice), currency);
    figures.settle_rounding(stated_total, stated_tax)?;
    let lines = figures.rows.iter().map(line).collect::<Result<Vec<_>, _>>()?;
    Ok(Sale {
        reference: reference(invoice)?,
        order: Some(order_key(order)?),
        number: order.increment_id.clone().unwrap_or_else(|| order.entity_id.to_string()),
        currency,
        sold_at: time("created_at", invoice.created_at.as_deref())?,
        buyer: buyer(order),
        tax_included: figures.tax_included,
        lines,
        stated_tax,
        stated_total,
        cash_rounding: Money::zero(currency),
        payments: Payments::Each { payments },
        moment: SaleMoment::Paid,
        placed: Placed::default(),
    })
}

/// Tax of gift wrapping, which the document's tax leaves out.
pub(super) fn wrapping_tax(document: &Document) -> rust_decimal::Decimal {
    let more = document.extension_attributes.as_ref();
    let tax =
        |more: &More| more.gw_base_tax_amount.0 + more.gw_items_base_tax_amount.0 + more.gw_card_base_tax_amount.0;
    more.map(tax).unwrap_or_default()
}

/// How a document was paid, or paid back: by the order's way of paying, and by what Adobe Commerce took from store credit and gift
/// cards, which the stated total leaves out.
pub(super) fn payments(order: &Order, document: &Document, currency: crate::domain::Currency) -> Vec<Payment> {
    let method = order.payment.as_ref().and_then(|payment| payment.method.clone());
    let transaction = document.transaction_id.clone().or_else(|| {
        let last = order.payment.as_ref()?.last_trans_id.clone();
        last.filter(|_| document.invoice_id.is_none())
    });
    let none = More::default();
    let more = document.extension_attributes.as_ref().unwrap_or(&none);
    let ways = [
        (method.as_deref().unwrap_or("unknown"), transaction, document.base_grand_total.0),
        ("customer_balance", None, more.base_customer_balance_amount.0.abs()),
        ("gift_cards", None, more.base_gift_cards_amount.0.abs()),
    ];
    let money = |(gateway, reference, amount): (&str, Option<String>, rust_decimal::Decimal)| Payment {
        reference,
        gateway: gateway.to_owned(),
        amount: Money::rounded(amount, currency),
    };
    ways.into_iter().map(money).filter(|payment| !payment.amount.is_zero()).collect()
}

fn line(row: &Row) -> Result<SaleLine, Unclear> {
    let all = row.unit.times(row.pieces).and_then(|all| all.minus(row.amount));
    Ok(SaleLine {
        line: row.line.clone(),
        kind: row.kind,
        sku: row.sku.clone(),
        variant: None,
        title: row.title.clone(),
        location: None,
        quantity: row.pieces,
        unit_price: row.unit,
        discount: all.map_err(|error| Unclear::Amount { what: "the discount of a row", error })?,
        tax: row.tax,
        barcode: None,
    })
}

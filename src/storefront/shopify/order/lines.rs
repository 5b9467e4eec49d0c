//! The lines of an order: goods, gift cards, tips, their duties, and carriage.

use super::super::graphql::{number, read_order, read_order_lines};
use super::shop;
use crate::domain::{CallError, Currency, LineKind, Money, OrderLine, SaleLine, Sku};

type Line = read_order_lines::Line;

/// Line items with their duties. `tip`: what the order says was given as a tip, since no line says that it is one.
pub(super) fn items(
    items: Vec<Line>,
    currency: Currency,
    tip: Money,
    duties_included: bool,
) -> Result<Vec<OrderLine>, CallError> {
    let mut lines = Vec::with_capacity(items.len());
    let mut tip_left = tip;
    for item in items {
        let duties = if duties_included { Vec::new() } else { duties(&item, currency)? };
        let price = shop!(item.original_unit_price_set, currency)?;
        let whole_price = price.times(item.quantity).map_err(|error| super::unreadable(&error))?;
        let may_be_tip = item.variant.is_none() && item.sku.is_none() && !item.requires_shipping && !item.is_gift_card;
        let kind = if item.is_gift_card {
            LineKind::GiftCard
        } else if may_be_tip && !tip_left.is_zero() && whole_price.amount() <= tip_left.amount() {
            tip_left = tip_left.minus(whole_price).map_err(|error| super::unreadable(&error))?;
            LineKind::Tip
        } else {
            LineKind::Goods
        };
        let discounts = item.discount_allocations.iter().map(|one| shop!(one.allocated_amount_set, currency));
        let taxes = item.tax_lines.iter().map(|one| shop!(one.price_set, currency));
        lines.push(OrderLine {
            current: item.current_quantity,
            to_ship: item.unfulfilled_quantity.min(item.current_quantity),
            whole: SaleLine {
                line: number(&item.id).to_owned(),
                kind,
                sku: item.sku.as_ref().and_then(|sku| Sku::parse(sku).ok()),
                variant: item.variant.as_ref().map(|variant| variant.id.clone()),
                title: item.name.clone(),
                location: None,
                quantity: item.quantity,
                unit_price: price,
                discount: sum(currency, discounts)?,
                tax: sum(currency, taxes)?,
                barcode: item
                    .variant
                    .as_ref()
                    .and_then(|variant| variant.barcode.clone())
                    .filter(|code| !code.is_empty()),
            },
        });
        lines.extend(duties);
    }
    Ok(lines)
}

fn duties(item: &Line, currency: Currency) -> Result<Vec<OrderLine>, CallError> {
    let mut lines = Vec::new();
    for duty in &item.duties {
        let title = match duty.harmonized_system_code.as_deref() {
            Some(code) if !code.is_empty() => format!("Import duty {code}"),
            _ => "Import duty".into(),
        };
        let id = format!("duty:{}:{}", number(&item.id), number(&duty.id));
        let mut line = charge(id, LineKind::Duty, title, shop!(duty.price, currency)?);
        line.whole.tax = sum(currency, duty.tax_lines.iter().map(|one| shop!(one.price_set, currency)))?;
        lines.push(line);
    }
    Ok(lines)
}

/// Carriage that was not taken off.
pub(super) fn shipping(
    rows: &[read_order::ReadOrderOrderShippingLinesNodes],
    currency: Currency,
) -> Result<Vec<OrderLine>, CallError> {
    let mut lines = Vec::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| !row.is_removed) {
        let (price, reduced) = (shop!(row.original_price_set, currency)?, shop!(row.discounted_price_set, currency)?);
        let tax = sum(currency, row.tax_lines.iter().map(|one| shop!(one.price_set, currency)))?;
        let discount = price.minus(reduced).map_err(|error| super::unreadable(&error))?;
        if price.is_zero() && tax.is_zero() {
            continue;
        }
        let id = row.id.as_deref().map_or_else(|| at.to_string(), |id| number(id).to_owned());
        let mut line = charge(format!("shipping:{id}"), LineKind::Shipping, row.title.clone(), price);
        (line.whole.discount, line.whole.tax) = (discount, tax);
        lines.push(line);
    }
    Ok(lines)
}

/// A line of one piece that is no goods.
pub(super) fn charge(line: String, kind: LineKind, title: String, price: Money) -> OrderLine {
    let nothing = Money::zero(price.currency());
    let whole = SaleLine {
        line,
        kind,
        sku: None,
        variant: None,
        title,
        location: None,
        quantity: 1,
        unit_price: price,
        discount: nothing,
        tax: nothing,
        barcode: None,
    };
    OrderLine { whole, current: 1, to_ship: 0 }
}

/// The sum of amounts that may not be readable.
pub(super) fn sum(
    currency: Currency,
    amounts: impl Iterator<Item = Result<Money, CallError>>,
) -> Result<Money, CallError> {
    let amounts = amounts.collect::<Result<Vec<_>, _>>()?;
    Money::sum(currency, amounts).map_err(|error| super::unreadable(&error))
}
